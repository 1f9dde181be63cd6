# The outbox's way out: stream of the table → publish-events, which publishes on the bus.
resource "aws_pipes_pipe" "events" {
  name        = "${local.name}-events"
  description = "Events written by commands, from the stream of ${local.name} to publish-events"
  role_arn    = module.pipe_role.arn
  source      = aws_dynamodb_table.this.stream_arn
  target      = module.state_machine["events-publish-events"].arn

  source_parameters {
    filter_criteria {
      filter {
        pattern = jsonencode({
          eventName = ["INSERT"]
          dynamodb  = { Keys = { sk = { S = [{ prefix = "EVENT#" }] } } }
        })
      }
    }

    dynamodb_stream_parameters {
      # TRIM_HORIZON: an event written while the pipe is being made is not missed.
      starting_position                  = "TRIM_HORIZON"
      batch_size                         = 10
      maximum_record_age_in_seconds      = 12 * 3600
      maximum_retry_attempts             = 50
      on_partial_batch_item_failure      = "AUTOMATIC_BISECT"
      parallelization_factor             = 4
      maximum_batching_window_in_seconds = 0

      dead_letter_config {
        arn = "${local.arn.queue}events-undelivered"
      }
    }
  }

  # REQUEST_RESPONSE waits for the Express execution, so that a failed one makes the pipe try again.
  target_parameters {
    step_function_state_machine_parameters {
      invocation_type = "REQUEST_RESPONSE"
    }
  }

  log_configuration {
    level = "ERROR"

    cloudwatch_logs_log_destination {
      log_group_arn = aws_cloudwatch_log_group.pipe.arn
    }
  }

  # AWS tries the dead-letter queue while the pipe starts.
  depends_on = [aws_sqs_queue.events_undelivered]
}

resource "aws_cloudwatch_log_group" "pipe" {
  name              = "/aws/vendedlogs/pipes/${local.name}-events"
  retention_in_days = var.log_retention_days
  kms_key_id        = module.key["logs"].arn
}

module "pipe_role" {
  source = "./modules/role"

  name        = "${local.name}-events-pipe"
  description = "Pipe ${local.name}-events"
  service     = "pipes.amazonaws.com"
  source_arn  = "${local.arn.pipe}events"

  statements = [
    {
      sid       = "ReadStream"
      actions   = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"]
      resources = ["${local.arn.table}/stream/*"]
    },
    local.use_table_key,
    {
      sid       = "PublishEvents"
      actions   = ["states:StartSyncExecution"]
      resources = ["${local.arn.state_machine}events-publish-events"]
    },
    {
      sid       = "Park"
      actions   = ["sqs:SendMessage"]
      resources = ["${local.arn.queue}events-undelivered"]
    },
    local.encrypt_message,
  ]
}
