# Rules that everything of a kind keeps, held against a stage as AWS gets it. Nothing is created: the provider
# is mocked. The first run makes the stage, the others look at it.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  stage                = "rules"
  warehouse_principals = ["arn:aws:iam::210987654321:role/warehouse"]
  reviewer_principals  = ["arn:aws:iam::210987654321:role/back-office"]
}

run "queues" {
  assert {
    condition = alltrue([for name, queue in module.queue :
      jsondecode(queue.attributes.redrive_policy).maxReceiveCount == 5 &&
      queue.dead_letter_queue.name == "${queue.queue.name}-dlq" &&
      queue.dead_letter_queue.arn == "arn:aws:sqs:eu-west-1:123456789012:aisle-rules-${name}-dlq"
    ])
    error_message = "A queue does not redrive to its own dead-letter queue after five receives."
  }
  assert {
    condition = alltrue([for queue in module.queue :
      jsondecode(queue.attributes.redrive_allow_policy) == { redrivePermission = "byQueue", sourceQueueArns = [queue.queue.arn] }
    ])
    error_message = "A dead-letter queue takes letters of another queue than its own."
  }
  assert {
    condition = alltrue([for queue in module.queue :
      queue.attributes.alarm.dimensions.QueueName == queue.dead_letter_queue.name && length(queue.attributes.alarm.actions) > 0
    ])
    error_message = "A dead-letter queue has no alarm."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["events-undelivered"].dimensions.QueueName == aws_sqs_queue.events_undelivered.name
    error_message = "The queue of undelivered events has no alarm."
  }
  assert {
    condition = alltrue([for queue in module.queue :
      queue.attributes.visibility_timeout_seconds >= 6 * max([for function in values(local.functions) : function.timeout if can(function.queue)]...)
    ])
    error_message = "A message comes back before its consumer can have given up: six times the function's timeout."
  }
  assert {
    condition     = alltrue(flatten([for queue in module.queue : [for arn in queue.attributes.kms_key_arns : startswith(arn, "arn:aws:kms:")]]))
    error_message = "A queue is not encrypted with a key of the customer's."
  }
  assert {
    condition = alltrue([for policy in flatten([[for queue in module.queue : values(queue.attributes.policies)], aws_sqs_queue.events_undelivered.policy]) :
      anytrue([for statement in jsondecode(policy).Statement : statement.Effect == "Deny" && try(statement.Condition.Bool["aws:SecureTransport"], "") == "false"])
    ])
    error_message = "A queue speaks without TLS."
  }
  assert {
    condition     = toset(compact([for function in values(local.functions) : try(function.queue, "")])) == setsubtract(keys(module.queue), ["fulfilment-shipment-requests", "reviews-manual"])
    error_message = "A queue has no function that consumes it, or a function's queue does not exist."
  }
}

run "what_others_take" {
  command = plan

  assert {
    condition = { for name, queue in module.queue : name => flatten([for statement in jsondecode(queue.attributes.policies.queue).Statement : statement.Principal.AWS if statement.Sid == "Receivers"]) if strcontains(queue.attributes.policies.queue, "Receivers") } == {
      fulfilment-shipment-requests = ["arn:aws:iam::210987654321:role/warehouse"]
      reviews-manual               = ["arn:aws:iam::210987654321:role/back-office"]
    }
    error_message = "The warehouse or the back office cannot take what is for them, or takes something else."
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this["listings-submitted"].event_pattern)["detail-type"] == ["ListingSubmitted"]
    error_message = "What suppliers propose is not checked, or a correction has it checked again."
  }
  assert {
    condition = { for name in ["reviews-manual", "reviews-decided"] : name => toset(jsondecode(aws_cloudwatch_event_rule.this[name].event_pattern)["detail-type"]) } == {
      reviews-manual  = toset(["ReviewEscalated", "ReviewOpened"])
      reviews-decided = toset(["ReviewDecided", "ReviewSuperseded", "ReviewWithdrawn"])
    }
    error_message = "Reviewers do not hear of cases, or workflows not of what was decided."
  }
}

