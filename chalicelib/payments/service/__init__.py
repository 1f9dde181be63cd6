"""What payments offers: its part in the transactions of others, the steps of workflows, and commands of its own."""

from chalicelib.payments.domain import Payment, PaymentStatus, RefundExceedsPaid, RefundRequest, TenderRequest
from chalicelib.payments.service.authorise import authorise, look_up, void
from chalicelib.payments.service.read import read_payment
from chalicelib.payments.service.refund import request_refund, start_refund_workflow
from chalicelib.payments.service.settle import CHARGES, CaptureDeclined, RefundDeclined, capture, settle
from chalicelib.payments.service.steps import VoidDeclined
from chalicelib.payments.service.take_part import open_payment, owe, payment_from, payment_keys

__all__ = [
    "CHARGES",
    "CaptureDeclined",
    "Payment",
    "PaymentStatus",
    "RefundDeclined",
    "RefundExceedsPaid",
    "RefundRequest",
    "TenderRequest",
    "VoidDeclined",
    "authorise",
    "capture",
    "look_up",
    "open_payment",
    "owe",
    "payment_from",
    "payment_keys",
    "read_payment",
    "request_refund",
    "settle",
    "start_refund_workflow",
    "void",
]
