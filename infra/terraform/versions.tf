# State is kept in this directory unless env/prod.backend.tf.example is copied to backend_override.tf, which
# git ignores; that moves it to an encrypted and locked S3 object. Locking there needs Terraform 1.10, and
# `terraform test`, whose provider is mocked, 1.7.
terraform {
  required_version = ">= 1.5, < 2.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.98, < 6.0"
    }
  }
}