run "rules_of_the_bus" {
  command = plan

  assert {
    condition     = alltrue([for rule in aws_cloudwatch_event_rule.this : jsondecode(rule.event_pattern)["replay-name"] == [{ exists = false }]])
    error_message = "A rule with outside effects listens to replays."
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this["payments-refunds-requested"].event_pattern).detail == { data = { workflow = [true] } }
    error_message = "A refund that a cancellation or a return settles would start a workflow of its own."
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this["webhooks-events"].event_pattern) == { source = [{ prefix = "aisle." }], "replay-name" = [{ exists = false }] }
    error_message = "Subscribers do not hear of every event, or hear of replays."
  }
  assert {
    condition = alltrue([for name, rule in aws_cloudwatch_event_rule.this :
      toset([for source in jsondecode(rule.event_pattern).source : source if can(tostring(source))]) == toset(keys(local.rules[name].types)) && length(jsondecode(rule.event_pattern)["detail-type"]) > 0 if length(local.rules[name].types) > 0
    ])
    error_message = "A rule does not name what it listens to."
  }
  assert {
    condition = { for name, rule in aws_cloudwatch_event_rule.this : name => jsondecode(rule.event_pattern).source if anytrue([for source in jsondecode(rule.event_pattern).source : can(source["anything-but"])]) } == {
      lockers-order-ready = ["aisle.fulfilment", "aisle.lockers", { "anything-but" = { prefix = "aisle." } }]
    }
    error_message = "A rule listens to systems that stand beside this one, or lockers do not."
  }
  assert {
    condition = { for name in ["lockers-pickup-confirmed", "lockers-changes", "fulfilment-pickups"] : name => try(toset(jsondecode(aws_cloudwatch_event_rule.this[name].event_pattern)["detail-type"]), toset([])) } == {
      lockers-pickup-confirmed = toset(["DropOffRequested", "PickupConfirmed"])
      lockers-changes          = toset(["FulfilmentPacked", "OrderCancelled", "OrderHeld", "OrderReassigned", "PickupCancelled", "PickupCleared", "PickupCollected", "PickupConfirmed", "PickupExpired", "PickupExtended", "ReturnDroppedOff"])
      fulfilment-pickups       = toset(["PickupCollected"])
    }
    error_message = "Doors open for something else than a pickup or a return, cabinets keep what they should forget, or orders do not hear that they were collected."
  }
  assert {
    condition = alltrue([for name, target in aws_cloudwatch_event_target.queue :
      target.arn == module.queue[name].queue.arn && target.dead_letter_config[0].arn == module.queue[name].dead_letter_queue.arn && target.retry_policy[0].maximum_retry_attempts > 0
    ])
    error_message = "A target does not lead to its queue, or has no dead-letter queue and retries."
  }
  assert {
    condition     = keys(aws_cloudwatch_event_target.queue) == keys(local.rules) && aws_cloudwatch_event_archive.this.retention_days > 0
    error_message = "A rule has no target, or the bus no archive."
  }
}

run "the_clock" {
  command = plan

  assert {
    condition = alltrue([for schedule in aws_scheduler_schedule.this :
      schedule.target[0].role_arn == module.scheduler_role.arn && schedule.target[0].retry_policy[0].maximum_retry_attempts > 0 &&
      schedule.target[0].dead_letter_config[0].arn == "arn:aws:sqs:eu-west-1:123456789012:aisle-rules-events-undelivered"
    ])
    error_message = "A tick may not run its task, is not tried again, or gets lost unseen."
  }
  assert {
    condition = { for name, schedule in aws_scheduler_schedule.this : name => [schedule.schedule_expression, schedule.target[0].arn, jsondecode(schedule.target[0].input)] if startswith(name, "lockers-") } == {
      lockers-serve-waitlist = ["rate(1 minute)", "arn:aws:lambda:eu-west-1:123456789012:function:aisle-rules-lockers-tasks", { task = "serve_waitlist" }]
      lockers-watch-cabinets = ["rate(1 minute)", "arn:aws:lambda:eu-west-1:123456789012:function:aisle-rules-lockers-tasks", { task = "watch_cabinets" }]
    }
    error_message = "Nobody notices that a cabinet has fallen silent, or who waits for a compartment gets none."
  }
  assert {
    condition     = aws_scheduler_schedule.this["reviews-escalate-overdue-cases"].schedule_expression == "rate(5 minutes)" && jsondecode(aws_scheduler_schedule.this["reviews-escalate-overdue-cases"].target[0].input) == { task = "escalate_overdue_cases" }
    error_message = "Overdue cases do not escalate."
  }
}

run "machines" {
  command = plan

  assert {
    condition     = alltrue([for machine in module.state_machine : endswith(machine.log_destination, ":*")])
    error_message = "A machine does not log."
  }
  assert {
    condition     = alltrue([for machine in module.state_machine : machine.alarms == toset(["aborted", "failed", "timed-out"])])
    error_message = "A machine has no alarm for executions that did not succeed."
  }
  assert {
    condition     = aws_pipes_pipe.events.target_parameters[0].step_function_state_machine_parameters[0].invocation_type == "REQUEST_RESPONSE"
    error_message = "The pipe does not hear of failed executions."
  }
  assert {
    condition = alltrue([for parameters in aws_pipes_pipe.events.source_parameters[0].dynamodb_stream_parameters :
      parameters.batch_size == 10 && parameters.maximum_retry_attempts > 0 && parameters.maximum_record_age_in_seconds > 0 &&
      parameters.on_partial_batch_item_failure == "AUTOMATIC_BISECT" && parameters.dead_letter_config[0].arn == "arn:aws:sqs:eu-west-1:123456789012:aisle-rules-events-undelivered"
    ])
    error_message = "A poison record can block the pipe."
  }
}

