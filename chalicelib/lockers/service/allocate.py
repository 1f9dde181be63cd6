"""Which compartments wait for an order: decided when it is packed, or as soon as some are free."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from chalicelib.core import observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Contended
from chalicelib.core.table import Transaction
from chalicelib.lockers import events
from chalicelib.lockers.domain import packing, pickups
from chalicelib.lockers.domain.cabinets import RETIRED, CompartmentStatus, CompartmentTaken, Size, Temperature
from chalicelib.lockers.domain.compartments import reserve
from chalicelib.lockers.domain.packing import Choice, Package
from chalicelib.lockers.domain.pickups import Pickup, PickupStatus
from chalicelib.lockers.service.pickups import must_find_pickup
from chalicelib.lockers.service.sites import read_site
from chalicelib.lockers.store import cabinets as cabinets_store
from chalicelib.lockers.store import pickups as store
from chalicelib.lockers.store.pickups import PickupExists, PickupMoved

_ATTEMPTS = 8


def open_pickup(order_id: str, fulfilment_id: str, wanted: Mapping[str, Any], by: Principal) -> Pickup:
    """Make the pickup of a packed fulfilment and find compartments for it; without free ones it waits. Safe to repeat.

    `wanted` holds `site_id`, `within_reach` and `packages`.
    """
    site = read_site(wanted["site_id"])
    waiting = Pickup(
        id=pickups.pickup_id(fulfilment_id),
        site_id=site.id,
        order_id=order_id,
        fulfilment_id=fulfilment_id,
        status=PickupStatus.WAITLISTED,
        packages=_packages(wanted.get("packages") or []),
        hold=site.hold,
        within_reach=bool(wanted.get("within_reach")),
    )
    return open_waiting(waiting, by)


def open_waiting(waiting: Pickup, by: Principal) -> Pickup:
    """Make a new pickup, in compartments if there are any, on the waiting list else; one that no compartment of the site could ever
    take is cleared at once. One that is there stays as it is."""
    lost: set[str] = set()
    for _ in range(_ATTEMPTS):
        plan = _plan(waiting, lost)
        tx = Transaction()
        opened = pickups.allocate(waiting, plan) if plan else _without_plan(waiting)
        store.add_pickup(tx, opened)
        if plan:
            _take(tx, plan, opened)
        event = _OPENED[opened.status]
        events.pickup_changed(tx, event, opened, by, **({"reason": opened.reason} if opened.reason else {}))
        try:
            tx.commit()
        except PickupExists:
            return must_find_pickup(waiting.id)
        except CompartmentTaken as error:
            lost.add(error.members["compartment"])
            continue
        observability.count(_COUNTED[opened.status])
        return opened
    raise Contended("Others took the compartments, several times over.")


_OPENED = {
    PickupStatus.ALLOCATED: "PickupAllocated",
    PickupStatus.WAITLISTED: "PickupWaitlisted",
    PickupStatus.CLEARED: "PickupCleared",
}
_COUNTED = {
    PickupStatus.ALLOCATED: "PickupsAllocated",
    PickupStatus.WAITLISTED: "PickupsWaitlisted",
    PickupStatus.CLEARED: "PickupsTooLarge",
}


def _without_plan(waiting: Pickup) -> Pickup:
    """On the waiting list; turned away when that would be for ever. Where there is no compartment at all yet, it waits."""
    there = [one for status in CompartmentStatus for one in cabinets_store.compartments_at(waiting.site_id, status)]
    usable = [one for one in there if one.reason != RETIRED]
    hopeless = usable and not packing.is_possible(waiting.packages, usable, within_reach=waiting.within_reach)
    return pickups.turn_away(waiting) if hopeless else waiting


def serve_waitlist(site_id: str | None, by: Principal) -> int:
    """Find compartments for those who wait, at one site or at all, in the order of their orders. Returns how many got some."""
    served = 0
    for _, waiting_id in list(store.waitlist(site_id)):
        waiting = store.get_pickup(waiting_id)
        if waiting is not None and waiting.status is PickupStatus.WAITLISTED and _serve(waiting, by):
            served += 1
    return served


def _serve(waiting: Pickup, by: Principal) -> bool:
    lost: set[str] = set()
    for _ in range(_ATTEMPTS):
        plan = _plan(waiting, lost)
        if not plan:
            return False
        tx = Transaction()
        opened = pickups.allocate(waiting, plan)
        store.change_pickup(tx, opened)
        _take(tx, plan, opened)
        events.pickup_changed(tx, "PickupAllocated", opened, by)
        try:
            tx.commit()
        except CompartmentTaken as error:
            lost.add(error.members["compartment"])
            continue
        except PickupMoved:
            return False
        observability.count("PickupsAllocated")
        return True
    return False


def _plan(pickup: Pickup, lost: Collection[str]) -> Sequence[Choice]:
    # The index is a moment old: what it calls free may be taken, which the condition finds out, and is left out then.
    free = cabinets_store.compartments_at(pickup.site_id, CompartmentStatus.FREE)
    blocked = cabinets_store.blocked_cabinets(pickup.site_id) if free else ()
    there = [one for one in free if one.label not in lost and one.cabinet_id not in blocked]
    return packing.choose(pickup.packages, there, within_reach=pickup.within_reach, salt=pickup.id) or ()


def _take(tx: Transaction, plan: Sequence[Choice], pickup: Pickup) -> None:
    for choice in plan:
        cabinets_store.change_compartment(tx, reserve(choice.compartment, pickup.id))


def _packages(given: Sequence[Mapping[str, Any]]) -> tuple[Package, ...]:
    packages = tuple(
        Package(
            one["id"],
            Size(one["size"]),
            tuple(one["outer_mm"]) if one.get("outer_mm") else None,
            Temperature(one["temperature"]),
        )
        for one in given
    )
    return packages or (Package("1"),)
