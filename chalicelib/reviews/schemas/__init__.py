"""What callers send and get of review cases."""

from chalicelib.reviews.schemas.commands import (
    AssignCase,
    CasesQuery,
    CommentOnCase,
    CorrectCase,
    DecideCase,
    EscalateCase,
    ReviewDeadlinesBody,
)
from chalicelib.reviews.schemas.views import CaseFileView, CaseSummary, CaseView, ReviewDeadlinesView

__all__ = [
    "AssignCase",
    "CaseFileView",
    "CaseSummary",
    "CaseView",
    "CasesQuery",
    "CommentOnCase",
    "CorrectCase",
    "DecideCase",
    "EscalateCase",
    "ReviewDeadlinesBody",
    "ReviewDeadlinesView",
]
