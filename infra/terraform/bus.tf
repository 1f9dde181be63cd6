# The bus, its archive and one rule per queue. A rule passes the whole event on; the queue's own dead-letter
# queue also takes what EventBridge could not deliver, so that an operator looks in one place.
locals {
  rules = {
    orders-placed = {
      description = "Start the workflow of a placed order."
      types       = { "aisle.orders" = ["OrderPlaced"] }
    }
    orders-cancelled = {
      description = "Start the workflow of a cancellation."
      types       = { "aisle.orders" = ["OrderCancelled"] }
    }
    orders-reassigned = {
      description = "Find other locations for units that one could not ship, serve who waits for what came in, and start the workflow of either."
      types = {
        "aisle.orders"     = ["OrderUnitsMissing", "OrderReassigned"]
        "aisle.fulfilment" = ["FulfilmentReady"]
        "aisle.inventory"  = ["StockAdjusted", "StockCounted", "StockReceived", "TransferCancelled", "TransferReceived"]
        "aisle.returns"    = ["ReturnInspected"]
      }
    }
    fulfilment-shipped = {
      description = "Complete the task of the workflow that waits for the warehouse."
      types       = { "aisle.fulfilment" = ["FulfilmentShipped", "FulfilmentShort"] }
    }
    fulfilment-order-changes = {
      description = "Tell locations of holds, releases, other addresses, and of what another location ships now."
      types       = { "aisle.orders" = ["OrderHeld", "OrderReleased", "OrderReaddressed", "OrderReassigned"] }
    }
    payments-refunds-requested = {
      description = "Start the workflow of a refund that staff asked for; cancellations and returns settle their own."
      types       = { "aisle.payments" = ["RefundRequested"] }
      detail      = { data = { workflow = [true] } }
    }
    returns-authorised = {
      description = "Start the workflow of a return."
      types       = { "aisle.returns" = ["ReturnAuthorised"] }
    }
    returns-progressed = {
      description = "Complete the task of the workflow that waits for goods to come back."
      types       = { "aisle.returns" = ["ReturnInspected", "ReturnSettled", "ReturnCancelled"] }
    }
    notifications-order-events = {
      description = "Tell the customer."
      types = {
        "aisle.orders"     = ["BackorderDelayed", "OrderCancelled", "OrderConfirmed", "OrderRefused", "PromiseChanged"]
        "aisle.fulfilment" = ["FulfilmentDelivered", "FulfilmentShipped"]
        "aisle.returns"    = ["ReturnAuthorised", "ReturnLabelIssued", "ReturnReceived"]
        "aisle.payments"   = ["PaymentRefunded"]
        "aisle.carts"      = ["CartAbandoned"]
        "aisle.customers"  = ["CustomerErased", "VerificationRequested"]
      }
    }
    taxes-order-events = {
      description = "Keep the books on the tax that is owed."
      types = {
        "aisle.orders"   = ["OrderConfirmed", "OrderRefused", "OrderCancelled"]
        "aisle.payments" = ["RefundRequested"]
      }
    }
    webhooks-events = {
      description = "Tell subscribers. Every event: which of them is sent to whom, subscriptions say."
      types       = {}
    }
  }
}

resource "aws_cloudwatch_event_bus" "this" {
  name        = local.name
  description = "Events of every context of ${local.name}"
}

# Nothing reaches the bus but what a command wrote: only publish-events may put events, whatever other roles of
# this account may elsewhere. No other account is let in.
resource "aws_cloudwatch_event_bus_policy" "this" {
  event_bus_name = aws_cloudwatch_event_bus.this.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OutboxOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "events:PutEvents"
      Resource  = local.arn.bus
      Condition = { ArnNotEquals = { "aws:PrincipalArn" = "arn:${local.partition}:iam::${local.account_id}:role/${local.name}-events-publish-events" } }
    }]
  })
}

resource "aws_cloudwatch_event_archive" "this" {
  name             = local.name
  description      = "Every event of ${local.name}, for a replay"
  event_source_arn = aws_cloudwatch_event_bus.this.arn
  retention_days   = var.archive_retention_days
}

# Every one of these has an effect outside the table, so none of them listens to a replay.
resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.rules

  name           = "${local.name}-${each.key}"
  description    = each.value.description
  event_bus_name = aws_cloudwatch_event_bus.this.name

  # A type belongs to one source, so the two lists cannot match across. A rule without types wants all that are ours.
  event_pattern = jsonencode({ for name, wanted in {
    source        = concat(keys(each.value.types), [for all in [{ prefix = "aisle." }] : all if length(each.value.types) == 0])
    "detail-type" = length(each.value.types) == 0 ? null : flatten(values(each.value.types))
    "replay-name" = [{ exists = false }]
    detail        = try(each.value.detail, null)
  } : name => wanted if wanted != null })
}

resource "aws_cloudwatch_event_target" "queue" {
  for_each = aws_cloudwatch_event_rule.this

  rule           = each.value.name
  event_bus_name = each.value.event_bus_name
  target_id      = "queue"
  arn            = "${local.arn.queue}${each.key}"

  retry_policy {
    maximum_event_age_in_seconds = 24 * 3600
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = "${local.arn.queue}${each.key}-dlq"
  }
}
