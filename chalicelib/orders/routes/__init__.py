"""Routes of orders."""

from chalicelib.orders.routes import cancelling, placing, sourcing, staff
from chalicelib.orders.routes.blueprint import routes

__all__ = ["cancelling", "placing", "routes", "sourcing", "staff"]
