"""Routes for staff, warehouse systems and tills; what can be sold, for everybody."""

from chalicelib.inventory.routes import commands, locations, reading, reservations, transfers
from chalicelib.inventory.routes.blueprint import routes

__all__ = ["commands", "locations", "reading", "reservations", "routes", "transfers"]
