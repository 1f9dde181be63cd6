"""Routes of orders."""

from chalicelib.orders.routes import availability, cancelling, placing, sourcing, staff
from chalicelib.orders.routes.blueprint import routes

__all__ = ["availability", "cancelling", "placing", "routes", "sourcing", "staff"]
