"""Payments in the table, and the books of the sandbox provider.

| item | pk | sk |
|---|---|---|
| payment | ORDER#<order> | PAYMENT |
| whose authorisation | REFERENCE#<gateway>#<authorisation> | REFERENCE |
| stored value account | CREDIT#<holder> | ACCOUNT#<currency> |
| what was done with it | CREDIT#<holder> | ENTRY#<currency>#<idempotency key> |
| sandbox operation | SANDBOX#<idempotency key> | SANDBOX |
"""

from chalicelib.payments.store.payment import (
    PaymentItem,
    add,
    change,
    get,
    in_batch,
    order_behind,
    payment_key,
    remember,
)
from chalicelib.payments.store.sandbox import (
    Operation,
    TooLittleLeft,
    sandbox_act,
    sandbox_bar,
    sandbox_calls,
    sandbox_find,
    sandbox_look_ups,
    sandbox_operations,
)

__all__ = [
    "Operation",
    "PaymentItem",
    "TooLittleLeft",
    "add",
    "change",
    "get",
    "in_batch",
    "order_behind",
    "payment_key",
    "remember",
    "sandbox_act",
    "sandbox_bar",
    "sandbox_calls",
    "sandbox_find",
    "sandbox_look_ups",
    "sandbox_operations",
]
