"""Asking a supplier whether it ships an allocation: the steps of route-order before the answer."""

from datetime import datetime
from typing import Any

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Stale
from chalicelib.core.table import Transaction
from chalicelib.core.tasks import Outcome
from chalicelib.core.workflow import Workflow
from chalicelib.fulfilment import service as fulfilments
from chalicelib.fulfilment.service import Fulfilment
from chalicelib.routing import events
from chalicelib.routing.domain import allocation as life
from chalicelib.routing.domain.allocation import Allocation, AllocationState, Answer
from chalicelib.routing.domain.answers import Heard, Kind, heard_of_offer, heard_of_status
from chalicelib.routing.domain.waits import wait_seconds
from chalicelib.routing.gateways import Question
from chalicelib.routing.service.converse import Talk, Ways, converse, must_find, ship_to
from chalicelib.routing.service.note_call import add_counts, count_try, counts_of_answer, is_open, note_call
from chalicelib.routing.store import items as store
from chalicelib.suppliers import service as suppliers

_ATTEMPTS = 8


def offer_order(allocation_id: str, by: Principal, ways: Ways | None = None, *, despite_rest: bool = False) -> Outcome:
    """Ask the supplier. Safe to repeat: whoever has answered before answers the same again. One that was suspended or left since the
    units were sold is not asked, and they are sought elsewhere; what was put before it earlier stays with it.

    Outcomes as of `progress`: the answer, `later`, `unknown`, `resting`, `no_endpoint`, `over` or `expired`.
    """
    ways = ways or Ways()
    value = must_find(allocation_id).value
    now = clock.now()
    if not is_open(value) or value.is_late_at(now):
        return progress(value, now)
    if not value.offered and not _sells(value.supplier_id):
        return progress(_withheld(value, by), now)
    endpoint = ways.endpoint_of(value.supplier_id)
    part = fulfilments.read(allocation_id, by)
    value = _put_before(value, part if endpoint else None, by)
    if endpoint is None or not is_open(value):
        return progress(value, now, "no_endpoint")
    talk = converse(
        value,
        endpoint,
        "offer",
        Question("POST", "/orders", value.id, order_body(value, part)),
        lambda said: heard_of_offer(said, value),
        by,
        send=ways.send,
        private=private_of(part),
        despite_rest=despite_rest,
    )
    return _after(value, talk, part, by)


def ask_supplier(allocation_id: str, by: Principal, ways: Ways | None = None) -> Outcome:
    """Ask the supplier what it has said. Outcomes as of `offer_order`, and `never_arrived`: it has to be asked anew."""
    ways = ways or Ways()
    value = must_find(allocation_id).value
    now = clock.now()
    if not is_open(value) or value.is_late_at(now):
        return progress(value, now)
    endpoint = ways.endpoint_of(value.supplier_id)
    if endpoint is None:
        return progress(value, now, "no_endpoint")
    part = fulfilments.read(allocation_id, by)
    talk = converse(
        value,
        endpoint,
        "status",
        Question("GET", f"/orders/{value.id}", f"{value.id}.status"),
        lambda said: heard_of_status(said, value),
        by,
        send=ways.send,
        private=private_of(part),
    )
    return _after(value, talk, part, by)


def order_body(value: Allocation, part: Fulfilment) -> dict[str, Any]:
    """What `POST /orders` sends."""
    return {
        "allocation_id": value.id,
        "order_id": value.order_id,
        "placed_at": value.placed_at,
        "answer_by": value.answer_by,
        "currency": value.currency,
        "lines": [
            {
                "line_id": line.line_id,
                "supplier_sku": line.supplier_sku,
                "sku": line.sku,
                "name": line.name,
                "quantity": line.quantity,
                "unit_price": line.unit_price,
            }
            for line in value.lines
        ],
        "ship_to": ship_to(part),
        "held": part.held,
    }


def private_of(part: Fulfilment) -> tuple[str, ...]:
    """What no log may quote: every word of the address, but for the country."""
    contact = part.address.get("contact") or {}
    said = [part.address, contact if isinstance(contact, dict) else {}]
    return tuple(
        str(value) for one in said for name, value in one.items() if value and name not in ("country", "contact")
    )


def _sells(supplier_id: str) -> bool:
    seller = suppliers.find_seller(supplier_id, consistent=True)
    return seller is None or seller.sells


def _withheld(value: Allocation, by: Principal) -> Allocation:
    """Of who puts it before the supplier and who withholds it one is `Stale`, and comes again. It is no fault of the supplier's."""
    after = life.withhold(value, clock.now())
    tx = Transaction()
    store.change_allocation(tx, after)
    events.units_declined(tx, after, after.refused_units, life.NOT_SELLING, by)
    tx.commit()
    return after


