# Who calls the API. It accepts access tokens only: a user's carries aws.cognito.signin.user.admin and the groups,
# a machine's carries scopes of the resource server.
locals {
  groups = {
    shopper   = "Buys"
    associate = "Serves in a store or a warehouse"
    supplier  = "Supplies products"
    admin     = "Runs the shop"
  }

  scopes = {
    "catalog.write"    = "Write products, prices and categories"
    "inventory.write"  = "Write stock and locations"
    "customers.read"   = "Read every customer"
    "customers.write"  = "Enter and change customers"
    "carts.write"      = "Fill and order the carts of customers"
    "orders.read"      = "Read every order"
    "orders.write"     = "Place and change orders"
    "fulfilment.write" = "Write what became of fulfilments"
    "lockers.write"    = "Run locker sites and what lies in them"
    "webhooks.write"   = "Subscribe to events"
    "promotions.write" = "Write promotions and coupon codes"
    "payments.credit"  = "Issue gift cards and grant store credit"
    "payments.refund"  = "Ask for refunds"
    "returns.write"    = "Announce, receive and inspect returns"
    "suppliers.self"   = "Act for the supplier that the client belongs to"
    "suppliers.write"  = "Run the marketplace: suppliers, their products, reviews"
    "ledger.write"     = "Read the marketplace's books, pay suppliers"
  }
}

resource "aws_cognito_user_pool" "this" {
  name                     = local.name
  username_attributes      = ["email"]
  auto_verified_attributes = ["email"]
  deletion_protection      = var.deletion_protection ? "ACTIVE" : "INACTIVE"

  username_configuration {
    case_sensitive = false
  }

  password_policy {
    minimum_length                   = 12
    require_lowercase                = true
    require_numbers                  = true
    require_symbols                  = true
    require_uppercase                = true
    temporary_password_validity_days = 3
  }

  account_recovery_setting {
    recovery_mechanism {
      name     = "verified_email"
      priority = 1
    }
  }
}

resource "aws_cognito_user_group" "this" {
  for_each = local.groups

  name         = each.key
  description  = each.value
  user_pool_id = aws_cognito_user_pool.this.id
}

resource "aws_cognito_resource_server" "this" {
  identifier   = local.app
  name         = local.app
  user_pool_id = aws_cognito_user_pool.this.id

  dynamic "scope" {
    for_each = local.scopes

    content {
      scope_name        = scope.key
      scope_description = scope.value
    }
  }
}

# Where machine clients fetch their tokens: https://<domain>.auth.<region>.amazoncognito.com/oauth2/token
resource "aws_cognito_user_pool_domain" "this" {
  domain       = coalesce(var.user_pool_domain_prefix, "${local.name}-${local.account_id}")
  user_pool_id = aws_cognito_user_pool.this.id
}

# Storefronts and tills hold no secret. Their users sign in through the API of Cognito, not through its pages, which
# is what puts aws.cognito.signin.user.admin into the access token.
resource "aws_cognito_user_pool_client" "users" {
  name         = "${local.name}-users"
  user_pool_id = aws_cognito_user_pool.this.id

  generate_secret               = false
  explicit_auth_flows           = ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"]
  prevent_user_existence_errors = "ENABLED"
  enable_token_revocation       = true

  access_token_validity  = 60
  id_token_validity      = 60
  refresh_token_validity = 30

  token_validity_units {
    access_token  = "minutes"
    id_token      = "minutes"
    refresh_token = "days"
  }
}

resource "aws_cognito_user_pool_client" "machines" {
  name         = "${local.name}-machines"
  user_pool_id = aws_cognito_user_pool.this.id

  generate_secret                      = true
  allowed_oauth_flows                  = ["client_credentials"]
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_scopes                 = sort(aws_cognito_resource_server.this.scope_identifiers)
  explicit_auth_flows                  = ["ALLOW_REFRESH_TOKEN_AUTH"]
  prevent_user_existence_errors        = "ENABLED"
  enable_token_revocation              = true

  access_token_validity = 60

  token_validity_units {
    access_token = "minutes"
  }
}
