"""The routes of lockers."""

from chalicelib.core.http import Routes

routes = Routes(__name__, "lockers")
SCOPE = "lockers.write"
