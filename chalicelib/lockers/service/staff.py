"""What staff does by hand: opening doors, taking compartments out of use, moving what a broken door keeps, handing over."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Contended, NotFound, Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.ids import new_ulid
from chalicelib.core.keys import key
from chalicelib.core.outbox import Event, timeline
from chalicelib.core.table import Transaction
from chalicelib.fulfilment import service as fulfilment
from chalicelib.lockers import events
from chalicelib.lockers.domain import compartments, pickups
from chalicelib.lockers.domain.cabinets import Compartment, CompartmentStatus, CompartmentTaken, check_in_service
from chalicelib.lockers.domain.commands import Command, CommandPurpose
from chalicelib.lockers.domain.pickups import NotThisCompartment, Pickup, PickupStatus, PlaceState
from chalicelib.lockers.service.access import require_staff
from chalicelib.lockers.service.allocate import serve_waitlist
from chalicelib.lockers.service.cabinets import must_find_cabinet
from chalicelib.lockers.service.hold import revoke_codes
from chalicelib.lockers.service.open_compartments import Ways, new_command, send_command, ways
from chalicelib.lockers.service.pickups import must_find_pickup
from chalicelib.lockers.service.sites import read_site
from chalicelib.lockers.store import cabinets as store
from chalicelib.lockers.store import commands as commands_store
from chalicelib.lockers.store import days
from chalicelib.lockers.store import pickups as pickups_store
from chalicelib.lockers.store.pickups import PickupMoved

_ATTEMPTS = 8


def open_by_staff(
    cabinet_id: str,
    number: str,
    purpose: CommandPurpose,
    reason: str,
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Command], Answer],
    through: Ways | None = None,
) -> Answer:
    """Open a door from afar, for a reason that stands in the cabinet's timeline with who gave it.

    Raises `NotFound`, `CabinetRetired`.
    """
    require_staff(by)
    check_in_service(must_find_cabinet(cabinet_id))
    compartment = must_find_compartment(cabinet_id, number)
    command = new_command(
        cabinet_id, number, purpose, new_ulid(), pickup_id=compartment.pickup_id, reason=reason, by=by.id
    )
    final = answer(command)
    tx = Transaction()
    once.record(tx, final)
    events.door(tx, "CompartmentOpenRequested", command, by, reason=reason)
    tx.commit()
    send_command(command, by, through or ways())
    return final


def read_command(cabinet_id: str, command_id: str, by: Principal) -> Command:
    """What became of a command, for staff. Raises `NotFound`."""
    require_staff(by)
    command = commands_store.get_command(cabinet_id, command_id)
    if command is None:
        raise NotFound(f"There is no command {command_id}.")
    return command


def read_cabinet_timeline(cabinet_id: str, by: Principal) -> list[Event]:
    """Who opened what and why, and what became of it, oldest first. For staff. Raises `NotFound`."""
    require_staff(by)
    must_find_cabinet(cabinet_id)
    return list(timeline(key("CABINET", cabinet_id)))


def must_find_compartment(cabinet_id: str, number: str) -> Compartment:
    """The compartment as it is now. Raises `NotFound`."""
    compartment = store.get_compartment(cabinet_id, number)
    if compartment is None:
        raise NotFound(f"There is no compartment {cabinet_id}/{number}.")
    return compartment


# ---- out of use, and back -----------------------------------------------------------------------------------------------


def block_compartment(
    cabinet_id: str,
    number: str,
    reason: str,
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Compartment], Answer],
) -> Answer:
    """Take an empty compartment out of use. Raises `CompartmentTaken`, `CabinetRetired`."""

    def change(compartment: Compartment) -> Compartment:
        return compartments.block(compartment, reason)

    return _changed(cabinet_id, number, "CompartmentBlocked", change, by, once, answer)


def free_compartment(
    cabinet_id: str, number: str, *, by: Principal, once: Idempotency, answer: Callable[[Compartment], Answer]
) -> Answer:
    """Put a blocked or mended compartment back into use; who waits for one gets it. Raises `CompartmentTaken`,
    `CabinetRetired`."""
    final = _changed(cabinet_id, number, "CompartmentFreed", compartments.put_back_into_use, by, once, answer)
    serve_waitlist(must_find_compartment(cabinet_id, number).site_id, by)
    return final


def _changed(
    cabinet_id: str,
    number: str,
    event: str,
    change: Callable[[Compartment], Compartment],
    by: Principal,
    once: Idempotency,
    answer: Callable[[Compartment], Answer],
) -> Answer:
    require_staff(by)
    check_in_service(must_find_cabinet(cabinet_id))
    after = change(must_find_compartment(cabinet_id, number))
    final = answer(after)
    tx = Transaction()
    store.change_compartment(tx, after)
    events.compartment_changed(tx, event, after, by, reason=after.reason)
    once.record(tx, final)
    tx.commit()
    return final


# ---- when a door does not open ------------------------------------------------------------------------------------------


def relocate_pickup(
    pickup_id: str,
    from_label: str,
    to_label: str,
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Pickup], Answer],
) -> Answer:
    """Record that staff moved what a broken door kept into another, free compartment. It can be collected again, and the shopper
    gets another passcode. Raises `PickupOutOfTurn`, `NotThisCompartment`, `CompartmentTaken`."""
    require_staff(by)
    (cabinet_id, _, number), (to_cabinet_id, _, to_number) = from_label.partition("/"), to_label.partition("/")
    for _ in range(_ATTEMPTS):
        before = must_find_pickup(pickup_id)
        target = store.get_compartment(to_cabinet_id, to_number)
        if target is None or target.site_id != before.site_id:
            raise NotThisCompartment(f"There is no compartment {to_label} at {before.site_id}.")
        after = pickups.relocate(before, cabinet_id, number, to_cabinet_id, to_number, clock.now())
        final = answer(after)
        tx = Transaction()
        pickups_store.change_pickup(tx, after)
        taken = compartments.reserve(target, pickup_id)
        store.change_compartment(tx, compartments.taken_over(taken))
        left = store.get_compartment(cabinet_id, number)
        if left is not None and left.pickup_id == pickup_id:
            store.change_compartment(tx, compartments.vacate(left))
        if after.fulfilment_id is not None:
            fulfilment.keep_back(tx, after.fulfilment_id)
        events.pickup_changed(tx, "PasscodeRequested", after, by)
        once.record(tx, final)
        try:
            tx.commit()
        except (PickupMoved, Stale):
            continue
        return final
    raise Contended(f"Pickup {pickup_id} kept changing.")


def hand_out_pickup(pickup_id: str, *, by: Principal, once: Idempotency, answer: Callable[[Pickup], Answer]) -> Answer:
    """Record that staff gave the order to its shopper in person. Raises `PickupOutOfTurn`, `OnHold`."""
    require_staff(by)
    for _ in range(_ATTEMPTS):
        before = must_find_pickup(pickup_id)
        after = pickups.hand_out(before)
        final = answer(after)
        tx = Transaction()
        pickups_store.change_pickup(tx, after)
        revoke_codes(tx, before)
        for place in before.places:
            compartment = store.get_compartment(place.cabinet_id, place.number)
            if compartment is not None and compartment.pickup_id == pickup_id and place.state is PlaceState.LOADED:
                store.change_compartment(tx, compartments.vacate(compartment))
        if after.fulfilment_id is not None and before.status is PickupStatus.READY:
            fulfilment.hand_over(tx, after.fulfilment_id)
        days.count_collected(tx, after.site_id, str(after.ready_at))
        events.pickup_changed(tx, "PickupCollected", after, by)
        once.record(tx, final)
        try:
            tx.commit()
        except (PickupMoved, Stale, CompartmentTaken):
            continue
        serve_waitlist(after.site_id, by)
        return final
    raise Contended(f"Pickup {pickup_id} kept changing.")


# ---- figures ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SiteFigures:
    """How full a site is now, by status of its compartments, and what happened on its days (UTC)."""

    site_id: str
    compartments: dict[str, int]
    days: list[tuple[str, Any]]

    @property
    def utilisation(self) -> float:
        """The share of usable compartments that hold something, or are kept for something."""
        usable = sum(self.compartments.get(one, 0) for one in ("free", "reserved", "occupied", "to_clear"))
        return (usable - self.compartments.get("free", 0)) / usable if usable else 0.0


def read_figures(site_id: str, since: date | None, until: date | None, by: Principal) -> SiteFigures:
    """Utilisation now, and loads, collections, expiries, faults and dwell times of days (by default the last 30). For staff."""
    require_staff(by)
    read_site(site_id)
    last = until or clock.now().date()
    first = since or last - timedelta(days=29)
    counted = {str(status): len(store.compartments_at(site_id, status)) for status in CompartmentStatus}
    return SiteFigures(site_id, counted, days.days_of(site_id, first, last))
