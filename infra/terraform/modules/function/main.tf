# What surrounds a function that Chalice creates: its role, its log group and its alarms.

variable "function_name" {
  description = "Full name of the function."
  type        = string
}

variable "description" {
  description = "What the function does."
  type        = string
}

variable "log_group_arn" {
  description = "ARN that the function's log group will have."
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
  description = "Let it send traces to X-Ray."
  type        = bool
}

variable "statements" {
  description = "IAM statements of what it may do beside logging and tracing."
  type = list(object({
    sid           = string
    actions       = list(string)
    resources     = optional(list(string))
    not_resources = optional(list(string))
    conditions    = optional(map(map(list(string))))
  }))
}

variable "alarm_topic_arn" {
  description = "Topic that hears of its errors and throttles."
  type        = string
}

locals {
  statements = concat(
    [{
      sid       = "Log"
      actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      resources = ["${var.log_group_arn}:log-stream:*"]
    }],
    # X-Ray knows no resources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
    [for statement in [{
      sid       = "Trace"
      actions   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      resources = ["*"]
    }] : statement if var.tracing],
    var.statements,
  )

  alarms = {
    errors    = { metric = "Errors", meaning = "raised" }
    throttles = { metric = "Throttles", meaning = "was throttled" }
  }
}

module "role" {
  source = "../role"

  name        = var.function_name
  description = var.description
  service     = "lambda.amazonaws.com"
  statements  = local.statements
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${var.function_name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.logs_key_arn
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.function_name}-${each.key}"
  alarm_description   = "Function ${var.function_name} ${each.value.meaning}. See docs/runbook.md#functions."
  namespace           = "AWS/Lambda"
  metric_name         = each.value.metric
  dimensions          = { FunctionName = var.function_name }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]
}

output "role_arn" {
  description = "ARN of the function's role."
  value       = module.role.arn
}

output "log_group" {
  description = "Name of the function's log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "policy" {
  description = "The role's policy as JSON."
  value       = module.role.policy
}

output "alarms" {
  description = "What there are alarms for."
  value       = toset(keys(aws_cloudwatch_metric_alarm.this))
}
