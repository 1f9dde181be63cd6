"""Review cases: reading, claiming, commenting."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.reviews import service
from chalicelib.reviews.routes.blueprint import SCOPES, routes, shown
from chalicelib.reviews.schemas import (
    AssignCase,
    CaseFileView,
    CasesQuery,
    CaseSummary,
    CaseView,
    CommentOnCase,
)
from chalicelib.reviews.service import CaseClaimed, CaseClosed, TooManyChanges


@routes.endpoint(
    "GET",
    "/v1/review-cases",
    summary="List review cases",
    query=CasesQuery,
    answers={200: http.list_of(CaseSummary)},
    scopes=SCOPES,
)
def list_review_cases() -> Response:
    """Open cases with the earliest deadline first, closed ones with the latest. `open` also lists what somebody holds. `supplier_id`
    and `assignee` exclude each other; `assignee` and `overdue` go with open cases; everything else combines."""
    wanted = http.query(CasesQuery)
    page = service.list_cases(wanted.as_wanted(), wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, CaseSummary.of)


@routes.endpoint(
    "GET",
    "/v1/review-cases/{case_id}",
    summary="Read a review case",
    answers={200: CaseFileView},
    scopes=SCOPES,
)
def read_review_case(case_id: str) -> Response:
    """With findings, corrections, comments and history: who did what, when."""
    found = service.read_case(case_id, http.caller())
    return http.ok(CaseFileView.of(found), version=found.case.version)


@routes.endpoint(
    "POST",
    "/v1/review-cases/{case_id}/claims",
    summary="Claim a review case",
    answers={200: CaseView},
    scopes=SCOPES,
    idempotent=True,
    raises=[CaseClosed, CaseClaimed, TooManyChanges],
)
def claim_review_case(case_id: str) -> Response:
    """For half an hour, or half an hour more. It lapses half an hour after the last thing its holder did with the case; somebody
    else's claim is refused with who has it and until when."""
    return http.once(lambda once: service.claim_case(case_id, by=http.caller(), once=once, answer=shown()))


@routes.endpoint(
    "POST",
    "/v1/review-cases/{case_id}/releases",
    summary="Release a review case",
    answers={200: CaseView},
    scopes=SCOPES,
    idempotent=True,
    raises=[CaseClosed, CaseClaimed, TooManyChanges],
)
def release_review_case(case_id: str) -> Response:
    """Give it back, so that others may claim it. One that nobody holds stays as it is."""
    return http.once(lambda once: service.release_case(case_id, by=http.caller(), once=once, answer=shown()))


@routes.endpoint(
    "POST",
    "/v1/review-cases/{case_id}/assignments",
    summary="Assign a review case",
    body=AssignCase,
    answers={200: CaseView},
    scopes=SCOPES,
    idempotent=True,
    raises=[CaseClosed, TooManyChanges],
)
def assign_review_case(case_id: str) -> Response:
    """It stands in the assignee's list from now on, and whoever else holds it does so no longer."""
    wanted = http.body(AssignCase)
    return http.once(
        lambda once: service.assign_case(case_id, wanted.assignee, by=http.caller(), once=once, answer=shown())
    )


@routes.endpoint(
    "POST",
    "/v1/review-cases/{case_id}/comments",
    summary="Comment on a review case",
    body=CommentOnCase,
    answers={201: CaseView},
    scopes=SCOPES,
    idempotent=True,
    raises=[CaseClosed, TooManyChanges],
)
def comment_on_review_case(case_id: str) -> Response:
    """Up to 2,000 characters, for other reviewers: suppliers do not see it."""
    given = http.body(CommentOnCase)
    return http.once(
        lambda once: service.comment_on_case(case_id, given.text, by=http.caller(), once=once, answer=shown(201))
    )
