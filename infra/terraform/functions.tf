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
      environment = merge({ for name, value in {
        AISLE_CODES_KEY_ID           = module.key["codes"].arn
        AISLE_CONTACT_KEY_ID         = module.key["contacts"].arn
        AISLE_CURSOR_KEY_ID          = module.key["cursors"].arn
        AISLE_PLACE_ORDER_ARN        = "${local.arn.state_machine}orders-place-order"
        AISLE_CANCEL_ORDER_ARN       = "${local.arn.state_machine}orders-cancel-order"
        AISLE_RETURN_ORDER_ARN       = "${local.arn.state_machine}returns-return-order"
        AISLE_SUPPLIER_REQUESTS_URL  = module.queue["routing-requests"].queue.url
        AISLE_PUSH_APPLICATION_ARN   = var.push_application_arn
        AISLE_TOKEN_KEY_ID           = module.key["data"].arn
        AISLE_WEBHOOK_ATTEMPTS_URL   = module.queue["webhooks-attempts"].queue.url
        AISLE_LOOPBACK_ALLOWED       = local.loopback_allowed
        AISLE_PASSCODES_KEY_ID       = module.key["passcodes"].arn
        AISLE_GRANTS_KEY_ID          = module.key["grants"].arn
        AISLE_IOT_ENDPOINT           = local.iot_endpoint
        AISLE_CABINET_ANSWER_SECONDS = tostring(var.cabinet_answer_seconds)
        AISLE_DOOR_OPEN_SECONDS      = tostring(var.door_open_seconds)
        AISLE_COMMAND_CHECKS_URL     = module.queue["lockers-command-checks"].queue.url
        AISLE_CABINET_POLICY         = aws_iot_policy.this["cabinet"].name
        AISLE_DOCUMENTS_BUCKET       = aws_s3_bucket.documents.bucket
        AISLE_FEEDS_BUCKET           = aws_s3_bucket.feeds.bucket
        AISLE_IMPORT_FEED_ARN        = "${local.arn.state_machine}feeds-import-feed"
        AISLE_PAY_SUPPLIERS_ARN      = "${local.arn.state_machine}ledger-pay-suppliers"
      } : name => value if value != null }, { for name, arn in local.secret_arns : "AISLE_STRIPE_WEBHOOK_SECRET_ARN" => arn if name == "stripe-webhook-secret" })
      extra = concat(local.read_secret["stripe-webhook-secret"], local.show_feeds, [
        {
          sid       = "Table"
          actions   = concat(local.table_actions.read, local.table_actions.write)
          resources = [local.arn.table, "${local.arn.table}/index/*"]
        },
        local.use_table_key,
        local.sign_cursor,
        local.hash_contact,
        {
          sid       = "HashCode"
          actions   = ["kms:GenerateMac"]
          resources = [module.key["codes"].arn]
        },
        local.start["orders-place-order"],
        local.start["orders-cancel-order"],
        local.start["returns-return-order"],
        local.ask_for_attempts,
        local.ask_supplier_again,
        local.hash_passcode,
        local.sign_grant,
        local.show_grant_key,
        local.tell_cabinets,
        local.check_later,
        local.encrypt_message,
        {
          sid       = "MakeThing"
          actions   = ["iot:CreateThing"]
          resources = ["${local.arn.iot}thing/cab_*"]
        },
        # A thing's name is its cabinet's id, which says no stage: the function looks the cabinet up in its own table first.
        {
          sid       = "SetCabinetsUp"
          actions   = ["iot:DeleteThingShadow", "iot:GetThingShadow", "iot:UpdateThingShadow"]
          resources = ["${local.arn.iot}thing/cab_*"]
        },
        local.certify_things,
        {
          sid       = "LetCertificateIn"
          actions   = ["iot:AttachPolicy", "iot:DescribeCertificate", "iot:DetachPolicy", "iot:UpdateCertificate"]
          resources = ["${local.arn.iot}cert/*"]
        },
        {
          sid        = "SealWebhookSecret"
          actions    = ["kms:Encrypt"]
          resources  = [module.key["data"].arn]
          conditions = local.webhook_secret
        },
        {
          sid       = "SeeWhetherWorkflowRuns"
          actions   = ["states:DescribeExecution"]
          resources = ["${local.arn.execution}orders-place-order:*", "${local.arn.execution}returns-return-order:*", "${local.arn.execution}feeds-import-feed:*", "${local.arn.execution}ledger-pay-suppliers:*"]
        },
        local.keep_endpoint_secrets,
        local.use_endpoint_secrets_key,
        local.keep_documents,
        local.find_documents,
        local.use_documents_key,
        {
          # Opened for the payment file of a payout run alone.
          sid        = "SealAndOpenBankAccount"
          actions    = ["kms:Decrypt", "kms:Encrypt"]
          resources  = [module.key["data"].arn]
          conditions = local.bank_account
        },
        ], [for statement in [{
          sid       = "RegisterDevice"
          actions   = ["sns:CreatePlatformEndpoint", "sns:DeleteEndpoint"]
          resources = [coalesce(var.push_application_arn, "none"), local.push_endpoints]
      }] : statement if local.pushes])
    }
    orders-on-order-placed = {
      does        = "Starts place-order for a placed order"
      timeout     = local.consumer_timeout_seconds
      queue       = "orders-placed"
      reads       = ["ORDER#"]
      environment = { AISLE_PLACE_ORDER_ARN = "${local.arn.state_machine}orders-place-order" }
      extra       = [local.start["orders-place-order"]]
    }
    orders-on-order-cancelled = {
      does        = "Starts cancel-order for a cancellation"
      timeout     = local.consumer_timeout_seconds
      queue       = "orders-cancelled"
      environment = { AISLE_CANCEL_ORDER_ARN = "${local.arn.state_machine}orders-cancel-order" }
      extra       = [local.start["orders-cancel-order"]]
    }
    orders-on-units-missing = {
      does        = "Finds other locations for units that one could not ship, serves who waits for what came in, and starts fulfil-part for either"
      timeout     = local.consumer_timeout_seconds
      queue       = "orders-reassigned"
      keys        = ["ORDER#", "STOCK#", "LOCATION#", "COUPON#", "COUPONUSES#", "CASE#"]
      reads       = concat(["SKU#"], local.market)
      environment = { AISLE_FULFIL_PART_ARN = "${local.arn.state_machine}orders-fulfil-part" }
      extra = [
        local.list_locations,
        local.find_waiting,
        local.start["orders-fulfil-part"],
      ]
    }
    orders-tasks = {
      does    = "Confirms, refuses, parks and cancels orders, and serves those that wait for stock"
      timeout = local.task_timeout_seconds
      keys    = ["ORDER#", "STOCK#", "RESERVATION#", "REVIEW#", "IDEMPOTENCY#", "LOCATION#", "SKU#", "COUPON#", "COUPONUSES#"]
      extra   = [local.find_waiting, local.list_locations]
    }
    payments-on-refund-requested = {
      does        = "Starts refund-payment for a refund that staff asked for"
      timeout     = local.consumer_timeout_seconds
      queue       = "payments-refunds-requested"
      environment = { AISLE_REFUND_PAYMENT_ARN = "${local.arn.state_machine}payments-refund-payment" }
      extra       = [local.start["payments-refund-payment"]]
    }
    payments-tasks = {
      does        = "Authorises, looks up, captures, voids and refunds payments"
      timeout     = local.task_timeout_seconds
      keys        = concat(["ORDER#", "CREDIT#", "REFERENCE#", "SANDBOX#", "IDEMPOTENCY#"], local.books)
      environment = { for name, arn in local.secret_arns : "AISLE_STRIPE_KEY_ARN" => arn if name == "stripe-key" }
      extra       = local.read_secret["stripe-key"]
    }
    fulfilment-tasks = {
      does    = "Dispatches and recalls fulfilments, and keeps their task tokens"
      timeout = local.task_timeout_seconds
      keys    = ["ORDER#", "IDEMPOTENCY#"]
      environment = {
        AISLE_SHIPMENT_REQUESTS_URL = module.queue["fulfilment-shipment-requests"].queue.url
        AISLE_SUPPLIER_REQUESTS_URL = module.queue["routing-requests"].queue.url
        AISLE_TOKEN_KEY_ID          = module.key["data"].arn
      }
      extra = [
        {
          sid       = "RequestShipment"
          actions   = ["sqs:SendMessage"]
          resources = ["${local.arn.queue}fulfilment-shipment-requests", "${local.arn.queue}routing-requests"]
        },
        local.encrypt_message,
        local.park_token,
        {
          sid       = "CompleteTask"
          actions   = ["states:SendTaskSuccess"]
          resources = local.shipping_machines
        },
        local.read_token,
      ]
    }
    fulfilment-on-fulfilment-shipped = {
      does        = "Completes the task that waits for a shipment"
      timeout     = local.consumer_timeout_seconds
      queue       = "fulfilment-shipped"
      reads       = ["ORDER#"]
      environment = { AISLE_TOKEN_KEY_ID = module.key["data"].arn }
      extra = [
        local.read_token,
        {
          sid       = "CompleteTask"
          actions   = ["states:SendTaskFailure", "states:SendTaskSuccess"]
          resources = local.shipping_machines
        },
      ]
    }
    fulfilment-on-order-changed = {
      does    = "Tells locations of holds, releases, other addresses, and of what another location ships now"
      timeout = local.consumer_timeout_seconds
      queue   = "fulfilment-order-changes"
      reads   = ["ORDER#"]
      environment = {
        AISLE_SHIPMENT_REQUESTS_URL = module.queue["fulfilment-shipment-requests"].queue.url
        AISLE_SUPPLIER_REQUESTS_URL = module.queue["routing-requests"].queue.url
        AISLE_TOKEN_KEY_ID          = module.key["data"].arn
      }
      extra = [
        {
          sid       = "TellLocation"
          actions   = ["sqs:SendMessage"]
          resources = ["${local.arn.queue}fulfilment-shipment-requests", "${local.arn.queue}routing-requests"]
        },
        local.encrypt_message,
        local.read_token,
        {
          sid       = "CompleteTask"
          actions   = ["states:SendTaskSuccess"]
          resources = local.shipping_machines
        },
      ]
    }
    fulfilment-on-pickup = {
      does    = "Delivers what was collected at a locker"
      timeout = local.consumer_timeout_seconds
      queue   = "fulfilment-pickups"
      keys    = concat(["ORDER#", "STOCK#", "RESERVATION#", "IDEMPOTENCY#", "LOCATION#"], local.books)
      extra   = [local.list_locations]
    }
    routing-on-request = {
      does    = "Has suppliers asked to ship, tells them what to leave out, to wait, or where to send it, and opens review cases"
      timeout = local.consumer_timeout_seconds
      queue   = "routing-requests"
      keys    = concat(local.declining_keys, ["ALLOCATION#", "ROUTINGHEALTH#", "SCORECARD#", "CASE#"])
      reads   = ["ROUTINGSETTINGS", "SUPPLIER#"]
      environment = {
        AISLE_ROUTE_ORDER_ARN  = "${local.arn.state_machine}routing-route-order"
        AISLE_TOKEN_KEY_ID     = module.key["data"].arn
        AISLE_LOOPBACK_ALLOWED = local.loopback_allowed
      }
      extra = [
        local.list_locations,
        local.read_token,
        local.complete["routing-route-order"],
        local.read_endpoint_secrets,
        local.use_endpoint_secrets_key,
        local.start["routing-route-order"],
        {
          sid       = "SeeWhetherWorkflowRuns"
          actions   = ["states:DescribeExecution"]
          resources = ["${local.arn.execution}routing-route-order:*"]
        },
      ]
    }
    routing-on-answered = {
      does        = "Completes the task that waits for a supplier's answer, and has what it cannot ship after all sought elsewhere"
      timeout     = local.consumer_timeout_seconds
      queue       = "routing-answered"
      keys        = concat(local.declining_keys, ["ALLOCATION#"])
      environment = { AISLE_TOKEN_KEY_ID = module.key["data"].arn }
      extra       = [local.list_locations, local.read_token, local.complete["routing-route-order"]]
    }
    routing-tasks = {
      does    = "Asks suppliers whether they ship, keeps the task token, has their answers take effect, opens review cases"
      timeout = local.task_timeout_seconds
      keys    = concat(local.declining_keys, ["ALLOCATION#", "ROUTINGHEALTH#", "SCORECARD#", "CASE#"])
      reads   = ["ROUTINGSETTINGS", "SUPPLIER#"]
      environment = {
        AISLE_TOKEN_KEY_ID     = module.key["data"].arn
        AISLE_LOOPBACK_ALLOWED = local.loopback_allowed
      }
      extra = [local.list_locations, local.park_token, local.complete["routing-route-order"], local.read_endpoint_secrets, local.use_endpoint_secrets_key]
    }
    lockers-on-change = {
      does        = "Finds compartments for what is packed to be collected, and lets go of what is called off"
      timeout     = local.consumer_timeout_seconds
      queue       = "lockers-changes"
      keys        = ["ORDER#", "PICKUP#", "CABINET#", "PASSCODE#"]
      reads       = ["SITE#"]
      environment = merge(local.grant_environment, local.hold_environment, { AISLE_TOKEN_KEY_ID = module.key["data"].arn })
      extra       = concat(local.find_compartments, local.grant_offline, [local.read_token, local.start["lockers-hold-for-pickup"], local.complete["lockers-hold-for-pickup"]])
    }
    lockers-tasks = {
      does        = "Reminds shoppers, lets pickups expire, keeps task tokens, finds compartments for those who wait, and notices silent cabinets"
      timeout     = local.task_timeout_seconds
      keys        = ["PICKUP#", "CABINET#", "PASSCODE#", "LOCKERDAYS#"]
      environment = { AISLE_TOKEN_KEY_ID = module.key["data"].arn }
      extra       = concat(local.find_compartments, [local.find_silent_cabinets, local.park_token, local.complete["lockers-hold-for-pickup"]])
    }
    lockers-provisioning-hook = {
      does    = "Says whether a device that claims to be a cabinet is it"
      timeout = 5 # AWS IoT waits no longer
      keys    = ["CABINET#"]
    }
    lockers-on-order-ready = {
      does    = "Has a passcode issued for what is ready, and tells the shopper"
      timeout = local.consumer_timeout_seconds
      queue   = "lockers-order-ready"
      keys    = ["NOTIFICATION#", "DEVICE#", "DEVICES#", "PICKUP#", "CABINET#", "LOCKERDAYS#"]
      reads   = ["CUSTOMER#", "ORDER#", "TEMPLATE#", "SITE#"]
      environment = merge(local.notify_environment, local.hold_environment, {
        AISLE_API_URL_PARAMETER = aws_ssm_parameter.api_url.name
      })
      extra = concat(local.notify, [
        local.start["lockers-hold-for-pickup"],
        {
          sid       = "FindApi"
          actions   = ["ssm:GetParameter"]
          resources = [aws_ssm_parameter.api_url.arn]
        },
        # Chalice gives the API its id.
        {
          sid       = "IssuePasscode"
          actions   = ["execute-api:Invoke"]
          resources = ["arn:${local.partition}:execute-api:${var.region}:${local.account_id}:*/${local.api_stage}/POST/v1/internal/pickups/*/passcodes"]
        },
      ])
    }
    lockers-on-pickup-confirmed = {
      does        = "Tells cabinets to open the doors of a confirmed pickup"
      timeout     = local.consumer_timeout_seconds
      queue       = "lockers-pickup-confirmed"
      keys        = ["CABINET#"]
      reads       = ["DROPOFFS#", "PICKUP#"]
      environment = local.command_environment
      extra       = local.command_cabinets
    }
    lockers-on-cabinet-message = {
      does        = "Records what cabinets say of their doors and themselves"
      timeout     = local.consumer_timeout_seconds
      queue       = "lockers-cabinet-messages"
      keys        = ["CABINET#", "DROPOFFS#", "PICKUP#", "PASSCODE#", "ORDER#", "LOCKERDAYS#"]
      environment = merge(local.command_environment, local.grant_environment)
      extra       = concat(local.command_cabinets, [local.hash_passcode, local.show_grant_key])
    }
    lockers-on-command-check = {
      does        = "Sends unanswered commands again, gives them up, and rings for doors that are open"
      timeout     = local.consumer_timeout_seconds
      queue       = "lockers-command-checks"
      keys        = ["CABINET#", "DROPOFFS#", "PICKUP#", "LOCKERDAYS#"]
      environment = local.command_environment
      extra       = local.command_cabinets
    }
    lockers-on-keyed-code = {
      does    = "Checks what was typed at keypads, and answers"
      timeout = local.consumer_timeout_seconds
      queue   = "lockers-keyed-codes"
      keys    = ["GUARD#", "PASSCODE#", "PICKUP#", "ORDER#", "IDEMPOTENCY#"]
      reads   = ["CABINET#"]
      environment = { for name, value in {
        AISLE_IOT_ENDPOINT     = local.iot_endpoint
        AISLE_PASSCODES_KEY_ID = module.key["passcodes"].arn
      } : name => value if value != null }
      extra = [local.tell_cabinets, local.hash_passcode]
    }
    fulfilment-on-warehouse-answer = {
      does    = "Records what the warehouse packed, shipped, missed and delivered"
      timeout = local.consumer_timeout_seconds
      queue   = "fulfilment-warehouse-answers"
      keys    = concat(["ORDER#", "STOCK#", "RESERVATION#", "IDEMPOTENCY#", "LOCATION#"], local.books)
      extra   = [local.list_locations]
    }
    returns-on-return-authorised = {
      does        = "Starts return-order for an authorised return"
      timeout     = local.consumer_timeout_seconds
      queue       = "returns-authorised"
      reads       = ["ORDER#"]
      environment = { AISLE_RETURN_ORDER_ARN = "${local.arn.state_machine}returns-return-order" }
      extra       = [local.start["returns-return-order"]]
    }
    returns-on-return-progressed = {
      does        = "Completes the task that waits for goods to come back"
      timeout     = local.consumer_timeout_seconds
      queue       = "returns-progressed"
      reads       = ["ORDER#"]
      environment = { AISLE_TOKEN_KEY_ID = module.key["data"].arn }
      extra       = [local.read_token, local.complete["returns-return-order"]]
    }
    returns-tasks = {
      does    = "Labels and expires returns, keeps their task token, orders replacements"
      timeout = local.task_timeout_seconds
      # It places the order of an exchange, and credits its payment.
      keys        = concat(["ORDER#", "STOCK#", "RESERVATION#", "IDEMPOTENCY#", "LOCATION#", "SKU#", "COUPON#", "COUPONUSES#", "CREDIT#"], local.books)
      reads       = concat(["TAXRATES"], local.market)
      environment = { AISLE_TOKEN_KEY_ID = module.key["data"].arn }
      extra       = [local.park_token, local.complete["returns-return-order"], local.list_locations, local.list_promotions]
    }
    reviews-on-review-decided = {
      does        = "Completes the tasks that wait for a decision"
      timeout     = local.consumer_timeout_seconds
      queue       = "reviews-decided"
      keys        = ["CASE#"]
      environment = { AISLE_TOKEN_KEY_ID = module.key["data"].arn }
      extra       = [local.read_token, local.complete_reviewed]
    }
    reviews-tasks = {
      does    = "Takes overdue review cases a level up"
      timeout = local.task_timeout_seconds
      keys    = ["CASE#"]
      extra = [
        {
          sid        = "FindDue"
          actions    = ["dynamodb:Query"]
          resources  = ["${local.arn.table}/index/gsi3"]
          conditions = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["DUE#CASE#*"] } }
        },
        {
          sid        = "CountOverdue"
          actions    = ["dynamodb:Query"]
          resources  = ["${local.arn.table}/index/gsi2"]
          conditions = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["CASES#open#*"] } }
        },
      ]
    }
    suppliers-on-supplier-submitted = {
      does        = "Starts onboard-supplier for what a supplier has submitted"
      timeout     = local.consumer_timeout_seconds
      queue       = "suppliers-submitted"
      environment = { AISLE_ONBOARD_SUPPLIER_ARN = "${local.arn.state_machine}suppliers-onboard-supplier" }
      extra       = [local.start["suppliers-onboard-supplier"]]
    }
    suppliers-tasks = {
      does    = "Corrects, verifies and tries out suppliers, approves or rejects them, and opens reviews"
      timeout = local.task_timeout_seconds
      keys    = ["SUPPLIER#", "SUPPLIERCLAIM#", "LOCATION#", "CASE#"]
      reads   = ["SUPPLIERREQUIREMENTS", "SUPPLIERSCREENING"]
      environment = {
        AISLE_TOKEN_KEY_ID     = module.key["data"].arn
        AISLE_LOOPBACK_ALLOWED = local.loopback_allowed
      }
      extra = [
        local.park_token,
        local.read_token,
        local.read_endpoint_secrets,
        local.use_endpoint_secrets_key,
        local.complete["suppliers-onboard-supplier"],
      ]
    }
    listings-on-listing-submitted = {
      does        = "Starts register-product for what a supplier proposes"
      timeout     = local.consumer_timeout_seconds
      queue       = "listings-submitted"
      environment = { AISLE_REGISTER_PRODUCT_ARN = "${local.arn.state_machine}listings-register-product" }
      extra       = [local.start["listings-register-product"]]
    }
    listings-tasks = {
      does    = "Corrects, checks and publishes listings, looks at their images, opens review cases"
      timeout = local.task_timeout_seconds
      # A clean listing is published in one transaction: product, offers, and the supplier's stock.
      keys  = concat(["LISTING#", "OFFERS#", "IMAGECHECK#", "PRODUCT#", "SKU#", "GTIN#", "STOCK#", "STOCKCHANGE#", "CASE#"], local.books)
      reads = ["SUPPLIER#", "CATEGORY#", "ATTRIBUTESCHEMA#", "LEDGERSETTINGS", "LISTINGSETTINGS", "LOCATION#"]
      environment = {
        AISLE_TOKEN_KEY_ID     = module.key["data"].arn
        AISLE_LOOPBACK_ALLOWED = local.loopback_allowed
      }
      extra = [local.park_token, local.complete["listings-register-product"], local.list_locations]
    }
    feeds-on-feed-received = {
      does        = "Starts import-feed for the file whose turn it is"
      timeout     = local.consumer_timeout_seconds
      queue       = "feeds-received"
      reads       = ["FEED#", "FEEDTURN#"]
      environment = { AISLE_IMPORT_FEED_ARN = "${local.arn.state_machine}feeds-import-feed" }
      extra       = [local.start["feeds-import-feed"]]
    }
    feeds-tasks = {
      does    = "Looks suppliers' files through, takes their rows, and tells what became of each"
      memory  = var.memory_mb.api
      timeout = local.task_timeout_seconds
      # A row may publish a listing: product, offers, and the supplier's stock.
      keys  = concat(["FEED#", "FEEDTURN#", "LISTING#", "OFFERS#", "IMAGECHECK#", "PRODUCT#", "SKU#", "GTIN#", "STOCK#", "STOCKCHANGE#", "CASE#"], local.books)
      reads = ["SUPPLIER#", "CATEGORY#", "ATTRIBUTESCHEMA#", "LEDGERSETTINGS", "LISTINGSETTINGS", "LOCATION#"]
      environment = {
        AISLE_CURSOR_KEY_ID           = module.key["cursors"].arn
        AISLE_FEEDS_BUCKET            = aws_s3_bucket.feeds.bucket
        AISLE_FEEDS_VANISHING_PERCENT = tostring(var.feeds_vanishing_percent)
        AISLE_LOOPBACK_ALLOWED        = local.loopback_allowed
      }
      extra = concat(local.take_feeds, [
        local.list_locations,
        local.sign_cursor,
        {
          sid        = "ListListings"
          actions    = ["dynamodb:Query"]
          resources  = ["${local.arn.table}/index/gsi1"]
          conditions = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["LISTINGS#*"] } }
        },
      ])
    }
    ledger-on-payout-run-started = {
      does        = "Starts pay-suppliers for a payout run"
      timeout     = local.consumer_timeout_seconds
      queue       = "ledger-payout-runs"
      environment = { AISLE_PAY_SUPPLIERS_ARN = "${local.arn.state_machine}ledger-pay-suppliers" }
      extra       = [local.start["ledger-pay-suppliers"]]
    }
    ledger-tasks = {
      does    = "Pays suppliers what they are owed, and carries what cannot be paid"
      timeout = local.task_timeout_seconds
      keys    = concat(["PAYRUN#"], local.books)
      reads   = ["LEDGERSETTINGS", "SUPPLIER#"]
      extra = [{
        sid        = "ListBalances"
        actions    = ["dynamodb:Query"]
        resources  = ["${local.arn.table}/index/gsi2"]
        conditions = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["LEDGERBALANCES#*"] } }
      }]
    }
    inventory-tasks = {
      does    = "Releases expired reservations, and levels split stock"
      timeout = local.task_timeout_seconds
      keys    = ["STOCK#", "RESERVATION#", "ORDER#", "IDEMPOTENCY#", "LOCATION#"]
      extra = [local.list_locations, {
        sid       = "FindDue"
        actions   = ["dynamodb:Query"]
        resources = ["${local.arn.table}/index/gsi3"]
      }]
    }
    carts-tasks = {
      does    = "Tells of carts that fell idle"
      timeout = local.task_timeout_seconds
      keys    = ["CART#"]
      extra = [{
        sid       = "FindDue"
        actions   = ["dynamodb:Query"]
        resources = ["${local.arn.table}/index/gsi3"]
      }]
    }
    customers-tasks = {
      does        = "Forgets customers who asked for it, step by step"
      timeout     = local.task_timeout_seconds
      keys        = ["CUSTOMER#", "DEVICE#", "DEVICES#", "ORDER#"]
      environment = { AISLE_CURSOR_KEY_ID = module.key["cursors"].arn }
      extra = concat([
        {
          sid       = "FindDue"
          actions   = ["dynamodb:Query"]
          resources = ["${local.arn.table}/index/gsi3"]
        },
        {
          sid        = "FindOrders"
          actions    = ["dynamodb:Query"]
          resources  = ["${local.arn.table}/index/gsi1"]
          conditions = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["CUSTOMER#*"] } }
        },
        local.sign_cursor,
        {
          sid       = "RemoveSignIn"
          actions   = ["cognito-idp:AdminDeleteUser"]
          resources = [aws_cognito_user_pool.this.arn]
        },
        ], [for statement in [{
          sid       = "ForgetDevice"
          actions   = ["sns:DeleteEndpoint"]
          resources = [local.push_endpoints]
      }] : statement if local.pushes])
    }
    taxes-on-order-event = {
      does    = "Keeps the books on the tax that is owed"
      timeout = local.consumer_timeout_seconds
      queue   = "taxes-order-events"
      keys    = ["TAXES#", "TAXTOTAL#"]
      reads   = ["BOOKED#", "ORDER#", "TAXRATES"]
    }
    notifications-on-order-event = {
      does        = "Tells customers and suppliers through SNS and SES"
      timeout     = local.consumer_timeout_seconds
      queue       = "notifications-order-events"
      keys        = ["NOTIFICATION#", "DEVICE#", "DEVICES#"]
      reads       = ["CUSTOMER#", "ORDER#", "SUPPLIER#", "SUPPLIERINVITATION#", "TEMPLATE#"]
      environment = local.notify_environment
      extra       = local.notify
    }
    webhooks-on-event = {
      does        = "Makes a delivery of an event for each webhook that wants it"
      timeout     = local.consumer_timeout_seconds
      queue       = "webhooks-events"
      keys        = ["WEBHOOKDELIVERY#", "WEBHOOKMESSAGE#"]
      environment = { AISLE_WEBHOOK_ATTEMPTS_URL = module.queue["webhooks-attempts"].queue.url }
      extra = [
        local.ask_for_attempts,
        {
          sid        = "ListWebhooks"
          actions    = ["dynamodb:Query"]
          resources  = ["${local.arn.table}/index/gsi1"]
          conditions = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["WEBHOOKS", "WEBHOOKS#*"] } }
        },
      ]
    }
    webhooks-on-attempt = {
      does    = "Sends a delivery to its endpoint"
      timeout = local.consumer_timeout_seconds
      queue   = "webhooks-attempts"
      keys    = ["WEBHOOK#", "WEBHOOKDELIVERY#"]
      reads   = ["WEBHOOKMESSAGE#"]
      environment = {
        AISLE_WEBHOOK_ATTEMPTS_URL = module.queue["webhooks-attempts"].queue.url
        AISLE_LOOPBACK_ALLOWED     = local.loopback_allowed
      }
      extra = [
        local.ask_for_attempts,
        {
          sid        = "OpenWebhookSecret"
          actions    = ["kms:Decrypt"]
          resources  = [module.key["data"].arn]
          conditions = local.webhook_secret
        },
      ]
    }
    webhooks-tasks = {
      does        = "Asks for the attempts that are due, and lets held deliveries go"
      timeout     = local.task_timeout_seconds
      keys        = ["WEBHOOK#", "WEBHOOKDELIVERY#"]
      environment = { AISLE_WEBHOOK_ATTEMPTS_URL = module.queue["webhooks-attempts"].queue.url }
      extra = [
        local.ask_for_attempts,
        local.encrypt_message,
        {
          sid        = "FindDue"
          actions    = ["dynamodb:Query"]
          resources  = ["${local.arn.table}/index/gsi3"]
          conditions = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["DUE#WEBHOOK#*"] } }
        },
        {
          sid        = "ListHeldDeliveries"
          actions    = ["dynamodb:Query"]
          resources  = ["${local.arn.table}/index/gsi1"]
          conditions = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["WEBHOOKDELIVERIES#*#held"] } }
        },
      ]
    }
  }

  # What tells customers.
  notify_environment = { for name, value in {
    AISLE_CONTACT_KEY_ID          = module.key["contacts"].arn
    AISLE_MAIL_CONFIGURATION_SET  = local.sends_mail ? "${local.name}-customers" : null
    AISLE_NOTIFICATIONS_TOPIC_ARN = module.topic["notifications-customers"].arn
    AISLE_PUBLIC_URL              = var.public_url
    AISLE_PUSH_APPLICATION_ARN    = var.push_application_arn
    AISLE_SENDER_ADDRESS          = var.sender_address
  } : name => value if value != null }

  notify = concat([
    local.hash_contact,
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
    ], local.send_mail, [for statement in [{
      sid       = "Push"
      actions   = ["sns:DeleteEndpoint", "sns:Publish"]
      resources = [local.push_endpoints]
  }] : statement if local.pushes])

  # What tells cabinets to open, and looks after it.
  command_environment = { for name, value in {
    AISLE_CABINET_ANSWER_SECONDS = tostring(var.cabinet_answer_seconds)
    AISLE_COMMAND_CHECKS_URL     = module.queue["lockers-command-checks"].queue.url
    AISLE_DOOR_OPEN_SECONDS      = tostring(var.door_open_seconds)
    AISLE_IOT_ENDPOINT           = local.iot_endpoint
  } : name => value if value != null }

  command_cabinets = [
    local.tell_cabinets,
    local.check_later,
    local.encrypt_message,
  ]

  check_later = {
    sid       = "CheckLater"
    actions   = ["sqs:SendMessage"]
    resources = ["${local.arn.queue}lockers-command-checks"]
  }

  tell_cabinets = {
    sid       = "TellCabinets"
    actions   = ["iot:Publish"]
    resources = ["${local.arn.iot}topic/${local.topic_root}/*/down/*"]
  }

  # These know no resources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsiot.html
  certify_things = {
    sid       = "CertifyThings"
    actions   = ["iot:AttachThingPrincipal", "iot:CreateCertificateFromCsr", "iot:DetachThingPrincipal"]
    resources = ["*"]
  }

  # What lets cabinets open by themselves.
  grant_environment = { for name, value in {
    AISLE_GRANTS_KEY_ID    = module.key["grants"].arn
    AISLE_IOT_ENDPOINT     = local.iot_endpoint
    AISLE_PASSCODES_KEY_ID = module.key["passcodes"].arn
  } : name => value if value != null }

  grant_offline = [local.tell_cabinets, local.sign_grant]

  sign_grant = {
    sid       = "SignGrant"
    actions   = ["kms:Sign"]
    resources = [module.key["grants"].arn]
  }

  # A cabinet that comes online is told what it checks grants with.
  show_grant_key = {
    sid       = "ShowGrantKey"
    actions   = ["kms:GetPublicKey"]
    resources = [module.key["grants"].arn]
  }

  hold_environment = { AISLE_HOLD_FOR_PICKUP_ARN = "${local.arn.state_machine}lockers-hold-for-pickup" }

  hash_passcode = {
    sid       = "HashPasscode"
    actions   = ["kms:GenerateMac"]
    resources = [module.key["passcodes"].arn]
  }

  find_compartments = [
    {
      sid        = "ListCompartments"
      actions    = ["dynamodb:Query"]
      resources  = ["${local.arn.table}/index/gsi1"]
      conditions = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["CABINETS#*", "COMPARTMENTS#*"] } }
    },
    {
      sid        = "FindThoseWhoWait"
      actions    = ["dynamodb:Query"]
      resources  = ["${local.arn.table}/index/gsi2"]
      conditions = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["WAITLIST#*"] } }
    },
  ]

  find_silent_cabinets = {
    sid        = "FindSilentCabinets"
    actions    = ["dynamodb:Query"]
    resources  = ["${local.arn.table}/index/gsi2"]
    conditions = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["ONLINE#*"] } }
  }

  function_names = { for key, function in local.functions : key => key == local.api_key ? local.name : "${local.name}-${key}" }

  task_token = { StringEquals = { "kms:EncryptionContext:purpose" = ["task-token"] } }

  # Those that wait for a location to ship.
  shipping_machines = [for name in ["place-order", "fulfil-part"] : "${local.arn.state_machine}orders-${name}"]

  webhook_secret = { StringEquals = { "kms:EncryptionContext:purpose" = ["webhook-secret"] } }

  bank_account = { StringEquals = { "kms:EncryptionContext:purpose" = ["supplier-bank-account"] } }

  # One secret for each supplier, made when it asks for the first one.
  endpoint_secrets = "arn:${local.partition}:secretsmanager:${var.region}:${local.account_id}:secret:${local.name}/suppliers/*"

  read_endpoint_secrets = {
    sid       = "ReadSupplierSecrets"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [local.endpoint_secrets]
  }

  keep_endpoint_secrets = {
    sid       = "KeepSupplierSecrets"
    actions   = ["secretsmanager:CreateSecret", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"]
    resources = [local.endpoint_secrets]
  }

  use_endpoint_secrets_key = {
    sid        = "UseSupplierSecretsKey"
    actions    = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources  = [module.key["data"].arn]
    conditions = local.through.secretsmanager
  }

  ask_for_attempts = {
    sid       = "AskForAttempts"
    actions   = ["sqs:SendMessage"]
    resources = ["${local.arn.queue}webhooks-attempts"]
  }

  # On Lambda the runtime itself listens on the loopback address; only a laptop has anybody else there.
  loopback_allowed = var.local_cloud ? "on" : "off"

  # What is entered in the marketplace's books: entries and suppliers' balances, the operator's, and what was booked once.
  books = ["LEDGER#", "LEDGERTOTALS#", "BOOKED#"]

  # What tells who sells a line.
  market = ["LEDGERSETTINGS", "LISTINGSETTINGS", "OFFERS#", "ROUTINGHEALTH#", "SCORECARD#", "SOURCINGRULES", "SUPPLIER#"]

  find_waiting = {
    sid        = "FindWaiting"
    actions    = ["dynamodb:Query"]
    resources  = ["${local.arn.table}/index/gsi2"]
    conditions = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["WAITING#*"] } }
  }

  list_locations = {
    sid        = "ListLocations"
    actions    = ["dynamodb:Query"]
    resources  = ["${local.arn.table}/index/gsi1"]
    conditions = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["LOCATIONS"] } }
  }

  list_promotions = {
    sid        = "ListPromotions"
    actions    = ["dynamodb:Query"]
    resources  = ["${local.arn.table}/index/gsi1"]
    conditions = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["PROMOTIONS#*"] } }
  }

  # What taking units off a fulfilment touches.
  declining_keys = ["ORDER#", "STOCK#", "RESERVATION#", "IDEMPOTENCY#", "LOCATION#"]

  ask_supplier_again = {
    sid       = "AskSupplierAgain"
    actions   = ["sqs:SendMessage"]
    resources = ["${local.arn.queue}routing-requests"]
  }

  # What waits for the decision of a reviewer.
  complete_reviewed = {
    sid       = "CompleteTask"
    actions   = ["states:SendTaskSuccess"]
    resources = [for name in ["listings-register-product", "suppliers-onboard-supplier"] : "${local.arn.state_machine}${name}"]
  }

  park_token = {
    sid        = "ParkToken"
    actions    = ["kms:Encrypt"]
    resources  = [module.key["data"].arn]
    conditions = local.task_token
  }

  read_token = {
    sid        = "ReadToken"
    actions    = ["kms:Decrypt"]
    resources  = [module.key["data"].arn]
    conditions = local.task_token
  }

  sign_cursor = {
    sid       = "SignCursor"
    actions   = ["kms:GenerateMac"]
    resources = [module.key["cursors"].arn]
  }

  hash_contact = {
    sid       = "HashContact"
    actions   = ["kms:GenerateMac"]
    resources = [module.key["contacts"].arn]
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
    AISLE_STAGE                          = var.stage
    AISLE_TABLE                          = local.name
    AISLE_TRACING                        = var.tracing ? "on" : "off"
    AISLE_USER_POOL_ARN                  = aws_cognito_user_pool.this.arn
    AISLE_PAYMENT_GATEWAY                = var.payment_gateway
    AISLE_FULFILMENT_ORDER_CHANGES_QUEUE = "${local.name}-fulfilment-order-changes"
    AISLE_FULFILMENT_SHIPPED_QUEUE       = "${local.name}-fulfilment-shipped"
    AISLE_ORDER_READY_QUEUE              = "${local.name}-lockers-order-ready"
    AISLE_PICKUP_CONFIRMED_QUEUE         = "${local.name}-lockers-pickup-confirmed"
    AISLE_LOCKER_CHANGES_QUEUE           = "${local.name}-lockers-changes"
    AISLE_FULFILMENT_PICKUPS_QUEUE       = "${local.name}-fulfilment-pickups"
    AISLE_CABINET_MESSAGES_QUEUE         = "${local.name}-lockers-cabinet-messages"
    AISLE_KEYED_CODES_QUEUE              = "${local.name}-lockers-keyed-codes"
    AISLE_COMMAND_CHECKS_QUEUE           = "${local.name}-lockers-command-checks"
    AISLE_FEEDS_RECEIVED_QUEUE           = "${local.name}-feeds-received"
    AISLE_LISTINGS_SUBMITTED_QUEUE       = "${local.name}-listings-submitted"
    AISLE_PAYOUT_RUNS_QUEUE              = "${local.name}-ledger-payout-runs"
    AISLE_NOTIFICATIONS_QUEUE            = "${local.name}-notifications-order-events"
    AISLE_ORDERS_CANCELLED_QUEUE         = "${local.name}-orders-cancelled"
    AISLE_ORDERS_PLACED_QUEUE            = "${local.name}-orders-placed"
    AISLE_ORDERS_REASSIGNED_QUEUE        = "${local.name}-orders-reassigned"
    AISLE_REFUNDS_REQUESTED_QUEUE        = "${local.name}-payments-refunds-requested"
    AISLE_RETURNS_AUTHORISED_QUEUE       = "${local.name}-returns-authorised"
    AISLE_RETURNS_PROGRESSED_QUEUE       = "${local.name}-returns-progressed"
    AISLE_REVIEWS_DECIDED_QUEUE          = "${local.name}-reviews-decided"
    AISLE_ROUTING_ANSWERED_QUEUE         = "${local.name}-routing-answered"
    AISLE_ROUTING_REQUESTS_QUEUE         = "${local.name}-routing-requests"
    AISLE_SUPPLIERS_SUBMITTED_QUEUE      = "${local.name}-suppliers-submitted"
    AISLE_TAXES_QUEUE                    = "${local.name}-taxes-order-events"
    AISLE_WAREHOUSE_ANSWERS_QUEUE        = "${local.name}-fulfilment-warehouse-answers"
    AISLE_WEBHOOK_ATTEMPTS_QUEUE         = "${local.name}-webhooks-attempts"
    AISLE_WEBHOOK_EVENTS_QUEUE           = "${local.name}-webhooks-events"
    POWERTOOLS_SERVICE_NAME              = local.app
    POWERTOOLS_METRICS_NAMESPACE         = local.metrics_namespace
    POWERTOOLS_LOG_LEVEL                 = var.log_level
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
