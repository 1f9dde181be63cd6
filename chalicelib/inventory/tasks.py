"""Scheduled work of inventory."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.tasks import Outcome, Tasks
from chalicelib.inventory import service

SECONDS = 40.0
"""What one run takes at most: it is over before the next one starts, a minute later."""

functions = Blueprint(__name__)
tasks = Tasks("inventory")


@tasks.task
def release_expired_reservations(by: Principal) -> Outcome:
    """Give back what is held past its time; what is not reached or fails comes again with the next run."""
    counts = service.release_expired(by, within=SECONDS)
    return {"outcome": "done" if not (counts["failed"] or counts["left"]) else "continues", **counts}


@tasks.task
def level_split_stock(by: Principal) -> Outcome:
    """Level the rows of split stock; what is not reached or too busy comes again with the next run."""
    counts = service.level_split_stock(within=SECONDS)
    return {"outcome": "done" if not (counts["failed"] or counts["left"]) else "continues", **counts}


@functions.lambda_function(name="inventory-tasks")
def inventory_tasks(event: dict[str, Any], context: object) -> Outcome:
    """Trigger: EventBridge Scheduler, each minute, once for each task."""
    return tasks.run(event)