run "functions" {
  command = plan

  assert {
    condition     = keys(jsondecode(output.chalice_config).stages.rules.lambda_functions) == keys(local.functions)
    error_message = "A function is not in Chalice's configuration."
  }
  assert {
    condition     = alltrue([for key, function in module.function : function.log_group == "/aws/lambda/${local.function_names[key]}" && function.role_arn != ""])
    error_message = "A function has no role or no log group."
  }
  assert {
    condition = alltrue([for name, function in jsondecode(output.chalice_config).stages.rules.lambda_functions :
      function.iam_role_arn != "" && function.lambda_memory_size >= 128 && function.lambda_timeout <= 60 && !function.manage_iam_role
    ])
    error_message = "A function lacks a role, memory or timeout."
  }
  assert {
    condition     = jsondecode(output.chalice_config).stages.rules.lambda_functions.api_handler.lambda_timeout == 29 && jsondecode(output.chalice_config).stages.rules.lambda_timeout == 29
    error_message = "The API's function outlives the gateway's patience, or gives up before it."
  }
  assert {
    condition = length(setsubtract(
      ["AISLE_STAGE", "AISLE_TABLE", "AISLE_TRACING", "AISLE_USER_POOL_ARN", "AISLE_ORDERS_PLACED_QUEUE", "AISLE_FULFILMENT_SHIPPED_QUEUE", "AISLE_WAREHOUSE_ANSWERS_QUEUE", "AISLE_NOTIFICATIONS_QUEUE", "AISLE_WEBHOOK_EVENTS_QUEUE", "AISLE_WEBHOOK_ATTEMPTS_QUEUE", "AISLE_REFUNDS_REQUESTED_QUEUE", "AISLE_TAXES_QUEUE"],
      keys(jsondecode(output.chalice_config).stages.rules.environment_variables),
    )) == 0
    error_message = "The stage's environment lacks what the application needs while Chalice packages it."
  }
  assert {
    condition = alltrue(flatten([for key, function in module.function : [for statement in jsondecode(function.policy).Statement :
      can(statement.Condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"][0]) || statement.Resource == ["arn:aws:dynamodb:eu-west-1:123456789012:table/aisle-rules/index/gsi3"]
      if anytrue([for action in statement.Action : startswith(action, "dynamodb:")])
    ] if key != "api_handler"]))
    error_message = "A function reaches items that are none of its business."
  }
  # The runtime listens on the loopback address of its machine: nobody outside may have it called.
  assert {
    condition = alltrue([for function in values(jsondecode(output.chalice_config).stages.rules.lambda_functions) :
      try(function.environment_variables.AISLE_LOOPBACK_ALLOWED, "off") == "off"
    ]) && !contains(keys(jsondecode(output.chalice_config).stages.rules.environment_variables), "AISLE_LOOPBACK_ALLOWED")
    error_message = "Away from the laptop a function may call its own machine."
  }
  assert {
    condition     = alltrue([for function in module.function : function.alarms == toset(["errors", "throttles"])])
    error_message = "A function has no alarm for errors or throttles."
  }
}

run "roles" {
  command = plan

  assert {
    condition     = alltrue(flatten([for policy in local.role_policies : [for statement in jsondecode(policy).Statement : [for action in statement.Action : !strcontains(action, "*")]]]))
    error_message = "A role may do everything of a kind."
  }
  # X-Ray, log delivery and the tie between a thing and its certificate have no resources; a text message goes to a number,
  # which is none.
  assert {
    condition = alltrue(flatten([for policy in local.role_policies : [for statement in jsondecode(policy).Statement :
      try(!contains(statement.Resource, "*"), statement.NotResource == ["arn:aws:sns:*:*:*"] && statement.Action == ["sns:Publish"])
      if !contains(["CertifyThings", "DeliverLogs", "Trace"], statement.Sid)
    ]]))
    error_message = "A role may act on everything."
  }
  assert {
    condition = alltrue(flatten([for policy in local.role_policies : [for statement in jsondecode(policy).Statement :
      alltrue([for action in statement.Action :
        startswith(action, "xray:") || startswith(action, "logs:") ||
        contains(["iot:AttachThingPrincipal", "iot:CreateCertificateFromCsr", "iot:DetachThingPrincipal", "iot:ListPrincipalPolicies"], action)
      ])
      if contains(["CertifyThings", "DeliverLogs", "Trace"], statement.Sid)
    ]]))
    error_message = "The exception for what knows no resources is used for something else."
  }
  assert {
    condition     = length(local.role_policies) == length(module.function) + length(module.state_machine) + length(module.iot_rule_role) + 3
    error_message = "These tests do not see every role."
  }
  assert {
    condition = { for name, policy in local.role_policies : name => [for statement in jsondecode(policy).Statement : [statement.Action, flatten([statement.Resource])]
      if anytrue([for action in statement.Action : strcontains(action, "Shadow")])
      ] if strcontains(policy, "Shadow") } == {
      (index(local.role_policies, module.function["api_handler"].policy)) = [[
        ["iot:DeleteThingShadow", "iot:GetThingShadow", "iot:UpdateThingShadow"],
        ["arn:aws:iot:eu-west-1:123456789012:thing/cab_*"],
      ]]
    }
    error_message = "Another function than the API sets cabinets up, or it reaches the shadows of other things."
  }
  # Asked for what is not there, S3 says that it is forbidden to whoever may not list the bucket.
  assert {
    condition = alltrue(flatten([for policy in local.role_policies : [for statement in jsondecode(policy).Statement : [for arn in statement.Resource :
      contains(flatten([for other in jsondecode(policy).Statement : other.Resource if contains(other.Action, "s3:ListBucket")]), split("/", arn)[0])
    ] if contains(statement.Action, "s3:GetObject")]]))
    error_message = "A role reads a bucket, and cannot tell what is not there from what it may not read."
  }
  # IAM takes 10,240 characters for the inline policies of a role; this is the longest that a stage's and a region's name make it.
  assert {
    condition     = max([for policy in local.role_policies : length(replace(replace(policy, "rules", "abcdefghijkl"), "eu-west-1", "ap-southeast-2"))]...) <= 10240
    error_message = "IAM would refuse a role's policy for its length."
  }
  # A key that protects messages or items is used through their service, tokens by their purpose, cursors by the API.
  assert {
    condition = alltrue(flatten([for policy in local.role_policies : [for statement in jsondecode(policy).Statement :
      can(statement.Condition.StringEquals) || contains([["kms:GenerateMac"], ["kms:GetPublicKey"], ["kms:Sign"]], statement.Action)
      if anytrue([for action in statement.Action : startswith(action, "kms:")])
    ]]))
    error_message = "A role may use a key for anything."
  }
}

run "nothing_is_public" {
  command = plan

  assert {
    condition = alltrue(flatten([for policy in concat(
      flatten([for queue in module.queue : values(queue.attributes.policies)]),
      values(module.topic)[*].policy,
      values(module.key)[*].policy,
      [aws_sqs_queue.events_undelivered.policy, aws_cloudwatch_event_bus_policy.this.policy],
      ) : [for statement in jsondecode(policy).Statement :
      statement.Principal != "*" && !contains(flatten([try(values(statement.Principal), [])]), "*")
      if statement.Effect == "Allow"
    ]]))
    error_message = "A policy lets everybody in."
  }
  # A service may be set to work by any customer of AWS; only on behalf of this account may it come here.
  assert {
    condition = alltrue(flatten([for policy in concat(
      flatten([for queue in module.queue : values(queue.attributes.policies)]),
      values(module.topic)[*].policy,
      ) : [for statement in jsondecode(policy).Statement : can(statement.Condition)
      if statement.Effect == "Allow" && can(statement.Principal.Service)
    ]]))
    error_message = "A service may come on behalf of another account."
  }
  assert {
    condition     = alltrue([for name, key in module.key : key.rotates || contains(["codes", "contacts", "cursors", "grants", "passcodes"], name)])
    error_message = "A key is not rotated."
  }
  assert {
    condition     = { for name, key in module.key : name => key.spec if key.spec != "SYMMETRIC_DEFAULT" } == { codes = "HMAC_256", contacts = "HMAC_256", cursors = "HMAC_256", grants = "ECC_NIST_P256", passcodes = "HMAC_256" }
    error_message = "A key does not do what it is for."
  }
  assert {
    condition     = aws_cognito_user_pool.this.deletion_protection == "ACTIVE" && aws_dynamodb_table.this.deletion_protection_enabled && !aws_s3_bucket.documents.force_destroy && !aws_s3_bucket.feeds.force_destroy
    error_message = "The table, the user pool or what suppliers sent can be deleted by mistake."
  }
  assert {
    condition     = aws_dynamodb_table.this.point_in_time_recovery[0].enabled && aws_dynamodb_table.this.server_side_encryption[0].kms_key_arn != null && aws_dynamodb_table.this.stream_view_type == "NEW_AND_OLD_IMAGES"
    error_message = "The table cannot be restored, is not encrypted with a key of the customer's, or tells too little of its changes."
  }
}

run "nobody_else_puts_events" {
  command = plan

  assert {
    condition = jsondecode(aws_cloudwatch_event_bus_policy.this.policy).Statement == [{
      Sid       = "OutboxOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "events:PutEvents"
      Resource  = "arn:aws:events:eu-west-1:123456789012:event-bus/aisle-rules"
      Condition = { ArnNotEquals = { "aws:PrincipalArn" = ["arn:aws:iam::123456789012:role/aisle-rules-events-publish-events"] } }
    }]
    error_message = "Others than publish-events may put events."
  }
}

run "other_systems_say_that_orders_are_ready" {
  command = plan

  variables {
    order_ready_publishers = ["arn:aws:iam::210987654321:role/store-system"]
  }

  assert {
    condition = { for statement in jsondecode(aws_cloudwatch_event_bus_policy.this.policy).Statement : statement.Sid => [statement.Effect, statement.Condition] } == {
      OutboxOnly = ["Deny", { ArnNotEquals = { "aws:PrincipalArn" = ["arn:aws:iam::123456789012:role/aisle-rules-events-publish-events", "arn:aws:iam::210987654321:role/store-system"] } }]
      OrderReady = ["Allow", { StringEquals = { "events:detail-type" = "OrderReadyForPickup" } }]
      OrderReadyOnly = ["Deny", {
        ArnEquals       = { "aws:PrincipalArn" = ["arn:aws:iam::210987654321:role/store-system"] }
        StringNotEquals = { "events:detail-type" = "OrderReadyForPickup" }
      }]
      InTheirOwnName = ["Deny", {
        ArnEquals                = { "aws:PrincipalArn" = ["arn:aws:iam::210987654321:role/store-system"] }
        "ForAnyValue:StringLike" = { "events:source" = "aisle.*" }
      }]
    }
    error_message = "A system beside this one may say more than that an order is ready, or say it in our name."
  }
  assert {
    condition = [for statement in jsondecode(aws_cloudwatch_event_bus_policy.this.policy).Statement : statement.Principal if statement.Effect == "Allow"] == [
      { AWS = ["arn:aws:iam::210987654321:role/store-system"] },
    ]
    error_message = "Somebody else is let in."
  }
}

run "cabinets" {
  command = plan

  assert {
    condition = { for statement in jsondecode(aws_iot_policy.this["cabinet"].policy).Statement : statement.Action => flatten([statement.Resource]) } == {
      "iot:Connect" = ["arn:aws:iot:eu-west-1:123456789012:client/$${iot:Connection.Thing.ThingName}"]
      "iot:Publish" = concat(
        [for channel in ["acknowledgements", "codes", "doors", "heartbeats", "journal", "status"] :
        "arn:aws:iot:eu-west-1:123456789012:topic/aisle/rules/cabinets/$${iot:Connection.Thing.ThingName}/up/${channel}"],
        [for verb in ["get", "update"] : "arn:aws:iot:eu-west-1:123456789012:topic/$aws/things/$${iot:Connection.Thing.ThingName}/shadow/${verb}"],
      )
      "iot:Subscribe" = [
        "arn:aws:iot:eu-west-1:123456789012:topicfilter/aisle/rules/cabinets/$${iot:Connection.Thing.ThingName}/down/*",
        "arn:aws:iot:eu-west-1:123456789012:topicfilter/$aws/things/$${iot:Connection.Thing.ThingName}/shadow/*",
      ]
      "iot:Receive" = [
        "arn:aws:iot:eu-west-1:123456789012:topic/aisle/rules/cabinets/$${iot:Connection.Thing.ThingName}/down/*",
        "arn:aws:iot:eu-west-1:123456789012:topic/$aws/things/$${iot:Connection.Thing.ThingName}/shadow/*",
      ]
    }
    error_message = "A cabinet says or hears what is another's."
  }
  assert {
    condition     = jsondecode(aws_iot_policy.this["cabinet"].policy).Statement[0].Condition == { Bool = { "iot:Connection.Thing.IsAttached" = "true" } }
    error_message = "A certificate connects as a cabinet that it is not attached to."
  }
  assert {
    condition = alltrue([for statement in jsondecode(aws_iot_policy.this["claim"].policy).Statement : alltrue([for resource in flatten([statement.Resource]) :
      anytrue([for beginning in ["client/claim-", "topic/$aws/certificates/create", "topicfilter/$aws/certificates/create", "topic/$aws/provisioning-templates/aisle-rules-lockers/provision/", "topicfilter/$aws/provisioning-templates/aisle-rules-lockers/provision/"] :
        startswith(resource, "arn:aws:iot:eu-west-1:123456789012:${beginning}")
      ])
    ])])
    error_message = "The claim certificate opens more than fleet provisioning."
  }
  assert {
    condition     = alltrue([for policy in concat(values(aws_iot_policy.this)[*].policy) : alltrue([for statement in jsondecode(policy).Statement : !contains(flatten([statement.Resource]), "*") && statement.Effect == "Allow"])])
    error_message = "A policy of AWS IoT lets do everything."
  }
  assert {
    condition = alltrue([for name, rule in aws_iot_topic_rule.this :
      rule.enabled && rule.sql_version == "2016-03-23" && startswith(rule.sql, "SELECT encode(*, 'base64') AS message, ") && can(regex("^[a-zA-Z0-9_]{1,128}$", rule.name)) &&
      length(rule.sqs) == 1 && length(rule.cloudwatch_logs) == 0 && length(rule.error_action) == 1 && length(rule.error_action[0].sqs) == 1
    ])
    error_message = "A rule of AWS IoT passes on what a sender can forge, elsewhere than to its queue, or has nowhere to put what it cannot pass on."
  }
  assert {
    condition = { for name, rule in aws_iot_topic_rule.this : name => one(regexall("FROM '([^']*)'", rule.sql))[0] } == {
      cabinet_messages = "aisle/rules/cabinets/+/up/+"
      keyed_codes      = "aisle/rules/cabinets/+/up/codes"
      connected        = "$aws/events/presence/connected/+"
      disconnected     = "$aws/events/presence/disconnected/+"
    }
    error_message = "A rule of AWS IoT listens elsewhere."
  }
  assert {
    condition     = endswith(aws_iot_topic_rule.this["cabinet_messages"].sql, " WHERE topic(6) <> 'codes'")
    error_message = "Codes reach a queue that keeps them."
  }
  assert {
    condition = { for name, role in module.iot_rule_role : name => flatten([for statement in jsondecode(role.policy).Statement : statement.Resource if contains(statement.Action, "sqs:SendMessage")]) } == {
      for name, queue in { cabinet_messages = "lockers-cabinet-messages", connected = "lockers-cabinet-messages", disconnected = "lockers-cabinet-messages", keyed_codes = "lockers-keyed-codes" } :
      name => ["arn:aws:sqs:eu-west-1:123456789012:aisle-rules-${queue}", "arn:aws:sqs:eu-west-1:123456789012:aisle-rules-${queue}-dlq"]
    }
    error_message = "A rule of AWS IoT may send to another's queue."
  }
  assert {
    condition = alltrue([for name, role in module.iot_rule_role :
      jsondecode(role.trust).Statement[0].Condition.ArnEquals["aws:SourceArn"] == "arn:aws:iot:eu-west-1:123456789012:rule/${aws_iot_topic_rule.this[name].name}" &&
      toset(flatten(jsondecode(role.policy).Statement[*].Action)) == toset(["kms:Decrypt", "kms:GenerateDataKey", "sqs:SendMessage"])
    ])
    error_message = "Another rule may take a rule's role, or the role may do more than send."
  }
  assert {
    condition     = module.queue["lockers-keyed-codes"].attributes.retention_seconds == { queue = 60, dead_letter = 86400 } && module.queue["lockers-cabinet-messages"].attributes.retention_seconds == { queue = 345600, dead_letter = 1209600 }
    error_message = "Codes lie about, or other messages are dropped too soon."
  }
}

run "doors" {
  command = plan

  assert {
    condition = { for sid in ["HashPasscode", "SignGrant"] : sid => [for key, function in module.function : key if contains(jsondecode(function.policy).Statement[*].Sid, sid)] } == {
      HashPasscode = ["api_handler", "lockers-on-cabinet-message", "lockers-on-keyed-code"]
      SignGrant    = ["api_handler", "lockers-on-change"]
    }
    error_message = "A function that has no business with passcodes works them out, or lets cabinets open by themselves."
  }
  assert {
    condition = alltrue(flatten([for policy in local.role_policies : [for statement in jsondecode(policy).Statement :
      statement.Sid == "SignGrant" if contains(statement.Action, "kms:Sign")
    ]]))
    error_message = "A role signs something else than grants."
  }
  assert {
    condition = toset([for function, policy in { for key, function in module.function : key => function.policy } : function if strcontains(policy, "\"iot:Publish\"")]) == toset([
      "api_handler", "lockers-on-cabinet-message", "lockers-on-change", "lockers-on-command-check", "lockers-on-keyed-code", "lockers-on-pickup-confirmed",
    ])
    error_message = "A function that has no business with cabinets tells them to open."
  }
}

run "new_cabinets" {
  command = plan

  assert {
    condition     = !aws_iot_provisioning_template.lockers.enabled && length(aws_iot_provisioning_template.lockers.pre_provisioning_hook) == 0
    error_message = "Certificates are given before the hook is there to say who gets one."
  }
  assert {
    condition     = jsondecode(aws_iot_provisioning_template.lockers.template_body).Resources.policy.Properties == { PolicyName = aws_iot_policy.this["cabinet"].name }
    error_message = "A new cabinet gets another policy than a cabinet's."
  }
  assert {
    condition     = jsondecode(module.provisioning_role.trust).Statement[0].Condition.ArnEquals["aws:SourceArn"] == "arn:aws:iot:eu-west-1:123456789012:provisioningtemplate/${aws_iot_provisioning_template.lockers.name}"
    error_message = "Another template may take the role."
  }
}

# AWS IoT takes a policy of 2048 characters; this is the longest that a stage's and a region's name make it.
run "long_names" {
  command = plan

  variables {
    stage  = "abcdefghijkl"
    region = "ap-southeast-2"
  }

  assert {
    condition     = max([for policy in aws_iot_policy.this : length(policy.policy)]...) <= 2048
    error_message = "AWS IoT would refuse a policy for its length."
  }
  assert {
    condition     = length(aws_iot_provisioning_template.lockers.name) <= 36
    error_message = "AWS IoT would refuse the template for its name."
  }
}

run "a_local_cloud" {
  command = plan

  variables {
    local_cloud = true
  }

  assert {
    condition     = local.iot_endpoint == null
    error_message = "Functions would call AWS from a laptop."
  }
}

run "alarms_lead_somewhere" {
  command = plan

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : length(alarm.alarm_actions) > 0])
    error_message = "An alarm tells nobody."
  }
  assert {
    condition = { for name, alarm in aws_cloudwatch_metric_alarm.this : name => alarm.metric_name if startswith(name, "lockers-") } == {
      lockers-cabinet-lost         = "CabinetsLost"
      lockers-clock-wrong          = "ClocksWrong"
      lockers-door-forced          = "DoorsForced"
      lockers-door-left-open       = "DoorsLeftOpen"
      lockers-door-stuck           = "CommandsFaulted"
      lockers-grant-failed         = "GrantsFailed"
      lockers-passcodes-locked     = "PasscodesLocked"
      lockers-pickup-too-large     = "PickupsTooLarge"
      lockers-provisioning-refused = "ProvisioningRefused"
    }
    error_message = "Nobody is called to a locker that needs somebody."
  }
  assert {
    condition = alltrue([for alarm in aws_cloudwatch_metric_alarm.this :
      alarm.dimensions == tomap({ service = "aisle", stage = "rules" }) if alarm.namespace == "Aisle"
    ])
    error_message = "An alarm waits for what another stage counts, or nobody."
  }
  # What one mistake makes is not worth a person's night.
  assert {
    condition = { for name, alarm in aws_cloudwatch_metric_alarm.this : name => [alarm.datapoints_to_alarm, alarm.evaluation_periods] if alarm.namespace == "Aisle" && alarm.evaluation_periods > 1 } == {
      lockers-clock-wrong      = [10, 15]
      lockers-passcodes-locked = [5, 15]
      reviews-overdue          = [1, 10]
    }
    error_message = "A door that does not open rings too late, a mistyped code at once, or overdue cases each five minutes anew."
  }
}

