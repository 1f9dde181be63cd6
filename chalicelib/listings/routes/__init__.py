"""Routes of listings."""

from chalicelib.listings.routes import configuration, listings, offers, states
from chalicelib.listings.routes.blueprint import routes

__all__ = ["configuration", "listings", "offers", "routes", "states"]
