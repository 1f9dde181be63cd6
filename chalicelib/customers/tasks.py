"""Scheduled work of customers."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.tasks import Outcome, Tasks
from chalicelib.customers import service

SECONDS = 40.0
"""What one run takes at most, so that it ends before its function does."""

functions = Blueprint(__name__)
tasks = Tasks("customers")


@tasks.task
def continue_erasures(by: Principal) -> Outcome:
    """Forget customers who asked for it, step by step; what is not reached or fails comes again with the next run."""
    counts = service.continue_erasures(by, within=SECONDS)
    return {"outcome": "done" if not (counts["failed"] or counts["left"]) else "continues", **counts}


@functions.lambda_function(name="customers-tasks")
def customers_tasks(event: dict[str, Any], context: object) -> Outcome:
    """Trigger: EventBridge Scheduler, every five minutes, with `{"task": "continue_erasures"}`."""
    return tasks.run(event)