run "mail" {
  command = plan

  variables {
    sender_address       = "shop@mail.example"
    public_url           = "https://api.shop.example"
    push_application_arn = "arn:aws:sns:eu-west-1:123456789012:app/GCM/shop"
  }

  assert {
    condition = [for statement in jsondecode(module.function["notifications-on-order-event"].policy).Statement : statement if statement.Sid == "Mail"] == [{
      Effect    = "Allow"
      Sid       = "Mail"
      Action    = ["ses:SendEmail"]
      Resource  = ["arn:aws:ses:eu-west-1:123456789012:identity/mail.example", "arn:aws:ses:eu-west-1:123456789012:configuration-set/aisle-rules-customers"]
      Condition = { StringEquals = { "ses:FromAddress" = ["shop@mail.example"] } }
    }]
    error_message = "Mail leaves from elsewhere than the sender's identity."
  }
  assert {
    condition = alltrue([for name, policy in { for key, function in module.function : key => function.policy } :
      contains(["notifications-on-order-event", "lockers-on-order-ready"], name) || !strcontains(policy, "ses:")
    ])
    error_message = "Another function than those that tell customers sends mail."
  }
  assert {
    condition     = jsondecode(output.chalice_config).stages.rules.lambda_functions["notifications-on-order-event"].environment_variables.AISLE_SENDER_ADDRESS == "shop@mail.example"
    error_message = "The function that sends mail does not know from where."
  }
  assert {
    condition     = aws_sesv2_configuration_set.customers[0].delivery_options[0].tls_policy == "REQUIRE" && aws_sesv2_email_identity.sender[0].email_identity == "mail.example"
    error_message = "Mail travels in the clear, or from another domain."
  }
  assert {
    condition = alltrue([for function in module.function : alltrue([for statement in jsondecode(function.policy).Statement :
      statement.Resource == ["arn:aws:sns:eu-west-1:123456789012:endpoint/GCM/shop/*"] if contains(["ForgetDevice", "Push"], statement.Sid)
    ])])
    error_message = "A role reaches devices of another application."
  }
}

