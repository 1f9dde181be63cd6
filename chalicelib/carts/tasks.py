"""Scheduled work of carts."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.carts import service
from chalicelib.core.auth import Principal
from chalicelib.core.tasks import Outcome, Tasks

SECONDS = 40.0
"""What one run takes at most: it is over long before the next one starts, five minutes later."""

functions = Blueprint(__name__)
tasks = Tasks("carts")


@tasks.task
def abandon_idle_carts(by: Principal) -> Outcome:
    """Tell of carts that nobody has changed for a day; what is not reached or fails comes again with the next run."""
    counts = service.abandon_idle(by, within=SECONDS)
    return {"outcome": "done" if not (counts["failed"] or counts["left"]) else "continues", **counts}


@functions.lambda_function(name="carts-tasks")
def carts_tasks(event: dict[str, Any], context: object) -> Outcome:
    """Trigger: EventBridge Scheduler, every five minutes, with `{"task": "abandon_idle_carts"}`."""
    return tasks.run(event)
