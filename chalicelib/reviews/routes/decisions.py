"""Review cases: correcting, deciding, escalating."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import Stale
from chalicelib.reviews import service
from chalicelib.reviews.routes.blueprint import SCOPES, routes, shown
from chalicelib.reviews.routes.subjects import REFUSALS, NotCorrectable, owner_of
from chalicelib.reviews.schemas import CaseView, CorrectCase, DecideCase, EscalateCase
from chalicelib.reviews.service import CaseClaimed, CaseClosed, EscalatedFully, TooManyChanges


@routes.endpoint(
    "POST",
    "/v1/review-cases/{case_id}/corrections",
    summary="Correct what is reviewed",
    body=CorrectCase,
    answers={200: CaseView},
    scopes=SCOPES,
    idempotent=True,
    raises=[CaseClosed, CaseClaimed, TooManyChanges, NotCorrectable, Stale, *REFUSALS],
)
def correct_reviewed_subject(case_id: str) -> Response:
    """Up to 20 fields of the supplier or listing, by JSON pointer, written together with the case. 412 when it is at another version
    than `expected_subject_version`. The case stays open: decide `revalidate` to have the validators look again."""
    given = http.body(CorrectCase)
    return http.once(
        lambda once: service.correct_subject(
            case_id,
            given.changes(),
            expected_subject_version=given.expected_subject_version,
            owner_of=owner_of,
            by=http.caller(),
            once=once,
            answer=shown(),
        )
    )


@routes.endpoint(
    "POST",
    "/v1/review-cases/{case_id}/decisions",
    summary="Decide a review case",
    body=DecideCase,
    answers={200: CaseView},
    scopes=SCOPES,
    idempotent=True,
    raises=[CaseClosed, CaseClaimed, Stale],
)
def decide_review_case(case_id: str) -> Response:
    """Once and for all. Whoever holds the case may, or anybody while nobody does; 412 when something was commented, corrected or
    escalated since `expected_version`."""
    given = http.body(DecideCase)
    return http.once(
        lambda once: service.decide_case(
            case_id,
            given.decision,
            given.reason,
            expected_version=given.expected_version,
            by=http.caller(),
            once=once,
            answer=shown(),
        )
    )


@routes.endpoint(
    "POST",
    "/v1/review-cases/{case_id}/escalations",
    summary="Escalate a review case",
    body=EscalateCase,
    answers={200: CaseView},
    scopes=SCOPES,
    idempotent=True,
    raises=[CaseClosed, EscalatedFully],
)
def escalate_review_case(case_id: str) -> Response:
    """One level up, of three. Overdue cases go up by themselves."""
    given = http.body(EscalateCase)
    return http.once(
        lambda once: service.escalate_case(case_id, given.reason, by=http.caller(), once=once, answer=shown())
    )
