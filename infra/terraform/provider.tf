# The endpoint of a local cloud comes from AWS_ENDPOINT_URL, which the provider reads by itself.
provider "aws" {
  region              = var.region
  allowed_account_ids = var.local_cloud ? null : var.allowed_account_ids

  s3_use_path_style           = var.local_cloud
  skip_credentials_validation = var.local_cloud
  skip_metadata_api_check     = var.local_cloud

  default_tags {
    tags = local.tags
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}
