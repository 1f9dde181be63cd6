"""Events of fulfilments. They stand in the order's timeline."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.core import outbox
from chalicelib.core.auth import Principal
from chalicelib.core.keys import key
from chalicelib.core.outbox import Aggregate
from chalicelib.core.table import Transaction
from chalicelib.fulfilment.domain import Fulfilment, FulfilmentStatus, TrackingEvent

_TYPES = {
    FulfilmentStatus.PACKED: "FulfilmentPacked",
    FulfilmentStatus.SHIPPED: "FulfilmentShipped",
    FulfilmentStatus.SHORT: "FulfilmentShort",
    FulfilmentStatus.DELIVERED: "FulfilmentDelivered",
}


def fulfilment_changed(tx: Transaction, fulfilment: Fulfilment, by: Principal) -> None:
    """FulfilmentPacked, FulfilmentShipped, FulfilmentShort or FulfilmentDelivered, by the state it is now in."""
    outbox.publish(
        tx,
        pk=key("ORDER", fulfilment.order_id),
        source="fulfilment",
        type=_TYPES[fulfilment.status],
        aggregate=Aggregate("fulfilment", fulfilment.id, fulfilment.version),
        by=by,
        data={
            "order_id": fulfilment.order_id,
            "location_id": fulfilment.location_id,
            "lines": [[line.sku, line.shipped, line.short] for line in fulfilment.lines],
            "tracking": dict(fulfilment.tracking) if fulfilment.tracking else None,
            **({"pickup": dict(fulfilment.pickup)} if fulfilment.pickup else {}),
        },
    )


def order_ready_for_pickup(tx: Transaction, fulfilment: Fulfilment, waiting: Mapping[str, Any], by: Principal) -> None:
    """OrderReadyForPickup: it lies in a locker. `waiting` tells where, and until when."""
    outbox.publish(
        tx,
        pk=key("ORDER", fulfilment.order_id),
        source="fulfilment",
        type="OrderReadyForPickup",
        aggregate=Aggregate("fulfilment", fulfilment.id, fulfilment.version),
        by=by,
        data={"order_id": fulfilment.order_id, "location_id": fulfilment.location_id, **waiting},
    )


def fulfilment_collected(tx: Transaction, fulfilment: Fulfilment, by: Principal) -> None:
    """FulfilmentShipped and FulfilmentDelivered at once: the workflow that waits for the one goes on, and who waits for the
    other hears of it."""
    for status in (FulfilmentStatus.SHIPPED, FulfilmentStatus.DELIVERED):
        fulfilment_changed(tx, replace(fulfilment, status=status), by)


def fulfilment_ready(tx: Transaction, fulfilment: Fulfilment, by: Principal) -> None:
    """FulfilmentReady: the units that it waited for are there, and it wants its workflow."""
    outbox.publish(
        tx,
        pk=key("ORDER", fulfilment.order_id),
        source="fulfilment",
        type="FulfilmentReady",
        aggregate=Aggregate("fulfilment", fulfilment.id, fulfilment.version),
        by=by,
        data={
            "order_id": fulfilment.order_id,
            "location_id": fulfilment.location_id,
            "lines": [[line.sku, line.wanted] for line in fulfilment.lines],
            "promised_on": fulfilment.promised_on,
        },
    )


def parcel_tracked(tx: Transaction, fulfilment: Fulfilment, word: TrackingEvent, by: Principal) -> None:
    """The carrier said where a parcel is."""
    outbox.publish(
        tx,
        pk=key("ORDER", fulfilment.order_id),
        source="fulfilment",
        type="ParcelTracked",
        aggregate=Aggregate("fulfilment", fulfilment.id, fulfilment.version),
        by=by,
        data={"order_id": fulfilment.order_id, "code": str(word.code), "at": word.at},
    )
