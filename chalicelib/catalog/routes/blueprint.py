"""What the routes of the catalogue are registered with."""

from chalicelib.core.http import Routes

routes = Routes("chalicelib.catalog.routes", "catalog")
SCOPE = "catalog.write"
