# The one table; its keys and indexes are described in docs/architecture.md.
resource "aws_dynamodb_table" "this" {
  name         = local.name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"
  range_key    = "sk"

  deletion_protection_enabled = var.deletion_protection

  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"

  dynamic "attribute" {
    for_each = toset(concat(["pk", "sk"], flatten([for index in keys(local.indexes) : ["${index}pk", "${index}sk"]])))

    content {
      name = attribute.value
      type = "S"
    }
  }

  dynamic "global_secondary_index" {
    for_each = local.indexes

    content {
      name               = global_secondary_index.key
      hash_key           = "${global_secondary_index.key}pk"
      range_key          = "${global_secondary_index.key}sk"
      projection_type    = global_secondary_index.value.projection
      non_key_attributes = global_secondary_index.value.attributes
    }
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = module.key["data"].arn
  }
}

locals {
  indexes = {
    gsi1 = { projection = "INCLUDE", attributes = ["summary"] }
    gsi2 = { projection = "INCLUDE", attributes = ["summary"] }
    gsi3 = { projection = "KEYS_ONLY", attributes = null }
  }
}
