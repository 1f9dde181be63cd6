# Queues by name after aisle-<stage>-. Those of rules are fed by the bus (bus.tf), those of cabinets by AWS IoT
# (iot.tf), the others by whom they name and by functions.
locals {
  consumer_timeout_seconds = 30

  # Who takes from the queue of a rule that no function consumes. Cases wait in the table: the queue only says that there are some.
  rule_receivers = { reviews-manual = var.reviewer_principals }

  queues = merge(
    { for name in keys(local.rules) : name => {
      senders = {
        Rule = {
          principal    = { Service = ["events.amazonaws.com"] }
          conditions   = { ArnEquals = { "aws:SourceArn" = "${local.arn.rule}${name}" } }
          dead_letters = true
        }
      }
      receivers = try(local.rule_receivers[name], [])
    } },
    {
      webhooks-attempts        = {}
      lockers-cabinet-messages = {}
      lockers-command-checks   = {}
      routing-requests         = {}
      # A code holds good only while somebody stands at the cabinet: what is not looked at within a minute opens no door any
      # more, and passcodes lie about no longer than an operator needs to see why.
      lockers-keyed-codes          = { retention_seconds = 60, dead_letter_retention_seconds = 24 * 3600 }
      fulfilment-shipment-requests = { receivers = var.warehouse_principals }
      fulfilment-warehouse-answers = {
        senders = length(var.warehouse_principals) == 0 ? {} : { Warehouse = { principal = { AWS = sort(var.warehouse_principals) } } }
      }
    },
  )
}

module "queue" {
  source   = "./modules/queue"
  for_each = local.queues

  name                          = "${local.name}-${each.key}"
  arn                           = "${local.arn.queue}${each.key}"
  visibility_timeout_seconds    = 6 * local.consumer_timeout_seconds
  retention_seconds             = try(each.value.retention_seconds, null)
  dead_letter_retention_seconds = try(each.value.dead_letter_retention_seconds, null)
  kms_key_arn                   = module.key["messages"].arn
  senders                       = try(each.value.senders, {})
  receivers                     = try(each.value.receivers, [])
  alarm_topic_arn               = module.topic["operations-alarms"].arn
}

# Where publish-events, the pipe and the schedule leave what they could not deliver. It is itself a
# dead-letter queue and has none of its own; only roles of this account send to it.
resource "aws_sqs_queue" "events_undelivered" {
  name                      = "${local.name}-events-undelivered"
  message_retention_seconds = 14 * 24 * 3600
  kms_master_key_id         = module.key["messages"].arn

  redrive_allow_policy = jsonencode({ redrivePermission = "denyAll" })

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = "${local.arn.queue}events-undelivered"
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
