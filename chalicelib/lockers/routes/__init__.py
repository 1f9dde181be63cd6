"""Routes of lockers: for shoppers, staff, administrators, and our own functions."""

from chalicelib.lockers.routes import cabinets, configuration, devices, drop_offs, pickups, shoppers, sites, staff
from chalicelib.lockers.routes.blueprint import routes

__all__ = ["cabinets", "configuration", "devices", "drop_offs", "pickups", "routes", "shoppers", "sites", "staff"]
