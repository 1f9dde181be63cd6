"""Routes of suppliers: for whoever applies, for suppliers, and for the operator."""

from chalicelib.suppliers.routes import documents, endpoints, entering, life, requirements
from chalicelib.suppliers.routes.blueprint import routes

__all__ = ["documents", "endpoints", "entering", "life", "requirements", "routes"]
