"""Use cases of routing, for its own routes, consumers and tasks."""

from chalicelib.routing.service.answer_order import (
    Shipment,
    answer_order,
    give_back_units,
    must_be_theirs,
    plan_shipment,
)
from chalicelib.routing.service.converse import Ways
from chalicelib.routing.service.invoices import InvoiceGiven, TaxBeyondTotal, list_invoices, receive_invoice
from chalicelib.routing.service.keep_in_line import keep_in_line
from chalicelib.routing.service.manage_settings import (
    SettingsOfSupplier,
    change_settings,
    change_supplier_settings,
    read_settings,
    read_supplier_settings,
)
from chalicelib.routing.service.offer_order import ask_supplier, await_answer, go_on, offer_order
from chalicelib.routing.service.read_allocations import (
    NothingToRetry,
    SupplierOrder,
    Traced,
    list_allocations,
    list_orders,
    read_allocation,
    read_order,
    retry_allocation,
    seen_by_supplier,
)
from chalicelib.routing.service.scorecards import Scorecard, read_scorecard
from chalicelib.routing.service.settle_allocation import settle_allocation
from chalicelib.routing.service.take_request import change_shipment, recall_units, request_shipment, retry
from chalicelib.routing.service.tell_supplier import tell_supplier
from chalicelib.routing.store.items import InvoiceKnown

__all__ = [
    "InvoiceGiven",
    "InvoiceKnown",
    "NothingToRetry",
    "Scorecard",
    "SettingsOfSupplier",
    "Shipment",
    "SupplierOrder",
    "TaxBeyondTotal",
    "Traced",
    "Ways",
    "answer_order",
    "ask_supplier",
    "await_answer",
    "change_settings",
    "change_shipment",
    "change_supplier_settings",
    "give_back_units",
    "go_on",
    "keep_in_line",
    "list_allocations",
    "list_invoices",
    "list_orders",
    "must_be_theirs",
    "offer_order",
    "plan_shipment",
    "read_allocation",
    "read_order",
    "read_scorecard",
    "read_settings",
    "read_supplier_settings",
    "recall_units",
    "receive_invoice",
    "request_shipment",
    "retry",
    "retry_allocation",
    "seen_by_supplier",
    "settle_allocation",
    "tell_supplier",
]
