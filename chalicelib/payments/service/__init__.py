"""What payments offers: its part in the transactions of others, the steps of workflows, and commands of its own."""

from chalicelib.payments.domain import (
    Account,
    CodeInvalid,
    Payment,
    PaymentOutOfTurn,
    PaymentStatus,
    RefundExceedsPaid,
    RefundRequest,
    TenderRequest,
    TendersMismatch,
    store_credit_account,
)
from chalicelib.payments.service.authorise import authorise, look_up, void
from chalicelib.payments.service.hear_stripe import hear_stripe
from chalicelib.payments.service.read import read_payment
from chalicelib.payments.service.refund import request_refund, start_refund_workflow
from chalicelib.payments.service.settle import CHARGES, CaptureDeclined, RefundDeclined, capture, settle
from chalicelib.payments.service.steps import VoidDeclined
from chalicelib.payments.service.stored_value import (
    credit_balance,
    gift_card_by_code,
    grant_store_credit,
    issue_gift_card,
    my_store_credit,
    open_credit,
    read_gift_card,
    store_credit_of,
    top_up_gift_card,
    void_gift_card,
)
from chalicelib.payments.service.take_part import (
    close_payment,
    open_payment,
    owe,
    payment_from,
    payment_keys,
    start_booking,
)

__all__ = [
    "CHARGES",
    "Account",
    "CaptureDeclined",
    "CodeInvalid",
    "Payment",
    "PaymentOutOfTurn",
    "PaymentStatus",
    "RefundDeclined",
    "RefundExceedsPaid",
    "RefundRequest",
    "TenderRequest",
    "TendersMismatch",
    "VoidDeclined",
    "authorise",
    "capture",
    "close_payment",
    "credit_balance",
    "gift_card_by_code",
    "grant_store_credit",
    "hear_stripe",
    "issue_gift_card",
    "look_up",
    "my_store_credit",
    "open_credit",
    "open_payment",
    "owe",
    "payment_from",
    "payment_keys",
    "read_gift_card",
    "read_payment",
    "request_refund",
    "settle",
    "start_booking",
    "start_refund_workflow",
    "store_credit_account",
    "store_credit_of",
    "top_up_gift_card",
    "void",
    "void_gift_card",
]
