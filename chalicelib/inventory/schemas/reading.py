"""Stock and movements as callers ask for and get them."""

from chalicelib.core.schemas import PageQuery, View
from chalicelib.inventory.domain import (
    MovementKind,
    Stock,
)
from chalicelib.inventory.schemas.fields import LocationId


class StockQuery(PageQuery):
    """Whose stock to list."""

    location: LocationId


class StockView(View):
    """Counters of a SKU at a location: on_hand = available + reserved. `waiting` of the reserved units were sold before they
    are there, which may take `available` below zero, as far as `backorder_limit`."""

    sku: str
    location_id: str
    on_hand: int
    available: int
    reserved: int
    waiting: int
    safety: dict[str, int]
    backorder_limit: int
    backorder_days: int
    shards: int
    version: int

    @classmethod
    def of(cls, stock: Stock) -> "StockView":
        return cls(
            sku=stock.sku,
            location_id=stock.location_id,
            on_hand=stock.on_hand,
            available=stock.available,
            reserved=stock.reserved,
            waiting=stock.waiting,
            safety=dict(stock.policy.safety),
            backorder_limit=stock.policy.backorder_limit,
            backorder_days=stock.policy.backorder_days,
            shards=stock.policy.shards,
            version=stock.version,
        )


class MovementView(View):
    """One change of on-hand stock. `cause` is the id of the command, transfer or parcel behind it."""

    id: str
    sku: str
    location_id: str
    kind: MovementKind
    quantity: int
    reason: str | None
    cause: str
    reference: str | None
    actor: dict[str, str]
    at: str
