# The clock: what runs by itself, how often, and what a tick asks for. A tick that is lost is made good by the next.
locals {
  schedules = {
    "inventory-release-expired-reservations" = {
      does     = "Gives back the stock of reservations that ran out"
      function = "inventory-tasks"
      minutes  = 1
    }
    "inventory-level-split-stock" = {
      does     = "Levels the rows of stock that is split"
      function = "inventory-tasks"
      minutes  = 1
    }
    "orders-serve-waiting" = {
      does     = "Lets leave what waited for stock that is there"
      function = "orders-tasks"
      minutes  = 1
    }
    "customers-continue-erasures" = {
      does     = "Forgets customers who asked for it, step by step"
      function = "customers-tasks"
      minutes  = 5
    }
    "carts-abandon-idle-carts" = {
      does     = "Tells of carts that fell idle"
      function = "carts-tasks"
      minutes  = 5
    }
    "reviews-escalate-overdue-cases" = {
      does     = "Takes overdue review cases a level up"
      function = "reviews-tasks"
      minutes  = 5
    }
    "lockers-serve-waitlist" = {
      does     = "Finds compartments for those who wait for some"
      function = "lockers-tasks"
      minutes  = 1
    }
    "lockers-watch-cabinets" = {
      does     = "Notices cabinets that have fallen silent"
      function = "lockers-tasks"
      minutes  = 1
    }
    "webhooks-send-due-deliveries" = {
      does     = "Asks for the attempts of webhooks that are due"
      function = "webhooks-tasks"
      minutes  = 1
    }
  }
}

resource "aws_scheduler_schedule" "this" {
  for_each = local.schedules

  #checkov:skip=CKV_AWS_297:its input is the name of a task
  name                = "${local.name}-${each.key}"
  description         = each.value.does
  schedule_expression = "rate(${each.value.minutes} ${each.value.minutes == 1 ? "minute" : "minutes"})"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = "${local.arn.function}-${each.value.function}"
    role_arn = module.scheduler_role.arn
    input    = jsonencode({ task = replace(trimprefix(each.key, "${split("-", each.key)[0]}-"), "-", "_") })

    retry_policy {
      maximum_event_age_in_seconds = 120 * each.value.minutes
      maximum_retry_attempts       = 2
    }

    dead_letter_config {
      arn = "${local.arn.queue}events-undelivered"
    }
  }
}

moved {
  from = aws_scheduler_schedule.release_expired_reservations
  to   = aws_scheduler_schedule.this["inventory-release-expired-reservations"]
}

module "scheduler_role" {
  source = "./modules/role"

  name        = "${local.name}-inventory-scheduler"
  description = "Schedules of ${local.name}"
  service     = "scheduler.amazonaws.com"
  source_arn  = local.arn.schedule

  statements = [
    {
      sid       = "Invoke"
      actions   = ["lambda:InvokeFunction"]
      resources = sort(distinct([for schedule in local.schedules : "${local.arn.function}-${schedule.function}"]))
    },
    {
      sid       = "Park"
      actions   = ["sqs:SendMessage"]
      resources = ["${local.arn.queue}events-undelivered"]
    },
    local.encrypt_message,
  ]
}
