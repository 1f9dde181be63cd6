# Mail to customers through Amazon SES, where the stage has an address to send from. The domain is an identity of this
# account: SES signs (DKIM) once the three CNAME records of the output `mail_dkim_tokens` are in its DNS.
locals {
  sends_mail  = var.sender_address != null
  mail_domain = local.sends_mail ? split("@", var.sender_address)[1] : ""

  # The sender alone, from its identity alone.
  send_mail = [for statement in [{
    sid     = "Mail"
    actions = ["ses:SendEmail"]
    resources = [
      "${local.arn.ses}:identity/${local.mail_domain}",
      "${local.arn.ses}:configuration-set/${local.name}-customers",
    ]
    conditions = { StringEquals = { "ses:FromAddress" = [coalesce(var.sender_address, "none")] } }
  }] : statement if local.sends_mail]

  # Push: SNS calls devices endpoints of the platform application.
  pushes         = var.push_application_arn != null
  push_endpoints = local.pushes ? "${replace(var.push_application_arn, ":app/", ":endpoint/")}/*" : ""
}

resource "aws_sesv2_configuration_set" "customers" {
  count = local.sends_mail ? 1 : 0

  configuration_set_name = "${local.name}-customers"

  delivery_options {
    tls_policy = "REQUIRE"
  }

  reputation_options {
    reputation_metrics_enabled = true
  }

  sending_options {
    sending_enabled = true
  }

  # Who bounced or complained is not written to again.
  suppression_options {
    suppressed_reasons = ["BOUNCE", "COMPLAINT"]
  }
}

resource "aws_sesv2_email_identity" "sender" {
  count = local.sends_mail ? 1 : 0

  email_identity = local.mail_domain
}
