"""What callers send and get of carts."""

from chalicelib.carts.schemas.changing import ConfigureCart, LineQuery, MergeCarts, OpenCart, OpenGuestCart, SetLine
from chalicelib.carts.schemas.checking_out import CheckOut, OrderedView
from chalicelib.carts.schemas.viewing import CartView, OpenedGuestCart

__all__ = [
    "CartView",
    "CheckOut",
    "ConfigureCart",
    "LineQuery",
    "MergeCarts",
    "OpenCart",
    "OpenGuestCart",
    "OpenedGuestCart",
    "OrderedView",
    "SetLine",
]
