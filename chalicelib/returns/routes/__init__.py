"""Routes of returns: for customers and the staff, for suppliers, and of policies."""

from chalicelib.returns.routes import policies, returns, suppliers
from chalicelib.returns.routes.blueprint import routes

__all__ = ["policies", "returns", "routes", "suppliers"]
