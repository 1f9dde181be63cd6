"""The events that inventory publishes. Contract: docs/events.md."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.keys import key
from chalicelib.core.outbox import Aggregate, publish
from chalicelib.core.table import Transaction
from chalicelib.inventory.domain import Arrival, Movement, Reservation, StockLine, Transfer

KEPT = timedelta(days=90)
"""How long the outbox keeps what nobody reads back: the movements are the lasting record."""


def stock_changed(tx: Transaction, type: str, command_id: str, movements: Sequence[Movement], by: Principal) -> None:
    """`StockReceived`, `StockAdjusted` or `StockCounted`: one event for all the lines of a command."""
    first = movements[0]
    data = {
        "location_id": first.location_id,
        "reason": first.reason,
        "lines": [{"sku": movement.sku, "quantity": movement.quantity} for movement in movements],
    }
    _publish(tx, "STOCKCHANGE", "stock_change", command_id, 1, type, data, by)


def transfer_dispatched(tx: Transaction, transfer: Transfer, by: Principal) -> None:
    """`TransferDispatched`: the goods left."""
    lines = [{"sku": line.sku, "quantity": line.sent} for line in transfer.lines]
    _publish_transfer(tx, transfer, "TransferDispatched", {"lines": lines}, by)


def transfer_received(tx: Transaction, transfer: Transfer, arrivals: Sequence[Arrival], by: Principal) -> None:
    """`TransferReceived`: some or all of the goods arrived, with what was missing or extra."""
    lines = [{"sku": one.sku, "quantity": one.came, "discrepancy": one.discrepancy} for one in arrivals]
    _publish_transfer(tx, transfer, "TransferReceived", {"lines": lines}, by)


def transfer_cancelled(tx: Transaction, transfer: Transfer, back: Sequence[StockLine], by: Principal) -> None:
    """`TransferCancelled`: what was under way is back where it came from."""
    lines = [{"sku": line.sku, "quantity": line.quantity} for line in back]
    _publish_transfer(tx, transfer, "TransferCancelled", {"lines": lines}, by)


def reservation_expired(tx: Transaction, reservation: Reservation, by: Principal) -> None:
    """`ReservationExpired`: its units can be sold again. The lines of one in parts are too many for an event."""
    data: dict[str, Any] = {"owner": reservation.owner, "channel": reservation.channel}
    if not reservation.in_parts:
        data["lines"] = [
            {"sku": line.sku, "location_id": line.location_id, "quantity": line.quantity} for line in reservation.lines
        ]
    version = reservation.version + 1
    _publish(tx, "RESERVATION", "reservation", reservation.id, version, "ReservationExpired", data, by)


def _publish_transfer(tx: Transaction, transfer: Transfer, type: str, data: dict[str, Any], by: Principal) -> None:
    ends = {
        "from_location": transfer.from_location,
        "to_location": transfer.to_location,
        "status": str(transfer.status),
    }
    _publish(tx, "TRANSFER", "transfer", transfer.id, transfer.version, type, {**ends, **data}, by)


def _publish(
    tx: Transaction, prefix: str, kind: str, id: str, version: int, type: str, data: dict[str, Any], by: Principal
) -> None:
    publish(
        tx,
        pk=key(prefix, id),
        source="inventory",
        type=type,
        aggregate=Aggregate(kind, id, version),
        by=by,
        data=data,
        ttl=clock.epoch_seconds(clock.now() + KEPT),
    )
