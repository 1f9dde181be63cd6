# A customer-managed KMS key, its alias and its policy: the account administers it through IAM, and beside that
# only the services in `services` may use it.

variable "alias" {
  description = "Alias without the prefix alias/."
  type        = string
}

variable "description" {
  description = "What the key protects."
  type        = string
}

variable "account_root_arn" {
  description = "ARN of the account's root principal: it lets IAM policies of this account grant the key's use."
  type        = string
}

variable "kind" {
  description = "What the key does: `encryption` of data, `hmac` for HMAC-SHA-256 tags, `signing` for ES256 signatures, whose public key anybody may hold."
  type        = string
  default     = "encryption"

  validation {
    condition     = contains(["encryption", "hmac", "signing"], var.kind)
    error_message = "One of encryption, hmac, signing."
  }
}

variable "deletion_window_days" {
  description = "Days between asking for the key's deletion and losing it."
  type        = number
}

variable "services" {
  description = "AWS services that use the key on their own behalf: principal, actions and conditions by statement id."
  type = map(object({
    principal  = string
    actions    = list(string)
    conditions = optional(map(map(string)), {})
  }))
  default = {}
}

variable "principals" {
  description = "IAM principals, of other accounts as a rule, that use the key: ARNs and actions by statement id."
  type = map(object({
    arns    = set(string)
    actions = list(string)
  }))
  default = {}
}

locals {
  kind = {
    encryption = { usage = "ENCRYPT_DECRYPT", spec = "SYMMETRIC_DEFAULT" }
    hmac       = { usage = "GENERATE_VERIFY_MAC", spec = "HMAC_256" }
    signing    = { usage = "SIGN_VERIFY", spec = "ECC_NIST_P256" }
  }[var.kind]
}

# A key policy's resource "*" means this key and no other.
resource "aws_kms_key" "this" {
  description              = var.description
  key_usage                = local.kind.usage
  customer_master_key_spec = local.kind.spec
  # KMS rotates no others; a new one is a new alias target.
  enable_key_rotation     = var.kind == "encryption"
  deletion_window_in_days = var.deletion_window_days

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "AccountThroughIam"
        Effect    = "Allow"
        Principal = { AWS = var.account_root_arn }
        Action    = "kms:*"
        Resource  = "*"
      }],
      [for sid, service in var.services : { for key, value in {
        Sid       = sid
        Effect    = "Allow"
        Principal = { Service = service.principal }
        Action    = service.actions
        Resource  = "*"
        Condition = service.conditions
      } : key => value if key != "Condition" || length(service.conditions) > 0 }],
      [for sid, grant in var.principals : {
        Sid       = sid
        Effect    = "Allow"
        Principal = { AWS = sort(grant.arns) }
        Action    = grant.actions
        Resource  = "*"
      } if length(grant.arns) > 0],
    )
  })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.alias}"
  target_key_id = aws_kms_key.this.key_id
}

output "arn" {
  description = "ARN of the key."
  value       = aws_kms_key.this.arn
}

output "policy" {
  description = "Key policy as JSON."
  value       = aws_kms_key.this.policy
}

output "spec" {
  description = "What the key is made of, e.g. HMAC_256."
  value       = aws_kms_key.this.customer_master_key_spec
}

output "rotates" {
  description = "Whether KMS rotates the key each year."
  value       = aws_kms_key.this.enable_key_rotation
}
