"""Tasks of lockers for the workflow hold-for-pickup, and by the clock."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.tasks import Outcome, Tasks
from chalicelib.lockers import service

functions = Blueprint(__name__)
tasks = Tasks("lockers")


@tasks.task
def hold_pickup(order_id: str, pickup_id: str, by: Principal) -> Outcome:
    """Remind the shopper, or let the order expire, when it is time."""
    return service.hold_pickup(pickup_id, by)


@tasks.task
def await_clearing(order_id: str, pickup_id: str, task_token: str, by: Principal) -> Outcome:
    """Keep the token: the workflow waits until staff has taken out what was in."""
    service.await_clearing(pickup_id, task_token)
    return {"outcome": "waiting"}


@tasks.task
def serve_waitlist(by: Principal) -> Outcome:
    """Find compartments for those who wait for some."""
    return {"outcome": "done", "served": service.serve_waitlist(None, by)}


@tasks.task
def watch_cabinets(by: Principal) -> Outcome:
    """Notice cabinets that have fallen silent."""
    return {"outcome": "done", "lost": service.watch_cabinets()}


@functions.lambda_function(name="lockers-tasks")
def lockers_tasks(event: dict[str, Any], context: object) -> Outcome:
    """Trigger: Step Functions hold-for-pickup, state AwaitClearing of which waits for a task token; EventBridge Scheduler, each
    minute, for the waiting list and for silent cabinets."""
    return tasks.run(event)


@functions.lambda_function(name="lockers-provisioning-hook")
def lockers_provisioning_hook(event: dict[str, Any], context: object) -> dict[str, bool]:
    """Trigger: AWS IoT, before a device that came with a claim certificate gets one of its own."""
    return {"allowProvisioning": service.allow_provisioning(event["certificateId"], event["parameters"])}
