"""The blueprint that all routes of listings hang on."""

from chalicelib.core.http import Routes

routes = Routes(__name__, "listings")
SCOPES = ("suppliers.self", "suppliers.write")
OPERATOR_SCOPE = "suppliers.write"
