"""Tasks of fulfilment for the workflows place-order, fulfil-part and cancel-order."""

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


@tasks.task
def recall_fulfilments(order_id: str, cancellation_id: str, recalls: list[dict[str, Any]], by: Principal) -> Outcome:
    """Tell each location what to leave out of its parcel."""
    for one in recalls:
        service.recall(one["fulfilment_id"], one["lines"], cancellation_id)
    return {"outcome": "recalled"}


@functions.lambda_function(name="fulfilment-tasks")
def fulfilment_tasks(event: dict[str, Any], context: object) -> Outcome:
    """Trigger: Step Functions place-order, fulfil-part (both wait for a task token) and cancel-order."""
    return tasks.run(event)
