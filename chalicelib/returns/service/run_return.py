"""The steps of return-order: its label, its waiting for goods, and what comes next."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count

from chalicelib.core import clock
from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import Conflict, NotFound, Stale
from chalicelib.core.idempotency import Answer, Idempotency, Replay
from chalicelib.core.table import Transaction
from chalicelib.core.tasks import Outcome
from chalicelib.core.workflow import Workflow
from chalicelib.returns import events, gateways, store
from chalicelib.returns.domain import life
from chalicelib.returns.domain.model import ExchangeState, Return
from chalicelib.returns.gateways import ReturnCarrier, SandboxCarrier
from chalicelib.returns.service.receive_return import expire_return, must_find
from chalicelib.returns.store import Parked

INSPECTED_WITHIN = timedelta(days=14)
"""How long goods that came may wait for their inspection before a person is told."""

CLEARED_WITHIN = timedelta(days=14)
"""How long a parcel may lie in a locker before it is given up as lost."""

_ATTEMPTS = 5
_SOON = 60
"""Seconds that a wait lasts at least: a workflow that was stopped and goes on late still gives goods a chance."""


class ReturnRunning(Conflict):
    code = "return_running"
    title = "The return's workflow is still running"


def start_workflow(return_id: str) -> None:
    """Start return-order for a return that was just authorised; it is started once, however often this is called."""
    value = must_find(return_id)
    gateways.start_return_order(return_id, value.order_id, next(_executions(return_id)))


def resume_workflow(return_id: str, *, by: Principal, once: Idempotency, answer: Callable[[Return], Answer]) -> Answer:
    """Run return-order again for a return whose execution has ended. Every task finds what was done before.

    Raises `ReturnRunning` while an execution runs: a second one would take over the task token of the first.
    """
    by.require(Role.ADMIN)
    earlier = once.earlier()
    if earlier is not None:
        raise Replay(earlier)
    value = must_find(return_id)
    final = answer(value)
    tx = Transaction()
    once.record(tx, final)
    gateways.start_return_order(return_id, value.order_id, _next_execution(return_id))
    tx.commit()
    return final


def _next_execution(return_id: str) -> str:
    for execution in _executions(return_id):
        status = gateways.execution_status(execution)
        if status == "RUNNING":
            raise ReturnRunning(f"Execution {execution} is running; wait for it, or stop it first.")
        if status is None:
            return execution
    raise AssertionError("names never run out")


def _executions(return_id: str) -> Iterator[str]:
    """The names that a return's executions have, one after the other."""
    yield f"{return_id}-v1"
    yield from (f"{return_id}-r{number}" for number in count(1))


def issue_label(return_id: str, by: Principal, carrier: ReturnCarrier | None = None) -> Outcome:
    """Get the labels that the goods are sent with, one for each seller, and tell the customer. Safe to repeat: each has one label.

    Outcomes as of `progress`; nothing is issued for a return that is closed.
    """
    for _ in range(_ATTEMPTS):
        before = must_find(return_id)
        wanting = [one for one in before.send_to if one.label is None]
        if not wanting or before.is_closed:
            return progress(before)
        ways = carrier or SandboxCarrier()
        labels = {
            one.seller: ways.label(return_id, one, prepaid=before.of_seller(one.seller).prepaid) for one in wanting
        }
        after = life.issue_labels(before, labels)
        tx = Transaction()
        store.change_return(tx, after)
        for one in wanting:
            events.label_issued(tx, after, one, labels[one.seller], by)
        try:
            tx.commit()
        except Stale:
            continue
        return progress(after)
    raise Stale(f"Return {return_id} kept changing.")


def await_goods(return_id: str, seen: int, task_token: str, *, workflow: Workflow | None = None) -> None:
    """Keep the token of a workflow that knows of `seen` inspections, or let it go on at once when there were more since, or
    nothing is to come any more. Safe to repeat."""
    told = workflow or Workflow()
    for _ in range(_ATTEMPTS):
        value = must_find(return_id)
        if _has_news(value, seen):
            told.complete(task_token, progress(value))
            return
        try:
            store.park_token(value, told.seal(task_token), seen)
        except Stale:
            continue
        return
    raise Stale(f"Return {return_id} kept changing.")


def go_on(return_id: str, *, workflow: Workflow | None = None) -> None:
    """Tell the waiting workflow what happened to the return. Safe to repeat; without a token `await_goods` will tell."""
    parked: Parked | None = store.get_return(return_id)
    if parked is None:
        raise NotFound(f"There is no return {return_id}.")
    if parked.token is not None and _has_news(parked.value, parked.seen):
        (workflow or Workflow()).complete_sealed(parked.token, progress(parked.value))


def _has_news(value: Return, seen: int) -> bool:
    return value.is_closed or len(value.inspections) > seen


def give_up_missing(return_id: str, by: Principal) -> Outcome:
    """Give up what did not come in time, unless it was dropped into a locker meanwhile. Outcomes as of `progress`, and `overdue` when
    goods that came wait too long for their inspection."""
    before = must_find(return_id)
    if before.dropped_at is not None and clock.now() < _due(before):
        return progress(before)
    after = expire_return(return_id, by)
    now = clock.now()
    if not after.is_closed and after.version == before.version and now >= _due(after) + INSPECTED_WITHIN:
        return {**progress(after), "outcome": "overdue", "seconds_left": int(INSPECTED_WITHIN.total_seconds())}
    return progress(after)


def progress(value: Return) -> Outcome:
    """What a workflow goes by: `inspections` so far, and for how many more seconds goods are waited for.

    Outcomes: `open`, more is to come or to be inspected · `exchange`, a replacement is to be ordered · `settled`, what the
    goods are worth is owed · `nothing`, none ever came.
    """
    deadline = _due(value) + (timedelta() if any(line.expected for line in value.lines) else INSPECTED_WITHIN)
    left = int((deadline - clock.now()).total_seconds())
    return {
        "outcome": _outcome(value),
        "return_id": value.id,
        "inspections": len(value.inspections),
        "seconds_left": max(_SOON, left),
    }


def _outcome(value: Return) -> str:
    if not value.is_closed:
        return "open"
    if not value.inspections:
        return "nothing"
    awaited = value.exchange is not None and value.exchange.state is ExchangeState.AWAITED
    return "exchange" if awaited and any(line.accepted for line in value.lines) else "settled"


def _due(value: Return) -> datetime:
    due = datetime.fromisoformat(value.send_by)
    return max(due, datetime.fromisoformat(value.dropped_at) + CLEARED_WITHIN) if value.dropped_at else due