run "without_mail" {
  command = plan

  assert {
    condition     = length(aws_sesv2_email_identity.sender) == 0 && !strcontains(join("", local.role_policies), "ses:") && !strcontains(join("", local.role_policies), "Endpoint")
    error_message = "A stage that sends no mail may send some, or reaches devices that it has not."
  }
}

run "without_tracing" {
  command = plan

  variables {
    tracing = false
  }

  assert {
    condition     = !strcontains(join("", local.role_policies), "xray:")
    error_message = "Roles may trace where nothing is traced."
  }
}

run "machine_clients" {
  command = plan

  assert {
    condition     = aws_cognito_user_pool_client.machines.allowed_oauth_flows == toset(["client_credentials"]) && aws_cognito_user_pool_client.machines.generate_secret
    error_message = "Machines do not sign in with a secret of their own."
  }
  assert {
    condition     = !aws_cognito_user_pool_client.users.generate_secret && contains(aws_cognito_user_pool_client.users.explicit_auth_flows, "ALLOW_USER_SRP_AUTH")
    error_message = "Storefronts cannot keep a secret, and sign in without sending the password."
  }
}

run "documents" {
  command = plan

  assert {
    condition = (
      aws_s3_bucket_public_access_block.documents.block_public_acls && aws_s3_bucket_public_access_block.documents.block_public_policy &&
      aws_s3_bucket_public_access_block.documents.ignore_public_acls && aws_s3_bucket_public_access_block.documents.restrict_public_buckets
    )
    error_message = "Documents may be made public."
  }
  assert {
    condition     = jsondecode(aws_s3_bucket_policy.documents.policy).Statement[*].Effect == ["Deny"] && jsondecode(aws_s3_bucket_policy.documents.policy).Statement[0].Condition.Bool["aws:SecureTransport"] == "false"
    error_message = "The bucket of documents speaks without TLS, or lets somebody in by its policy."
  }
  assert {
    condition     = aws_s3_bucket_versioning.documents.versioning_configuration[0].status == "Enabled" && length(aws_s3_bucket_lifecycle_configuration.documents) == 1
    error_message = "A document that is overwritten is lost, or kept for ever."
  }
  assert {
    condition     = [for key, function in module.function : key if strcontains(function.policy, local.documents_bucket)] == ["api_handler"]
    error_message = "Another function than the API reads documents."
  }
}

