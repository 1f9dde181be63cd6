"""`POST {base}/orders/{allocation_id}/changes`: does it wait, and send it elsewhere?"""

from __future__ import annotations

from typing import Any

from aisle_supplier import samples
from aisle_supplier.checks.probe import Probe, shown
from aisle_supplier.checks.registry import ACCEPTS, SIGNED, Failed, Severity, check

ANSWERS = "`200` or `204`. A supplier that cannot do this answers `501`, and the operator gets a review case."
ADVICE = "Answer 200 or 204 once it is noted, 501 if you cannot do it."


@check("changes.hold", ANSWERS, ADVICE, needs=(ACCEPTS,))
def hold(probe: Probe) -> str | None:
    order = _placed(probe)
    for held in (True, False):
        remark = _changed(probe, order, samples.a_change(held=held))
    return remark


@check("changes.address", ANSWERS, ADVICE, needs=(ACCEPTS,))
def address(probe: Probe) -> str | None:
    return _changed(probe, _placed(probe), samples.a_change(held=False, line1="10 Downing Street"))


@check(
    "changes.repeated",
    "`webhook-id` names what is asked, not the attempt: a repetition has the same.",
    "Answer a repetition as the first time.",
    needs=("changes.hold",),
)
def repeated(probe: Probe) -> str | None:
    order, change = _placed(probe), samples.a_change(held=True)
    _changed(probe, order, change)
    return _changed(probe, order, change)


@check(
    "changes.unknown",
    "`404` for an allocation that never arrived.",
    "Answer 404, or 501 if you take no changes at all.",
    needs=(SIGNED,),
    severity=Severity.SHOULD,
)
def unknown(probe: Probe) -> None:
    answer = probe.client.change(samples.an_order()["allocation_id"], samples.a_change(held=True))
    if answer.status not in (404, 501):
        raise Failed(f"an allocation that never arrived was answered with {shown(answer)}")


def _placed(probe: Probe) -> dict[str, Any]:
    order = probe.order()
    probe.accepted(order)
    return order


def _changed(probe: Probe, order: dict[str, Any], change: dict[str, Any]) -> str | None:
    answer = probe.client.change(order["allocation_id"], change)
    if answer.status not in (200, 204, 501):
        raise Failed(f"it was answered with {shown(answer)}")
    return "501: a person tells you each time, out of a review case" if answer.status == 501 else None
