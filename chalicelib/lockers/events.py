"""Events of lockers. None holds a passcode, its hash, or who the shopper is."""

from typing import Any

from chalicelib.core import outbox
from chalicelib.core.auth import Principal
from chalicelib.core.keys import key
from chalicelib.core.outbox import Aggregate
from chalicelib.core.table import Transaction
from chalicelib.lockers.domain.cabinets import Cabinet, Compartment
from chalicelib.lockers.domain.commands import Command
from chalicelib.lockers.domain.drop_offs import DropOff
from chalicelib.lockers.domain.pickups import Pickup


def pickup_changed(tx: Transaction, type: str, pickup: Pickup, by: Principal, **more: Any) -> None:
    """PickupAllocated, PickupWaitlisted, PickupConfirmed, PickupCollected, PickupExpired, PickupExtended, PickupCancelled,
    PickupCleared, PickupFaulted, PasscodeRequested: what became of a pickup."""
    outbox.publish(
        tx,
        pk=key("PICKUP", pickup.id),
        source="lockers",
        type=type,
        aggregate=Aggregate("pickup", pickup.id, pickup.version),
        by=by,
        data={**about(pickup), **more},
    )


def about(pickup: Pickup) -> dict[str, Any]:
    """What events tell of a pickup."""
    return {
        "pickup_id": pickup.id,
        "order_id": pickup.order_id,
        "fulfilment_id": pickup.fulfilment_id,
        "site_id": pickup.site_id,
        "compartments": [{"cabinet_id": one.cabinet_id, "number": one.number} for one in pickup.places],
        "expires_at": pickup.expires_at,
    }


def drop_off_changed(tx: Transaction, type: str, drop_off: DropOff, by: Principal) -> None:
    """DropOffRequested, ReturnDroppedOff, DropOffFailed, DropOffCleared: what became of a parcel of a return."""
    outbox.publish(
        tx,
        pk=key("DROPOFFS", drop_off.return_id),
        source="lockers",
        type=type,
        aggregate=Aggregate("drop_off", drop_off.id, drop_off.version),
        by=by,
        data={
            "drop_off_id": drop_off.id,
            "return_id": drop_off.return_id,
            "site_id": drop_off.site_id,
            "cabinet_id": drop_off.cabinet_id,
            "number": drop_off.number,
            "reason": drop_off.reason,
            "found": drop_off.found,
        },
    )


def compartment_changed(tx: Transaction, type: str, compartment: Compartment, by: Principal, **more: Any) -> None:
    """CompartmentBlocked, CompartmentFreed, CompartmentFaulted: what became of a compartment."""
    outbox.publish(
        tx,
        pk=key("CABINET", compartment.cabinet_id),
        source="lockers",
        type=type,
        aggregate=Aggregate("compartment", compartment.label, compartment.version),
        by=by,
        data={"site_id": compartment.site_id, "pickup_id": compartment.pickup_id, **more},
    )


def cabinet_changed(tx: Transaction, type: str, cabinet: Cabinet, by: Principal) -> None:
    """CabinetBlocked, CabinetReleased, CabinetRetired: what became of a cabinet, and why."""
    outbox.publish(
        tx,
        pk=key("CABINET", cabinet.id),
        source="lockers",
        type=type,
        aggregate=Aggregate("cabinet", cabinet.id, cabinet.version),
        by=by,
        data={"site_id": cabinet.site_id, "reason": cabinet.reason},
    )


def door(tx: Transaction, type: str, command: Command, by: Principal, **more: Any) -> None:
    """CompartmentOpened (by whom and why), DoorLeftOpen, DoorForced, CommandFaulted: what became of a door."""
    outbox.publish(
        tx,
        pk=key("CABINET", command.cabinet_id),
        source="lockers",
        type=type,
        aggregate=Aggregate("command", command.id, command.version),
        by=by,
        data={
            "cabinet_id": command.cabinet_id,
            "number": command.number,
            "purpose": command.purpose,
            "pickup_id": command.pickup_id,
            "state": command.state,
            **more,
        },
    )