def _put_before(value: Allocation, told: Fulfilment | None, by: Principal) -> Allocation:
    """The allocation as one that the supplier may know of, before it is `told`: a cancellation has to reach whoever was called."""
    for _ in range(_ATTEMPTS):
        if not is_open(value) or (value.offered and (value.called or told is None)):
            return value
        known = told.version if told else value.told_version
        after = life.note(value, offered=True, called=value.called or told is not None, told_version=known)
        tx = Transaction()
        store.change_allocation(tx, after)
        if not value.offered:
            events.order_offered(tx, after, by)
            add_counts(tx, after, {"offered": 1, "units_asked": sum(line.quantity for line in after.lines)})
        try:
            tx.commit()
        except Stale:
            value = must_find(value.id).value
            continue
        return after
    raise Stale(f"Allocation {value.id} kept changing.")


def _after(value: Allocation, talk: Talk | datetime, told: Fulfilment, by: Principal) -> Outcome:
    now = clock.now()
    if isinstance(talk, datetime):
        return progress(value, now, "resting", until=talk)
    heard = talk.heard

    def change(before: Allocation, tx: Transaction) -> tuple[Allocation, dict[str, int]]:
        return _changed(before, tx, heard, told, by)

    after = note_call(value.id, talk, change, by)
    return progress(after, now, _word(heard))


def _changed(
    before: Allocation, tx: Transaction, heard: Heard, told: Fulfilment, by: Principal
) -> tuple[Allocation, dict[str, int]]:
    now = clock.now()
    if heard.answer is not None:
        return _answered(before, tx, heard.answer, told, now, by)
    if not is_open(before):
        return before, {}
    if heard.kind is Kind.LATER:
        return life.note(before, waits=True, tries=0, told_version=max(before.told_version, told.version)), {}
    if heard.kind is Kind.NEVER_ARRIVED:
        return before, {}
    return count_try(before, tx)


def _answered(
    before: Allocation, tx: Transaction, answer: Answer, told: Fulfilment, now: datetime, by: Principal
) -> tuple[Allocation, dict[str, int]]:
    """The supplier's decision, unless another stands or it comes too late: that one counts against it."""
    if not is_open(before) or before.is_late_at(now):
        late = is_open(before) or before.state is AllocationState.SILENT
        return before, {"late_answers": 1} if late and not before.decision else {}
    decided = life.decide(before, answer, now)
    after = life.replace_told(decided, max(before.told_version, told.version))
    events.order_answered(tx, after, by)
    return after, counts_of_answer(after)


def _word(heard: Heard) -> str:
    return str(heard.kind) if heard.kind in (Kind.LATER, Kind.NEVER_ARRIVED) else "unknown"


def await_answer(allocation_id: str, task_token: str, *, workflow: Workflow | None = None) -> None:
    """Keep the token of the workflow that waits, or let it go on at once when the answer is there. Safe to repeat."""
    told = workflow or Workflow()
    value = must_find(allocation_id).value
    if is_open(value):
        try:
            store.park_token(value, told.seal(task_token))
            return
        except Stale:
            value = must_find(allocation_id).value
    told.complete(task_token, progress(value, clock.now()))


def go_on(allocation_id: str, *, workflow: Workflow | None = None) -> None:
    """Tell the waiting workflow that the allocation was answered or called off. Safe to repeat; without a token `await_answer`
    will tell."""
    found = must_find(allocation_id)
    if found.token is not None and not is_open(found.value):
        (workflow or Workflow()).complete_sealed(found.token, progress(found.value, clock.now()))


def progress(value: Allocation, now: datetime, word: str = "", until: datetime | None = None) -> Outcome:
    """What the workflow goes by: an outcome, what is done `next` (`offer`, `ask` or `settle`), and after how many seconds.

    Outcomes: `accepted`, `partial` or `rejected` (answered) · `over` (called off, or silent) · `expired` (the deadline has
    passed) · `later`, `no_endpoint` (the answer will come, or the deadline) · `unknown`, `resting` (ask again) · `never_arrived`
    (offer again) · `waiting`.
    """
    left = value.seconds_left(now)
    outcome = _outcome(value, left, word)
    after, seconds = "settle", max(1, left)
    if outcome == "unknown":
        after, seconds = "ask", wait_seconds(value.tries, left)
    elif outcome == "resting" and until is not None:
        after = "ask" if value.tries else "offer"
        seconds = max(1, min(left, int((until - now).total_seconds()) + 1))
    return {"outcome": outcome, "allocation_id": value.id, "next": after, "wait_seconds": seconds}


def _outcome(value: Allocation, left: int, word: str) -> str:
    if not is_open(value):
        return value.decision if value.decision and value.state is not AllocationState.CANCELLED else "over"
    return "expired" if not left else word or "waiting"
