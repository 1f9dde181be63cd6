# Bad values are refused before anything is planned.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  stage = "rules"
}

run "names" {
  command = plan

  variables {
    stage                   = "Prod_1"
    region                  = "Ireland"
    user_pool_domain_prefix = "my-cognito"
    allowed_account_ids     = ["12"]
  }

  expect_failures = [var.stage, var.region, var.user_pool_domain_prefix, var.allowed_account_ids]
}

run "numbers" {
  command = plan

  variables {
    log_retention_days       = 42
    archive_retention_days   = 0
    key_deletion_window_days = 1
    payment_look_ups         = 0
    fulfilment_timeout_days  = 400
    api_latency_p95_ms       = 30000
    memory_mb                = { api = 64 }
  }

  expect_failures = [
    var.log_retention_days, var.archive_retention_days, var.key_deletion_window_days, var.payment_look_ups,
    var.fulfilment_timeout_days, var.api_latency_p95_ms, var.memory_mb,
  ]
}

run "who" {
  command = plan

  variables {
    warehouse_principals   = ["arn:aws:iam::210987654321:root", "*"]
    reviewer_principals    = ["arn:aws:iam::210987654321:root"]
    order_ready_publishers = ["arn:aws:iam::210987654321:root"]
    alarm_emails           = ["nobody"]
    payment_gateway        = "cash"
    log_level              = "LOUD"
    sender_address         = "Shop <shop@mail.example>"
    public_url             = "http://api.shop.example"
    push_application_arn   = "arn:aws:sns:eu-west-1:123456789012:topic"
  }

  expect_failures = [
    var.warehouse_principals, var.alarm_emails, var.payment_gateway, var.log_level, var.sender_address, var.public_url,
    var.push_application_arn, var.order_ready_publishers, var.reviewer_principals,
  ]
}
