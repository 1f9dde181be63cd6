"""A drop-off: a parcel of a return, on its way from its shopper into a compartment. Pure transitions, each to the next version."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from chalicelib.core.errors import Conflict, RuleBroken
from chalicelib.lockers.domain.cabinets import Size

MAX_DROP_OFFS = 5
"""Of one return: compartments are few, and each takes one away from orders."""


class DropOffStatus(StrEnum):
    """`opening`: an empty compartment is told to open. `dropped`: its door was shut again, and staff is to take out what is in.
    `failed`: the door did not open. `cleared`: staff looked, and took it out."""

    OPENING = "opening"
    DROPPED = "dropped"
    FAILED = "failed"
    CLEARED = "cleared"


class DropOffOpen(Conflict):
    code = "drop_off_open"
    title = "A door is open for this return already"


class DropOffOutOfTurn(Conflict):
    code = "drop_off_out_of_turn"
    title = "The drop-off is not in a state for this"


class NoCompartmentFree(Conflict):
    code = "no_compartment_free"
    title = "No compartment of this site can take it now"


class TooManyDropOffs(RuleBroken):
    code = "too_many_drop_offs"
    title = "No more parcels of this return can be dropped off"


@dataclass(frozen=True, slots=True)
class DropOff:
    """One parcel of a return, in one compartment. `found`: whether staff found something in it; `moment` of its last change."""

    id: str
    return_id: str
    site_id: str
    cabinet_id: str
    number: str
    size: Size
    moment: str
    status: DropOffStatus = DropOffStatus.OPENING
    reason: str | None = None
    found: bool | None = None
    version: int = 1

    @property
    def label(self) -> str:
        """Of its compartment, as on the sticker."""
        return f"{self.cabinet_id}/{self.number}"


def drop_off_id(return_id: str, number: int) -> str:
    """`drp_<the order's ULID>_<return>_<n>`: tells its return without an index."""
    return f"drp_{return_id.removeprefix('ret_')}_{number}"


def return_of(drop_off_id: str) -> str:
    """The return id in a drop-off id; an id of another shape gives a return that does not exist."""
    return "ret_" + drop_off_id.removeprefix("drp_").rpartition("_")[0]


def next_number(earlier: Sequence[DropOff]) -> int:
    """The number of a return's next drop-off. Raises `DropOffOpen` while a door is open for it, `TooManyDropOffs`."""
    if any(one.status is DropOffStatus.OPENING for one in earlier):
        raise DropOffOpen("Shut the door that is open for this return first.")
    if len(earlier) >= MAX_DROP_OFFS:
        raise TooManyDropOffs(
            f"{len(earlier)} doors were opened for this return; bring the rest to a shop, or send it."
        )
    return len(earlier) + 1


def drop(before: DropOff, moment: str) -> DropOff | None:
    """The drop-off whose door was shut again; None when that is known. A late word of a door that seemed not to open counts."""
    if before.status not in (DropOffStatus.OPENING, DropOffStatus.FAILED):
        return None
    return _next(before, DropOffStatus.DROPPED, moment, None)


def fail(before: DropOff, moment: str, reason: str) -> DropOff | None:
    """The drop-off whose door did not open; None when more is known already."""
    if before.status is not DropOffStatus.OPENING:
        return None
    return _next(before, DropOffStatus.FAILED, moment, reason)


def clear(before: DropOff, moment: str, *, found: bool) -> DropOff:
    """The drop-off after staff looked into its compartment. Raises `DropOffOutOfTurn` while its door is open, and after."""
    if before.status not in (DropOffStatus.DROPPED, DropOffStatus.FAILED):
        raise DropOffOutOfTurn(f"The drop-off is {before.status}.")
    return replace(_next(before, DropOffStatus.CLEARED, moment, before.reason), found=found)


def _next(before: DropOff, status: DropOffStatus, moment: str, reason: str | None) -> DropOff:
    return replace(before, status=status, moment=moment, reason=reason, version=before.version + 1)
