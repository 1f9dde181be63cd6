"""Routes that receive, adjust and count stock, keep some of it back, and sell some of it before it is there."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import NotFound, Stale
from chalicelib.inventory import service
from chalicelib.inventory.domain import (
    CountBelowReserved,
    CountOutdated,
    LocationUnknown,
    NothingToDo,
    SplitSellsWhatIsThere,
    StillWaiting,
    StockTooLow,
    TooManySplit,
    TooManyUnits,
    WrongDirection,
)
from chalicelib.inventory.routes.blueprint import SCOPE, routes
from chalicelib.inventory.schemas import (
    AdjustStock,
    BookedView,
    CountStock,
    ReceiveStock,
    SetSafetyStock,
    SetStockPolicy,
    StockPolicyView,
)


@routes.endpoint(
    "POST",
    "/v1/inventory/receipts",
    summary="Receive stock",
    body=ReceiveStock,
    answers={201: BookedView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[LocationUnknown, TooManyUnits],
)
def receive_stock() -> Response:
    """Goods that came in, up to 40 lines, all or none of them. Lines of one SKU are added up."""
    given = http.body(ReceiveStock)
    return http.once(
        lambda once: service.receive_stock(
            given.location_id,
            given.units(),
            reference=given.reference,
            by=http.caller(),
            once=once,
            answer=lambda booked: http.answer(201, BookedView.of(booked)),
        )
    )


@routes.endpoint(
    "POST",
    "/v1/inventory/adjustments",
    summary="Adjust stock",
    body=AdjustStock,
    answers={201: BookedView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[LocationUnknown, StockTooLow, TooManyUnits, WrongDirection, NothingToDo],
)
def adjust_stock() -> Response:
    """Writes stock up or down with a reason, up to 40 lines, all or none. Reserved units cannot be written down."""
    given = http.body(AdjustStock)
    return http.once(
        lambda once: service.adjust_stock(
            given.location_id,
            given.units(),
            given.reason,
            reference=given.reference,
            by=http.caller(),
            once=once,
            answer=lambda booked: http.answer(201, BookedView.of(booked)),
        )
    )


@routes.endpoint(
    "POST",
    "/v1/inventory/counts",
    summary="Count stock",
    body=CountStock,
    answers={201: BookedView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[LocationUnknown, CountOutdated, CountBelowReserved],
)
def count_stock() -> Response:
    """Sets on-hand stock to what was counted if it is still what the counter was told; else says what it is now."""
    given = http.body(CountStock)
    return http.once(
        lambda once: service.count_stock(
            given.location_id,
            given.counts(),
            reference=given.reference,
            by=http.caller(),
            once=once,
            answer=lambda booked: http.answer(201, BookedView.of(booked)),
        )
    )


@routes.endpoint(
    "POST",
    "/v1/inventory/safety-stock",
    summary="Set safety stock",
    body=SetSafetyStock,
    answers={204: None},
    scopes=[SCOPE],
    idempotent=True,
    raises=[LocationUnknown],
)
def set_safety_stock() -> Response:
    """Keeps units back from channels. It bounds what is promised from now on and moves nothing."""
    given = http.body(SetSafetyStock)
    return http.once(
        lambda once: service.set_safety_stock(
            given.location_id, given.by_sku(), by=http.caller(), once=once, answer=lambda: http.answer(204)
        )
    )


@routes.endpoint(
    "GET",
    "/v1/inventory/stock/{sku}/locations/{location_id}/policy",
    summary="Read how a SKU is sold at a location",
    answers={200: StockPolicyView},
    scopes=[SCOPE],
    raises=[NotFound],
)
def read_stock_policy(sku: str, location_id: str) -> Response:
    """Version 0 where nothing was ever set."""
    policy = service.read_policy(sku, location_id, http.caller())
    return http.ok(StockPolicyView.of(policy), version=policy.version)


@routes.endpoint(
    "PUT",
    "/v1/inventory/stock/{sku}/locations/{location_id}/policy",
    summary="Set how a SKU is sold at a location",
    body=SetStockPolicy,
    answers={200: StockPolicyView},
    scopes=[SCOPE],
    versioned=True,
    raises=[NotFound, Stale, SplitSellsWhatIsThere, StillWaiting, TooManySplit],
)
def set_stock_policy(sku: str, location_id: str) -> Response:
    """Safety stock, how many units may be sold before they are there, and into how many rows the counters are split. It
    bounds what is promised from now on."""
    given = http.body(SetStockPolicy)
    policy = service.set_policy(
        sku,
        location_id,
        http.expected_version(),
        safety=given.safety,
        backorder_limit=given.backorder_limit,
        backorder_days=given.backorder_days,
        shards=given.shards,
        by=http.caller(),
    )
    return http.ok(StockPolicyView.of(policy), version=policy.version)
