"""Tasks of listings for the workflow register-product."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.tasks import Outcome, Tasks
from chalicelib.listings.service import use_cases as service

functions = Blueprint(__name__)
tasks = Tasks("listings")


@tasks.task
def check_listing(listing_id: str, version: int, decided: str | None, by: Principal) -> Outcome:
    """Correct and check what was proposed; publish it when it is clean."""
    return service.check_listing(listing_id, version, decided, by)


@tasks.task
def open_listing_review(
    listing_id: str, version: int, decided: str | None, error: str | None, task_token: str, by: Principal
) -> Outcome:
    """Keep the token: the workflow waits for a person's decision."""
    service.open_listing_review(listing_id, version, decided, error, task_token, by)
    return {"outcome": "waiting"}


@tasks.task
def publish_listing(listing_id: str, version: int, decided: str | None, by: Principal) -> Outcome:
    """Publish what a person approved."""
    return service.publish_listing(listing_id, version, decided, by)


@tasks.task
def reject_listing(listing_id: str, version: int, by: Principal) -> Outcome:
    """Refuse what a person rejected."""
    return service.reject_listing(listing_id, version, by)


@functions.lambda_function(name="listings-tasks")
def listings_tasks(event: dict[str, Any], context: object) -> Outcome:
    """Trigger: Step Functions register-product, state WaitForReview of which waits for a task token."""
    return tasks.run(event)
