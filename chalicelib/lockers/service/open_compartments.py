"""Telling cabinets to open doors, until they have said what they did."""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from ulid import ULID

from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Stale
from chalicelib.core.settings import settings
from chalicelib.core.table import Transaction
from chalicelib.lockers.domain import commands
from chalicelib.lockers.domain.commands import VALID_SECONDS, Command, CommandPurpose
from chalicelib.lockers.domain.pickups import PickupStatus, PlaceState
from chalicelib.lockers.gateways.cabinets import IotCore, Line
from chalicelib.lockers.gateways.checks import Checks, QueuedChecks
from chalicelib.lockers.service.pickups import must_find_pickup
from chalicelib.lockers.store import commands as store
from chalicelib.lockers.store.commands import CommandKnown


@dataclass(frozen=True, slots=True)
class Ways:
    """The way to cabinets, and to oneself a little later."""

    line: Line
    checks: Checks


def ways() -> Ways:
    """As they are on AWS."""
    return Ways(IotCore(), QueuedChecks())


def open_compartments(pickup_id: str, cause: str, by: Principal, *, through: Ways | None = None) -> int:
    """Tell the cabinets to open every door of a confirmed pickup. Safe to repeat: a command of the same `cause` is the same command.

    Returns how many doors were told.
    """
    pickup = must_find_pickup(pickup_id)
    if pickup.status is not PickupStatus.OPENING:
        return 0
    told = 0
    for place in pickup.places:
        if place.state is PlaceState.LOADED:
            command = new_command(place.cabinet_id, place.number, CommandPurpose.PICKUP, cause, pickup_id=pickup_id)
            send_command(command, by, through or ways())
            told += 1
    return told


def new_command(cabinet_id: str, number: str, purpose: CommandPurpose, cause: str, **more: Any) -> Command:
    """A command to open a door now; the same `cause` makes the same command."""
    digest = sha256(f"{cause}\n{cabinet_id}\n{number}".encode()).digest()
    now = clock.now()
    return Command(
        id=f"cmd_{ULID.from_bytes(digest[:16])}",
        cabinet_id=cabinet_id,
        number=number,
        purpose=purpose,
        issued_at=clock.rfc3339(now),
        expires_at=clock.rfc3339(now + timedelta(seconds=VALID_SECONDS)),
        correlation_id=observability.trace().correlation_id,
        **more,
    )


def send_command(command: Command, by: Principal, through: Ways) -> None:
    """Keep the command, send it, and look after it. One that was sent before and is unanswered is sent again."""
    tx = Transaction()
    store.add_command(tx, command)
    try:
        tx.commit()
    except CommandKnown:
        known = store.get_command(command.cabinet_id, command.id)
        if known is None or not known.is_pending:
            return
        command = known
    _send(command, through)


def _send(command: Command, through: Ways) -> None:
    # The check first: of a command that is sent and not looked after, nobody would hear.
    through.checks.later(command.cabinet_id, command.id, command.attempt, settings().cabinet_answer_seconds)
    through.line.tell(command.cabinet_id, "commands", as_message(command))


def as_message(command: Command) -> dict[str, Any]:
    """The command as cabinets get it."""
    return {
        "command_id": command.id,
        "type": "open",
        "compartment": command.number,
        "purpose": str(command.purpose),
        "pickup_id": command.pickup_id if command.purpose is CommandPurpose.PICKUP else None,
        "attempt": command.attempt,
        "issued_at": command.issued_at,
        "expires_at": command.expires_at,
        "correlation_id": command.correlation_id,
    }


def send_again(command: Command, through: Ways) -> bool:
    """Send an unanswered command once more; False when it was sent often enough, or something was heard meanwhile."""
    now = clock.now()
    again = commands.send_again(command, clock.rfc3339(now), clock.rfc3339(now + timedelta(seconds=VALID_SECONDS)))
    if again is None:
        return False
    tx = Transaction()
    store.change_command(tx, again)
    try:
        tx.commit()
    except Stale:
        return True
    observability.count("CommandsRepeated")
    _send(again, through)
    return True
