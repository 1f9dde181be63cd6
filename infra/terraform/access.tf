# IAM statements that more than one role needs.
locals {
  # A customer-managed key is checked against the caller of the service that uses it; the condition keeps the
  # caller from using it by itself.
  through = { for service in ["dynamodb", "s3", "secretsmanager", "sns", "sqs"] : service => {
    StringEquals = { "kms:ViaService" = ["${service}.${var.region}.amazonaws.com"] }
  } }

  use_table_key = {
    sid     = "UseTableKey"
    actions = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"]

    resources  = [module.key["data"].arn]
    conditions = local.through.dynamodb
  }

  encrypt_message = {
    sid        = "EncryptMessage"
    actions    = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources  = [module.key["messages"].arn]
    conditions = local.through.sqs
  }

  # TransactWriteItems and TransactGetItems have no action of their own: each part needs its item's action.
  table_actions = {
    read  = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"]
    write = ["dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
  }

  # Every role's policy, so that a rule can be held against all of them.
  role_policies = concat(
    values(module.function)[*].policy,
    values(module.state_machine)[*].policy,
    values(module.iot_rule_role)[*].policy,
    [module.pipe_role.policy, module.scheduler_role.policy, module.provisioning_role.policy],
  )
}
