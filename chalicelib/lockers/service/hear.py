"""Everything that cabinets say, to whom it concerns. Channels and fields are those of schemas/messages.py."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import AisleError, NotFound
from chalicelib.core.idempotency import Answer, Idempotency, Replay, no_answer
from chalicelib.core.table import Transaction
from chalicelib.lockers import events
from chalicelib.lockers.domain.cabinets import CabinetStatus
from chalicelib.lockers.domain.commands import CommandState
from chalicelib.lockers.domain.passcodes import PasscodeLocked, PasscodeRefused
from chalicelib.lockers.domain.pickups import Pickup
from chalicelib.lockers.service.acknowledge import record_acknowledgement
from chalicelib.lockers.service.cabinets import must_find_cabinet
from chalicelib.lockers.service.configuration import hear_report
from chalicelib.lockers.service.confirm_pickup import confirm_at_cabinet
from chalicelib.lockers.service.offline import Entry, record_journal, welcome
from chalicelib.lockers.service.open_compartments import Ways, ways
from chalicelib.lockers.store import cabinets as store

CODE_VALID_SECONDS = 30
"""From when a code was typed, by the cabinet's clock as far as it is known to be off, until it is looked at."""

SKEW_TOLERATED_SECONDS = 300
"""Beyond it a clock is wrong, not late: its cabinet is told the time, and staff that it was."""


def hear(cabinet_id: str, channel: str, said: Mapping[str, Any], by: Principal, *, through: Ways | None = None) -> None:
    """Do what a message asks for. Safe to repeat. Raises `NotFound` for a cabinet that there is not, or not any more, and for a
    command that it never got."""
    if must_find_cabinet(cabinet_id).status is CabinetStatus.RETIRED:
        raise NotFound(f"Cabinet {cabinet_id} is retired.")
    _CHANNELS[channel](cabinet_id, said, by, through or ways())


def _hear_acknowledgement(cabinet_id: str, said: Mapping[str, Any], by: Principal, through: Ways) -> None:
    outcome = CommandState(said["outcome"])
    record_acknowledgement(
        cabinet_id,
        said["command_id"],
        said["compartment"],
        outcome,
        by,
        attempt=said.get("attempt"),
        through=through,
    )


def _hear_code(cabinet_id: str, said: Mapping[str, Any], by: Principal, through: Ways) -> None:
    # One that was typed a while ago, before the line went dead: whoever typed it has been let in by a grant, or has left.
    skew = store.get_connection(cabinet_id).skew_seconds
    age = (clock.now() - said["at"]).total_seconds() + skew
    late = abs(age) > CODE_VALID_SECONDS
    result = {"result": "unavailable"} if late else _result(cabinet_id, said["message_id"], said["code"], by)
    through.line.tell(cabinet_id, "answers", {"in_reply_to": said["message_id"], **result})


def _hear_journal(cabinet_id: str, said: Mapping[str, Any], by: Principal, through: Ways) -> None:
    record_journal(cabinet_id, [_entry(one) for one in said["entries"]], by, line=through.line)


def _hear_status(cabinet_id: str, said: Mapping[str, Any], by: Principal, through: Ways) -> None:
    if not said["online"] and _is_over(cabinet_id, said["at"]):
        return
    record_line(cabinet_id, online=said["online"], said_at=said["at"], connects=said["online"])
    if said["online"]:
        welcome(cabinet_id, said["message_id"], line=through.line)


def _is_over(cabinet_id: str, connected_at: datetime) -> bool:
    """Whether a last will is of a connection that was followed by another: a broker may notice late that a line is dead."""
    known = store.get_connection(cabinet_id)
    if known.connected_at is None:
        return False
    return (datetime.fromisoformat(known.connected_at) - connected_at).total_seconds() > _WILL_BEFORE_STATUS_SECONDS


_WILL_BEFORE_STATUS_SECONDS = 5
"""A cabinet makes its will when it connects, a moment before it says that it is online; both by its own clock."""


