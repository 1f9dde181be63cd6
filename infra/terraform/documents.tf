# What suppliers show: uploaded to this bucket directly, by a form that the API signs, and read by operators through addresses that
# it signs. Nothing else reaches it.
locals {
  keep_documents = {
    sid       = "KeepDocuments"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${local.arn.documents}/suppliers/*"]
  }

  # Without it S3 says of a document that is not there that it is forbidden.
  find_documents = {
    sid       = "FindDocuments"
    actions   = ["s3:ListBucket"]
    resources = [local.arn.documents]
  }

  use_documents_key = {
    sid        = "UseDocumentsKey"
    actions    = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources  = [module.key["data"].arn]
    conditions = local.through.s3
  }
}

resource "aws_s3_bucket" "documents" {
  #checkov:skip=CKV_AWS_144:A document that is lost can be uploaded again
  #checkov:skip=CKV_AWS_18:Who reads what stands in CloudTrail, where data events of the bucket can be switched on
  #checkov:skip=CKV2_AWS_62:The API is told when an upload is complete
  bucket        = local.documents_bucket
  force_destroy = !var.deletion_protection
}

resource "aws_s3_bucket_public_access_block" "documents" {
  bucket = aws_s3_bucket.documents.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "documents" {
  bucket = aws_s3_bucket.documents.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = module.key["data"].arn
    }
  }
}

resource "aws_s3_bucket_versioning" "documents" {
  bucket = aws_s3_bucket.documents.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_policy" "documents" {
  bucket = aws_s3_bucket.documents.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [local.arn.documents, "${local.arn.documents}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

# Browsers post documents here from the pages of these origins.
resource "aws_s3_bucket_cors_configuration" "documents" {
  count = length(var.portal_origins) > 0 ? 1 : 0

  bucket = aws_s3_bucket.documents.id

  cors_rule {
    allowed_methods = ["GET", "POST"]
    allowed_origins = sort(var.portal_origins)
    allowed_headers = ["*"]
    max_age_seconds = 600
  }
}

# The local cloud takes most of a minute for it, and lives no longer than a day.
resource "aws_s3_bucket_lifecycle_configuration" "documents" {
  count = var.local_cloud ? 0 : 1

  bucket = aws_s3_bucket.documents.id

  rule {
    id     = "clean-up"
    status = "Enabled"

    filter {
      prefix = "suppliers/"
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}
