# One key per kind of reader, so that a role which may read a queue can for that reason read nothing else.
# The bus and the pipe keep AWS-owned keys: what they carry rests on the stream and in the queues.
locals {
  keys = {
    data = {
      description = "Table ${local.name} and the task tokens parked in it"
      # DynamoDB uses the caller's permission through kms:ViaService and its own grants.
    }
    messages = {
      description = "Queues and topics of ${local.name}"
      services = {
        # Neither sends aws:SourceArn or aws:SourceAccount along to KMS in every case, and a denial would be silent:
        # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html. The policies of the queues and the topic,
        # which are checked first, say on whose behalf they may send.
        EventBridgeToQueues = {
          principal = "events.amazonaws.com"
          actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
        }
        AlarmsToTopic = {
          principal = "cloudwatch.amazonaws.com"
          actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
        }
      }
      principals = {
        WarehouseThroughQueues = {
          arns    = var.warehouse_principals
          actions = ["kms:Decrypt", "kms:GenerateDataKey"]
        }
        ReviewersThroughQueues = {
          arns    = var.reviewer_principals
          actions = ["kms:Decrypt"]
        }
      }
    }
    logs = {
      description = "Log groups of ${local.name}"
      services = {
        LogGroups = {
          principal = "logs.${var.region}.amazonaws.com"
          actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
          conditions = {
            ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "${local.arn.log_group}/aws/*/${local.name}*" }
          }
        }
      }
    }
    cursors = {
      description = "Page cursors that the API of ${local.name} hands out"
      kind        = "hmac"
    }
    # Never to be replaced: e-mail addresses and phone numbers are found by what was derived from it.
    contacts = {
      description = "Hashes of e-mail addresses and phone numbers in table ${local.name}, and codes that prove them"
      kind        = "hmac"
    }
    # A card is found by the keyed hash of its code, so this key lives as long as the cards.
    codes = {
      description = "Codes of the gift cards of ${local.name}"
      kind        = "hmac"
    }
    # A parcel is found by the keyed hash of its passcode, so this key lives as long as anything waits in a locker.
    passcodes = {
      description = "Passcodes of lockers in table ${local.name}, and keys of cabinets for when they are offline"
      kind        = "hmac"
    }
    # Cabinets hold its public half, by its id: a second one can sign beside it until all have heard of it.
    grants = {
      description = "Permissions of ${local.name} to open lockers that are offline"
      kind        = "signing"
    }
  }
}

module "key" {
  source   = "./modules/key"
  for_each = local.keys

  alias                = "${local.name}-${each.key}"
  description          = each.value.description
  account_root_arn     = "arn:${local.partition}:iam::${local.account_id}:root"
  kind                 = try(each.value.kind, "encryption")
  services             = try(each.value.services, {})
  principals           = try(each.value.principals, {})
  deletion_window_days = var.key_deletion_window_days
}
