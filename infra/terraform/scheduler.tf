# The clock. Expired reservations are released within a minute or two. A tick that is lost is made good by the next.
resource "aws_scheduler_schedule" "release_expired_reservations" {
  #checkov:skip=CKV_AWS_297:its input is the name of a task
  name                = "${local.name}-inventory-release-expired-reservations"
  description         = "Gives back the stock of reservations that ran out"
  schedule_expression = "rate(1 minute)"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = "${local.arn.function}-inventory-tasks"
    role_arn = module.scheduler_role.arn
    input    = jsonencode({ task = "release_expired_reservations" })

    retry_policy {
      maximum_event_age_in_seconds = 120
      maximum_retry_attempts       = 2
    }

    dead_letter_config {
      arn = "${local.arn.queue}events-undelivered"
    }
  }
}

# Forgetting customers: as soon as it is asked for, and until it is done.
resource "aws_scheduler_schedule" "continue_erasures" {
  #checkov:skip=CKV_AWS_297:its input is the name of a task
  name                = "${local.name}-customers-continue-erasures"
  description         = "Forgets customers who asked for it, step by step"
  schedule_expression = "rate(5 minutes)"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = "${local.arn.function}-customers-tasks"
    role_arn = module.scheduler_role.arn
    input    = jsonencode({ task = "continue_erasures" })

    retry_policy {
      maximum_event_age_in_seconds = 600
      maximum_retry_attempts       = 2
    }

    dead_letter_config {
      arn = "${local.arn.queue}events-undelivered"
    }
  }
}

# Attempts of webhooks whose time has come.
resource "aws_scheduler_schedule" "send_due_deliveries" {
  #checkov:skip=CKV_AWS_297:its input is the name of a task
  name                = "${local.name}-webhooks-send-due-deliveries"
  description         = "Asks for the attempts of webhooks that are due"
  schedule_expression = "rate(1 minute)"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = "${local.arn.function}-webhooks-tasks"
    role_arn = module.scheduler_role.arn
    input    = jsonencode({ task = "send_due_deliveries" })

    retry_policy {
      maximum_event_age_in_seconds = 120
      maximum_retry_attempts       = 2
    }

    dead_letter_config {
      arn = "${local.arn.queue}events-undelivered"
    }
  }
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
      resources = [for name in ["customers-tasks", "inventory-tasks", "webhooks-tasks"] : "${local.arn.function}-${name}"]
    },
    {
      sid       = "Park"
      actions   = ["sqs:SendMessage"]
      resources = ["${local.arn.queue}events-undelivered"]
    },
    local.encrypt_message,
  ]
}
