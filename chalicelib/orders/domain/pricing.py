"""What lines cost: discounts shared exactly, then tax on what remains."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chalicelib.core.errors import RuleBroken
from chalicelib.core.money import split
from chalicelib.orders.domain.order import Charge, Line


class TotalNegative(RuleBroken):
    code = "total_negative"
    title = "Discounts exceed what they apply to"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line as asked for and priced, before amounts are worked out. `off`: what promotions take off it (minor units)."""

    sku: str
    product_id: str
    name: str
    quantity: int
    unit_price: int
    price_source: str
    tax_rate_bps: int
    off: int = 0


@dataclass(frozen=True, slots=True)
class LineTax:
    """The tax of a line after discounts, worked out elsewhere; see `Line` for each field."""

    rate_bps: int
    tax: int
    included: bool = True
    relief: int = 0
    relieved_bps: int = 0


def price_lines(wanted: Sequence[Wanted], charges: Sequence[Charge]) -> tuple[Line, ...]:
    """Lines whose discounts are shared exactly, before tax.

    Negative charges are shared over the lines in proportion to what promotions leave of them. Raises `TotalNegative` when
    they exceed that.
    """
    amounts = [want.unit_price * want.quantity for want in wanted]
    left = [amount - want.off for amount, want in zip(amounts, wanted, strict=True)]
    off = -sum(charge.amount for charge in charges if charge.amount < 0)
    if off > sum(left):
        raise TotalNegative(f"Discounts of {off} exceed goods of {sum(left)} (minor units).")
    shares = split(off, left) if off else [0] * len(left)
    return tuple(
        Line(
            id=str(number),
            sku=want.sku,
            product_id=want.product_id,
            name=want.name,
            ordered=want.quantity,
            unit_price=want.unit_price,
            price_source=want.price_source,
            amount=amount,
            discount=want.off + share,
            tax_rate_bps=want.tax_rate_bps,
            tax=0,
        )
        for number, (want, amount, share) in enumerate(zip(wanted, amounts, shares, strict=True), start=1)
    )


def tax_lines(lines: Sequence[Line], taxes: Sequence[LineTax]) -> tuple[Line, ...]:
    """The lines with their tax, frozen."""
    return tuple(
        replace(
            line,
            tax_rate_bps=tax.rate_bps,
            tax=tax.tax,
            tax_included=tax.included,
            tax_relief=tax.relief,
            relieved_bps=tax.relieved_bps,
        )
        for line, tax in zip(lines, taxes, strict=True)
    )
