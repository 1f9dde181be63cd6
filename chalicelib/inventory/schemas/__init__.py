"""What callers send and get of inventory."""

from chalicelib.inventory.schemas.commands import (
    AdjustmentLine,
    AdjustStock,
    BookedLine,
    BookedView,
    CountLine,
    CountStock,
    ReceiptLine,
    ReceiveStock,
    SafetyLine,
    SetSafetyStock,
    SetStockPolicy,
    StockPolicyView,
)
from chalicelib.inventory.schemas.locations import ChangeLocation, CreateLocation, LocationAddress, LocationView
from chalicelib.inventory.schemas.reading import (
    MovementView,
    StockQuery,
    StockView,
)
from chalicelib.inventory.schemas.reservations import HeldLine, HoldLine, HoldStock, ReservationView
from chalicelib.inventory.schemas.transfers import (
    ArrivedLine,
    DispatchTransfer,
    ReceiveTransfer,
    TransferLineView,
    TransfersQuery,
    TransferView,
)

__all__ = [
    "AdjustStock",
    "AdjustmentLine",
    "ArrivedLine",
    "BookedLine",
    "BookedView",
    "ChangeLocation",
    "CountLine",
    "CountStock",
    "CreateLocation",
    "DispatchTransfer",
    "HeldLine",
    "HoldLine",
    "HoldStock",
    "LocationAddress",
    "LocationView",
    "MovementView",
    "ReceiptLine",
    "ReceiveStock",
    "ReceiveTransfer",
    "ReservationView",
    "SafetyLine",
    "SetSafetyStock",
    "SetStockPolicy",
    "StockPolicyView",
    "StockQuery",
    "StockView",
    "TransferLineView",
    "TransferView",
    "TransfersQuery",
]
