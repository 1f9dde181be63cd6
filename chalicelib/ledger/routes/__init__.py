"""Routes of the books: what the operator settles, what everybody reads, and payouts."""

from chalicelib.ledger.routes import books, payouts, settings
from chalicelib.ledger.routes.blueprint import routes

__all__ = ["books", "payouts", "routes", "settings"]
