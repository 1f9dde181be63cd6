"""Scheduled work of reviews."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.tasks import Outcome, Tasks
from chalicelib.reviews import service

SECONDS = 40.0
"""What one run takes at most: it is over long before the next one starts, five minutes later."""

functions = Blueprint(__name__)
tasks = Tasks("reviews")


@tasks.task
def escalate_overdue_cases(by: Principal) -> Outcome:
    """Take overdue cases a level up; what is not reached or fails comes again with the next run."""
    counts = service.escalate_overdue(by, within=SECONDS)
    return {"outcome": "done" if not (counts["failed"] or counts["left"]) else "continues", **counts}


@functions.lambda_function(name="reviews-tasks")
def reviews_tasks(event: dict[str, Any], context: object) -> Outcome:
    """Trigger: EventBridge Scheduler, every five minutes, with `{"task": "escalate_overdue_cases"}`."""
    return tasks.run(event)
