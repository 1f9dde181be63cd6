"""What callers send and get of returns."""

from chalicelib.returns.schemas.commands import AnnounceReturn, InspectReturn, OptionsQuery, ReceiveReturn, ReturnsQuery
from chalicelib.returns.schemas.policies import (
    ExplanationView,
    PolicyBody,
    PolicyQuery,
    PolicyVersionQuery,
    PolicyView,
)
from chalicelib.returns.schemas.views import LineOptionsView, ReturnSummary, ReturnView

__all__ = [
    "AnnounceReturn",
    "ExplanationView",
    "InspectReturn",
    "LineOptionsView",
    "OptionsQuery",
    "PolicyBody",
    "PolicyQuery",
    "PolicyVersionQuery",
    "PolicyView",
    "ReceiveReturn",
    "ReturnSummary",
    "ReturnView",
    "ReturnsQuery",
]
