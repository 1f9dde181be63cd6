# The definitions are in statemachines/; a placeholder there is a key of `with` here.
locals {
  task_timeout_seconds = 60

  task_placeholders = {
    orders_tasks_arn     = "${local.arn.function}-orders-tasks"
    payments_tasks_arn   = "${local.arn.function}-payments-tasks"
    fulfilment_tasks_arn = "${local.arn.function}-fulfilment-tasks"
    task_timeout_seconds = local.task_timeout_seconds + 10
    # With the delays in the definitions: an hour and a half of undoing, a day of parking.
    patient_attempts = 20
    park_attempts    = 100
  }

  invoke_tasks = {
    sid       = "InvokeTasks"
    actions   = ["lambda:InvokeFunction"]
    resources = [for name in ["orders-tasks", "payments-tasks", "fulfilment-tasks"] : "${local.arn.function}-${name}"]
  }

  state_machines = {
    orders-place-order = {
      type = "STANDARD"
      file = "place_order"
      with = merge(local.task_placeholders, {
        payment_look_ups           = var.payment_look_ups
        fulfilment_timeout_seconds = var.fulfilment_timeout_days * 24 * 3600
        # Longer than everything it may have to wait for: a machine that times out undoes nothing.
        timeout_seconds = (var.fulfilment_timeout_days + 7) * 24 * 3600
      })
      statements = [local.invoke_tasks]
    }
    orders-fulfil-part = {
      type = "STANDARD"
      file = "fulfil_part"
      with = merge(local.task_placeholders, {
        fulfilment_timeout_seconds = var.fulfilment_timeout_days * 24 * 3600
        timeout_seconds            = (var.fulfilment_timeout_days + 7) * 24 * 3600
      })
      statements = [local.invoke_tasks]
    }
    orders-cancel-order = {
      type       = "STANDARD"
      file       = "cancel_order"
      with       = merge(local.task_placeholders, { timeout_seconds = 7 * 24 * 3600 })
      statements = [local.invoke_tasks]
    }
    payments-refund-payment = {
      type = "STANDARD"
      file = "refund_payment"
      with = merge(local.task_placeholders, { timeout_seconds = 7 * 24 * 3600 })
      statements = [{
        sid       = "InvokeTasks"
        actions   = ["lambda:InvokeFunction"]
        resources = [for name in ["orders-tasks", "payments-tasks"] : "${local.arn.function}-${name}"]
      }]
    }
    returns-return-order = {
      type = "STANDARD"
      file = "return_order"
      with = merge(local.task_placeholders, {
        returns_tasks_arn = "${local.arn.function}-returns-tasks"
        # The default policy's days, where not even the label could be issued, which tells them.
        fallback_seconds = 14 * 24 * 3600
        # The longest that a policy gives goods, 90 days, and time for what came to be inspected and looked at.
        timeout_seconds = 200 * 24 * 3600
      })
      statements = [{
        sid       = "InvokeTasks"
        actions   = ["lambda:InvokeFunction"]
        resources = [for name in ["returns-tasks", "payments-tasks", "orders-tasks"] : "${local.arn.function}-${name}"]
      }]
    }
    routing-route-order = {
      type = "STANDARD"
      file = "route_order"
      with = merge(local.task_placeholders, {
        routing_tasks_arn = "${local.arn.function}-routing-tasks"
        # The longest that a supplier may have to answer, a week; a day to tell it; and a day of parking.
        timeout_seconds = 10 * 24 * 3600
      })
      statements = [{
        sid       = "InvokeTasks"
        actions   = ["lambda:InvokeFunction"]
        resources = [for name in ["routing-tasks", "orders-tasks"] : "${local.arn.function}-${name}"]
      }]
    }
    listings-register-product = {
      type = "STANDARD"
      file = "register_product"
      with = {
        listings_tasks_arn   = "${local.arn.function}-listings-tasks"
        task_timeout_seconds = local.task_timeout_seconds + 10
        patient_attempts     = 20
        park_attempts        = 100
        # Cases that nobody decides go up level after level, with alarms, long before.
        review_timeout_seconds = 60 * 24 * 3600
        # A case may be decided, and its listing come to another, again and again.
        timeout_seconds = 360 * 24 * 3600
      }
      statements = [{
        sid       = "InvokeTasks"
        actions   = ["lambda:InvokeFunction"]
        resources = ["${local.arn.function}-listings-tasks"]
      }]
    }
    feeds-import-feed = {
      type = "STANDARD"
      file = "import_feed"
      with = {
        feeds_tasks_arn      = "${local.arn.function}-feeds-tasks"
        task_timeout_seconds = local.task_timeout_seconds + 10
        patient_attempts     = 20
        park_attempts        = 100
        # As many as chalicelib/feeds makes.
        lanes = 4
        # The longest file takes some hours; patience with each step comes on top.
        timeout_seconds = 2 * 24 * 3600
      }
      statements = [{
        sid       = "InvokeTasks"
        actions   = ["lambda:InvokeFunction"]
        resources = ["${local.arn.function}-feeds-tasks"]
      }]
    }
    ledger-pay-suppliers = {
      type = "STANDARD"
      file = "pay_suppliers"
      with = merge(local.task_placeholders, {
        ledger_tasks_arn = "${local.arn.function}-ledger-tasks"
        timeout_seconds  = 7 * 24 * 3600
      })
      statements = [{
        sid       = "InvokeTasks"
        actions   = ["lambda:InvokeFunction"]
        resources = ["${local.arn.function}-ledger-tasks"]
      }]
    }
    lockers-hold-for-pickup = {
      type = "STANDARD"
      file = "hold_for_pickup"
      with = merge(local.task_placeholders, {
        lockers_tasks_arn = "${local.arn.function}-lockers-tasks"
        # What is not taken out within a week is looked for by a person.
        clearing_timeout_seconds = 7 * 24 * 3600
        # The longest window and its extensions, and time for staff.
        timeout_seconds = 180 * 24 * 3600
      })
      statements = [{
        sid       = "InvokeTasks"
        actions   = ["lambda:InvokeFunction"]
        resources = [for name in ["lockers-tasks", "orders-tasks"] : "${local.arn.function}-${name}"]
      }]
    }
    suppliers-onboard-supplier = {
      type = "STANDARD"
      file = "onboard_supplier"
      with = {
        suppliers_tasks_arn  = "${local.arn.function}-suppliers-tasks"
        task_timeout_seconds = local.task_timeout_seconds + 10
        patient_attempts     = local.task_placeholders.patient_attempts
        park_attempts        = local.task_placeholders.park_attempts
        # What nobody has decided by then is rejected; the reviewers have been told several times.
        review_timeout_seconds = 60 * 24 * 3600
        # Several reviews, one after the other.
        timeout_seconds = 300 * 24 * 3600
      }
      statements = [{
        sid       = "InvokeTasks"
        actions   = ["lambda:InvokeFunction"]
        resources = ["${local.arn.function}-suppliers-tasks"]
      }]
    }
    events-publish-events = {
      type = "EXPRESS"
      file = "publish_events"
      with = {
        bus_name              = local.name
        undelivered_queue_url = aws_sqs_queue.events_undelivered.url
      }
      statements = [
        {
          sid       = "Publish"
          actions   = ["events:PutEvents"]
          resources = [local.arn.bus]
        },
        {
          sid       = "Park"
          actions   = ["sqs:SendMessage"]
          resources = ["${local.arn.queue}events-undelivered"]
        },
        local.encrypt_message,
      ]
    }
  }
}

module "state_machine" {
  source   = "./modules/state_machine"
  for_each = local.state_machines

  name               = "${local.name}-${each.key}"
  arn                = "${local.arn.state_machine}${each.key}"
  type               = each.value.type
  definition         = templatefile("${path.module}/../../statemachines/${each.value.file}.asl.json", merge({ partition = local.partition }, each.value.with))
  log_retention_days = var.log_retention_days
  logs_key_arn       = module.key["logs"].arn
  tracing            = var.tracing
  statements         = each.value.statements
  alarm_topic_arn    = module.topic["operations-alarms"].arn
}
