"""Returns that are dropped into a locker: a door is opened for an empty compartment, and shut on what comes back."""

from collections.abc import Callable, Collection
from typing import Any

from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Contended, NotFound, Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.paging import Page, page_of
from chalicelib.core.table import Transaction
from chalicelib.lockers import events
from chalicelib.lockers.domain import compartments, drop_offs, packing
from chalicelib.lockers.domain.cabinets import Compartment, CompartmentStatus, CompartmentTaken, Size
from chalicelib.lockers.domain.commands import FAULTS, Command, CommandPurpose, CommandState
from chalicelib.lockers.domain.drop_offs import DropOff, DropOffStatus, NoCompartmentFree
from chalicelib.lockers.domain.packing import Package
from chalicelib.lockers.service.access import require_staff
from chalicelib.lockers.service.allocate import serve_waitlist
from chalicelib.lockers.service.open_compartments import Ways, new_command, send_command, ways
from chalicelib.lockers.service.sites import site_for_order
from chalicelib.lockers.store import cabinets as cabinets_store
from chalicelib.lockers.store import drop_offs as store

_ATTEMPTS = 8


def request_drop_off(
    return_id: str,
    site_id: str,
    size: Size,
    *,
    within_reach: bool = False,
    by: Principal,
    once: Idempotency,
    answer: Callable[[DropOff], Answer],
) -> Answer:
    """Have an empty compartment opened, now, for a parcel of a return. That the caller may and that goods are awaited, whoever calls
    has made sure of.

    Raises `SiteUnknown`, `SitePaused`, `DropOffOpen`, `TooManyDropOffs`, and `NoCompartmentFree` when none of a cabinet that is
    online takes it.
    """
    site = site_for_order(site_id)
    lost: set[str] = set()
    for _ in range(_ATTEMPTS):
        number = drop_offs.next_number(store.drop_offs_of(return_id))
        chosen = _choose(site.id, size, return_id, lost, within_reach=within_reach)
        opened = DropOff(
            id=drop_offs.drop_off_id(return_id, number),
            return_id=return_id,
            site_id=site.id,
            cabinet_id=chosen.cabinet_id,
            number=chosen.number,
            size=size,
            moment=clock.rfc3339(clock.now()),
        )
        final = answer(opened)
        tx = Transaction()
        store.add_drop_off(tx, opened)
        cabinets_store.change_compartment(tx, compartments.reserve(chosen, opened.id))
        events.drop_off_changed(tx, "DropOffRequested", opened, by)
        once.record(tx, final)
        try:
            tx.commit()
        except CompartmentTaken as error:
            lost.add(error.members["compartment"])
            continue
        except Stale:
            continue
        return final
    raise Contended("Others took the compartments, several times over.")


def _choose(site_id: str, size: Size, salt: str, lost: Collection[str], *, within_reach: bool) -> Compartment:
    blocked = cabinets_store.blocked_cabinets(site_id)
    free = [
        one
        for one in cabinets_store.compartments_at(site_id, CompartmentStatus.FREE)
        if one.label not in lost and one.cabinet_id not in blocked
    ]
    # Somebody stands in front of it: a cabinet that cannot be told is of no use.
    online = {one for one in {each.cabinet_id for each in free} if cabinets_store.get_connection(one).online}
    reachable = [one for one in free if one.cabinet_id in online]
    plan = packing.choose([Package("1", size)], reachable, within_reach=within_reach, salt=salt)
    if not plan:
        raise NoCompartmentFree(f"Nothing of size {size} is free at {site_id}, in a cabinet that is online.")
    return plan[0].compartment


def open_for_drop_off(drop_off_id: str, cause: str, by: Principal, *, through: Ways | None = None) -> None:
    """Tell the cabinet to open the compartment of a drop-off. Safe to repeat: a command of the same `cause` is the same command."""
    drop_off = must_find_drop_off(drop_off_id)
    if drop_off.status is not DropOffStatus.OPENING:
        return
    command = new_command(drop_off.cabinet_id, drop_off.number, CommandPurpose.DROPOFF, cause, pickup_id=drop_off_id)
    send_command(command, by, through or ways())


def record_drop_off(tx: Transaction, after: Command, by: Principal) -> None:
    """Add what the command's door means for its drop-off and its compartment. `Stale`, `CompartmentTaken` at commit."""
    before = must_find_drop_off(str(after.pickup_id))
    compartment = cabinets_store.get_compartment(after.cabinet_id, after.number)
    if compartment is None or compartment.pickup_id != before.id:
        return
    moment = clock.rfc3339(clock.now())
    if after.state is CommandState.CLOSED:
        dropped = drop_offs.drop(before, moment)
        if dropped is None:
            return
        store.change_drop_off(tx, dropped)
        cabinets_store.change_compartment(tx, compartments.await_clearing(compartment, "returned"))
        events.drop_off_changed(tx, "ReturnDroppedOff", dropped, by)
        observability.count("ReturnsDroppedOff")
    elif after.state in FAULTS:
        failed = drop_offs.fail(before, moment, str(after.state))
        if failed is None:
            return
        store.change_drop_off(tx, failed)
        broken = compartments.break_down(compartment, str(after.state))
        cabinets_store.change_compartment(tx, broken)
        events.drop_off_changed(tx, "DropOffFailed", failed, by)
        events.compartment_changed(tx, "CompartmentFaulted", broken, by, reason=str(after.state))


def clear_drop_off(
    drop_off_id: str, *, found: bool, by: Principal, once: Idempotency, answer: Callable[[DropOff], Answer]
) -> Answer:
    """Record that staff took out what was dropped, or `found` nothing: the compartment is free. What came is received as any other
    return. Raises `NotFound`, `DropOffOutOfTurn`."""
    require_staff(by)
    for _ in range(_ATTEMPTS):
        before = must_find_drop_off(drop_off_id)
        after = drop_offs.clear(before, clock.rfc3339(clock.now()), found=found)
        final = answer(after)
        tx = Transaction()
        store.change_drop_off(tx, after)
        compartment = cabinets_store.get_compartment(before.cabinet_id, before.number)
        if compartment is not None and compartment.pickup_id == before.id:
            cabinets_store.change_compartment(tx, compartments.vacate(compartment))
        events.drop_off_changed(tx, "DropOffCleared", after, by)
        once.record(tx, final)
        try:
            tx.commit()
        except (Stale, CompartmentTaken):
            continue
        serve_waitlist(after.site_id, by)
        return final
    raise Contended(f"Drop-off {drop_off_id} kept changing.")


def list_drop_offs(site_id: str, status: str, limit: int, cursor: str | None, by: Principal) -> Page[dict[str, Any]]:
    """A site's drop-offs in a status, oldest first, for staff."""
    require_staff(by)
    return page_of(
        f"drop-offs {site_id} {status}",
        limit,
        cursor,
        lambda after, count: store.drop_offs_at(site_id, status, after, count),
        lambda row: row["id"],
    )


def must_find_drop_off(drop_off_id: str) -> DropOff:
    """The drop-off as it is now. Raises `NotFound`."""
    found = store.get_drop_off(drop_off_id)
    if found is None:
        raise NotFound(f"There is no drop-off {drop_off_id}.")
    return found
