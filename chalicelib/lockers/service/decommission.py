"""Taking whole cabinets out of use: for a while, or for good."""

from collections.abc import Callable

from chalicelib.core.auth import Principal
from chalicelib.core.errors import Contended, Stale
from chalicelib.core.idempotency import Answer, Idempotency, Replay
from chalicelib.core.table import Transaction
from chalicelib.lockers import events
from chalicelib.lockers.domain import cabinets, compartments
from chalicelib.lockers.domain.cabinets import RETIRED, Cabinet, CompartmentStatus
from chalicelib.lockers.gateways import devices, shadows
from chalicelib.lockers.service.access import require_admin, require_staff
from chalicelib.lockers.service.allocate import serve_waitlist
from chalicelib.lockers.service.cabinets import CabinetState, must_find_cabinet
from chalicelib.lockers.store import cabinets as store

_ATTEMPTS = 4


def block_cabinet(
    cabinet_id: str, reason: str, *, by: Principal, once: Idempotency, answer: Callable[[CabinetState], Answer]
) -> Answer:
    """Put nothing new into a cabinet; what is in it can be collected. Raises `NotFound`, `CabinetRetired`."""
    require_staff(by)
    return _changed(cabinet_id, "CabinetBlocked", lambda one: cabinets.block(one, reason), by, once, answer)


def release_cabinet(
    cabinet_id: str, *, by: Principal, once: Idempotency, answer: Callable[[CabinetState], Answer]
) -> Answer:
    """Use a blocked cabinet again; who waits for a compartment gets it. Raises `NotFound`, `CabinetRetired`."""
    require_staff(by)
    final = _changed(cabinet_id, "CabinetReleased", cabinets.release, by, once, answer)
    serve_waitlist(must_find_cabinet(cabinet_id).site_id, by)
    return final


def _changed(
    cabinet_id: str,
    event: str,
    change: Callable[[Cabinet], Cabinet],
    by: Principal,
    once: Idempotency,
    answer: Callable[[CabinetState], Answer],
) -> Answer:
    for _ in range(_ATTEMPTS):
        after = change(must_find_cabinet(cabinet_id))
        final = answer(CabinetState(after, store.compartments_of(cabinet_id), store.get_connection(cabinet_id)))
        tx = Transaction()
        store.change_cabinet(tx, after)
        events.cabinet_changed(tx, event, after, by)
        once.record(tx, final)
        try:
            tx.commit()
        except Stale:
            continue
        return final
    raise Contended(f"Cabinet {cabinet_id} kept changing.")


def retire_cabinet(
    cabinet_id: str, reason: str, *, by: Principal, once: Idempotency, answer: Callable[[CabinetState], Answer]
) -> Answer:
    """Give an empty cabinet up for good: nothing is put in, nobody is let in with its certificates and its token, and its device may
    become another cabinet. Raises `NotFound`, `CabinetRetired`, `CompartmentTaken` while something is in it or kept for it."""
    require_admin(by)
    if (earlier := once.earlier()) is not None:
        _revoke_all(must_find_cabinet(cabinet_id))
        raise Replay(earlier)
    for _ in range(_ATTEMPTS):
        before = must_find_cabinet(cabinet_id)
        after = cabinets.retire(before, reason)
        # With all its compartments in one transaction: none is taken meanwhile.
        there = store.compartments_of(cabinet_id)
        blocked = {
            one.number: compartments.block(one, RETIRED) for one in there if one.status is not CompartmentStatus.BLOCKED
        }
        left = [blocked.get(one.number, one) for one in there]
        final = answer(CabinetState(after, left, store.get_connection(cabinet_id)))
        tx = Transaction()
        store.change_cabinet(tx, after)
        store.free_serial(tx, before.serial_number)
        for one in blocked.values():
            store.change_compartment(tx, one)
        events.cabinet_changed(tx, "CabinetRetired", after, by)
        once.record(tx, final)
        try:
            tx.commit()
        except Stale:
            continue
        _revoke_all(before)
        return final
    raise Contended(f"Cabinet {cabinet_id} kept changing.")


def _revoke_all(cabinet: Cabinet) -> None:
    for certificate_id in cabinet.certificates:
        devices.revoke(cabinet.id, certificate_id)
    shadows.forget(cabinet.id)  # when its device cannot write it any more
