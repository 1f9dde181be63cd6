"""Use cases of orders."""

from chalicelib.orders.domain import Line, Order
from chalicelib.orders.domain.sourcing import OWN
from chalicelib.orders.service.cancel_order import cancel_order, finish_cancellation, list_cancellations, read_options
from chalicelib.orders.service.decide_order import confirm_order, park_compensation, refuse_order
from chalicelib.orders.service.decline_units import decline_units
from chalicelib.orders.service.find_units import Sellable, find_sellable
from chalicelib.orders.service.give_up_uncollected import give_up_uncollected
from chalicelib.orders.service.know_customer import claim_order, forget_person, guest_orders
from chalicelib.orders.service.place_order import OrderRequest, place_order
from chalicelib.orders.service.price_order import LineRequest, PriceRequest
from chalicelib.orders.service.quote_order import Quote, quote, quote_for
from chalicelib.orders.service.read_orders import (
    Contact,
    contact_of,
    list_for_customer,
    list_for_staff,
    list_reviews,
    read_order,
    read_timeline,
    read_tracking,
    wait_until_decided,
)
from chalicelib.orders.service.reassign_units import SUBJECT, decide_reviewed, decide_units, reassign_units
from chalicelib.orders.service.record_answer import WarehouseAnswer, record_answer, record_tracking
from chalicelib.orders.service.record_return import find_order, record_returned
from chalicelib.orders.service.run_workflow import (
    NotRetryable,
    WorkflowRunning,
    resume_workflow,
    start_cancellation,
    start_parts,
    start_workflow,
)
from chalicelib.orders.service.sell_lines import SellerCannotSupply
from chalicelib.orders.service.serve_waiting import serve_all_waiting, serve_waiting
from chalicelib.orders.service.sourcing_rules import read_sourcing_rules, set_sourcing_rules
from chalicelib.orders.service.staff import (
    AlreadyPromised,
    AlreadyThere,
    NotOurLocation,
    PromisePast,
    change_address,
    hold_order,
    promise_fulfilment,
    read_audit,
    read_notes,
    reallocate_fulfilment,
    release_order,
    resolve_review,
    write_note,
)
from chalicelib.orders.store import ReviewResolved

__all__ = [
    "OWN",
    "SUBJECT",
    "AlreadyPromised",
    "AlreadyThere",
    "Contact",
    "Line",
    "LineRequest",
    "NotOurLocation",
    "NotRetryable",
    "Order",
    "OrderRequest",
    "PriceRequest",
    "PromisePast",
    "Quote",
    "ReviewResolved",
    "Sellable",
    "SellerCannotSupply",
    "WarehouseAnswer",
    "WorkflowRunning",
    "cancel_order",
    "change_address",
    "claim_order",
    "confirm_order",
    "contact_of",
    "decide_reviewed",
    "decide_units",
    "decline_units",
    "find_order",
    "find_sellable",
    "finish_cancellation",
    "forget_person",
    "give_up_uncollected",
    "guest_orders",
    "hold_order",
    "list_cancellations",
    "list_for_customer",
    "list_for_staff",
    "list_reviews",
    "park_compensation",
    "place_order",
    "promise_fulfilment",
    "quote",
    "quote_for",
    "read_audit",
    "read_notes",
    "read_options",
    "read_order",
    "read_sourcing_rules",
    "read_timeline",
    "read_tracking",
    "reallocate_fulfilment",
    "reassign_units",
    "record_answer",
    "record_returned",
    "record_tracking",
    "refuse_order",
    "release_order",
    "resolve_review",
    "resume_workflow",
    "serve_all_waiting",
    "serve_waiting",
    "set_sourcing_rules",
    "start_cancellation",
    "start_parts",
    "start_workflow",
    "wait_until_decided",
    "write_note",
]
