# Files of suppliers: posted to this bucket by a form that the API signs, read and judged by the tasks of feeds, and their results
# read through addresses that the API signs. Nothing else reaches it, and nothing stays.
locals {
  feeds_bucket = "${local.name}-feeds-${local.account_id}"
  feeds_arn    = "arn:${local.partition}:s3:::${local.feeds_bucket}"

  # The API signs for suppliers: they write their file, and read what became of it.
  show_feeds = [
    {
      sid       = "SendFeeds"
      actions   = ["s3:GetObject", "s3:PutObject"]
      resources = ["${local.feeds_arn}/uploads/*"]
    },
    {
      sid       = "ReadFeedResults"
      actions   = ["s3:GetObject"]
      resources = ["${local.feeds_arn}/results/*"]
    },
    local.find_feed_files,
    local.use_feeds_key,
  ]

  take_feeds = [
    {
      sid       = "ReadFeeds"
      actions   = ["s3:GetObject"]
      resources = ["${local.feeds_arn}/uploads/*"]
    },
    {
      sid       = "KeepFeedWork"
      actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
      resources = ["${local.feeds_arn}/work/*", "${local.feeds_arn}/results/*"]
    },
    local.find_feed_files,
    local.use_feeds_key,
  ]

  # Without it S3 says of a file that is not there that it is forbidden.
  find_feed_files = {
    sid       = "FindFeedFiles"
    actions   = ["s3:ListBucket"]
    resources = [local.feeds_arn]
  }

  use_feeds_key = {
    sid        = "UseFeedsKey"
    actions    = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources  = [module.key["data"].arn]
    conditions = local.through.s3
  }
}

resource "aws_s3_bucket" "feeds" {
  #checkov:skip=CKV_AWS_144:A file that is lost is sent again
  #checkov:skip=CKV_AWS_18:Who reads what stands in CloudTrail, where data events of the bucket can be switched on
  #checkov:skip=CKV_AWS_21:A file is written once and goes after 30 days; older versions would only keep what was to go
  #checkov:skip=CKV2_AWS_62:The API is told when an upload is complete
  bucket        = local.feeds_bucket
  force_destroy = !var.deletion_protection
}

resource "aws_s3_bucket_public_access_block" "feeds" {
  bucket = aws_s3_bucket.feeds.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "feeds" {
  bucket = aws_s3_bucket.feeds.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = module.key["data"].arn
    }
  }
}

resource "aws_s3_bucket_policy" "feeds" {
  bucket = aws_s3_bucket.feeds.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [local.feeds_arn, "${local.feeds_arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

# Browsers post files here, and read results, from the pages of these origins.
resource "aws_s3_bucket_cors_configuration" "feeds" {
  count = length(var.portal_origins) > 0 ? 1 : 0

  bucket = aws_s3_bucket.feeds.id

  cors_rule {
    allowed_methods = ["GET", "POST"]
    allowed_origins = sort(var.portal_origins)
    allowed_headers = ["*"]
    max_age_seconds = 600
  }
}

# The local cloud takes most of a minute for it, and lives no longer than a day.
resource "aws_s3_bucket_lifecycle_configuration" "feeds" {
  count = var.local_cloud ? 0 : 1

  bucket = aws_s3_bucket.feeds.id

  rule {
    id     = "clean-up"
    status = "Enabled"

    filter {}

    expiration {
      days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}
