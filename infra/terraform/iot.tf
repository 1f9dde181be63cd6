# Cabinets of lockers: what one may say and hear over MQTT, where what it says goes, and how a new one gets its certificate.
# A cabinet's id is its thing's name and its client id; chalicelib/lockers/schemas/messages.py says what is in a message.
locals {
  topic_root = "${local.app}/${var.stage}/cabinets"

  # What a cabinet says, by channel.
  cabinet_channels = ["acknowledgements", "codes", "doors", "heartbeats", "journal", "status"]

  # Filled in by AWS IoT from the thing that the certificate is attached to, so one policy is every cabinet's.
  this_cabinet = "$${iot:Connection.Thing.ThingName}"

  # By name after aisle-<stage>-lockers-. AWS IoT takes 2048 characters, so what is listed is what matters: which channels.
  iot_policies = {
    # What is not said is denied: other cabinets' topics, rules by their name ($aws/rules/…), deleting the shadow.
    cabinet = [
      {
        Effect    = "Allow"
        Action    = "iot:Connect"
        Resource  = "${local.arn.iot}client/${local.this_cabinet}"
        Condition = { Bool = { "iot:Connection.Thing.IsAttached" = "true" } }
      },
      {
        Effect = "Allow"
        Action = "iot:Publish"
        Resource = concat(
          [for channel in local.cabinet_channels : "${local.arn.iot}topic/${local.topic_root}/${local.this_cabinet}/up/${channel}"],
          [for verb in ["get", "update"] : "${local.arn.iot}topic/$aws/things/${local.this_cabinet}/shadow/${verb}"],
        )
      },
      {
        Effect   = "Allow"
        Action   = "iot:Subscribe"
        Resource = [for topic in local.told : "${local.arn.iot}topicfilter/${topic}"]
      },
      {
        Effect   = "Allow"
        Action   = "iot:Receive"
        Resource = [for topic in local.told : "${local.arn.iot}topic/${topic}"]
      },
    ]
    # The certificate that cabinets leave the factory with opens nothing but fleet provisioning. Its client ids begin with
    # claim-: under a cabinet's own id it would throw that cabinet out.
    claim = [
      {
        Effect   = "Allow"
        Action   = "iot:Connect"
        Resource = "${local.arn.iot}client/claim-*"
      },
      {
        Effect   = "Allow"
        Action   = ["iot:Publish", "iot:Receive"]
        Resource = [for topic in local.provisioning_topics : "${local.arn.iot}topic/${topic}"]
      },
      {
        Effect   = "Allow"
        Action   = "iot:Subscribe"
        Resource = [for topic in local.provisioning_topics : "${local.arn.iot}topicfilter/${topic}"]
      },
    ]
  }

  told                = ["${local.topic_root}/${local.this_cabinet}/down/*", "$aws/things/${local.this_cabinet}/shadow/*"]
  provisioning_topics = ["$aws/certificates/create*", "$aws/provisioning-templates/${local.name}-lockers/provision/*"]

  # AWS IoT's own names allow no hyphens.
  iot_rule_prefix = "${replace(local.name, "-", "_")}_lockers_"

  # By name after aisle_<stage>_lockers_. Every one passes on the same fields:
  #   message      what was sent, in base64: https://docs.aws.amazon.com/iot/latest/developerguide/binary-payloads.html
  #   cabinet_id   from the topic, which the broker held against the sender's policy
  #   channel      from the topic; `presence` for what the broker itself says of a connection
  #   client_id    who sent it
  #   received_at  when the broker had it, in milliseconds since 1970
  # `SELECT *, topic(4) AS cabinet_id` would put them beside what the sender chose to call cabinet_id, and which of the two
  # stays is nowhere said; `* AS message` is not documented. Encoded, the message can forge nothing, and may be no JSON at all.
  # No rule writes to CloudWatch: codes open doors.
  iot_rules = merge(
    {
      cabinet_messages = {
        description = "What cabinets say, but for codes."
        queue       = "lockers-cabinet-messages"
        sql         = "SELECT ${local.selected.cabinet} FROM '${local.topic_root}/+/up/+' WHERE topic(6) <> 'codes'"
      }
      keyed_codes = {
        description = "Codes that somebody typed, or had read, at a cabinet."
        queue       = "lockers-keyed-codes"
        sql         = "SELECT ${local.selected.cabinet} FROM '${local.topic_root}/+/up/codes'"
      }
    },
    # Every stage of the account hears of every client: whose cabinet it is, the consumer knows.
    { for event in ["connected", "disconnected"] : event => {
      description = "Cabinets that have ${event}."
      queue       = "lockers-cabinet-messages"
      sql         = "SELECT ${local.selected.presence} FROM '$aws/events/presence/${event}/+' WHERE regexp_matches(topic(5), '^cab_')"
    } },
  )

  selected = {
    cabinet  = "encode(*, 'base64') AS message, topic(4) AS cabinet_id, topic(6) AS channel, clientid() AS client_id, timestamp() AS received_at"
    presence = "encode(*, 'base64') AS message, topic(5) AS cabinet_id, 'presence' AS channel, topic(5) AS client_id, timestamp() AS received_at"
  }

  provisioning_template = {
    Parameters = { for name in ["CabinetId", "SerialNumber", "ActivationCode"] : name => { Type = "String" } }
    Resources = {
      thing = {
        Type       = "AWS::IoT::Thing"
        Properties = { ThingName = { Ref = "CabinetId" }, ThingTypeName = aws_iot_thing_type.locker_cabinet.name }
      }
      certificate = {
        Type       = "AWS::IoT::Certificate"
        Properties = { CertificateId = { Ref = "AWS::IoT::Certificate::Id" }, Status = "ACTIVE" }
      }
      policy = {
        Type       = "AWS::IoT::Policy"
        Properties = { PolicyName = "${local.name}-lockers-cabinet" }
      }
    }
  }

  # Where functions reach AWS IoT's data plane; null on a local cloud, where AWS_ENDPOINT_URL says it.
  iot_endpoint = one([for endpoint in data.aws_iot_endpoint.data : "https://${endpoint.endpoint_address}"])
}

