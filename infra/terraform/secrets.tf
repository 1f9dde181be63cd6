# What no one may read but the function that needs it. Their values are put in by hand, once, and stand in no state:
#   aws secretsmanager put-secret-value --secret-id aisle-<stage>-payments-stripe-key --secret-string sk_live_…
# Functions read them when they start; a key that Stripe refuses is read anew.
locals {
  secrets = var.payment_gateway == "stripe" ? {
    stripe-key            = "Secret key of Stripe's API: moves money"
    stripe-webhook-secret = "Secret by which Stripe signs what it sends"
  } : {}

  # By secret: the statements with which a function reads it, and none where the stage has none.
  read_secret = { for name in ["stripe-key", "stripe-webhook-secret"] : name => [for statement in [
    {
      sid       = "Read${join("", [for word in split("-", name) : title(word)])}"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [for key, secret in aws_secretsmanager_secret.this : secret.arn if key == name]
    },
    {
      sid        = "DecryptSecret"
      actions    = ["kms:Decrypt"]
      resources  = [module.key["data"].arn]
      conditions = local.through.secretsmanager
    },
  ] : statement if contains(keys(local.secrets), name)] }

  secret_arns = { for name, secret in aws_secretsmanager_secret.this : name => secret.arn }
}

resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:Stripe rolls its keys in its dashboard, and no function of ours could do it for it
  for_each = local.secrets

  name                    = "${local.name}-payments-${each.key}"
  description             = each.value
  kms_key_id              = module.key["data"].arn
  recovery_window_in_days = var.key_deletion_window_days
}
