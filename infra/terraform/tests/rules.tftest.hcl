# Rules that everything of a kind keeps, held against a stage as AWS gets it. Nothing is created: the provider
# is mocked. The first run makes the stage, the others look at it.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  stage                = "rules"
  warehouse_principals = ["arn:aws:iam::210987654321:role/warehouse"]
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
    condition     = toset(compact([for function in values(local.functions) : try(function.queue, "")])) == setsubtract(keys(module.queue), ["fulfilment-shipment-requests"])
    error_message = "A queue has no function that consumes it, or a function's queue does not exist."
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
      ["AISLE_STAGE", "AISLE_TABLE", "AISLE_TRACING", "AISLE_USER_POOL_ARN", "AISLE_ORDERS_PLACED_QUEUE", "AISLE_FULFILMENT_SHIPPED_QUEUE", "AISLE_WAREHOUSE_ANSWERS_QUEUE", "AISLE_NOTIFICATIONS_QUEUE", "AISLE_REFUNDS_REQUESTED_QUEUE", "AISLE_TAXES_QUEUE"],
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
  # X-Ray and log delivery have no resources; a text message goes to a number, which is none.
  assert {
    condition = alltrue(flatten([for policy in local.role_policies : [for statement in jsondecode(policy).Statement :
      try(!contains(statement.Resource, "*"), statement.NotResource == ["arn:aws:sns:*:*:*"] && statement.Action == ["sns:Publish"])
      if !contains(["DeliverLogs", "Trace"], statement.Sid)
    ]]))
    error_message = "A role may act on everything."
  }
  assert {
    condition = alltrue(flatten([for policy in local.role_policies : [for statement in jsondecode(policy).Statement :
      alltrue([for action in statement.Action : startswith(action, "xray:") || startswith(action, "logs:")])
      if contains(["DeliverLogs", "Trace"], statement.Sid)
    ]]))
    error_message = "The exception for log delivery and tracing is used for something else."
  }
  assert {
    condition     = length(local.role_policies) == length(module.function) + length(module.state_machine) + 2
    error_message = "These tests do not see every role."
  }
  # A key that protects messages or items is used through their service, tokens by their purpose, cursors by the API.
  assert {
    condition = alltrue(flatten([for policy in local.role_policies : [for statement in jsondecode(policy).Statement :
      can(statement.Condition.StringEquals) || statement.Action == ["kms:GenerateMac"]
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
    condition     = alltrue([for name, key in module.key : key.rotates || contains(["codes", "contacts", "cursors"], name)])
    error_message = "A key is not rotated."
  }
  assert {
    condition     = aws_cognito_user_pool.this.deletion_protection == "ACTIVE" && aws_dynamodb_table.this.deletion_protection_enabled
    error_message = "The table or the user pool can be deleted by mistake."
  }
  assert {
    condition     = aws_dynamodb_table.this.point_in_time_recovery[0].enabled && aws_dynamodb_table.this.server_side_encryption[0].kms_key_arn != null && aws_dynamodb_table.this.stream_view_type == "NEW_AND_OLD_IMAGES"
    error_message = "The table cannot be restored, is not encrypted with a key of the customer's, or tells too little of its changes."
  }
}

run "alarms_lead_somewhere" {
  command = plan

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : length(alarm.alarm_actions) > 0])
    error_message = "An alarm tells nobody."
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
      name == "notifications-on-order-event" || !strcontains(policy, "ses:")
    ])
    error_message = "Another function than the one that tells customers sends mail."
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
      api_handler    = ["ReadStripeWebhookSecret"]
      payments-tasks = ["ReadStripeKey"]
    }
    error_message = "A function reads a secret that it has no use for."
  }
}
