"""Tasks of orders for the workflows of an order; do and undo side by side."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.tasks import Outcome, Tasks
from chalicelib.orders import service

functions = Blueprint(__name__)
tasks = Tasks("orders")


@tasks.task
def confirm_order(order_id: str, by: Principal) -> Outcome:
    """Bind the reservation and make the fulfilments."""
    return service.confirm_order(order_id, by)


@tasks.task
def refuse_order(order_id: str, reason: str, by: Principal) -> Outcome:
    """Undo of placing and confirming: free the stock, tell the customer."""
    return service.refuse_order(order_id, reason, by)


@tasks.task
def finish_cancellation(order_id: str, cancellation_id: str, by: Principal) -> Outcome:
    """Give back the stock that the cancelling command left reserved, and tell what to recall."""
    return service.finish_cancellation(order_id, cancellation_id, by)


@tasks.task
def give_up_uncollected(order_id: str, fulfilment_id: str, pickup_id: str, redeliver: bool, by: Principal) -> Outcome:
    """Cancel what nobody collected, or have it sent to the customer's address."""
    return service.give_up_uncollected(fulfilment_id, redeliver=redeliver, by=by)


@tasks.task
def park_compensation(order_id: str, state: str, by: Principal, error: Any = None, **context: Any) -> Outcome:
    """Last resort of the undo chain: keep the work for a person."""
    return service.park_compensation(order_id, state, error, by, **context)


SECONDS = 40.0
"""What one run takes at most: it is over before the next one starts, a minute later."""


@tasks.task
def serve_waiting(by: Principal) -> Outcome:
    """Let leave what waited for stock that is there; what is not reached or fails comes again with the next run."""
    counts = service.serve_all_waiting(by, within=SECONDS)
    return {"outcome": "done" if not (counts["failed"] or counts["left"]) else "continues", **counts}


@functions.lambda_function(name="orders-tasks")
def orders_tasks(event: dict[str, Any], context: object) -> Outcome:
    """Trigger: Step Functions place-order, fulfil-part and cancel-order; EventBridge Scheduler, each minute, with
    `{"task": "serve_waiting"}`."""
    return tasks.run(event)
