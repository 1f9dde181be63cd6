# A queue, its dead-letter queue, the policies of both and the alarm that rings when anything is dead.

variable "name" {
  description = "Name of the queue; the dead-letter queue is called <name>-dlq."
  type        = string
}

variable "arn" {
  description = "ARN that the queue will have, built from its name so that its own policies can state it."
  type        = string
}

variable "visibility_timeout_seconds" {
  description = "Seconds a received message stays hidden: at least six times the consumer's timeout."
  type        = number

  validation {
    condition     = var.visibility_timeout_seconds >= 30 && var.visibility_timeout_seconds <= 43200
    error_message = "From 30 seconds to 12 hours."
  }
}

variable "retention_seconds" {
  description = "Seconds that a message waits to be consumed before it is dropped."
  type        = number
  default     = 4 * 24 * 3600
  nullable    = false

  validation {
    condition     = var.retention_seconds >= 60 && var.retention_seconds <= 14 * 24 * 3600
    error_message = "From one minute to 14 days."
  }
}

variable "dead_letter_retention_seconds" {
  description = "Seconds that a dead letter waits to be looked at, from when it was first sent, before it is dropped."
  type        = number
  default     = 14 * 24 * 3600
  nullable    = false

  validation {
    condition     = var.dead_letter_retention_seconds >= 60 && var.dead_letter_retention_seconds <= 14 * 24 * 3600
    error_message = "From one minute to 14 days."
  }
}

variable "max_receive_count" {
  description = "Receives after which a message is dead."
  type        = number
  default     = 5
}

variable "kms_key_arn" {
  description = "Key that encrypts both queues."
  type        = string
}

variable "senders" {
  description = "Who may send beside the roles that IAM lets, by statement id. With `dead_letters`, undeliverable events may be sent to the dead-letter queue too."
  type = map(object({
    principal    = map(list(string))
    conditions   = optional(map(map(string)), {})
    dead_letters = optional(bool, false)
  }))
  default = {}
}

variable "receivers" {
  description = "ARNs of IAM principals that may receive beside the roles that IAM lets."
  type        = set(string)
  default     = []
}

variable "alarm_topic_arn" {
  description = "Topic that hears of dead letters."
  type        = string
}

locals {
  dead_letter_arn = "${var.arn}-dlq"

  tls_only = { for queue_arn in [var.arn, local.dead_letter_arn] : queue_arn => {
    Sid       = "TlsOnly"
    Effect    = "Deny"
    Principal = "*"
    Action    = "sqs:*"
    Resource  = queue_arn
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  } }

  # A condition key with no value in the map is left out of the statement altogether.
  send = { for sid, sender in var.senders : sid => merge(
    {
      Sid       = sid
      Effect    = "Allow"
      Principal = sender.principal
      Action    = "sqs:SendMessage"
    },
    length(sender.conditions) == 0 ? {} : { Condition = sender.conditions },
  ) }

  receive = length(var.receivers) == 0 ? [] : [{
    Sid       = "Receivers"
    Effect    = "Allow"
    Principal = { AWS = sort(var.receivers) }
    Action    = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"]
    Resource  = var.arn
  }]
}

resource "aws_sqs_queue" "dead_letter" {
  name                      = "${var.name}-dlq"
  message_retention_seconds = var.dead_letter_retention_seconds
  kms_master_key_id         = var.kms_key_arn

  redrive_allow_policy = jsonencode({ redrivePermission = "byQueue", sourceQueueArns = [var.arn] })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [local.tls_only[local.dead_letter_arn]],
      [for sid, statement in local.send : merge(statement, { Resource = local.dead_letter_arn }) if var.senders[sid].dead_letters],
    )
  })
}

# SQS refuses a redrive policy whose target does not exist, so this one waits for the dead-letter queue.
resource "aws_sqs_queue" "this" {
  name                       = var.name
  visibility_timeout_seconds = var.visibility_timeout_seconds
  message_retention_seconds  = var.retention_seconds
  receive_wait_time_seconds  = 20
  kms_master_key_id          = var.kms_key_arn

  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letter.arn, maxReceiveCount = var.max_receive_count })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [local.tls_only[var.arn]],
      [for statement in values(local.send) : merge(statement, { Resource = var.arn })],
      local.receive,
    )
  })
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  alarm_name          = "${var.name}-dead-letters"
  alarm_description   = "Messages of ${var.name} failed for good. See docs/runbook.md#dead-letters."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead_letter.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]
}

output "queue" {
  description = "The queue's name, ARN and URL."
  value       = { name = aws_sqs_queue.this.name, arn = var.arn, url = aws_sqs_queue.this.url }
}

output "dead_letter_queue" {
  description = "The dead-letter queue's name, ARN and URL."
  value       = { name = aws_sqs_queue.dead_letter.name, arn = local.dead_letter_arn, url = aws_sqs_queue.dead_letter.url }
}

output "attributes" {
  description = "What tests hold against the rules for queues."
  value = {
    redrive_policy             = aws_sqs_queue.this.redrive_policy
    redrive_allow_policy       = aws_sqs_queue.dead_letter.redrive_allow_policy
    policies                   = { queue = aws_sqs_queue.this.policy, dead_letter = aws_sqs_queue.dead_letter.policy }
    visibility_timeout_seconds = aws_sqs_queue.this.visibility_timeout_seconds
    retention_seconds          = { queue = aws_sqs_queue.this.message_retention_seconds, dead_letter = aws_sqs_queue.dead_letter.message_retention_seconds }
    kms_key_arns               = [aws_sqs_queue.this.kms_master_key_id, aws_sqs_queue.dead_letter.kms_master_key_id]
    alarm                      = { dimensions = aws_cloudwatch_metric_alarm.dead_letters.dimensions, actions = aws_cloudwatch_metric_alarm.dead_letters.alarm_actions }
  }
}