run "portals" {
  command = plan

  variables {
    portal_origins = ["https://suppliers.example.com"]
  }

  assert {
    condition     = [for cors in concat(aws_s3_bucket_cors_configuration.documents, aws_s3_bucket_cors_configuration.feeds) : [for rule in cors.cors_rule : [rule.allowed_methods, rule.allowed_origins]]] == [for bucket in ["documents", "feeds"] : [[toset(["GET", "POST"]), toset(["https://suppliers.example.com"])]]]
    error_message = "A portal's pages cannot post documents or files of suppliers, or other pages can."
  }
}

run "a_stage_that_may_go" {
  command = plan

  variables {
    deletion_protection = false
  }

  assert {
    condition     = aws_s3_bucket.documents.force_destroy && aws_s3_bucket.feeds.force_destroy
    error_message = "A stage whose suppliers sent anything cannot be destroyed."
  }
}

run "feeds" {
  command = plan

  assert {
    condition = (
      aws_s3_bucket_public_access_block.feeds.block_public_acls && aws_s3_bucket_public_access_block.feeds.block_public_policy &&
      aws_s3_bucket_public_access_block.feeds.ignore_public_acls && aws_s3_bucket_public_access_block.feeds.restrict_public_buckets
    )
    error_message = "Files of suppliers may be made public."
  }
  assert {
    condition     = jsondecode(aws_s3_bucket_policy.feeds.policy).Statement[*].Effect == ["Deny"] && jsondecode(aws_s3_bucket_policy.feeds.policy).Statement[0].Condition.Bool["aws:SecureTransport"] == "false"
    error_message = "The bucket of feeds speaks without TLS, or lets somebody in by its policy."
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.feeds[0].rule[0].expiration[0].days == 30
    error_message = "Files of suppliers are kept for ever."
  }
  assert {
    condition     = toset([for key, function in module.function : key if strcontains(function.policy, local.feeds_bucket)]) == toset(["api_handler", "feeds-tasks"])
    error_message = "Another function than the API and the tasks of feeds reaches files of suppliers."
  }
  assert {
    condition     = !anytrue([for statement in jsondecode(module.function["api_handler"].policy).Statement : contains(statement.Action, "s3:PutObject") && anytrue([for arn in flatten([statement.Resource]) : strcontains(arn, "${local.feeds_bucket}/results")])])
    error_message = "The API writes what became of rows."
  }
}

run "secrets" {
  variables {
    payment_gateway = "stripe"
  }

  assert {
    condition     = keys(aws_secretsmanager_secret.this) == ["stripe-key", "stripe-webhook-secret"] && alltrue([for secret in aws_secretsmanager_secret.this : secret.kms_key_id == module.key["data"].arn])
    error_message = "A secret is missing, or not encrypted with a key of the customer's."
  }
  assert {
    condition = { for key, function in module.function : key => [for statement in jsondecode(function.policy).Statement : statement.Sid if contains(statement.Action, "secretsmanager:GetSecretValue")] if strcontains(function.policy, "secretsmanager:GetSecretValue") } == {
      api_handler        = ["ReadStripeWebhookSecret", "KeepSupplierSecrets"]
      payments-tasks     = ["ReadStripeKey"]
      suppliers-tasks    = ["ReadSupplierSecrets"]
      routing-on-request = ["ReadSupplierSecrets"]
      routing-tasks      = ["ReadSupplierSecrets"]
    }
    error_message = "A function reads a secret that it has no use for."
  }
}
