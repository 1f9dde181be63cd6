"""Receipts, adjustments, counts and safety stock as callers send them."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, field_validator

from chalicelib.core.schemas import Schema, View
from chalicelib.inventory.domain import (
    MAX_LINES,
    MAX_SHARDS,
    MAX_UNITS,
    AdjustmentReason,
    Count,
)
from chalicelib.inventory.schemas.fields import Channel, Lax, LocationId, Reference, Sku, Units, UnitsOrNone
from chalicelib.inventory.service import Booked


class ReceiptLine(Schema):
    """Units of a SKU that came in."""

    sku: Sku
    quantity: Units


class ReceiveStock(Schema):
    """Goods that came in at one location, e.g. from a supplier or as opening stock."""

    location_id: LocationId
    lines: list[ReceiptLine] = Field(min_length=1, max_length=MAX_LINES)
    reference: Reference | None = None

    def units(self) -> list[tuple[str, int]]:
        """Units by SKU, line by line."""
        return [(line.sku, line.quantity) for line in self.lines]


class AdjustmentLine(Schema):
    """By how many units on-hand stock changes."""

    sku: Sku
    quantity: int = Field(ge=-1_000_000, le=1_000_000)


class AdjustStock(Schema):
    """Stock written up or down by hand. Losses go down, finds go up, corrections go either way."""

    location_id: LocationId
    reason: Annotated[AdjustmentReason, Lax]
    lines: list[AdjustmentLine] = Field(min_length=1, max_length=MAX_LINES)
    reference: Reference | None = None

    def units(self) -> list[tuple[str, int]]:
        """Units by SKU, line by line."""
        return [(line.sku, line.quantity) for line in self.lines]


class CountLine(Schema):
    """What was counted of a SKU, and what the counter was told is on hand."""

    sku: Sku
    expected_on_hand: int = Field(ge=0, le=MAX_UNITS)
    counted: int = Field(ge=0, le=MAX_UNITS)


class CountStock(Schema):
    """A stock count at one location: on hand becomes what was counted, unless it changed meanwhile. Each SKU once."""

    location_id: LocationId
    lines: list[CountLine] = Field(min_length=1, max_length=MAX_LINES)
    reference: Reference | None = None

    @field_validator("lines")
    @classmethod
    def _each_once(cls, lines: list[CountLine]) -> list[CountLine]:
        if len({line.sku for line in lines}) < len(lines):
            raise ValueError("each SKU once")
        return lines

    def counts(self) -> list[Count]:
        """The counts."""
        return [Count(line.sku, line.expected_on_hand, line.counted) for line in self.lines]


class SafetyLine(Schema):
    """Units of a SKU to keep back from each channel; those not named keep back none."""

    sku: Sku
    safety: dict[Channel, UnitsOrNone] = Field(max_length=20)


class SetSafetyStock(Schema):
    """Safety stock at one location, in place of what was set before. The last line of a SKU counts."""

    location_id: LocationId
    lines: list[SafetyLine] = Field(min_length=1, max_length=MAX_LINES)

    def by_sku(self) -> dict[str, Mapping[str, int]]:
        """Units to keep back, by channel, by SKU."""
        return {line.sku: line.safety for line in self.lines}


class SetStockPolicy(Schema):
    """How a SKU is sold at a location, in place of what held before.

    Each channel that `safety` names keeps back so many units. Beyond what is there, up to `backorder_limit` units are sold
    that are still to come, promised within `backorder_days`; safety stock counts against the limit.

    A SKU that sells faster than about a hundred orders a second has its counters split into up to 16 `shards`. Split stock
    has no backorder limit.
    """

    safety: dict[Channel, UnitsOrNone] = Field(default_factory=dict, max_length=20)
    backorder_limit: UnitsOrNone = 0
    backorder_days: int = Field(default=0, ge=0, le=365)
    shards: int = Field(default=1, ge=1, le=MAX_SHARDS)


class StockPolicyView(View):
    """How a SKU is sold at a location. `version` is the policy's own."""

    safety: dict[str, int]
    backorder_limit: int
    backorder_days: int
    shards: int
    version: int


class BookedLine(View):
    sku: str
    quantity: int


class BookedView(View):
    """What a stock command booked: one movement per SKU."""

    id: str
    location_id: str
    lines: list[BookedLine]
    booked_at: str

    @classmethod
    def of(cls, booked: Booked) -> "BookedView":
        return cls(
            id=booked.id,
            location_id=booked.location_id,
            lines=[BookedLine(sku=one.sku, quantity=one.quantity) for one in booked.movements],
            booked_at=booked.movements[0].at,
        )
