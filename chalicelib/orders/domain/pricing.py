"""What lines cost: discounts shared exactly, tax inside what remains."""

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.core.errors import RuleBroken
from chalicelib.core.money import split, tax_within
from chalicelib.orders.domain.order import Charge, Line


class TotalNegative(RuleBroken):
    code = "total_negative"
    title = "Discounts exceed what they apply to"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line as asked for and priced, before amounts are worked out."""

    sku: str
    product_id: str
    name: str
    quantity: int
    unit_price: int
    price_source: str
    tax_rate_bps: int


def price_lines(wanted: Sequence[Wanted], charges: Sequence[Charge]) -> tuple[Line, ...]:
    """Lines whose discounts are shared exactly and whose tax is inside what remains.

    Negative charges are shared over the lines in proportion to their amounts. Raises `TotalNegative` when they exceed
    the goods.
    """
    amounts = [want.unit_price * want.quantity for want in wanted]
    off = -sum(charge.amount for charge in charges if charge.amount < 0)
    if off > sum(amounts):
        raise TotalNegative(f"Discounts of {off} exceed goods of {sum(amounts)} (minor units).")
    discounts = split(off, amounts) if off else [0] * len(amounts)
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
            discount=discount,
            tax_rate_bps=want.tax_rate_bps,
            tax=tax_within(amount - discount, want.tax_rate_bps),
        )
        for number, (want, amount, discount) in enumerate(zip(wanted, amounts, discounts, strict=True), start=1)
    )
