"""Tasks of fulfilment for the workflow place-order."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.tasks import Outcome, Tasks
from chalicelib.fulfilment import service

functions = Blueprint(__name__)
tasks = Tasks("fulfilment")


@tasks.task
def dispatch_fulfilment(order_id: str, fulfilment_id: str, task_token: str, by: Principal) -> Outcome:
    """Ask the warehouse to ship; the workflow then waits until it has answered."""
    return {"outcome": "dispatched", "status": service.dispatch(fulfilment_id, task_token)}


@functions.lambda_function(name="fulfilment-tasks")
def fulfilment_tasks(event: dict[str, Any], context: object) -> Outcome:
    """Trigger: Step Functions place-order, state DispatchFulfilment (waits for a task token)."""
    return tasks.run(event)
