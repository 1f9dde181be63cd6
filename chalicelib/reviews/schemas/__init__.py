"""What callers send and get of review cases."""

from chalicelib.reviews.schemas.commands import (
    AssignmentBody,
    CasesQuery,
    CommentBody,
    CorrectionBody,
    DeadlinesBody,
    DecisionBody,
    ReasonBody,
)
from chalicelib.reviews.schemas.views import CaseFileView, CaseSummary, CaseView, DeadlinesView

__all__ = [
    "AssignmentBody",
    "CaseFileView",
    "CaseSummary",
    "CaseView",
    "CasesQuery",
    "CommentBody",
    "CorrectionBody",
    "DeadlinesBody",
    "DeadlinesView",
    "DecisionBody",
    "ReasonBody",
]
