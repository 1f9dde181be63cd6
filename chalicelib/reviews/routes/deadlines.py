"""Until when cases are to be decided."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.reviews import service
from chalicelib.reviews.routes.blueprint import SCOPES, routes
from chalicelib.reviews.schemas import ReviewDeadlinesBody, ReviewDeadlinesView


@routes.endpoint(
    "GET",
    "/v1/review-settings",
    summary="Read the deadlines of reviews",
    answers={200: ReviewDeadlinesView},
    scopes=SCOPES,
)
def read_review_settings() -> Response:
    """Hours for a decision, by what the case is about and how grave its gravest finding is."""
    found = service.read_deadlines(http.caller())
    return http.ok(ReviewDeadlinesView.of(found), version=found.version)


@routes.endpoint(
    "PUT",
    "/v1/review-settings",
    summary="Set the deadlines of reviews",
    body=ReviewDeadlinesBody,
    answers={200: ReviewDeadlinesView},
    scopes=SCOPES,
    versioned=True,
)
def change_review_settings() -> Response:
    """For cases that are opened from now on; what is left out gets 48 hours, and 24 between escalations."""
    wanted = http.body(ReviewDeadlinesBody).as_deadlines()
    made = service.change_deadlines(wanted, http.expected_version(), http.caller())
    return http.ok(ReviewDeadlinesView.of(made), version=made.version)
