"""Payments: the money of an order at the payment provider.

Decides what was authorised, what is due, what was captured and what is given back. Owns the events PaymentAuthorised, PaymentDeclined,
PaymentCaptured and PaymentVoided.
"""
