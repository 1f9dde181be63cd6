"""The blueprint that all routes of orders belong to."""

from chalicelib.core.http import Routes

routes = Routes("chalicelib.orders.routes", "orders")
