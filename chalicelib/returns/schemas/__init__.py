"""What callers send and get of returns."""

from chalicelib.returns.schemas.commands import (
    AnnounceReturn,
    InspectOwn,
    InspectReturn,
    OptionsQuery,
    ReceiveOwn,
    ReceiveReturn,
    ReturnsQuery,
)
from chalicelib.returns.schemas.policies import (
    ExplanationView,
    PolicyBody,
    PolicyQuery,
    PolicyVersionQuery,
    PolicyView,
)
from chalicelib.returns.schemas.suppliers import SupplierReturnView
from chalicelib.returns.schemas.views import LineOptionsView, ReturnSummary, ReturnView

__all__ = [
    "AnnounceReturn",
    "ExplanationView",
    "InspectOwn",
    "InspectReturn",
    "LineOptionsView",
    "OptionsQuery",
    "PolicyBody",
    "PolicyQuery",
    "PolicyVersionQuery",
    "PolicyView",
    "ReceiveOwn",
    "ReceiveReturn",
    "ReturnSummary",
    "ReturnView",
    "ReturnsQuery",
    "SupplierReturnView",
]
