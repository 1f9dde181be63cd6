"""Why on-hand stock changes, and the immutable record of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.core.errors import Fault, RuleBroken


class MovementKind(StrEnum):
    """Why on-hand stock changed. `transfer_discrepancy`: what arrived differs from what was sent."""

    RECEIVED = "received"
    SHIPPED = "shipped"
    SHORT = "short"
    RETURNED = "returned"
    ADJUSTED = "adjusted"
    COUNTED = "counted"
    TRANSFER_OUT = "transfer_out"
    TRANSFER_IN = "transfer_in"
    TRANSFER_DISCREPANCY = "transfer_discrepancy"
    TRANSFER_CANCELLED = "transfer_cancelled"


class AdjustmentReason(StrEnum):
    """Why a person corrects stock."""

    DAMAGE = "damage"
    EXPIRED = "expired"
    LOST = "lost"
    THEFT = "theft"
    SAMPLE = "sample"
    WRITE_OFF = "write_off"
    FOUND = "found"
    CORRECTION = "correction"


_UP = frozenset({AdjustmentReason.FOUND})
_EITHER = frozenset({AdjustmentReason.CORRECTION})


class NothingToDo(RuleBroken):
    code = "nothing_to_do"
    title = "The lines change nothing"


class WrongDirection(RuleBroken):
    code = "wrong_direction"
    title = "The reason does not go with the sign"


@dataclass(frozen=True, slots=True)
class Movement:
    """One change of on-hand stock; never altered.

    `cause` is the id of the command, transfer or parcel behind it, `reference` what the caller calls that.
    """

    id: str
    sku: str
    location_id: str
    kind: MovementKind
    quantity: int
    reason: str | None
    cause: str
    reference: str | None
    actor: Mapping[str, str]
    at: str


def check_direction(reason: AdjustmentReason, quantities: Iterable[int]) -> None:
    """What was found adds, losses take, corrections do either. Raises `WrongDirection` that names the lines."""
    if reason in _EITHER:
        return
    sign, word = (1, "above") if reason in _UP else (-1, "below")
    faults = [
        Fault(f"/lines/{index}/quantity", WrongDirection.code, f"{reason} needs a quantity {word} zero.")
        for index, quantity in enumerate(quantities)
        if quantity * sign < 0
    ]
    if faults:
        raise WrongDirection(faults[0].detail, faults=faults)
