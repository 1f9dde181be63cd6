"""Transfers as callers send and get them."""

from typing import Literal

from pydantic import Field

from chalicelib.core.schemas import PageQuery, Schema, View
from chalicelib.inventory.domain import (
    MAX_TRANSFER_LINES,
    Transfer,
    TransferStatus,
)
from chalicelib.inventory.schemas.commands import ReceiptLine
from chalicelib.inventory.schemas.fields import LocationId, Reference, Sku, UnitsOrNone


class DispatchTransfer(Schema):
    """Goods that leave one location for another."""

    from_location: LocationId
    to_location: LocationId
    lines: list[ReceiptLine] = Field(min_length=1, max_length=MAX_TRANSFER_LINES)
    reference: Reference | None = None

    def units(self) -> list[tuple[str, int]]:
        """Units by SKU, line by line."""
        return [(line.sku, line.quantity) for line in self.lines]


class ArrivedLine(Schema):
    """Units of a SKU that arrived."""

    sku: Sku
    quantity: UnitsOrNone


class ReceiveTransfer(Schema):
    """What arrived of a transfer. `complete`: no more will come, so what is missing is booked as a discrepancy."""

    lines: list[ArrivedLine] = Field(max_length=MAX_TRANSFER_LINES)
    complete: bool

    def units(self) -> dict[str, int]:
        """Units that arrived by SKU."""
        units: dict[str, int] = {}
        for line in self.lines:
            units[line.sku] = units.get(line.sku, 0) + line.quantity
        return units


class TransfersQuery(PageQuery):
    """Which transfers to list."""

    status: TransferStatus = TransferStatus.IN_TRANSIT


class TransferLineView(View):
    """`missing` is negative where more came than was sent; `outstanding` units are on their way."""

    sku: str
    sent: int
    arrived: int
    missing: int
    outstanding: int


class TransferView(View):
    """Goods on their way between locations."""

    id: str
    from_location: str
    to_location: str
    status: TransferStatus
    lines: list[TransferLineView]
    reference: str | None
    version: int

    @classmethod
    def of(cls, transfer: Transfer) -> "TransferView":
        # What was called back is on its way no more.
        on_the_way: Literal[0, 1] = 0 if transfer.status is TransferStatus.CANCELLED else 1
        return cls(
            id=transfer.id,
            from_location=transfer.from_location,
            to_location=transfer.to_location,
            status=transfer.status,
            lines=[
                TransferLineView(
                    sku=line.sku,
                    sent=line.sent,
                    arrived=line.arrived,
                    missing=line.missing,
                    outstanding=line.outstanding * on_the_way,
                )
                for line in transfer.lines
            ],
            reference=transfer.reference,
            version=transfer.version,
        )
