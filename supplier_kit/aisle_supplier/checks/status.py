"""`GET {base}/orders/{allocation_id}`: does it remember?"""

from __future__ import annotations

from aisle_supplier import samples
from aisle_supplier.checks.probe import Probe, shown
from aisle_supplier.checks.registry import ACCEPTS, SIGNED, Failed, check

WHAT_WAS_SAID = '`200` with the body that was answered (or `{"decision": "later"}` while it is open).'


@check("status.same", WHAT_WAS_SAID, "Store the answer before you send it, and send it again here.", needs=(ACCEPTS,))
def same(probe: Probe) -> None:
    order = probe.order()
    first = probe.accepted(order)
    for _ in range(2):
        if difference := probe.known(order).differs_from(first):
            raise Failed(f"GET says otherwise: {difference}")


@check("status.rejected", WHAT_WAS_SAID, "Store rejections as well.", needs=("orders.unknown-sku",))
def rejected(probe: Probe) -> str | None:
    order = samples.an_order((samples.UNKNOWN_SKU, 1))
    first = probe.place(order)
    if first.status != 200 and probe.client.status(order["allocation_id"]).status == 404:
        return f"it was refused with {first.status}, and is not known"
    if difference := probe.known(order).differs_from(first):
        raise Failed(f"GET says otherwise: {difference}")
    return None


@check(
    "status.unknown",
    "`404` if the allocation never arrived.",
    "Answer 404, and only then: it is how Aisle learns that it has to ask again.",
    needs=(SIGNED,),
)
def unknown(probe: Probe) -> None:
    answer = probe.client.status(samples.an_order()["allocation_id"])
    if answer.status != 404:
        raise Failed(f"an allocation that never arrived was answered with {shown(answer)}")


@check("status.changes-nothing", "It changes nothing.", "Only read.", needs=(ACCEPTS, "status.unknown"))
def changes_nothing(probe: Probe) -> None:
    order = probe.order()
    probe.client.status(order["allocation_id"])
    probe.accepted(order)
