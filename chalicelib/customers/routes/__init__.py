"""Routes of customers: `me` for a signed-in user, `customers` for staff; both lead to the same use cases."""

from chalicelib.customers.routes import addresses, consents, forgetting, profile, proofs
from chalicelib.customers.routes.common import routes

__all__ = ["addresses", "consents", "forgetting", "profile", "proofs", "routes"]
