"""Units held for somebody, and when the promise ends."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import Conflict, NotFound
from chalicelib.inventory.domain.stock import StockLine


class ReservationState(StrEnum):
    """`open` expires; `committed` is bound to an order that is paid for; the others hold nothing any more."""

    OPEN = "open"
    COMMITTED = "committed"
    RELEASED = "released"
    EXPIRED = "expired"


class ReservationLost(Conflict):
    code = "reservation_lost"
    title = "The reservation has expired or was released"


class AlreadySettled(Conflict):
    code = "reservation_settled"
    title = "The reservation holds nothing any more"


@dataclass(frozen=True, slots=True)
class Reservation:
    """Units held for an owner. `lines` are summed per SKU and location."""

    id: str
    state: ReservationState
    lines: tuple[StockLine, ...]
    channel: str
    owner: str
    expires_at: datetime
    version: int = 1

    @property
    def holds_stock(self) -> bool:
        """Whether its units are still reserved."""
        return self.state in (ReservationState.OPEN, ReservationState.COMMITTED)


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
