output "chalice_config" {
  description = "Content of .chalice/config.json."
  value = jsonencode({
    version  = "2.0"
    app_name = local.app
    stages = {
      (var.stage) = {
        api_gateway_stage     = local.api_stage
        manage_iam_role       = false
        iam_role_arn          = module.function[local.api_key].role_arn
        autogen_policy        = false
        xray                  = var.tracing
        lambda_memory_size    = var.memory_mb.others
        lambda_timeout        = local.functions[local.api_key].timeout
        environment_variables = local.environment
        tags                  = local.tags
        lambda_functions = { for key, function in local.functions : key => {
          manage_iam_role       = false
          iam_role_arn          = module.function[key].role_arn
          lambda_memory_size    = try(function.memory, var.memory_mb.others)
          lambda_timeout        = function.timeout
          environment_variables = try(function.environment, {})
        } }
      }
    }
  })
}

output "region" {
  description = "Region of the stage."
  value       = var.region
}

output "public_url" {
  description = "URL under which customers reach the API, where it was given."
  value       = var.public_url
}

output "api_url_parameter" {
  description = "Name of the parameter that holds where the API is reached."
  value       = aws_ssm_parameter.api_url.name
}

output "provisioning_template" {
  description = "Name of the template that gives new cabinets their certificate."
  value       = aws_iot_provisioning_template.lockers.name
}

output "iot_endpoint" {
  description = "Where functions reach AWS IoT's data plane; cabinets connect to the same host. None on a local cloud."
  value       = local.iot_endpoint
}

output "table_name" {
  description = "Name of the table."
  value       = aws_dynamodb_table.this.name
}

output "bus_name" {
  description = "Name of the event bus."
  value       = aws_cloudwatch_event_bus.this.name
}

output "user_pool_id" {
  description = "Id of the user pool."
  value       = aws_cognito_user_pool.this.id
}

output "user_pool_arn" {
  description = "ARN of the user pool."
  value       = aws_cognito_user_pool.this.arn
}

output "user_pool_domain" {
  description = "Domain prefix of the token endpoint."
  value       = aws_cognito_user_pool_domain.this.domain
}

output "client_id" {
  description = "Client of storefronts and tills; it has no secret."
  value       = aws_cognito_user_pool_client.users.id
}

output "machine_client_id" {
  description = "Client of machines."
  value       = aws_cognito_user_pool_client.machines.id
}

output "machine_client_secret" {
  description = "Secret of the client of machines."
  value       = aws_cognito_user_pool_client.machines.client_secret
  sensitive   = true
}

output "mail_dkim_tokens" {
  description = "For each, the DNS of the sender's domain needs a CNAME <token>._domainkey to <token>.dkim.amazonses.com."
  value       = flatten([for sender in aws_sesv2_email_identity.sender : sender.dkim_signing_attributes[*].tokens])
}

output "queue_urls" {
  description = "URLs of the queues, by name after aisle-<stage>-."
  value = merge(
    { for name, queue in module.queue : name => queue.queue.url },
    { for name, queue in module.queue : "${name}-dlq" => queue.dead_letter_queue.url },
    { events-undelivered = aws_sqs_queue.events_undelivered.url },
  )
}

output "topic_arns" {
  description = "ARNs of the topics, by name after aisle-<stage>-."
  value       = { for name, topic in module.topic : name => topic.arn }
}

output "state_machine_arns" {
  description = "ARNs of the state machines, by name after aisle-<stage>-."
  value       = { for name, machine in module.state_machine : name => machine.arn }
}
