"""All that is kept by routing, for its own use cases."""

from chalicelib.routing.store.allocations import (
    Found,
    add_allocation,
    allocations_in_state,
    allocations_of_supplier,
    change_allocation,
    get_allocation,
    park_token,
)
from chalicelib.routing.store.calls import Call, add_call, calls_of
from chalicelib.routing.store.health import get_health, health_in, health_key, put_health
from chalicelib.routing.store.invoices import InvoiceKnown, add_invoice, invoices_of
from chalicelib.routing.store.recalls import GIVEN_UP, OPEN, UNHEARD, Recall, add_recall, close_recall, recalls_of
from chalicelib.routing.store.scorecards import add_to_scorecard, month_key, month_keys, months_in, scorecard_of
from chalicelib.routing.store.settings import get_settings, get_settings_for, put_settings, put_supplier_settings

__all__ = [
    "GIVEN_UP",
    "OPEN",
    "UNHEARD",
    "Call",
    "Found",
    "InvoiceKnown",
    "Recall",
    "add_allocation",
    "add_call",
    "add_invoice",
    "add_recall",
    "add_to_scorecard",
    "allocations_in_state",
    "allocations_of_supplier",
    "calls_of",
    "change_allocation",
    "close_recall",
    "get_allocation",
    "get_health",
    "get_settings",
    "get_settings_for",
    "health_in",
    "health_key",
    "invoices_of",
    "month_key",
    "month_keys",
    "months_in",
    "park_token",
    "put_health",
    "put_settings",
    "put_supplier_settings",
    "recalls_of",
    "scorecard_of",
]
