"""The routes of returns."""

from chalicelib.core.http import Routes

routes = Routes("chalicelib.returns.routes", "returns")
SCOPE = "returns.write"
SUPPLIER_SCOPES = ("suppliers.self", "suppliers.write")