def _hear_heartbeat(cabinet_id: str, said: Mapping[str, Any], by: Principal, through: Ways) -> None:
    record_line(cabinet_id, online=True, said_at=said["at"], firmware=said["firmware"])


def _result(cabinet_id: str, message_id: str, digits: str, by: Principal) -> dict[str, Any]:
    """What to show whoever typed a code."""
    # A fingerprint of the code would be as good as the code; the id of its transport tells a repetition well enough.
    once = Idempotency.of(f"keypad {cabinet_id}", message_id, b"")
    opened: list[str] = []

    def noted(pickup: Pickup) -> Answer:
        opened[:] = [place.number for place in pickup.places if place.cabinet_id == cabinet_id]
        return no_answer()

    try:
        confirm_at_cabinet(
            cabinet_id,
            digits,
            by=by,
            once=once,
            answer=noted,
        )
    except Replay:
        return {"result": "accepted"}
    except PasscodeLocked as error:
        return {"result": "locked", "retry_after_seconds": error.members["retry_after_seconds"]}
    except PasscodeRefused:
        return {"result": "refused"}
    except AisleError as error:
        observability.log.warning("a code could not be looked at", cabinet_id=cabinet_id, error=type(error).__name__)
        return {"result": "unavailable"}
    return {"result": "accepted", "compartments": opened}


def _entry(said: Mapping[str, Any]) -> Entry:
    return Entry(
        said["sequence"], clock.rfc3339(said["at"]), said["type"], said.get("compartment"), said.get("grant_id")
    )


def record_line(
    cabinet_id: str,
    *,
    online: bool,
    said_at: datetime | None = None,
    firmware: str | None = None,
    connects: bool = False,
) -> None:
    """Keep that a cabinet was heard of, has just connected, or is gone. `said_at`: by its own clock, from which its skew is worked
    out."""
    known = store.get_connection(cabinet_id)
    now = clock.now()
    text = clock.rfc3339(now)
    skew = (said_at - now).total_seconds() if online and said_at is not None else known.skew_seconds
    if abs(skew) > SKEW_TOLERATED_SECONDS:
        observability.count("ClocksWrong")
        observability.log.warning("a clock is wrong", cabinet_id=cabinet_id, seconds=round(skew))
    changed = replace(
        known,
        online=online,
        last_seen_at=text if online else known.last_seen_at,
        since=known.since if known.online is online and known.since else text,
        skew_seconds=round(skew, 3),
        firmware=firmware or known.firmware,
        lost=known.lost and not online,
        connected_at=clock.rfc3339(said_at) if connects and said_at is not None else known.connected_at,
    )
    store.put_connection(cabinet_id, changed, text)


def _hear_door(cabinet_id: str, said: Mapping[str, Any], by: Principal, through: Ways) -> None:
    if said["state"] != "forced":
        return
    compartment = store.get_compartment(cabinet_id, said["compartment"])
    if compartment is None:
        raise NotFound(f"There is no compartment {cabinet_id}/{said['compartment']}.")
    tx = Transaction()
    events.compartment_changed(tx, "DoorForced", compartment, by)
    tx.commit()
    observability.count("DoorsForced")
    observability.log.error("a door was forced", cabinet_id=cabinet_id, compartment=compartment.number)


def record_presence(cabinet_id: str, *, online: bool, at: datetime) -> None:
    """Keep what the broker says of a connection, at a moment of its clock. Of a client that is no cabinet of ours, nothing; and that
    one is gone which was heard of since, neither: presence comes in any order."""
    if store.get_cabinet(cabinet_id) is None:
        return
    known = store.get_connection(cabinet_id)
    if not online and known.last_seen_at is not None and datetime.fromisoformat(known.last_seen_at) > at:
        return
    record_line(cabinet_id, online=online)


_CHANNELS: Mapping[str, Callable[[str, Mapping[str, Any], Principal, Ways], None]] = {
    "acknowledgements": _hear_acknowledgement,
    "codes": _hear_code,
    "doors": _hear_door,
    "heartbeats": _hear_heartbeat,
    "journal": _hear_journal,
    "shadow": hear_report,
    "status": _hear_status,
}
