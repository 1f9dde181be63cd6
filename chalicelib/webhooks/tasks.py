"""Scheduled work of webhooks."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.tasks import Outcome, Tasks
from chalicelib.webhooks import service

SECONDS = 40.0
"""What one run takes at most: it is over before the next one starts, a minute later."""

functions = Blueprint(__name__)
tasks = Tasks("webhooks")


@tasks.task
def send_due_deliveries(by: Principal) -> Outcome:
    """Ask for the attempts whose time has come; what is not reached or fails comes again with the next run."""
    counts = service.send_due(within=SECONDS)
    return {"outcome": "done" if not (counts["failed"] or counts["left"]) else "continues", **counts}


@functions.lambda_function(name="webhooks-tasks")
def webhooks_tasks(event: dict[str, Any], context: object) -> Outcome:
    """Trigger: EventBridge Scheduler, each minute, with `{"task": "send_due_deliveries"}`."""
    return tasks.run(event)
