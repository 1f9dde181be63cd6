"""What the routes of inventory are registered with."""

from chalicelib.core.http import Routes

routes = Routes("chalicelib.inventory.routes", "inventory")
SCOPE = "inventory.write"
