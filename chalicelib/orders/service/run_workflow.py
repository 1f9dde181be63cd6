"""Starting the workflows of an order, and starting place-order again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from chalicelib.core import clock
from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import Conflict, NotFound, RuleBroken
from chalicelib.core.idempotency import Answer, Idempotency, Replay
from chalicelib.core.table import Transaction
from chalicelib.orders import gateways, store
from chalicelib.orders.domain import Decision, Order


class NotRetryable(RuleBroken):
    code = "not_retryable"
    title = "No workflow of the order can be run again for this"


class WorkflowRunning(Conflict):
    code = "workflow_running"
    title = "The order's workflow is still running"


def start_workflow(order_id: str) -> None:
    """Start place-order for an order that was just placed; it is started once, however often this is called.

    Execution names are free again after 90 days, so an order that was decided is not started at all.
    """
    order = store.get(order_id, consistent=True)
    if order is not None and order.decision is Decision.PENDING:
        gateways.start_place_order(order_id, next(_executions(order_id)))


def start_cancellation(order_id: str, cancellation_id: str) -> None:
    """Start cancel-order for a cancellation; it is started once, however often this is called within 90 days."""
    gateways.start_cancel_order(order_id, cancellation_id, cancellation_id)


def start_parts(order_id: str, fulfilments: Sequence[str]) -> None:
    """Start fulfil-part for fulfilments that were made after the confirmation; each is started once."""
    for fulfilment_id in fulfilments:
        gateways.start_fulfil_part(order_id, fulfilment_id)


def resume_workflow(order_id: str, *, by: Principal, once: Idempotency, answer: Callable[[Order], Answer]) -> Answer:
    """Run place-order again for an order whose execution has ended. Every task finds what was done before.

    Raises `WorkflowRunning` while an execution runs: a second one would take over the task tokens of the first, which
    then waited in vain.
    """
    by.require(Role.ADMIN)
    earlier = once.earlier()
    if earlier is not None:
        raise Replay(earlier)
    order = store.get(order_id, consistent=True)
    if order is None:
        raise NotFound(f"There is no order {order_id}.")
    final = answer(order)
    tx = Transaction()
    once.record(tx, final)
    gateways.start_place_order(order_id, _next_execution(order_id))
    tx.commit()
    return final


def run_again(review: Mapping[str, Any]) -> None:
    """Run the workflow again that left a review item. Raises `WorkflowRunning`, `NotRetryable`."""
    if "cancellation_id" in review:
        execution = f"{review['cancellation_id']}-{clock.epoch_seconds(clock.now())}"
        gateways.start_cancel_order(review["order_id"], review["cancellation_id"], execution)
    elif "return_id" in review or "refund" in review or "pickup_id" in review:
        raise NotRetryable("Use the routes of returns, refunds and pickups.")
    else:
        gateways.start_place_order(review["order_id"], _next_execution(review["order_id"]))


def _next_execution(order_id: str) -> str:
    # Two administrators at once find the same name free, so only one execution starts.
    for execution in _executions(order_id):
        status = gateways.execution_status(execution)
        if status == "RUNNING":
            raise WorkflowRunning(f"Execution {execution} is running; wait for it, or stop it first.")
        if status is None:
            return execution
    raise AssertionError("names never run out")


def _executions(order_id: str) -> Iterator[str]:
    """The names that an order's executions have, one after the other."""
    yield f"{order_id}-v1"
    yield from (f"{order_id}-r{number}" for number in count(1))
