"""`POST {base}/orders`: are its answers answers?"""

from __future__ import annotations

from typing import Any

from aisle_supplier import samples
from aisle_supplier.checks.probe import Probe, quoted, shown
from aisle_supplier.checks.registry import ACCEPTS, SIGNED, Failed, NotChecked, Severity, check
from aisle_supplier.client import encoded
from aisle_supplier.protocol import refuses_for_good


@check(
    ACCEPTS,
    '`200 {"decision": "accepted", "supplier_reference": "A-17", "ship_by": "2026-11-24"}`: all of it will be shipped.',
    "Answer 200 with one of the bodies of the table. Does the test stock have what --sku names?",
    needs=(SIGNED,),
)
def accepted(probe: Probe) -> str | None:
    said = probe.place(probe.order())
    if said.decision != "accepted":
        raise Failed(f"one unit of {probe.options.sku} was answered with {quoted(said.answer)}")
    return "later, by 202" if said.later else None


@check(
    "orders.unknown-sku",
    '`200 {"decision": "rejected", "reason": …}`: nothing will be shipped.',
    "Reject what you do not sell; an error leaves Aisle in doubt, and it asks again and again.",
    needs=(SIGNED,),
)
def unknown_sku(probe: Probe) -> None:
    said = probe.place(samples.an_order((samples.UNKNOWN_SKU, 1)))
    if said.promised:
        raise Failed(f"a SKU that nobody sells was answered with {quoted(said.answer)}")


@check(
    "orders.refused",
    "Reasons: `out_of_stock`, `discontinued`, `price`, `address`, `capacity`, `other`.",
    "Reject with 200 and one of these reasons.",
    needs=(SIGNED,),
)
def refused(probe: Probe) -> str:
    if not probe.options.refuse_sku:
        raise NotChecked("name a SKU that will be refused with --refuse-sku")
    said = probe.place(samples.an_order((probe.options.refuse_sku, 1)))
    if said.decision != "rejected":
        raise Failed(f"{probe.options.refuse_sku} was answered with {quoted(said.answer)}")
    if said.status != 200:
        return f"by {said.status}: without a reason it counts as `other`"
    return str(said.answer["reason"])


@check(
    "orders.mixed",
    "`lines` will be shipped, with `quantity` units each; what is not there is refused.",
    "Answer `partial` with the lines that you ship, or reject all.",
    needs=(ACCEPTS,),
)
def mixed(probe: Probe) -> None:
    probe.order()
    said = probe.place(samples.an_order((probe.options.sku, 1), (samples.UNKNOWN_SKU, 1)))
    if "2" in said.promised:
        raise Failed(f"a line with a SKU that nobody sells is promised: {quoted(said.answer)}")


@check(
    "orders.independent",
    "Whoever has answered an `allocation_id` before answers the same again.",
    "Know an order by its allocation_id, not by its order_id: an order may come in several allocations.",
    needs=(ACCEPTS,),
)
def independent(probe: Probe) -> None:
    first = probe.order()
    probe.accepted(first)
    second = samples.an_order((samples.UNKNOWN_SKU, 1))
    second["order_id"] = first["order_id"]
    said = probe.place(second)
    if said.promised:
        raise Failed("another allocation of the same order was given the first one's answer")


@check(
    "orders.unknown-fields",
    "Unknown fields are to be ignored, new ones may come.",
    "Read the fields that you know, and no schema that forbids others.",
    needs=(ACCEPTS,),
)
def unknown_fields(probe: Probe) -> None:
    order = probe.order()
    order["new_field"] = {"of": ["a", "later", "day"]}
    order["lines"][0]["new_field"] = True
    order["ship_to"]["new_field"] = "as well"
    probe.accepted(order)


@check(
    "orders.unicode",
    "Names and addresses are text in UTF-8.",
    "Take names and addresses in every script, up to the printer.",
    needs=(ACCEPTS,),
)
def many_scripts(probe: Probe) -> str | None:
    said = probe.place(probe.order(many_scripts=True))
    if said.decision == "rejected" and said.answer.get("reason") != "address":
        raise Failed(f"an order with accents, Cyrillic, Greek, Arabic, Japanese and an emoji: {quoted(said.answer)}")
    return "rejected for its address" if said.decision == "rejected" else None


@check(
    "orders.malformed-json",
    "`4xx`: refused for good.",
    "Answer 400 to what cannot be parsed: a 5xx is asked again.",
    needs=(SIGNED,),
)
def malformed_json(probe: Probe) -> None:
    order = samples.an_order((samples.UNKNOWN_SKU, 1))
    _refused(probe, order, encoded(order)[:-20])


@check(
    "orders.malformed-order",
    "`4xx`: refused for good.",
    "Answer 400 or 422 to an order without what an order needs: a 5xx is asked again.",
    needs=(SIGNED,),
)
def malformed_order(probe: Probe) -> None:
    whole = samples.an_order((samples.UNKNOWN_SKU, 1))
    for broken in (b"[]", b"null", encoded({**whole, "lines": None}), encoded({**whole, "lines": [{"line_id": "1"}]})):
        _refused(probe, whole, broken, rejection_will_do=True)


@check(
    "orders.later",
    "The answer comes before `answer_by`.",
    "Decide an order that was answered with 202 before its answer_by; GET then tells the decision.",
    needs=(SIGNED,),
)
def later(probe: Probe) -> str:
    order = samples.an_order((probe.options.sku or samples.UNKNOWN_SKU, 1), seconds=probe.options.wait)
    try:
        said = probe.place(order)
    except NotChecked:
        raise Failed(
            f"the order was to be answered within {probe.options.wait:g} s, and GET still says `later`"
        ) from None
    except Failed:
        raise NotChecked("what it answers is no answer") from None
    if not said.later:
        raise NotChecked("it answers at once")
    return f"{said.decision}, in time"


@check(
    "orders.reference",
    "`supplier_reference` (up to 64 characters) and `ship_by` (a date) are optional.",
    "Name your own number: it is what you and Aisle's operator will talk about.",
    needs=(ACCEPTS,),
    severity=Severity.SHOULD,
)
def reference(probe: Probe) -> str:
    said = probe.accepted(probe.order())
    if not said.answer.get("supplier_reference"):
        raise Failed("an accepted order has no `supplier_reference`")
    return quoted(said.answer["supplier_reference"])


def _refused(probe: Probe, order: dict[str, Any], body: bytes, *, rejection_will_do: bool = False) -> None:
    answer = probe.client.post("/orders", body, order["allocation_id"])
    if refuses_for_good(answer.status):
        return
    if rejection_will_do and answer.status == 200 and b'"rejected"' in answer.body:
        return
    raise Failed(f"{quoted(body[:40].decode())} … was answered with {shown(answer)}")
