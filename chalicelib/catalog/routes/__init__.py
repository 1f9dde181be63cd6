"""Routes of the catalogue: its categories, products and variants, and bulk imports."""

from chalicelib.catalog.routes import categories, imports, products, variants
from chalicelib.catalog.routes.blueprint import routes

__all__ = ["categories", "imports", "products", "routes", "variants"]
