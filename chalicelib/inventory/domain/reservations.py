"""Units held for somebody, and when the promise ends."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import Conflict, NotFound
from chalicelib.inventory.domain.stock import StockLine


class ReservationState(StrEnum):
    """`building` until all its parts are taken, `open` until it is committed: both expire. `committed` is bound to an order
    that is paid for. `releasing` gives its parts back one by one. The others hold nothing any more."""

    BUILDING = "building"
    OPEN = "open"
    COMMITTED = "committed"
    RELEASING = "releasing"
    RELEASED = "released"
    EXPIRED = "expired"


HOLDING = (ReservationState.BUILDING, ReservationState.OPEN, ReservationState.COMMITTED)
"""States out of which a reservation is released."""

EXPIRING = (ReservationState.BUILDING, ReservationState.OPEN)
"""States that end when their time is up."""


class ReservationLost(Conflict):
    code = "reservation_lost"
    title = "The reservation has expired or was released"


class AlreadySettled(Conflict):
    code = "reservation_settled"
    title = "The reservation holds nothing any more"


@dataclass(frozen=True, slots=True)
class Reservation:
    """Units held for an owner. `lines` are summed per SKU and location; one `in_parts` keeps them with its parts, so that
    every change of its state stays one small write. `becomes` is what one that is being released ends as."""

    id: str
    state: ReservationState
    lines: tuple[StockLine, ...]
    channel: str
    owner: str
    expires_at: datetime
    version: int = 1
    in_parts: bool = False
    becomes: ReservationState | None = None

    @property
    def holds_stock(self) -> bool:
        """Whether it has units that `release_reservation` would give back."""
        return self.state in HOLDING


@dataclass(frozen=True, slots=True)
class Part:
    """Lines of a reservation that are taken in one transaction and given back in one."""

    reservation_id: str
    number: int
    lines: tuple[StockLine, ...]


def hold_owner(by: Principal) -> str:
    """How a reservation made through the API names whose it is."""
    return f"{by.kind}:{by.id}"


def check_own_hold(reservation: Reservation, by: Principal) -> None:
    """A hold is read and given back by who made it and by administrators; what is held for an order belongs to the order.

    Raises `NotFound` for another's, as for one that never was.
    """
    made_through_api = reservation.owner.partition(":")[0] in {"user", "machine"}
    if not made_through_api or not (reservation.owner == hold_owner(by) or by.may(Role.ADMIN)):
        raise NotFound(f"There is no reservation {reservation.id}.")
