"""Booking: what other contexts ask of the books, each within its own transaction.

Nothing here may load what reads the books and pays suppliers; the books' own routes and tasks take that from `use_cases`.
"""

from chalicelib.ledger.domain import BackLine, RefundAsked, Sale, SaleLine, Sold, TaxOwedBy, Terms
from chalicelib.ledger.service.book import (
    COSTS,
    book_capture,
    book_refund_asked,
    book_refund_forgone,
    book_refund_paid,
    book_sale,
    charge_listing_fee,
    rule_keys,
    sales_of,
    terms_from,
)
from chalicelib.ledger.store import AlreadyBooked

__all__ = [
    "COSTS",
    "AlreadyBooked",
    "BackLine",
    "RefundAsked",
    "Sale",
    "SaleLine",
    "Sold",
    "TaxOwedBy",
    "Terms",
    "book_capture",
    "book_refund_asked",
    "book_refund_forgone",
    "book_refund_paid",
    "book_sale",
    "charge_listing_fee",
    "rule_keys",
    "sales_of",
    "terms_from",
]
