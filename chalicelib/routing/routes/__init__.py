"""Routes of routing: for suppliers, and for the operator."""

from chalicelib.routing.routes import operators, suppliers
from chalicelib.routing.routes.blueprint import routes

__all__ = ["operators", "routes", "suppliers"]
