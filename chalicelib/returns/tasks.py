"""Tasks of returns for the workflow return-order."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.tasks import Outcome, Tasks
from chalicelib.returns import service

functions = Blueprint(__name__)
tasks = Tasks("returns")


@tasks.task
def issue_label(order_id: str, return_id: str, by: Principal) -> Outcome:
    """Get the label that the goods are sent with."""
    return service.issue_label(return_id, by)


@tasks.task
def await_goods(order_id: str, return_id: str, seen: int, task_token: str, by: Principal) -> Outcome:
    """Keep the token: the workflow waits until goods were inspected, or none are to come."""
    service.await_goods(return_id, seen, task_token)
    return {"outcome": "waiting"}


@tasks.task
def expire_return(order_id: str, return_id: str, by: Principal) -> Outcome:
    """Give up what did not come in time."""
    return service.give_up_missing(return_id, by)


@tasks.task
def place_exchange(order_id: str, return_id: str, by: Principal) -> Outcome:
    """Order the replacement, or refund what came back."""
    return service.place_exchange(return_id, by)


@functions.lambda_function(name="returns-tasks")
def returns_tasks(event: dict[str, Any], context: object) -> Outcome:
    """Trigger: Step Functions return-order, state WaitForGoods of which waits for a task token."""
    return tasks.run(event)
