# Alarms of what is not repeated; those of queues, functions and machines are in their modules. Every one of them
# is explained in docs/runbook.md.
locals {
  metrics_namespace = "Aisle"

  alarms = merge(local.table_failures, local.locker_alarms, {
    events-undelivered = {
      meaning    = "Events, stream records or ticks could not be delivered"
      section    = "dead-letters"
      namespace  = "AWS/SQS"
      metric     = "ApproximateNumberOfMessagesVisible"
      dimensions = { QueueName = aws_sqs_queue.events_undelivered.name }
      statistic  = "Maximum"
    }
    orders-compensation-parked = {
      meaning    = "An undo was given up and waits for a person"
      section    = "parked-compensations"
      namespace  = local.metrics_namespace
      metric     = "CompensationParked"
      dimensions = { service = local.app, stage = var.stage }
    }
    orders-backorders-overdue = {
      meaning    = "Units sold before they were there are not there on the day they were promised for"
      section    = "stock"
      namespace  = local.metrics_namespace
      metric     = "BackordersOverdue"
      dimensions = { service = local.app, stage = var.stage }
      statistic  = "Maximum"
    }
    reviews-overdue = {
      meaning    = "Cases wait for a reviewer longer than they should"
      section    = "reviews"
      namespace  = local.metrics_namespace
      metric     = "ReviewsOverdue"
      dimensions = { service = local.app, stage = var.stage }
      statistic  = "Maximum"
      # Counted each five minutes: between two counts the alarm stays as it is.
      periods = { evaluated = 10, alarming = 1 }
    }
    webhooks-disabled = {
      meaning    = "A webhook is given up: its endpoint is gone, or has failed for days"
      section    = "webhooks"
      namespace  = local.metrics_namespace
      metric     = "WebhooksDisabled"
      dimensions = { service = local.app, stage = var.stage }
    }
    events-pipe-failed = {
      meaning    = "The pipe could not run publish-events"
      section    = "pipe"
      namespace  = "AWS/EventBridge/Pipes"
      metric     = "ExecutionFailed"
      dimensions = { PipeName = aws_pipes_pipe.events.name }
    }
    table-read-throttled = {
      meaning    = "Reads of the table were throttled"
      section    = "table"
      namespace  = "AWS/DynamoDB"
      metric     = "ReadThrottleEvents"
      dimensions = { TableName = aws_dynamodb_table.this.name }
    }
    table-write-throttled = {
      meaning    = "Writes of the table were throttled"
      section    = "table"
      namespace  = "AWS/DynamoDB"
      metric     = "WriteThrottleEvents"
      dimensions = { TableName = aws_dynamodb_table.this.name }
    }
    api-server-errors = {
      meaning    = "The API answered 5xx"
      section    = "api"
      namespace  = "AWS/ApiGateway"
      metric     = "5XXError"
      dimensions = local.api_dimensions
    }
    # The gateway counts its own throttling (429) among these; nothing tells it apart but the access log.
    api-client-errors = {
      meaning    = "More than half of the requests were refused (4xx): throttled by the gateway, or a client is broken"
      section    = "api"
      namespace  = "AWS/ApiGateway"
      metric     = "4XXError"
      dimensions = local.api_dimensions
      statistic  = "Average"
      threshold  = 0.5
      periods    = { evaluated = 15, alarming = 10 }
    }
    api-latency = {
      meaning    = "p95 of the API's latency is above ${var.api_latency_p95_ms} ms"
      section    = "api"
      namespace  = "AWS/ApiGateway"
      metric     = "Latency"
      dimensions = local.api_dimensions
      percentile = "p95"
      threshold  = var.api_latency_p95_ms
      # Five bad minutes out of ten: one slow minute after a quiet hour is a cold start.
      periods = { evaluated = 10, alarming = 5 }
    }
  })

  # DynamoDB counts its own failures per operation.
  table_failures = { for operation in [
    "BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "TransactGetItems", "TransactWriteItems", "UpdateItem",
    ] : "table-system-errors-${operation}" => {
    meaning    = "DynamoDB failed on its side: ${operation}"
    section    = "table"
    namespace  = "AWS/DynamoDB"
    metric     = "SystemErrors"
    dimensions = { TableName = aws_dynamodb_table.this.name, Operation = operation }
  } }

  # Somebody has to go to a cabinet, or to see why nobody may open it.
  locker_alarms = { for name, alarm in {
    lockers-door-stuck = {
      meaning = "A door did not open on command, jammed or without an answer"
      metric  = "CommandsFaulted"
    }
    lockers-door-left-open = {
      meaning = "A compartment stands open"
      metric  = "DoorsLeftOpen"
    }
    lockers-door-forced = {
      meaning = "A door was opened by force"
      metric  = "DoorsForced"
    }
    lockers-cabinet-lost = {
      meaning = "A cabinet has fallen silent"
      metric  = "CabinetsLost"
    }
    # A clock that is set right within minutes was wrong for want of a line; each heartbeat counts one that is not.
    lockers-clock-wrong = {
      meaning = "A cabinet's clock is wrong by more than five minutes, and stays so"
      metric  = "ClocksWrong"
      periods = { evaluated = 15, alarming = 10 }
    }
    # Whoever forgot a code gives up sooner.
    lockers-passcodes-locked = {
      meaning = "Somebody goes on trying passcodes although they are locked out"
      metric  = "PasscodesLocked"
      periods = { evaluated = 15, alarming = 5 }
    }
    lockers-grant-failed = {
      meaning = "A cabinet got no permission to open a pickup while its line is down"
      metric  = "GrantsFailed"
    }
    lockers-provisioning-refused = {
      meaning = "A device with a claim certificate is not the cabinet that it says"
      metric  = "ProvisioningRefused"
    }
    lockers-pickup-too-large = {
      meaning = "A parcel fits no compartment of its site, not even an empty one"
      metric  = "PickupsTooLarge"
    }
    } : name => merge(alarm, {
      section    = "lockers"
      namespace  = local.metrics_namespace
      dimensions = { service = local.app, stage = var.stage }
  }) }

  # Chalice names the REST API of every stage after the application, so the deployment's name tells them apart.
  api_stage      = var.stage
  api_dimensions = { ApiName = local.app, Stage = local.api_stage }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = "${each.value.meaning}. See docs/runbook.md#${each.value.section}."
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = can(each.value.percentile) ? null : try(each.value.statistic, "Sum")
  extended_statistic  = try(each.value.percentile, null)
  period              = 60
  evaluation_periods  = try(each.value.periods.evaluated, 1)
  datapoints_to_alarm = try(each.value.periods.alarming, 1)
  comparison_operator = "GreaterThanThreshold"
  threshold           = try(each.value.threshold, 0)
  treat_missing_data  = "notBreaching"
  alarm_actions       = [module.topic["operations-alarms"].arn]
  ok_actions          = [module.topic["operations-alarms"].arn]
}
