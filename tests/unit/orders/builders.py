"""Orders for tests, as small as the test needs them."""

from dataclasses import replace

from chalicelib.core.money import tax_within
from chalicelib.orders.domain import (
    Allocation,
    Charge,
    Decision,
    FulfilmentNote,
    Line,
    LineTax,
    Order,
    Wanted,
    price_lines,
    tax_lines,
)


def wanted(sku: str = "A", quantity: int = 1, unit_price: int = 100, tax_rate_bps: int = 2000) -> Wanted:
    return Wanted(sku, f"prd_{sku}", f"Thing {sku}", quantity, unit_price, "catalogue", tax_rate_bps)


def a_charge(amount: int, code: str = "POST") -> Charge:
    return Charge(code, "Postage", amount, 0, 0)


def an_order(*lines: Wanted, charges: tuple[Charge, ...] = (), location: str = "loc_1") -> Order:
    """A placed order whose lines are all planned from one location."""
    untaxed = price_lines(lines or (wanted(),), charges)
    within = [LineTax(line.tax_rate_bps, tax_within(line.charged, line.tax_rate_bps)) for line in untaxed]
    priced = tax_lines(untaxed, within)
    return Order(
        id="ord_01J00000000000000000000000",
        channel="web",
        currency="GBP",
        customer_id="cus-1",
        reference=None,
        placed_at="2026-01-01T00:00:00.000000Z",
        decision=Decision.PENDING,
        lines=priced,
        charges=charges,
        contact={"name": "Ada"},
        shipping_address={"country": "GB"},
        allocations=tuple(Allocation(line.id, location, line.ordered) for line in priced),
    )


def a_note(number: int = 1, status: str = "requested") -> FulfilmentNote:
    return FulfilmentNote(f"ful_01J00000000000000000000000_{number}", "loc_1", status)


def with_counters(line: Line, **counters: int) -> Line:
    return replace(line, **counters)
