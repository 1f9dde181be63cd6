"""Goods on their way from one location to another."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from chalicelib.core.errors import Conflict, RuleBroken
from chalicelib.inventory.domain.movements import NothingToDo
from chalicelib.inventory.domain.stock import StockLine

MAX_TRANSFER_LINES = 30
"""Lines of one transfer: each is a counter and up to two movements when it arrives."""


class TransferSettled(Conflict):
    code = "transfer_settled"
    title = "The transfer was received or cancelled before"


class NotInTransfer(RuleBroken):
    code = "not_in_transfer"
    title = "The transfer does not hold these SKUs"


class SameLocation(RuleBroken):
    code = "same_location"
    title = "A transfer needs two locations"


class TransferStatus(StrEnum):
    """`in_transit` until all of it arrived or was written off, or it is called back."""

    IN_TRANSIT = "in_transit"
    RECEIVED = "received"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class TransferLine:
    """Units of a SKU: how many were `sent`, have `arrived`, and are `missing` for good (negative: more came than was sent)."""

    sku: str
    sent: int
    arrived: int = 0
    missing: int = 0

    @property
    def outstanding(self) -> int:
        """Units still on their way."""
        return self.sent - self.arrived - self.missing


@dataclass(frozen=True, slots=True)
class Transfer:
    """Goods on their way from one location to another; until they arrive they are at neither."""

    id: str
    from_location: str
    to_location: str
    status: TransferStatus
    lines: tuple[TransferLine, ...]
    reference: str | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Arrival:
    """What one receipt books for a SKU: `landed` units end their way, `discrepancy` of them are not there (< 0) or extra."""

    sku: str
    landed: int
    discrepancy: int

    @property
    def came(self) -> int:
        """Units that are there."""
        return self.landed + self.discrepancy


def arrive(transfer: Transfer, units: Mapping[str, int], *, complete: bool) -> tuple[Transfer, list[Arrival]]:
    """The transfer after `units` (by SKU) arrived, and what to book.

    What came beyond the units on their way is booked as a discrepancy; with `complete` no more will come, so what is
    missing is booked too. Raises `TransferSettled` when nothing is on its way, `NotInTransfer` for foreign SKUs,
    `NothingToDo` when nothing came and more is awaited.
    """
    _check_in_transit(transfer)
    foreign = sorted(units.keys() - {line.sku for line in transfer.lines})
    if foreign:
        raise NotInTransfer(f"Transfer {transfer.id} holds no {', '.join(foreign)}.", skus=foreign)
    lines: list[TransferLine] = []
    arrivals: list[Arrival] = []
    for line in transfer.lines:
        came = units.get(line.sku, 0)
        landed = line.outstanding if complete else min(came, line.outstanding)
        if landed or came:
            arrivals.append(Arrival(line.sku, landed, came - landed))
        lines.append(replace(line, arrived=line.arrived + came, missing=line.missing + landed - came))
    if not arrivals:
        raise NothingToDo("No unit arrived.")
    on_the_way = any(line.outstanding for line in lines)
    status = TransferStatus.IN_TRANSIT if on_the_way else TransferStatus.RECEIVED
    return replace(transfer, lines=tuple(lines), status=status, version=transfer.version + 1), arrivals


def call_back(transfer: Transfer) -> tuple[Transfer, list[StockLine]]:
    """The transfer, cancelled, and the units that return to where they came from. Raises `TransferSettled`."""
    _check_in_transit(transfer)
    back = [
        StockLine(line.sku, transfer.from_location, line.outstanding) for line in transfer.lines if line.outstanding
    ]
    return replace(transfer, status=TransferStatus.CANCELLED, version=transfer.version + 1), back


def _check_in_transit(transfer: Transfer) -> None:
    if transfer.status is not TransferStatus.IN_TRANSIT:
        raise TransferSettled(f"Transfer {transfer.id} is {transfer.status}.")
