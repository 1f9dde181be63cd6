"""Routes of manual review, for whoever runs the marketplace."""

from chalicelib.reviews.routes import cases, deadlines, decisions, subjects
from chalicelib.reviews.routes.blueprint import routes

__all__ = ["cases", "deadlines", "decisions", "routes", "subjects"]
