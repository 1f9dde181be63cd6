"""How long an order waits: reminding, extending, expiring, and taking it out again. The steps of hold-for-pickup."""

from collections.abc import Callable
from datetime import timedelta

from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Contended, Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.table import Transaction
from chalicelib.core.tasks import Outcome
from chalicelib.core.workflow import Workflow
from chalicelib.fulfilment import service as fulfilment
from chalicelib.lockers import events
from chalicelib.lockers.domain import compartments, pickups
from chalicelib.lockers.domain.cabinets import CompartmentStatus, CompartmentTaken
from chalicelib.lockers.domain.pickups import NotThisCompartment, Pickup, PickupStatus, PlaceState
from chalicelib.lockers.domain.sites import OnExpiry
from chalicelib.lockers.service.access import require_staff
from chalicelib.lockers.service.allocate import serve_waitlist
from chalicelib.lockers.service.pickups import must_find_pickup
from chalicelib.lockers.store import cabinets as cabinets_store
from chalicelib.lockers.store import days
from chalicelib.lockers.store import passcodes as passcodes_store
from chalicelib.lockers.store import pickups as store
from chalicelib.lockers.store import tokens as tokens_store
from chalicelib.lockers.store.pickups import PickupMoved

ORDER_CANCELLED = "order_cancelled"
_ATTEMPTS = 8
_LOOK_AGAIN = timedelta(minutes=15)
"""When a pickup whose doors are at work, or broken, is looked at again."""


# ---- steps of the workflow ----------------------------------------------------------------------------------------------


def hold_pickup(pickup_id: str, by: Principal) -> Outcome:
    """Do what the time asks for. Safe to repeat.

    Outcomes: `waiting`, with the moment `until` which · `expired`, staff is to take it out · `cleared`, staff did, and the order is
    to be given up · `over`, nothing is left to do.
    """
    for _ in range(_ATTEMPTS):
        pickup = must_find_pickup(pickup_id)
        asked = pickups.due(pickup, clock.now())
        if asked is None:
            return _outcome(pickup)
        try:
            _expire(pickup, by) if asked == "expire" else _remind(pickup, by)
        except (PickupMoved, Stale, CompartmentTaken):
            continue
    raise Contended(f"Pickup {pickup_id} kept changing.")


def _remind(pickup: Pickup, by: Principal) -> None:
    reminded = pickups.remind(pickup)
    tx = Transaction()
    store.change_pickup(tx, reminded)
    events.pickup_changed(tx, "PickupReminder", reminded, by)
    tx.commit()


def _expire(pickup: Pickup, by: Principal) -> None:
    """Of a pickup that races its expiry exactly one wins: both write its next version."""
    expired = pickups.expire(pickup, clock.now())
    tx = Transaction()
    store.change_pickup(tx, expired)
    revoke_codes(tx, pickup)
    _await_clearing(tx, expired)
    days.count(tx, pickup.site_id, expired=1)
    events.pickup_changed(tx, "PickupExpired", expired, by)
    tx.commit()
    observability.count("PickupsExpired")


def revoke_codes(tx: Transaction, pickup: Pickup) -> None:
    """Add to the transaction that no code of the pickup opens it any more."""
    for name in pickup.codes.values():
        passcodes_store.revoke_passcode(tx, pickup.site_id, name)


def _await_clearing(tx: Transaction, pickup: Pickup) -> None:
    for place in pickup.places:
        compartment = cabinets_store.get_compartment(place.cabinet_id, place.number)
        if compartment is None or compartment.pickup_id != pickup.id:
            continue
        if place.state is PlaceState.LOADED:
            waiting = compartments.await_clearing(compartment, str(pickup.reason))
            cabinets_store.change_compartment(tx, waiting)
        elif compartment.status is CompartmentStatus.RESERVED:
            cabinets_store.change_compartment(tx, compartments.free(compartment))


def _outcome(pickup: Pickup) -> Outcome:
    if pickup.status is PickupStatus.READY:
        return {"outcome": "waiting", "until": pickups.next_moment(pickup)}
    if pickup.status in (PickupStatus.OPENING, PickupStatus.FAULTED):
        return {"outcome": "waiting", "until": clock.rfc3339(clock.now() + _LOOK_AGAIN)}
    if pickup.status is PickupStatus.EXPIRED:
        return {"outcome": "expired"}
    if pickup.status is PickupStatus.CLEARED and pickup.fulfilment_id and pickup.reason != ORDER_CANCELLED:
        # What no compartment takes is not the shopper's doing: it is sent wherever that can be had.
        redeliver = pickup.hold.on_expiry is OnExpiry.REDELIVER or pickup.reason == pickups.TOO_LARGE
        return {"outcome": "cleared", "redeliver": redeliver}
    return {"outcome": "over"}


