"""Tasks of payments for workflows; do and undo side by side."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.tasks import Outcome, Tasks
from chalicelib.payments import service

functions = Blueprint(__name__)
tasks = Tasks("payments")


@tasks.task
def authorise_payment(order_id: str, by: Principal) -> Outcome:
    """Hold the order's amount."""
    return service.authorise(order_id, by)


@tasks.task
def void_payment(order_id: str, by: Principal, reason: str = "order_refused") -> Outcome:
    """Undo of authorise_payment, also of one whose answer is missing."""
    return service.void(order_id, reason, by)


@tasks.task
def look_up_payment(order_id: str, by: Principal) -> Outcome:
    """Resolve an authorisation whose answer is missing."""
    return service.look_up(order_id, by)


@tasks.task
def capture_payment(order_id: str, by: Principal, fulfilment_id: str | None = None) -> Outcome:
    """Take what fell due for a fulfilment, or for the charges of an order without goods."""
    return service.capture(order_id, fulfilment_id or service.CHARGES, by)


@tasks.task
def settle_payment(order_id: str, by: Principal) -> Outcome:
    """Capture what is due, make the refunds asked for, give the rest back when nothing more will fall due."""
    return service.settle(order_id, by)


@functions.lambda_function(name="payments-tasks")
def payments_tasks(event: dict[str, Any], context: object) -> Outcome:
    """Trigger: Step Functions, every workflow that moves money."""
    return tasks.run(event)
