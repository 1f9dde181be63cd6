"""What the marketplace's books are told of a parcel that leaves."""

from collections.abc import Mapping
from typing import Any

from chalicelib.core.money import share_of_units
from chalicelib.fulfilment.service import Fulfilment
from chalicelib.ledger.service import Sale, SaleLine, Terms
from chalicelib.orders.domain import Line, Order


def sale_of(order: Order, part: Fulfilment) -> Sale:
    """The sale of what a parcel shipped, seen from the order before it: the shares of its lines that fall due, and with the first
    parcel the charges. Its customer is booked to owe what `domain.due_on_shipment` makes due."""
    lines = {line.id: line for line in order.lines}
    first = not any(line.shipped for line in order.lines) and any(line.shipped for line in part.lines)
    charges = [charge for charge in order.charges if charge.amount > 0] if first else []
    terms = next((line.terms for line in part.lines if line.terms is not None), None)
    return Sale(
        order_id=order.id,
        fulfilment_id=part.id,
        currency=order.currency,
        lines=[_sale_line(lines[one.line_id], one.shipped, one.terms) for one in part.lines if one.shipped],
        supplier_id=terms["supplier_id"] if terms else None,
        charges=sum(charge.amount for charge in charges),
        charges_tax=sum(charge.tax for charge in charges),
    )


def _sale_line(line: Line, units: int, terms: Mapping[str, Any] | None) -> SaleLine:
    def share(whole: int) -> int:
        return share_of_units(whole, line.ordered, line.shipped, units)

    return SaleLine(
        line_id=line.id,
        units=units,
        price=share(line.amount),
        charged=share(line.charged),
        tax=share(line.tax),
        tax_rate_bps=line.tax_rate_bps,
        tax_included=line.tax_included,
        relief=share(line.tax_relief),
        relieved_bps=line.relieved_bps,
        before=line.shipped,
        unit_price=terms["unit_price"] if terms else 0,
        terms=Terms.of(terms.get("commission") or {}) if terms else None,
    )
