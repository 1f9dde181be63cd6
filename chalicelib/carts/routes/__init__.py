"""Routes of carts: `/v1/carts` for customers and those who serve, `/v1/guest-carts` for guests with the token of a cart.

They are two because the gateway checks an account's token on the former and has nothing to check on the latter.
"""

from chalicelib.carts.routes import customers, guests
from chalicelib.carts.routes.blueprint import routes

__all__ = ["customers", "guests", "routes"]
