# Two dashboards: what the shop does, and how the system does it.
locals {
  business_dimensions = ["service", local.app, "stage", var.stage]

  # A widget is a title and what it plots: [namespace, metric, dimension, value …, options].
  dashboards = {
    business = {
      "Orders placed, confirmed, refused" = [for metric in ["OrdersPlaced", "OrdersConfirmed", "OrdersRefused"] : concat([local.metrics_namespace, metric], local.business_dimensions)]
      "Order value, minor units"          = [concat([local.metrics_namespace, "OrderValue"], local.business_dimensions)]
      "Fulfilments shipped"               = [concat([local.metrics_namespace, "FulfilmentsShipped"], local.business_dimensions)]
      "What stopped customers"            = [for metric in ["PaymentsDeclined", "StockTooLow"] : concat([local.metrics_namespace, metric], local.business_dimensions)]
      "Notifications sent"                = [concat([local.metrics_namespace, "NotificationsSent"], local.business_dimensions)]
      "Webhooks delivered, failed"        = [for metric in ["WebhooksDelivered", "WebhooksFailed"] : concat([local.metrics_namespace, metric], local.business_dimensions)]
      "Pickups ready, collected, expired" = [for metric in ["PickupsReady", "PickupsCollected", "PickupsExpired"] : concat([local.metrics_namespace, metric], local.business_dimensions)]
      "Lockers, full and too small"       = [for metric in ["PickupsWaitlisted", "PickupsTooLarge"] : concat([local.metrics_namespace, metric], local.business_dimensions)]
      "Passcodes refused, locked"         = [for metric in ["PasscodesRefused", "PasscodesLocked"] : concat([local.metrics_namespace, metric], local.business_dimensions)]
      "Parked for a person"               = [concat([local.metrics_namespace, "CompensationParked"], local.business_dimensions)]
    }
    technical = {
      "API requests and errors" = [for metric in ["Count", "4XXError", "5XXError"] : ["AWS/ApiGateway", metric, "ApiName", local.app, "Stage", local.api_stage]]
      "API latency, ms" = [for statistic in ["p50", "p95", "p99"] : [
        "AWS/ApiGateway", "Latency", "ApiName", local.app, "Stage", local.api_stage, { stat = statistic, label = statistic }
      ]]
      "Function errors"        = [for name in values(local.function_names) : ["AWS/Lambda", "Errors", "FunctionName", name]]
      "Function duration, p95" = [for name in values(local.function_names) : ["AWS/Lambda", "Duration", "FunctionName", name, { stat = "p95" }]]
      "Function throttles"     = [for name in values(local.function_names) : ["AWS/Lambda", "Throttles", "FunctionName", name]]
      "Age of the oldest message, seconds" = [for name in keys(local.queues) : [
        "AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", "${local.name}-${name}", { stat = "Maximum" }
      ]]
      "Dead letters" = [for name in concat([for queue in keys(local.queues) : "${queue}-dlq"], ["events-undelivered"]) : [
        "AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "${local.name}-${name}", { stat = "Maximum" }
      ]]
      "Executions" = flatten([for name in keys(local.state_machines) : [for metric in ["ExecutionsStarted", "ExecutionsFailed", "ExecutionsTimedOut"] :
        { row = ["AWS/States", metric, "StateMachineArn", "${local.arn.state_machine}${name}", { label = "${name} ${metric}" }] }
      ]])[*].row
      "Doors and cabinets"      = [for metric in ["CommandsRepeated", "CommandsFaulted", "DoorsLeftOpen", "DoorsForced", "CabinetsLost", "ClocksWrong"] : concat([local.metrics_namespace, metric], local.business_dimensions)]
      "Table, consumed units"   = [for metric in ["ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"] : ["AWS/DynamoDB", metric, "TableName", local.name]]
      "Table, throttled"        = [for metric in ["ReadThrottleEvents", "WriteThrottleEvents"] : ["AWS/DynamoDB", metric, "TableName", local.name]]
      "Events, bus and pipe"    = [["AWS/Events", "FailedInvocations", "EventBusName", local.name], ["AWS/EventBridge/Pipes", "ExecutionFailed", "PipeName", "${local.name}-events"]]
      "Stream to pipe, seconds" = [["AWS/EventBridge/Pipes", "IteratorAge", "PipeName", "${local.name}-events", { stat = "Maximum" }]]
    }
  }
}

resource "aws_cloudwatch_dashboard" "this" {
  for_each = local.dashboards

  dashboard_name = "${local.name}-${each.key}"

  dashboard_body = jsonencode({
    widgets = [for position, title in keys(each.value) : {
      type   = "metric"
      x      = 8 * (position % 3)
      y      = 6 * floor(position / 3)
      width  = 8
      height = 6
      properties = {
        title   = title
        metrics = each.value[title]
        region  = var.region
        stat    = "Sum"
        period  = 300
        view    = "timeSeries"
      }
    }]
  })
}
