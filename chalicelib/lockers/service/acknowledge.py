"""What became of commands, and what follows from it. Everything may come twice, late, and in any order."""

from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Contended, NotFound, Stale
from chalicelib.core.settings import settings
from chalicelib.core.table import Transaction
from chalicelib.lockers import events
from chalicelib.lockers.domain import commands, compartments, pickups
from chalicelib.lockers.domain.cabinets import CompartmentStatus, CompartmentTaken
from chalicelib.lockers.domain.commands import FAULTS, Command, CommandPurpose, CommandState
from chalicelib.lockers.domain.pickups import Pickup, PickupStatus, PlaceState
from chalicelib.lockers.service.drop_off import record_drop_off
from chalicelib.lockers.service.open_compartments import Ways, send_again, ways
from chalicelib.lockers.service.pickups import must_find_pickup
from chalicelib.lockers.store import cabinets as cabinets_store
from chalicelib.lockers.store import commands as store
from chalicelib.lockers.store import days
from chalicelib.lockers.store import pickups as pickups_store
from chalicelib.lockers.store.pickups import PickupMoved

_ATTEMPTS = 8


def record_acknowledgement(
    cabinet_id: str,
    command_id: str,
    number: str,
    outcome: CommandState,
    by: Principal,
    *,
    attempt: int | None = None,
    through: Ways | None = None,
) -> None:
    """Keep what became of a command: its door, its compartment, and the pickup behind it, all at once. What says nothing new
    changes nothing. Raises `NotFound` for a command that the cabinet never got."""
    through = through or ways()
    for _ in range(_ATTEMPTS):
        command = store.get_command(cabinet_id, command_id)
        if command is None or command.number != number:
            raise NotFound(f"Cabinet {cabinet_id} got no command {command_id} for compartment {number}.")
        after = commands.acknowledge(command, outcome, clock.rfc3339(clock.now()), attempt)
        if after is None:
            return
        if not _recorded(command, after, by):
            continue
        if after.state is CommandState.OPENED:
            through.checks.later(cabinet_id, command_id, after.attempt, settings().door_open_seconds)
        if after.state is CommandState.EXPIRED and not send_again(after, through):
            look_after(cabinet_id, command_id, after.attempt, by, through=through)
        return
    raise Contended(f"Command {command_id} kept changing.")


def look_after(cabinet_id: str, command_id: str, attempt: int, by: Principal, *, through: Ways | None = None) -> None:
    """Have a look at a command some time after its `attempt` was sent: one that is unanswered is sent once more, then given up; a
    door that is still open rings an alarm. Safe to repeat."""
    through = through or ways()
    for _ in range(_ATTEMPTS):
        command = store.get_command(cabinet_id, command_id)
        if command is None or command.attempt > attempt:
            return
        if commands.is_left_open(command, clock.now(), settings().door_open_seconds):
            _ring(command, by)
            return
        if send_again(command, through):
            return
        given_up = commands.give_up(command)
        if given_up is None or _recorded(command, given_up, by):
            return
    raise Contended(f"Command {command_id} kept changing.")


def _ring(command: Command, by: Principal) -> None:
    tx = Transaction()
    events.door(tx, "DoorLeftOpen", command, by)
    tx.commit()
    observability.count("DoorsLeftOpen")
    observability.log.error("a door is open", cabinet_id=command.cabinet_id, compartment=command.number)


def _recorded(before: Command, after: Command, by: Principal) -> bool:
    """Write the command's next version with all that follows from it; False when something changed meanwhile."""
    tx = Transaction()
    store.change_command(tx, after)
    if after.did_open and not before.did_open:
        events.door(tx, "CompartmentOpened", after, by)
    collected = after.purpose is CommandPurpose.PICKUP and _record_pickup(tx, before, after, by)
    if after.purpose is CommandPurpose.DROPOFF:
        record_drop_off(tx, after, by)
    try:
        tx.commit()
    except (Stale, PickupMoved, CompartmentTaken):
        return False
    _count(before, after, collected)
    return True


def _record_pickup(tx: Transaction, before: Command, after: Command, by: Principal) -> bool:
    """What the command's door means for its pickup; says whether it is collected with that."""
    pickup = must_find_pickup(str(after.pickup_id))
    changed = _changed(pickup, before, after)
    _record_compartment(tx, after, changed, by)
    if changed is pickup:
        return False
    pickups_store.change_pickup(tx, changed)
    collected = changed.status is PickupStatus.COLLECTED
    if collected:
        days.count_collected(tx, changed.site_id, str(changed.ready_at))
        events.pickup_changed(tx, "PickupCollected", changed, by)
    elif after.state in FAULTS:
        days.count(tx, changed.site_id, faulted=1)
        events.pickup_changed(tx, "PickupFaulted", changed, by, cabinet_id=after.cabinet_id, number=after.number)
    return collected


def _changed(pickup: Pickup, before: Command, after: Command) -> Pickup:
    """The pickup after a door of it did what the command says; the same when that means nothing for it."""
    if pickup.status not in (PickupStatus.OPENING, PickupStatus.FAULTED):
        return pickup
    if after.state in FAULTS:
        return pickups.fault(pickup, str(after.state))
    place = pickup.place(after.cabinet_id, after.number)
    if not after.did_open or before.did_open or place is None or place.state is not PlaceState.LOADED:
        return pickup
    return pickups.emptied(pickup, after.cabinet_id, after.number)


def _record_compartment(tx: Transaction, after: Command, pickup: Pickup, by: Principal) -> None:
    place = pickup.place(after.cabinet_id, after.number)
    if after.state is CommandState.CLOSED and place is not None and place.state is PlaceState.LOADED:
        # A late word of a pickup that can be collected again: while that opens this door, nothing else may lie behind it.
        return
    compartment = cabinets_store.get_compartment(after.cabinet_id, after.number)
    if compartment is None or compartment.pickup_id != after.pickup_id:
        return
    if after.state is CommandState.CLOSED:
        cabinets_store.change_compartment(tx, compartments.free(compartment))
    elif after.state in FAULTS and compartment.status is not CompartmentStatus.FAULTY:
        broken = compartments.break_down(compartment, str(after.state))
        cabinets_store.change_compartment(tx, broken)
        events.compartment_changed(tx, "CompartmentFaulted", broken, by, reason=str(after.state))


def _count(before: Command, after: Command, collected: bool) -> None:
    if collected:
        observability.count("PickupsCollected")
    if after.state in FAULTS and before.state not in FAULTS:
        observability.count("CommandsFaulted")
        observability.log.error(
            "a door did not open", cabinet_id=after.cabinet_id, compartment=after.number, state=str(after.state)
        )