data "aws_iot_endpoint" "data" {
  count = var.local_cloud ? 0 : 1

  endpoint_type = "iot:Data-ATS"
}

resource "aws_iot_thing_type" "locker_cabinet" {
  name = "${local.name}-locker-cabinet"

  properties {
    description = "A box with compartments, a keypad and one MQTT client"
  }
}

resource "aws_iot_policy" "this" {
  for_each = local.iot_policies

  name   = "${local.name}-lockers-${each.key}"
  policy = jsonencode({ Version = "2012-10-17", Statement = each.value })
}

resource "aws_iot_topic_rule" "this" {
  for_each = local.iot_rules

  name        = "${local.iot_rule_prefix}${each.key}"
  description = each.value.description
  enabled     = true
  sql         = each.value.sql
  sql_version = "2016-03-23"

  sqs {
    queue_url  = module.queue[each.value.queue].queue.url
    role_arn   = module.iot_rule_role[each.key].arn
    use_base64 = false
  }

  # Beside what the consumer gave up on, so that an operator looks in one place.
  error_action {
    sqs {
      queue_url  = module.queue[each.value.queue].dead_letter_queue.url
      role_arn   = module.iot_rule_role[each.key].arn
      use_base64 = false
    }
  }
}

module "iot_rule_role" {
  source   = "./modules/role"
  for_each = local.iot_rules

  name        = "${local.name}-lockers-rule-${replace(each.key, "_", "-")}"
  description = "Rule ${local.iot_rule_prefix}${each.key} of AWS IoT"
  service     = "iot.amazonaws.com"
  source_arn  = "${local.arn.iot}rule/${local.iot_rule_prefix}${each.key}"

  statements = [
    {
      sid       = "PassOn"
      actions   = ["sqs:SendMessage"]
      resources = [for ending in ["", "-dlq"] : "${local.arn.queue}${each.value.queue}${ending}"]
    },
    local.encrypt_message,
  ]
}

# A cabinet with the claim certificate asks for a certificate of its own, and gets it if the hook lets it. AWS IoT refuses a
# hook that it may not call, and Chalice makes that function after Terraform has run: so the template is made switched off, and
# infra/local/after_deploy.py attaches the hook and switches it on, in one call. It is never on without its hook.
resource "aws_iot_provisioning_template" "lockers" {
  name                  = "${local.name}-lockers"
  description           = "Gives a new cabinet its thing, its certificate and its policy"
  provisioning_role_arn = module.provisioning_role.arn
  enabled               = false
  template_body         = jsonencode(local.provisioning_template)

  lifecycle {
    ignore_changes = [enabled, pre_provisioning_hook]
  }
}

# What the template has AWS IoT do, and nothing else of what the managed policy AWSIoTThingsRegistration holds.
module "provisioning_role" {
  source = "./modules/role"

  name        = "${local.name}-lockers-provisioning"
  description = "Provisioning template ${local.name}-lockers of AWS IoT"
  service     = "iot.amazonaws.com"
  source_arn  = "${local.arn.iot}provisioningtemplate/${local.name}-lockers"

  statements = [
    {
      sid       = "MakeThing"
      actions   = ["iot:CreateThing", "iot:DescribeThing", "iot:UpdateThing"]
      resources = ["${local.arn.iot}thing/cab_*"]
    },
    {
      sid       = "MakeCertificate"
      actions   = ["iot:AttachPolicy", "iot:AttachPrincipalPolicy", "iot:DescribeCertificate", "iot:UpdateCertificate"]
      resources = ["${local.arn.iot}cert/*"]
    },
    # These know no resources.
    {
      sid       = "CertifyThings"
      actions   = ["iot:AttachThingPrincipal", "iot:ListPrincipalPolicies"]
      resources = ["*"]
    },
    {
      sid       = "ReadType"
      actions   = ["iot:DescribeThingType"]
      resources = ["${local.arn.iot}thingtype/${local.name}-locker-cabinet"]
    },
    {
      sid       = "ReadPolicy"
      actions   = ["iot:GetPolicy"]
      resources = ["${local.arn.iot}policy/${local.name}-lockers-cabinet"]
    },
  ]
}
