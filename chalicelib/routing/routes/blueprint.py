"""The routes of routing."""

from chalicelib.core.http import Routes

routes = Routes("chalicelib.routing.routes", "routing")
SUPPLIER_SCOPES = ("suppliers.self", "suppliers.write")
OPERATOR_SCOPES = ("suppliers.write",)
