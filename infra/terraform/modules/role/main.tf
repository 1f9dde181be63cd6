# An IAM role that one AWS service takes, with one inline policy made of typed statements.

variable "name" {
  description = "Name of the role."
  type        = string
}

variable "description" {
  description = "Who takes the role and what for."
  type        = string
}

variable "service" {
  description = "Service that may take the role, e.g. lambda.amazonaws.com."
  type        = string
}

variable "source_arn" {
  description = "The one resource on whose behalf the service may take the role; null where the service does not say."
  type        = string
  default     = null
}

variable "statements" {
  description = "What the role may do. A statement has either resources or, to allow what is no resource, not_resources."
  type = list(object({
    sid           = string
    actions       = list(string)
    resources     = optional(list(string))
    not_resources = optional(list(string))
    conditions    = optional(map(map(list(string))))
  }))

  validation {
    condition     = alltrue([for statement in var.statements : (statement.resources == null) != (statement.not_resources == null)])
    error_message = "Each statement has either resources or not_resources."
  }
  validation {
    condition     = alltrue([for action in flatten(var.statements[*].actions) : !strcontains(action, "*")])
    error_message = "Actions are named one by one."
  }
}

locals {
  keys = { sid = "Sid", actions = "Action", resources = "Resource", not_resources = "NotResource", conditions = "Condition" }
}

resource "aws_iam_role" "this" {
  name        = var.name
  description = var.description

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{ for key, value in {
      Effect    = "Allow"
      Principal = { Service = var.service }
      Action    = "sts:AssumeRole"
      Condition = var.source_arn == null ? null : {
        ArnEquals    = { "aws:SourceArn" = var.source_arn }
        StringEquals = { "aws:SourceAccount" = split(":", var.source_arn)[4] }
      }
    } : key => value if value != null }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = var.name
  role = aws_iam_role.this.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for statement in var.statements : merge(
      { Effect = "Allow" },
      { for key, value in statement : local.keys[key] => value if value != null },
    )]
  })
}

# Through the policy, so that whoever needs the role also waits for what it may do.
output "arn" {
  description = "ARN of the role."
  value       = aws_iam_role.this.arn
  depends_on  = [aws_iam_role_policy.this]
}

output "policy" {
  description = "The role's policy as JSON."
  value       = aws_iam_role_policy.this.policy
}

output "trust" {
  description = "The role's trust policy as JSON."
  value       = aws_iam_role.this.assume_role_policy
}
