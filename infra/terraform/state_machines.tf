# The definitions are in statemachines/.
#   tasks       contexts whose tasks it runs: their functions, which it may invoke, and how patient it is with them
#   with        further placeholders of the definition
#   statements  what else it may do
locals {
  task_timeout_seconds = 60

  state_machines = {
    orders-place-order = {
      type  = "STANDARD"
      file  = "place_order"
      tasks = ["orders", "payments", "fulfilment"]
      with = {
        payment_look_ups           = var.payment_look_ups
        fulfilment_timeout_seconds = var.fulfilment_timeout_days * 24 * 3600
        # Longer than everything it may have to wait for: a machine that times out undoes nothing.
        timeout_seconds = (var.fulfilment_timeout_days + 7) * 24 * 3600
      }
    }
    orders-fulfil-part = {
      type  = "STANDARD"
      file  = "fulfil_part"
      tasks = ["orders", "payments", "fulfilment"]
      with = {
        fulfilment_timeout_seconds = var.fulfilment_timeout_days * 24 * 3600
        timeout_seconds            = (var.fulfilment_timeout_days + 7) * 24 * 3600
      }
    }
    orders-cancel-order = {
      type  = "STANDARD"
      file  = "cancel_order"
      tasks = ["orders", "payments", "fulfilment"]
      with  = { timeout_seconds = 7 * 24 * 3600 }
    }
    payments-refund-payment = {
      type  = "STANDARD"
      file  = "refund_payment"
      tasks = ["orders", "payments"]
      with  = { timeout_seconds = 7 * 24 * 3600 }
    }
    returns-return-order = {
      type  = "STANDARD"
      file  = "return_order"
      tasks = ["returns", "payments", "orders"]
      with = {
        # The default policy's days, where not even the label could be issued, which tells them.
        fallback_seconds = 14 * 24 * 3600
        # The longest that a policy gives goods, 90 days, and time for what came to be inspected and looked at.
        timeout_seconds = 200 * 24 * 3600
      }
    }
    routing-route-order = {
      type  = "STANDARD"
      file  = "route_order"
      tasks = ["routing", "orders"]
      with = {
        # The longest that a supplier may have to answer, a week; a day to tell it; and a day of parking.
        timeout_seconds = 10 * 24 * 3600
      }
    }
    listings-register-product = {
      type  = "STANDARD"
      file  = "register_product"
      tasks = ["listings"]
      with = {
        # Cases that nobody decides go up level after level, with alarms, long before.
        review_timeout_seconds = 60 * 24 * 3600
        # A case may be decided, and its listing come to another, again and again.
        timeout_seconds = 360 * 24 * 3600
      }
    }
    feeds-import-feed = {
      type  = "STANDARD"
      file  = "import_feed"
      tasks = ["feeds"]
      with = {
        # As many as chalicelib/feeds makes.
        lanes = 4
        # The longest file takes some hours; patience with each step comes on top.
        timeout_seconds = 2 * 24 * 3600
      }
    }
    ledger-pay-suppliers = {
      type  = "STANDARD"
      file  = "pay_suppliers"
      tasks = ["ledger"]
      with = {
        timeout_seconds = 7 * 24 * 3600
      }
    }
    lockers-hold-for-pickup = {
      type  = "STANDARD"
      file  = "hold_for_pickup"
      tasks = ["lockers", "orders"]
      with = {
        # What is not taken out within a week is looked for by a person.
        clearing_timeout_seconds = 7 * 24 * 3600
        # The longest window and its extensions, and time for staff.
        timeout_seconds = 180 * 24 * 3600
      }
    }
    suppliers-onboard-supplier = {
      type  = "STANDARD"
      file  = "onboard_supplier"
      tasks = ["suppliers"]
      with = {
        # What nobody has decided by then is rejected; the reviewers have been told several times.
        review_timeout_seconds = 60 * 24 * 3600
        # Several reviews, one after the other.
        timeout_seconds = 300 * 24 * 3600
      }
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

  # By machine that runs tasks of contexts: what its definition says of them, and what its role may do for them.
  task_placeholders = { for name, machine in local.state_machines : name => merge(
    { for context in machine.tasks : "${context}_tasks_arn" => "${local.arn.function}-${context}-tasks" },
    {
      task_timeout_seconds = local.task_timeout_seconds + 10
      # With the delays in the definitions: an hour and a half of undoing, a day of parking.
      patient_attempts = 20
      park_attempts    = 100
    },
  ) if can(machine.tasks) }

  task_statements = { for name, machine in local.state_machines : name => [{
    sid       = "InvokeTasks"
    actions   = ["lambda:InvokeFunction"]
    resources = [for context in machine.tasks : "${local.arn.function}-${context}-tasks"]
  }] if can(machine.tasks) }

  # What lets a function start a machine, or complete a task that it waits in.
  start = { for name, machine in local.state_machines : name => {
    sid       = "Start${join("", [for word in split("_", machine.file) : title(word)])}"
    actions   = ["states:StartExecution"]
    resources = ["${local.arn.state_machine}${name}"]
  } }

  complete = { for name in keys(local.state_machines) : name => {
    sid       = "CompleteTask"
    actions   = ["states:SendTaskSuccess"]
    resources = ["${local.arn.state_machine}${name}"]
  } }
}

module "state_machine" {
  source   = "./modules/state_machine"
  for_each = local.state_machines

  name               = "${local.name}-${each.key}"
  arn                = "${local.arn.state_machine}${each.key}"
  type               = each.value.type
  definition         = templatefile("${path.module}/../../statemachines/${each.value.file}.asl.json", merge({ partition = local.partition }, try(local.task_placeholders[each.key], {}), each.value.with))
  log_retention_days = var.log_retention_days
  logs_key_arn       = module.key["logs"].arn
  tracing            = var.tracing
  statements         = concat(try(local.task_statements[each.key], []), try(each.value.statements, []))
  alarm_topic_arn    = module.topic["operations-alarms"].arn
}
