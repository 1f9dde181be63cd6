"""Staff puts an order into its compartments, and says so by scanning: compartment and parcels."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Contended
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.table import Transaction
from chalicelib.lockers import events
from chalicelib.lockers.domain import compartments, pickups
from chalicelib.lockers.domain.pickups import NotThisCompartment, Pickup, PickupStatus
from chalicelib.lockers.service.access import require_staff
from chalicelib.lockers.service.pickups import must_find_pickup
from chalicelib.lockers.store import cabinets as cabinets_store
from chalicelib.lockers.store import days
from chalicelib.lockers.store import pickups as store
from chalicelib.lockers.store.pickups import PickupMoved

_ATTEMPTS = 6


class MakeReady(Protocol):
    """Commits, with what it is given to add, that the fulfilment of an order lies where it is collected."""

    def __call__(
        self,
        fulfilment_id: str,
        waiting: Mapping[str, Any],
        alongside: Callable[[Transaction], None],
        once: Idempotency,
        answer: Answer,
    ) -> None: ...


def load_compartment(
    pickup_id: str,
    label: str,
    package_ids: Sequence[str],
    *,
    make_ready: MakeReady,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Pickup], Answer],
) -> Answer:
    """Record that packages were put into the compartment with a label (`<cabinet>/<number>`). With the last of them the order is
    ready to be collected, and its window begins.

    Raises `NotThisCompartment`, `PickupOutOfTurn`, `CompartmentTaken`.
    """
    require_staff(by)
    cabinet_id, _, number = label.partition("/")
    for _ in range(_ATTEMPTS):
        before = must_find_pickup(pickup_id)
        after = pickups.load(before, cabinet_id, number, package_ids)
        complete = pickups.all_loaded(after)
        if complete:
            after = pickups.ready(after, clock.now())
        final = answer(after)
        try:
            if complete and after.fulfilment_id is not None:
                add = _adding(after, cabinet_id, number)
                make_ready(after.fulfilment_id, events.about(after), add, once, final)
            else:
                _commit(after, cabinet_id, number, once, final)
        except PickupMoved:
            continue
        if complete:
            observability.count("PickupsReady")
        return final
    raise Contended(f"Pickup {pickup_id} kept changing.")


def _adding(after: Pickup, cabinet_id: str, number: str) -> Callable[[Transaction], None]:
    return lambda tx: _add(tx, after, cabinet_id, number)


def _add(tx: Transaction, after: Pickup, cabinet_id: str, number: str) -> None:
    compartment = cabinets_store.get_compartment(cabinet_id, number)
    if compartment is None:
        raise NotThisCompartment(f"There is no compartment {cabinet_id}/{number}.")
    cabinets_store.change_compartment(tx, compartments.occupy(compartment, after.id))
    store.change_pickup(tx, after)
    if after.status is PickupStatus.READY:
        days.count(tx, after.site_id, loaded=1)


def _commit(after: Pickup, cabinet_id: str, number: str, once: Idempotency, final: Answer) -> None:
    tx = Transaction()
    _add(tx, after, cabinet_id, number)
    once.record(tx, final)
    tx.commit()
