"""Tasks of routing for the workflow route-order."""

from datetime import datetime
from typing import Any

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.tasks import Outcome, Tasks
from chalicelib.orders import service as orders
from chalicelib.routing.service import use_cases as service

functions = Blueprint(__name__)
tasks = Tasks("routing")


@tasks.task
def offer_order(order_id: str, allocation_id: str, by: Principal) -> Outcome:
    """Ask the supplier whether it ships the allocation."""
    return service.offer_order(allocation_id, by)


@tasks.task
def ask_supplier(order_id: str, allocation_id: str, by: Principal) -> Outcome:
    """Ask the supplier what it has said."""
    return service.ask_supplier(allocation_id, by)


@tasks.task
def await_answer(order_id: str, allocation_id: str, task_token: str, by: Principal) -> Outcome:
    """Keep the token: the workflow waits until the allocation is answered or called off."""
    service.await_answer(allocation_id, task_token)
    return {"outcome": "waiting"}


@tasks.task
def settle_allocation(order_id: str, allocation_id: str, by: Principal) -> Outcome:
    """Have the answer, or the deadline, take effect on the order."""
    return service.settle_allocation(allocation_id, orders.decline_units, by)


@tasks.task
def tell_supplier(order_id: str, allocation_id: str, since: str, by: Principal) -> Outcome:
    """Tell the supplier what it has not heard of yet; `since` is when the execution began."""
    return service.tell_supplier(allocation_id, datetime.fromisoformat(since), by)


@functions.lambda_function(name="routing-tasks")
def routing_tasks(event: dict[str, Any], context: object) -> Outcome:
    """Trigger: Step Functions route-order, state AwaitAnswer of which waits for a task token."""
    return tasks.run(event)
