"""`POST {base}/orders/{allocation_id}/cancellations`: does it leave out what is not wanted?"""

from __future__ import annotations

from aisle_supplier import samples
from aisle_supplier.checks.probe import Probe, content_of, shown
from aisle_supplier.checks.registry import ACCEPTS, SIGNED, Failed, check
from aisle_supplier.wire import Answer

ANSWERS = '`200` with `{"decision": "cancelled"}`, or `{"decision": "too_late"}` when it has left.'


@check("cancellations.answer", ANSWERS, "Answer 200 with one of the two decisions.", needs=(ACCEPTS,))
def answer(probe: Probe) -> str:
    order = probe.order()
    probe.accepted(order)
    return _decision(probe.client.cancel(order["allocation_id"], samples.a_cancellation(("1", 1))))


@check("cancellations.part", ANSWERS, "Leave out the units that are named, and ship the rest.", needs=(ACCEPTS,))
def part(probe: Probe) -> str:
    order = probe.order(2)
    probe.accepted(order)
    return _decision(probe.client.cancel(order["allocation_id"], samples.a_cancellation(("1", 1))))


@check(
    "cancellations.repeated",
    "`webhook-id` is the `cancellation_id`; a repetition is answered the same.",
    "Store the answer with the cancellation_id.",
    needs=("cancellations.answer",),
)
def repeated(probe: Probe) -> None:
    order = probe.order()
    probe.accepted(order)
    cancellation = samples.a_cancellation(("1", 1))
    first, second = (_decision(probe.client.cancel(order["allocation_id"], cancellation)) for _ in range(2))
    if first != second:
        raise Failed(f"the first time it said {first!r}, the second {second!r}")


@check(
    "cancellations.unknown",
    "`404` for an allocation that never arrived.",
    "Answer 404, and remember that it came.",
    needs=(SIGNED,),
)
def unknown(probe: Probe) -> None:
    order = samples.an_order((samples.UNKNOWN_SKU, 1))
    found = probe.client.cancel(order["allocation_id"], samples.a_cancellation(("1", 1)))
    if found.status != 404:
        raise Failed(f"an allocation that never arrived was answered with {shown(found)}")


@check(
    "cancellations.never-arrives",
    "`404` for an allocation that never arrived, which will then never arrive.",
    "Remember allocations that were cancelled before they came, and reject them when they come: the order was delayed"
    " on its way, and nobody wants it any more.",
    needs=(ACCEPTS, "cancellations.unknown"),
)
def never_arrives(probe: Probe) -> None:
    order = probe.order()
    probe.client.cancel(order["allocation_id"], samples.a_cancellation(("1", 1)))
    said = probe.place(order)
    if said.promised:
        raise Failed(f"an order that came after its cancellation was {said.decision}")


def _decision(found: Answer) -> str:
    decision = content_of(found).get("decision") if found.status == 200 else None
    if decision not in ("cancelled", "too_late"):
        raise Failed(f"it was answered with {shown(found)}")
    return str(decision)
