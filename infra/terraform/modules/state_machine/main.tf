# A state machine with its role, logs and alarms.

variable "name" {
  description = "Name of the machine."
  type        = string
}

variable "type" {
  description = "STANDARD for what waits and moves money, EXPRESS for short idempotent work."
  type        = string

  validation {
    condition     = contains(["STANDARD", "EXPRESS"], var.type)
    error_message = "STANDARD or EXPRESS."
  }
}

variable "definition" {
  description = "The machine in Amazon States Language."
  type        = string

  validation {
    condition     = can(jsondecode(var.definition).StartAt)
    error_message = "The definition is not JSON with a StartAt."
  }
}

variable "arn" {
  description = "ARN that the machine will have."
  type        = string
}

variable "log_retention_days" {
  description = "Days that its logs are kept."
  type        = number
}

variable "logs_key_arn" {
  description = "Key that encrypts its logs."
  type        = string
}

variable "tracing" {
  description = "Trace its executions with X-Ray."
  type        = bool
}

variable "statements" {
  description = "IAM statements of what its tasks may do."
  type = list(object({
    sid           = string
    actions       = list(string)
    resources     = optional(list(string))
    not_resources = optional(list(string))
    conditions    = optional(map(map(list(string))))
  }))
}

variable "alarm_topic_arn" {
  description = "Topic that hears of executions that did not succeed."
  type        = string
}

locals {
  statements = concat(
    var.statements,
    # Log delivery has no resources: https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy
    [{
      sid = "DeliverLogs"
      actions = [
        "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
      ]
      resources = ["*"]
    }],
    # Neither has X-Ray.
    [for statement in [{
      sid       = "Trace"
      actions   = ["xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      resources = ["*"]
    }] : statement if var.tracing],
  )

  alarms = {
    failed    = "ExecutionsFailed"
    timed-out = "ExecutionsTimedOut"
    aborted   = "ExecutionsAborted"
  }
}

module "role" {
  source = "../role"

  name        = var.name
  description = "State machine ${var.name}"
  service     = "states.amazonaws.com"
  source_arn  = var.arn
  statements  = local.statements
}

# Under /aws/vendedlogs/ the group does not count against the account's small log resource policy.
resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/vendedlogs/states/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.logs_key_arn
}

resource "aws_sfn_state_machine" "this" {
  #checkov:skip=CKV_AWS_285:what executions carry names customers, so it stays out of logs
  name       = var.name
  type       = var.type
  role_arn   = module.role.arn
  definition = var.definition

  # Execution data holds task tokens and customers' data: it stays out of the logs.
  logging_configuration {
    level                  = "ERROR"
    include_execution_data = false
    log_destination        = "${aws_cloudwatch_log_group.this.arn}:*"
  }

  tracing_configuration {
    enabled = var.tracing
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "Executions of ${var.name}: ${each.key}. See docs/runbook.md#workflows."
  namespace           = "AWS/States"
  metric_name         = each.value
  dimensions          = { StateMachineArn = var.arn }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]
}

output "arn" {
  description = "ARN of the machine."
  value       = aws_sfn_state_machine.this.arn
}

output "policy" {
  description = "The role's policy as JSON."
  value       = module.role.policy
}

output "log_destination" {
  description = "Where the machine logs to."
  value       = aws_sfn_state_machine.this.logging_configuration[0].log_destination
}

output "alarms" {
  description = "What there are alarms for."
  value       = toset(keys(aws_cloudwatch_metric_alarm.this))
}
