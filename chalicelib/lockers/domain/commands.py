"""Commands to open a door, and what the cabinet says of them."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

VALID_SECONDS = 30
"""A command that reaches its cabinet later than this is dropped there: by then nobody stands in front of it."""

ATTEMPTS = 2


class CommandPurpose(StrEnum):
    """Why a door opens."""

    PICKUP = "pickup"
    LOAD = "load"
    CLEAR = "clear"
    STAFF = "staff"
    DROPOFF = "dropoff"


class CommandState(StrEnum):
    """`unanswered`: nothing was heard in time, though it was sent twice."""

    SENT = "sent"
    OPENED = "opened"
    CLOSED = "closed"
    JAMMED = "jammed"
    FAILED = "failed"
    EXPIRED = "expired"
    UNANSWERED = "unanswered"


FAULTS = frozenset({CommandState.JAMMED, CommandState.FAILED, CommandState.UNANSWERED})
"""The door did not open, as far as is known."""

_RANK = {
    CommandState.SENT: 0,
    CommandState.EXPIRED: 1,
    CommandState.UNANSWERED: 2,
    CommandState.FAILED: 3,
    CommandState.JAMMED: 3,
    CommandState.OPENED: 4,
    CommandState.CLOSED: 5,
}
"""An acknowledgement counts when it says more than what is known; so late, doubled and swapped ones do no harm."""


@dataclass(frozen=True, slots=True)
class Command:
    """One opening of one door. `attempt` counts how often it was sent; `reason` is staff's, who `by` is."""

    id: str
    cabinet_id: str
    number: str
    purpose: CommandPurpose
    issued_at: str
    expires_at: str
    pickup_id: str | None = None
    state: CommandState = CommandState.SENT
    attempt: int = 1
    opened_at: str | None = None
    reason: str | None = None
    by: str | None = None
    correlation_id: str | None = None
    version: int = 1

    @property
    def did_open(self) -> bool:
        """Whether the door is known to have opened."""
        return self.state in (CommandState.OPENED, CommandState.CLOSED)

    @property
    def is_pending(self) -> bool:
        """Whether the cabinet has still to say something."""
        return self.state in (CommandState.SENT, CommandState.EXPIRED)


def acknowledge(command: Command, outcome: CommandState, now: str, attempt: int | None = None) -> Command | None:
    """The command after an acknowledgement that is news, else None. A door that closed had opened.

    `attempt`: which sending it speaks of, where the cabinet says so; that one came too late says nothing of the next.
    """
    if _RANK[outcome] <= _RANK[command.state]:
        return None
    if outcome is CommandState.EXPIRED and attempt is not None and attempt < command.attempt:
        return None
    opened = outcome in (CommandState.OPENED, CommandState.CLOSED)
    opened_at = command.opened_at or (now if opened else None)
    return replace(command, state=outcome, opened_at=opened_at, version=command.version + 1)


def send_again(command: Command, issued_at: str, expires_at: str) -> Command | None:
    """The command, to be sent once more; None when it was sent often enough, or was answered."""
    if not command.is_pending or command.attempt >= ATTEMPTS:
        return None
    return replace(
        command,
        state=CommandState.SENT,
        attempt=command.attempt + 1,
        issued_at=issued_at,
        expires_at=expires_at,
        version=command.version + 1,
    )


def give_up(command: Command) -> Command | None:
    """The command that nobody answered; None when somebody did."""
    if not command.is_pending:
        return None
    return replace(command, state=CommandState.UNANSWERED, version=command.version + 1)


def is_left_open(command: Command, now: datetime, seconds: int) -> bool:
    """Whether its door has been open for so long."""
    if command.state is not CommandState.OPENED or command.opened_at is None:
        return False
    return (now - datetime.fromisoformat(command.opened_at)).total_seconds() >= seconds
