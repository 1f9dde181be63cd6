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
      description = "Find other locations for units that one could not ship, or give them up if the operator says so, serve who waits for what came in, and start the workflow of either."
      types = {
        "aisle.orders"     = ["OrderUnitsMissing", "OrderReassigned"]
        "aisle.fulfilment" = ["FulfilmentReady"]
        "aisle.inventory"  = ["StockAdjusted", "StockCounted", "StockReceived", "TransferCancelled", "TransferReceived"]
        "aisle.returns"    = ["ReturnInspected"]
        "aisle.reviews"    = ["ReviewDecided"]
      }
    }
    fulfilment-shipped = {
      description = "Complete the task of the workflow that waits for the warehouse."
      types       = { "aisle.fulfilment" = ["FulfilmentShipped", "FulfilmentShort"] }
    }
    fulfilment-order-changes = {
      description = "Tell locations of holds, releases, other addresses, and of what another location ships now."
      types       = { "aisle.orders" = ["OrderHeld", "OrderReleased", "OrderReaddressed", "OrderRedelivered", "OrderReassigned"] }
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
    reviews-manual = {
      description = "Tell whoever reviews that there is a case, or that one went up a level."
      types       = { "aisle.reviews" = ["ReviewOpened", "ReviewEscalated"] }
    }
    reviews-decided = {
      description = "Complete the tasks of workflows that wait for a decision."
      types       = { "aisle.reviews" = ["ReviewDecided", "ReviewSuperseded", "ReviewWithdrawn"] }
    }
    routing-answered = {
      description = "Complete the task of the workflow that waits for a supplier's answer."
      types       = { "aisle.routing" = ["OrderAcceptedBySupplier", "OrderDeclinedBySupplier", "UnitsRecalledFromSupplier"] }
    }
    listings-submitted = {
      description = "Start the workflow of what a supplier registered or wants changed."
      types       = { "aisle.listings" = ["ListingSubmitted"] }
    }
    feeds-received = {
      description = "Start the workflow of the file whose turn it is: the first one, and the next when one is over."
      types       = { "aisle.feeds" = ["FeedCancelled", "FeedFailed", "FeedFinished", "FeedReceived"] }
    }
    ledger-payout-runs = {
      description = "Start the workflow of a payout run."
      types       = { "aisle.ledger" = ["PayoutRunStarted"] }
    }
    notifications-order-events = {
      description = "Tell the customer, or the supplier."
      types = {
        "aisle.orders"     = ["BackorderDelayed", "OrderCancelled", "OrderConfirmed", "OrderRefused", "PromiseChanged"]
        "aisle.fulfilment" = ["FulfilmentDelivered", "FulfilmentShipped"]
        "aisle.returns"    = ["ReturnAuthorised", "ReturnLabelIssued", "ReturnReceived"]
        "aisle.payments"   = ["PaymentRefunded"]
        "aisle.carts"      = ["CartAbandoned"]
        "aisle.customers"  = ["CustomerErased", "VerificationRequested"]
        "aisle.suppliers"  = ["SupplierApproved", "SupplierInvited", "SupplierOffboarded", "SupplierReinstated", "SupplierRejected", "SupplierSuspended"]
        "aisle.routing"    = ["OrderOfferedToSupplier"]
      }
    }
    lockers-order-ready = {
      description = "Tell shoppers of what is ready to be picked up, here or in a system that stands beside this one, and what becomes of it."
      types = {
        "aisle.fulfilment" = ["OrderReadyForPickup"]
        "aisle.lockers"    = ["PasscodeRequested", "PickupExpired", "PickupReminder"]
      }
      outside = true
    }
    lockers-pickup-confirmed = {
      description = "Open the doors for whoever proved that a pickup is theirs, or brings back a return."
      types       = { "aisle.lockers" = ["DropOffRequested", "PickupConfirmed"] }
    }
    lockers-changes = {
      description = "Find compartments for what is packed, let go of what is called off, and have cabinets forget what they may not open any more."
      types = {
        "aisle.fulfilment" = ["FulfilmentPacked"]
        "aisle.orders"     = ["OrderCancelled", "OrderHeld", "OrderReassigned"]
        "aisle.lockers"    = ["PickupCancelled", "PickupCleared", "PickupCollected", "PickupConfirmed", "PickupExpired", "PickupExtended", "ReturnDroppedOff"]
      }
    }
    fulfilment-pickups = {
      description = "Deliver what was taken from a locker."
      types       = { "aisle.lockers" = ["PickupCollected"] }
    }
    suppliers-submitted = {
      description = "Start the workflow of a supplier's submission."
      types       = { "aisle.suppliers" = ["SupplierSubmitted"] }
    }
    taxes-order-events = {
      description = "Keep the books on the tax that is owed."
      types = {
        "aisle.orders"   = ["OrderConfirmed", "OrderReassigned", "OrderRefused", "OrderCancelled"]
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
# this account may elsewhere. Systems beside this one may say that an order is ready, in their own name and nothing else;
# they may be of other accounts.
resource "aws_cloudwatch_event_bus_policy" "this" {
  event_bus_name = aws_cloudwatch_event_bus.this.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [merge(local.put_events, {
        Sid       = "OutboxOnly"
        Effect    = "Deny"
        Condition = { ArnNotEquals = { "aws:PrincipalArn" = concat([local.publish_events_role], local.order_ready_publishers) } }
      })],
      [for statement in [
        merge(local.put_events, {
          Sid       = "OrderReady"
          Effect    = "Allow"
          Principal = { AWS = local.order_ready_publishers }
          Condition = { StringEquals = { "events:detail-type" = "OrderReadyForPickup" } }
        }),
        merge(local.put_events, {
          Sid    = "OrderReadyOnly"
          Effect = "Deny"
          Condition = {
            ArnEquals       = { "aws:PrincipalArn" = local.order_ready_publishers }
            StringNotEquals = { "events:detail-type" = "OrderReadyForPickup" }
          }
        }),
        # A call puts up to ten events: one in our name refuses it.
        merge(local.put_events, {
          Sid    = "InTheirOwnName"
          Effect = "Deny"
          Condition = {
            ArnEquals                = { "aws:PrincipalArn" = local.order_ready_publishers }
            "ForAnyValue:StringLike" = { "events:source" = "${local.our_sources}*" }
          }
        }),
      ] : statement if length(local.order_ready_publishers) > 0],
    )
  })
}

locals {
  publish_events_role    = "arn:${local.partition}:iam::${local.account_id}:role/${local.name}-events-publish-events"
  order_ready_publishers = sort(var.order_ready_publishers)

  our_sources = "${local.app}."
  put_events  = { Principal = "*", Action = "events:PutEvents", Resource = local.arn.bus }
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

  # A type belongs to one source, so the two lists cannot match across. A rule without types wants all that are ours; one with
  # `outside` takes its types from other systems, too.
  event_pattern = jsonencode({ for name, wanted in {
    source = concat(
      keys(each.value.types),
      [for all in [{ prefix = local.our_sources }] : all if length(each.value.types) == 0],
      [for others in [{ "anything-but" = { prefix = local.our_sources } }] : others if try(each.value.outside, false)],
    )
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
