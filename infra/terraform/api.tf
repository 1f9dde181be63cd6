# Where the API is reached, for functions that hand out links to it. Chalice makes the API when Terraform has run, so the value is
# put in after it (infra/local/after_deploy.py): the public URL where there is one, else what API Gateway gave.
resource "aws_ssm_parameter" "api_url" {
  #checkov:skip=CKV2_AWS_34:an address that everybody knows
  name  = "/${local.app}/${var.stage}/api-url"
  type  = "String"
  value = "unset"

  lifecycle {
    ignore_changes = [value]
  }
}
