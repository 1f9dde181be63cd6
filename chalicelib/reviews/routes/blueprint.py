"""The routes of reviews are declared in several modules, on one blueprint."""

from collections.abc import Callable

from chalicelib.core import http
from chalicelib.core.http import Routes
from chalicelib.core.idempotency import Answer
from chalicelib.reviews.schemas import CaseView
from chalicelib.reviews.service import OPERATOR_SCOPE, Case

routes = Routes(__name__, "reviews")
SCOPES = [OPERATOR_SCOPE]


def shown(status: int = 200) -> Callable[[Case], Answer]:
    """How commands answer: with the case as they left it."""
    return lambda case: http.answer(status, CaseView.of(case), version=case.version)
