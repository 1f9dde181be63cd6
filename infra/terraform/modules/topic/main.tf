# An encrypted topic that speaks TLS only. Roles of the account publish by their own IAM policies.

variable "name" {
  description = "Name of the topic."
  type        = string
}

variable "arn" {
  description = "ARN that the topic will have, built from its name so that its policy can state it."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts messages at rest."
  type        = string
}

variable "publishers" {
  description = "AWS services that may publish: principal and conditions by statement id."
  type = map(object({
    principal  = string
    conditions = map(map(string))
  }))
  default = {}
}

resource "aws_sns_topic" "this" {
  name              = var.name
  kms_master_key_id = var.kms_key_arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = var.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
      [for sid, publisher in var.publishers : {
        Sid       = sid
        Effect    = "Allow"
        Principal = { Service = publisher.principal }
        Action    = "sns:Publish"
        Resource  = var.arn
        Condition = publisher.conditions
      }],
    )
  })
}

output "arn" {
  description = "ARN of the topic."
  value       = aws_sns_topic.this.arn
}

output "policy" {
  description = "Topic policy as JSON."
  value       = aws_sns_topic.this.policy
}
