# The functions that Chalice creates, by name after aisle-<stage>- (the API function has none): what surrounds
# each, and the environment that .chalice/config.json gives it.
#   keys    prefixes of the partition keys that it reads and writes
#   reads   prefixes that it reads only
#   queue   queue that it consumes
#   extra   further statements
locals {
  api_key = "api_handler"

  functions = {
    (local.api_key) = {
      does    = "Every route of the API"
      memory  = var.memory_mb.api
      timeout = 29
      environment = merge({
        AISLE_CODES_KEY_ID    = module.key["codes"].arn
        AISLE_CURSOR_KEY_ID   = module.key["cursors"].arn
        AISLE_PLACE_ORDER_ARN = "${local.arn.state_machine}orders-place-order"
      }, { for name, arn in local.secret_arns : "AISLE_STRIPE_WEBHOOK_SECRET_ARN" => arn if name == "stripe-webhook-secret" })
      extra = concat(local.read_secret["stripe-webhook-secret"], [
        {
          sid       = "Table"
          actions   = concat(local.table_actions.read, local.table_actions.write)
          resources = [local.arn.table, "${local.arn.table}/index/*"]
        },
        local.use_table_key,
        {
          sid       = "SignCursor"
          actions   = ["kms:GenerateMac"]
          resources = [module.key["cursors"].arn]
        },
        {
          sid       = "HashCode"
          actions   = ["kms:GenerateMac"]
          resources = [module.key["codes"].arn]
        },
        local.start_place_order,
        {
          sid       = "SeeWhetherPlaceOrderRuns"
          actions   = ["states:DescribeExecution"]
          resources = ["${local.arn.execution}orders-place-order:*"]
        },
      ])
    }
    orders-on-order-placed = {
      does        = "Starts place-order for a placed order"
      timeout     = local.consumer_timeout_seconds
      queue       = "orders-placed"
      reads       = ["ORDER#"]
      environment = { AISLE_PLACE_ORDER_ARN = "${local.arn.state_machine}orders-place-order" }
      extra       = [local.start_place_order]
    }
    orders-tasks = {
      does    = "Confirms, refuses and parks orders"
      timeout = local.task_timeout_seconds
      keys    = ["ORDER#", "STOCK#", "RESERVATION#", "REVIEW#", "IDEMPOTENCY#", "LOCATION#", "SKU#"]
    }
    payments-on-refund-requested = {
      does        = "Starts refund-payment for a refund that staff asked for"
      timeout     = local.consumer_timeout_seconds
      queue       = "payments-refunds-requested"
      environment = { AISLE_REFUND_PAYMENT_ARN = "${local.arn.state_machine}payments-refund-payment" }
      extra = [{
        sid       = "StartRefundPayment"
        actions   = ["states:StartExecution"]
        resources = ["${local.arn.state_machine}payments-refund-payment"]
      }]
    }
    payments-tasks = {
      does        = "Authorises, looks up, captures, voids and refunds payments"
      timeout     = local.task_timeout_seconds
      keys        = ["ORDER#", "CREDIT#", "REFERENCE#", "SANDBOX#", "IDEMPOTENCY#"]
      environment = { for name, arn in local.secret_arns : "AISLE_STRIPE_KEY_ARN" => arn if name == "stripe-key" }
      extra       = local.read_secret["stripe-key"]
    }
    fulfilment-tasks = {
      does    = "Dispatches a fulfilment and keeps its task token"
      timeout = local.task_timeout_seconds
      keys    = ["ORDER#", "IDEMPOTENCY#"]
      environment = {
        AISLE_SHIPMENT_REQUESTS_URL = module.queue["fulfilment-shipment-requests"].queue.url
        AISLE_TOKEN_KEY_ID          = module.key["data"].arn
      }
      extra = [
        {
          sid       = "RequestShipment"
          actions   = ["sqs:SendMessage"]
          resources = ["${local.arn.queue}fulfilment-shipment-requests"]
        },
        local.encrypt_message,
        {
          sid        = "ParkToken"
          actions    = ["kms:Encrypt"]
          resources  = [module.key["data"].arn]
          conditions = local.task_token
        },
        {
          sid       = "CompleteTask"
          actions   = ["states:SendTaskSuccess"]
          resources = ["${local.arn.state_machine}orders-place-order"]
        },
      ]
    }
    fulfilment-on-fulfilment-shipped = {
      does        = "Completes the task that waits for a shipment"
      timeout     = local.consumer_timeout_seconds
      queue       = "fulfilment-shipped"
      reads       = ["ORDER#"]
      environment = { AISLE_TOKEN_KEY_ID = module.key["data"].arn }
      extra = [
        {
          sid        = "ReadToken"
          actions    = ["kms:Decrypt"]
          resources  = [module.key["data"].arn]
          conditions = local.task_token
        },
        {
          sid       = "CompleteTask"
          actions   = ["states:SendTaskFailure", "states:SendTaskSuccess"]
          resources = ["${local.arn.state_machine}orders-place-order"]
        },
      ]
    }
    fulfilment-on-warehouse-answer = {
      does    = "Records what the warehouse packed, shipped, missed and delivered"
      timeout = local.consumer_timeout_seconds
      queue   = "fulfilment-warehouse-answers"
      keys    = ["ORDER#", "STOCK#", "RESERVATION#", "IDEMPOTENCY#", "LOCATION#"]
    }
    inventory-tasks = {
      does    = "Releases expired reservations"
      timeout = local.task_timeout_seconds
      keys    = ["STOCK#", "RESERVATION#", "ORDER#", "IDEMPOTENCY#"]
      extra = [{
        sid       = "FindDue"
        actions   = ["dynamodb:Query"]
        resources = ["${local.arn.table}/index/gsi3"]
      }]
    }
    notifications-on-order-event = {
      does        = "Tells the customer through SNS"
      timeout     = local.consumer_timeout_seconds
      queue       = "notifications-order-events"
      keys        = ["NOTIFICATION#"]
      reads       = ["ORDER#"]
      environment = { AISLE_NOTIFICATIONS_TOPIC_ARN = module.topic["notifications-customers"].arn }
      extra = [
        {
          sid       = "Notify"
          actions   = ["sns:Publish"]
          resources = ["${local.arn.topic}notifications-customers"]
        },
        # A text message goes to a phone number, which is no resource; all that is a resource is left out.
        {
          sid           = "Text"
          actions       = ["sns:Publish"]
          not_resources = ["arn:${local.partition}:sns:*:*:*"]
        },
        {
          sid        = "EncryptNotification"
          actions    = ["kms:Decrypt", "kms:GenerateDataKey"]
          resources  = [module.key["messages"].arn]
          conditions = local.through.sns
        },
      ]
    }
  }

  function_names = { for key, function in local.functions : key => key == local.api_key ? local.name : "${local.name}-${key}" }

  task_token = { StringEquals = { "kms:EncryptionContext:purpose" = ["task-token"] } }

  start_place_order = {
    sid       = "StartPlaceOrder"
    actions   = ["states:StartExecution"]
    resources = ["${local.arn.state_machine}orders-place-order"]
  }

  table_statements = { for key, function in local.functions : key => concat(
    [for access in [
      { sid = "ReadAndWriteItems", prefixes = try(function.keys, []), actions = concat(local.table_actions.read, local.table_actions.write) },
      { sid = "ReadItems", prefixes = try(function.reads, []), actions = local.table_actions.read },
      ] : {
      sid        = access.sid
      actions    = access.actions
      resources  = [local.arn.table]
      conditions = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = [for prefix in access.prefixes : "${prefix}*"] } }
    } if length(access.prefixes) > 0],
    [for statement in [local.use_table_key] : statement if can(function.keys) || can(function.reads)],
  ) }

  queue_statements = { for key, function in local.functions : key => [for statement in [
    {
      sid       = "Consume"
      actions   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage"]
      resources = ["${local.arn.queue}${try(function.queue, "")}"]
    },
    # What a consumer gives up on, it buries itself, with the reason.
    {
      sid       = "Bury"
      actions   = ["sqs:GetQueueUrl", "sqs:SendMessage"]
      resources = ["${local.arn.queue}${try(function.queue, "")}-dlq"]
    },
    {
      sid        = "DecryptMessages"
      actions    = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources  = [module.key["messages"].arn]
      conditions = local.through.sqs
    },
  ] : statement if can(function.queue)] }

  # Chalice loads the whole application with the stage's environment when it packages and merges it into every
  # function's: so the stage's holds what declares routes and triggers, and nothing that opens a door.
  environment = {
    AISLE_STAGE                    = var.stage
    AISLE_TABLE                    = local.name
    AISLE_TRACING                  = var.tracing ? "on" : "off"
    AISLE_USER_POOL_ARN            = aws_cognito_user_pool.this.arn
    AISLE_PAYMENT_GATEWAY          = var.payment_gateway
    AISLE_ORDERS_PLACED_QUEUE      = "${local.name}-orders-placed"
    AISLE_FULFILMENT_SHIPPED_QUEUE = "${local.name}-fulfilment-shipped"
    AISLE_WAREHOUSE_ANSWERS_QUEUE  = "${local.name}-fulfilment-warehouse-answers"
    AISLE_REFUNDS_REQUESTED_QUEUE  = "${local.name}-payments-refunds-requested"
    AISLE_NOTIFICATIONS_QUEUE      = "${local.name}-notifications-order-events"
    POWERTOOLS_SERVICE_NAME        = local.app
    POWERTOOLS_METRICS_NAMESPACE   = local.metrics_namespace
    POWERTOOLS_LOG_LEVEL           = var.log_level
  }
}

module "function" {
  source   = "./modules/function"
  for_each = local.functions

  function_name      = local.function_names[each.key]
  description        = each.value.does
  log_group_arn      = "${local.arn.log_group}/aws/lambda/${local.function_names[each.key]}"
  log_retention_days = var.log_retention_days
  logs_key_arn       = module.key["logs"].arn
  tracing            = var.tracing
  statements         = concat(local.table_statements[each.key], local.queue_statements[each.key], try(each.value.extra, []))
  alarm_topic_arn    = module.topic["operations-alarms"].arn
}
