"""What the routes of customers share."""

from chalicelib.core import http
from chalicelib.core.http import Routes
from chalicelib.customers import service

routes = Routes(__name__, "customers")

READ = ["customers.read"]
WRITE = ["customers.write"]
"""Scopes of machine clients."""


def me() -> str:
    """The customer who asks; their profile is made at first use."""
    return service.enter(http.caller()).id
