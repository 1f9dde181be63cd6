"""What the marketplace's books are told of money that moves, where goods of suppliers are among what is paid."""

from collections.abc import Mapping, Sequence

from chalicelib.core.table import Transaction
from chalicelib.ledger import service as ledger
from chalicelib.ledger.service import RefundAsked
from chalicelib.payments.domain import Payment, Refund, RefundPart, RefundRequest, Tender
from chalicelib.payments.gateways import STORED_VALUE


def book_capture(tx: Transaction, payment: Payment, tender: Tender, amounts: Mapping[str, int]) -> None:
    """Dues of a tender were taken, by one call."""
    if payment.booked:
        key = f"{tender.id}:{min(amounts)}"
        stored_value = tender.gateway == STORED_VALUE
        amount = sum(amounts.values())
        ledger.book_capture(tx, payment.order_id, key, amount, payment.currency, stored_value=stored_value)


def book_refund_paid(tx: Transaction, payment: Payment, tender: Tender, refund: Refund, part: RefundPart) -> None:
    """A part of a refund was given back to a tender."""
    if payment.booked:
        key, stored_value = _name(refund, part), tender.gateway == STORED_VALUE
        ledger.book_refund_paid(tx, payment.order_id, key, part.amount, payment.currency, stored_value=stored_value)


def book_credited(tx: Transaction, payment: Payment, credited: Sequence[tuple[Refund, RefundPart]]) -> None:
    """Parts of refunds became store credit."""
    if payment.booked and credited:
        amount = sum(part.amount for _, part in credited)
        key = _name(*credited[0])
        ledger.book_refund_paid(tx, payment.order_id, key, amount, payment.currency, stored_value=True)


def book_goodwill(tx: Transaction, payment: Payment, request: RefundRequest) -> None:
    """Staff had money given back apart from returns: at the operator's expense."""
    if payment.booked:
        asked = RefundAsked(payment.order_id, request.key, payment.currency, request.amount)
        ledger.book_refund_asked(tx, asked)


def _name(refund: Refund, part: RefundPart) -> str:
    return f"{refund.key}:{part.tender}:{part.capture}"
