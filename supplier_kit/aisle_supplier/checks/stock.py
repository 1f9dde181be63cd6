"""Are the units there that were promised? Only with a known number of units on the shelf; these checks come last and use it up."""

from __future__ import annotations

from aisle_supplier.checks.probe import Probe, quoted
from aisle_supplier.checks.registry import ACCEPTS, Failed, NotChecked, check

REPETITIONS = 5
MANY = 1_000_000_000


@check(
    "stock.nothing-doubled",
    "Whoever has answered an `allocation_id` before answers the same again and does nothing else.",
    "Take units from the shelf once per allocation: in the transaction that stores the answer.",
    needs=("repetition.same-answer",),
)
def nothing_doubled(probe: Probe) -> None:
    """An order is repeated so often that, were each carried out, the units could not be there which have to be."""
    surely = probe.options.units - probe.spent  # on the shelf, even if nothing that was cancelled has been put back
    units = probe.spent // REPETITIONS + 1
    if surely < 2 * units:
        needed = probe.spent + 2 * units
        raise NotChecked(f"needs --sku SKU=UNITS with at least {needed} units on the shelf at the beginning")
    order = probe.order(units)
    probe.accepted(order)
    for _ in range(REPETITIONS):
        probe.client.order(order)
    promised = probe.spent
    rest = probe.place(probe.order(surely - units))
    if rest.decision != "accepted":
        raise Failed(
            f"of {probe.options.units} units no more than {promised} were promised, yet an order for the other"
            f" {surely - units} was answered with {quoted(rest.answer)}"
        )


@check(
    "stock.no-more-than-there-is",
    '`{"decision": "partial", "lines": [{"line_id": "1", "quantity": 1}], "reason": "out_of_stock"}`',
    "Promise what is there: `partial` with fewer units, or `rejected`.",
    needs=(ACCEPTS,),
)
def no_more_than_there_is(probe: Probe) -> str:
    if not probe.options.units:
        raise NotChecked("tell how many units there are with --sku SKU=UNITS")
    said = probe.place(probe.order(probe.options.units + 1))
    promised = sum(said.promised.values())
    if promised > probe.options.units:
        raise Failed(f"of {probe.options.units} units {promised} were promised")
    return f"{said.decision}, {promised} units"


@check(
    "stock.huge-quantity",
    "More units than asked for or lines that were not asked for count as no answer at all.",
    "Answer `partial` or `rejected` where there is not enough, however large the number is.",
    needs=(ACCEPTS,),
)
def huge_quantity(probe: Probe) -> str:
    said = probe.place(probe.order(MANY))
    return f"{MANY:,} units were accepted: is there no limit?" if said.decision == "accepted" else said.decision
