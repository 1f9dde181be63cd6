"""What cancels an order, and what it answers."""

from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib.core.schemas import Schema, View
from chalicelib.orders.domain import MAX_LINES, Cancellation, Line, Order, Refusal, Rule, Status
from chalicelib.orders.schemas.fields import LineId


class CancelLine(Schema):
    """Units of a line."""

    line_id: LineId
    quantity: int = Field(ge=1, le=1_000_000)


class CancelOrder(Schema):
    """What to cancel: the lines named, or, without `lines`, all that was not sent yet."""

    lines: list[CancelLine] | None = Field(default=None, min_length=1, max_length=MAX_LINES)
    reason: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")] = Field(
        default="customer_request", examples=["customer_request", "fraud", "out_of_stock"]
    )

    def units(self) -> dict[str, int] | None:
        if self.lines is None:
            return None
        units: dict[str, int] = {}
        for line in self.lines:
            units[line.line_id] = units.get(line.line_id, 0) + line.quantity
        return units


class CancelledLineView(View):
    line_id: str
    sku: str
    quantity: int


class CancellationView(View):
    """Units of an order that were called off. `amount` (minor units) is what they would have cost."""

    id: str
    order_id: str
    reason: str
    at: str
    amount: int
    currency: str
    lines: list[CancelledLineView]
    order_status: Status

    @classmethod
    def for_order(cls, order: Order, cancellation: Cancellation) -> "CancellationView":
        return cls(
            id=cancellation.id,
            order_id=order.id,
            reason=cancellation.reason,
            at=cancellation.at,
            amount=cancellation.amount,
            currency=order.currency,
            lines=[
                CancelledLineView(line_id=line_id, sku=sku, quantity=units)
                for line_id, sku, units in cancellation.lines
            ],
            order_status=order.status,
        )


class CancellationsView(View):
    items: list[CancellationView]


class CancellationOptionView(View):
    """How many units of a line can be cancelled, and what keeps the rest, if any."""

    line_id: str
    sku: str
    cancellable: int
    kept: int
    rule: Rule
    words: str

    @classmethod
    def of(cls, option: tuple[Line, int, Refusal | None]) -> "CancellationOptionView":
        line, units, stays = option
        stays = stays or Refusal(line.id, 0, Rule.OPEN)
        return cls(
            line_id=line.id, sku=line.sku, cancellable=units, kept=stays.units, rule=stays.rule, words=stays.words
        )


class CancellationOptionsView(View):
    items: list[CancellationOptionView]
