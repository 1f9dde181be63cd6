"""Payments in the table, and the books of the sandbox provider.

| item | pk | sk |
|---|---|---|
| payment | ORDER#<order> | PAYMENT |
| sandbox operation | SANDBOX#<idempotency key> | SANDBOX |
"""

from collections.abc import Mapping
from typing import cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError

from chalicelib.core.errors import AisleError, Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, RawItem, Transaction, find
from chalicelib.payments.domain import Payment, PaymentStatus


class PaymentItem(Item):
    """pk = ORDER#<order id>, sk = PAYMENT. `token` names the payment method at the provider; it leaves only to it."""

    version = NumberAttribute()
    status = UnicodeAttribute()
    token = UnicodeAttribute(null=True)
    document = Json()


class SandboxItem(Item):
    """pk = SANDBOX#<idempotency key>, sk = SANDBOX. What the sandbox provider did once, and how often it was asked."""

    document = Json()
    look_ups = NumberAttribute(default=0)


_IN_DOCUMENT = (
    "currency",
    "amount",
    "authorised",
    "captured",
    "voided",
    "reference",
    "reason",
    "dues",
    "captures",
    "final",
)


def payment_key(order_id: str) -> tuple[type[Item], str, str]:
    return PaymentItem, key("ORDER", order_id), "PAYMENT"


def _item(payment: Payment, token: str | None) -> PaymentItem:
    document = {name: getattr(payment, name) for name in _IN_DOCUMENT}
    return PaymentItem(
        key("ORDER", payment.order_id),
        "PAYMENT",
        version=payment.version,
        status=str(payment.status),
        token=token,
        document=document,
    )


def _payment(item: PaymentItem) -> Payment:
    return Payment(
        order_id=item.pk.removeprefix("ORDER#"),
        status=PaymentStatus(item.status),
        version=int(item.version),
        **item.document,
    )


def add(tx: Transaction, payment: Payment, token: str | None) -> None:
    """Write the payment of a new order."""
    tx.create(_item(payment, token), lambda _: Stale("This order has a payment."))


def change(tx: Transaction, payment: Payment) -> None:
    """Write the next version; the token stays. Raises `Stale` at commit when another was quicker."""

    def stale(raw: RawItem | None) -> AisleError:
        return Stale(f"The payment is not at version {payment.version - 1} any more.")

    item = _item(payment, None)
    actions = [
        PaymentItem.version.set(item.version),
        PaymentItem.status.set(item.status),
        PaymentItem.document.set(item.document),
    ]
    tx.update(item, actions, PaymentItem.version == payment.version - 1, stale)


def get(order_id: str) -> tuple[Payment, str | None] | None:
    """The payment and its token, or None."""
    _, pk, sk = payment_key(order_id)
    item = find(PaymentItem, pk, sk, consistent=True)
    return (_payment(item), item.token) if item else None


def in_batch(found: Mapping[tuple[str, str], Item], order_id: str) -> Payment | None:
    """The payment out of a batch read with `payment_key`."""
    item = found.get((key("ORDER", order_id), "PAYMENT"))
    return _payment(cast(PaymentItem, item)) if item else None


def sandbox_record(operation: str, document: dict[str, object]) -> dict[str, object]:
    """Keep what the sandbox did under this key, once; the first record wins and is returned."""
    item = SandboxItem(key("SANDBOX", operation), "SANDBOX", document=document)
    try:
        item.save(condition=SandboxItem.pk.does_not_exist())
    except PutError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
    return sandbox_find(operation) or document


def sandbox_find(operation: str) -> dict[str, object] | None:
    """What the sandbox did under this key, or None."""
    item = find(SandboxItem, key("SANDBOX", operation), "SANDBOX", consistent=True)
    return dict(item.document) if item else None


def sandbox_look_up(operation: str) -> int:
    """Count a look-up of this key; how many there were with this one."""
    item = SandboxItem(key("SANDBOX", operation), "SANDBOX")
    item.update([SandboxItem.look_ups.add(1)])
    return int(item.look_ups)