def await_clearing(pickup_id: str, task_token: str, *, workflow: Workflow | None = None) -> None:
    """Keep the token until staff has taken out what was in, or complete it at once when they have. Safe to repeat."""
    told = workflow or Workflow()
    tokens_store.park_token(pickup_id, told.seal(task_token))
    pickup = must_find_pickup(pickup_id)
    if pickup.status is not PickupStatus.EXPIRED:
        told.complete(task_token, _outcome(pickup))


def go_on(pickup_id: str, *, workflow: Workflow | None = None) -> None:
    """Tell the waiting workflow that a pickup was cleared, or collected after all. Safe to repeat; without a token `await_clearing` will tell."""
    pickup = must_find_pickup(pickup_id)
    for token in tokens_store.tokens_of(pickup_id):
        (workflow or Workflow()).complete_sealed(token, _outcome(pickup))


# ---- by shoppers and staff ----------------------------------------------------------------------------------------------


def extend_pickup(pickup_id: str, *, by: Principal, once: Idempotency, answer: Callable[[Pickup], Answer]) -> Answer:
    """Keep an order longer; its codes are of use as long. Whoever calls decides who may. Raises `NoMoreExtensions`,
    `PickupOutOfTurn` when it expired, or was collected."""
    for _ in range(_ATTEMPTS):
        before = must_find_pickup(pickup_id)
        after = pickups.extend(before, clock.now())
        final = answer(after)
        tx = Transaction()
        store.change_pickup(tx, after)
        for name in after.codes.values():
            passcodes_store.extend_passcode(tx, after.site_id, name, str(after.expires_at))
        events.pickup_changed(tx, "PickupExtended", after, by)
        once.record(tx, final)
        try:
            tx.commit()
        except (PickupMoved, Stale):
            continue
        return final
    raise Contended(f"Pickup {pickup_id} kept changing.")


def cancel_pickup(fulfilment_id: str, by: Principal) -> None:
    """Let nobody collect what was called off; staff takes out what is in. Safe to repeat. One whose doors are opening already is
    not called off: its order was not, either."""
    for _ in range(_ATTEMPTS):
        before = store.get_pickup(pickups.pickup_id(fulfilment_id))
        if before is None or before.status not in _CALLED_OFF_FROM:
            return
        after = pickups.cancel(before, ORDER_CANCELLED)
        tx = Transaction()
        store.change_pickup(tx, after)
        revoke_codes(tx, before)
        _await_clearing(tx, after)
        events.pickup_changed(tx, "PickupCancelled", after, by)
        try:
            tx.commit()
        except (PickupMoved, Stale, CompartmentTaken):
            continue
        serve_waitlist(after.site_id, by)
        return
    raise Contended(f"The pickup of {fulfilment_id} kept changing.")


_CALLED_OFF_FROM = (PickupStatus.WAITLISTED, PickupStatus.ALLOCATED, PickupStatus.READY)


def clear_compartment(
    pickup_id: str, label: str, *, by: Principal, once: Idempotency, answer: Callable[[Pickup], Answer]
) -> Answer:
    """Record that staff took out what was in a compartment of an expired, cancelled or faulted pickup, to go back into stock.

    Raises `NotThisCompartment`, `PickupOutOfTurn`.
    """
    require_staff(by)
    cabinet_id, _, number = label.partition("/")
    for _ in range(_ATTEMPTS):
        before = must_find_pickup(pickup_id)
        after = pickups.clear(before, cabinet_id, number)
        final = answer(after)
        tx = Transaction()
        store.change_pickup(tx, after)
        compartment = cabinets_store.get_compartment(cabinet_id, number)
        if compartment is None:
            raise NotThisCompartment(f"There is no compartment {label}.")
        if compartment.pickup_id == pickup_id:
            cabinets_store.change_compartment(tx, compartments.vacate(compartment))
        if after.status is PickupStatus.CLEARED:
            if before.status is PickupStatus.FAULTED and before.fulfilment_id is not None:
                fulfilment.keep_back(tx, before.fulfilment_id)
            events.pickup_changed(tx, "PickupCleared", after, by, reason=after.reason)
        once.record(tx, final)
        try:
            tx.commit()
        except (PickupMoved, Stale, CompartmentTaken):
            continue
        serve_waitlist(after.site_id, by)
        return final
    raise Contended(f"Pickup {pickup_id} kept changing.")


def request_passcode(pickup_id: str, *, by: Principal, once: Idempotency, answer: Callable[[Pickup], Answer]) -> Answer:
    """Have another passcode sent to the shopper, who lost theirs; staff does not see it. Raises `PickupOutOfTurn` unless it can
    be collected."""
    require_staff(by)
    pickup = must_find_pickup(pickup_id)
    if not pickups.is_collectable(pickup, clock.now()):
        raise pickups.PickupOutOfTurn(f"The pickup is {pickup.status}.")
    final = answer(pickup)
    tx = Transaction()
    events.pickup_changed(tx, "PasscodeRequested", pickup, by)
    once.record(tx, final)
    tx.commit()
    return final
