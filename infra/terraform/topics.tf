locals {
  topics = {
    notifications-customers = {}
    operations-alarms = {
      Alarms = {
        principal  = "cloudwatch.amazonaws.com"
        conditions = { ArnLike = { "aws:SourceArn" = "${local.arn.alarm}*" }, StringEquals = { "aws:SourceAccount" = local.account_id } }
      }
    }
  }
}

module "topic" {
  source   = "./modules/topic"
  for_each = local.topics

  name        = "${local.name}-${each.key}"
  arn         = "${local.arn.topic}${each.key}"
  kms_key_arn = module.key["messages"].arn
  publishers  = each.value
}

resource "aws_sns_topic_subscription" "operations" {
  for_each = var.alarm_emails

  topic_arn = module.topic["operations-alarms"].arn
  protocol  = "email"
  endpoint  = each.value
}
