# State is kept in this directory unless env/prod.backend.tf.example is copied to backend_override.tf, which
# git ignores; that moves it to an encrypted and locked S3 object.
terraform {
  required_version = ">= 1.10, < 2.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.98, < 6.0"
    }
  }
}
