"""Payments in the table, and the books of the sandbox provider.

| item | pk | sk |
|---|---|---|
| payment | ORDER#<order> | PAYMENT |
| sandbox operation | SANDBOX#<idempotency key> | SANDBOX |
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import cast

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError

from chalicelib.core.errors import AisleError, Conflict, Stale, Unavailable
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, RawItem, Transaction, find
from chalicelib.payments.domain import Capture, Payment, PaymentStatus


class PaymentItem(Item):
    """pk = ORDER#<order id>, sk = PAYMENT. `token` names the payment method at the provider, until that has decided."""

    version = NumberAttribute()
    status = UnicodeAttribute()
    token = UnicodeAttribute(null=True)
    document = Json()


_IN_DOCUMENT = (
    "currency",
    "amount",
    "gateway",
    "authorised",
    "captured",
    "voided",
    "authorisation",
    "reason",
    "dues",
    "captures",
    "final",
)


def payment_key(order_id: str) -> tuple[type[Item], str, str]:
    return PaymentItem, key("ORDER", order_id), "PAYMENT"


def _item(payment: Payment, token: str | None) -> PaymentItem:
    document = {name: getattr(payment, name) for name in _IN_DOCUMENT}
    document["captures"] = {name: asdict(capture) for name, capture in payment.captures.items()}
    return PaymentItem(
        key("ORDER", payment.order_id),
        "PAYMENT",
        version=payment.version,
        status=str(payment.status),
        token=token,
        document=document,
    )


def _payment(item: PaymentItem) -> Payment:
    captures = {name: Capture(**capture) for name, capture in item.document["captures"].items()}
    return Payment(
        order_id=item.pk.removeprefix("ORDER#"),
        status=PaymentStatus(item.status),
        version=int(item.version),
        **{**item.document, "captures": captures},
    )


def add(tx: Transaction, payment: Payment, token: str | None) -> None:
    """Write the payment of a new order."""
    tx.create(_item(payment, token), lambda _: Stale("This order has a payment."))


def change(tx: Transaction, payment: Payment) -> None:
    """Write the next version; the token goes when it has served. Raises `Stale` at commit when another was quicker."""

    def stale(raw: RawItem | None) -> AisleError:
        return Stale(f"The payment is not at version {payment.version - 1} any more.")

    item = _item(payment, None)
    actions = [
        PaymentItem.version.set(item.version),
        PaymentItem.status.set(item.status),
        PaymentItem.document.set(item.document),
    ]
    if payment.decided:
        actions.append(PaymentItem.token.remove())
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


# ---- the sandbox provider's own books -----------------------------------------------------------------------------------


class SandboxItem(Item):
    """pk = SANDBOX#<idempotency key>, sk = SANDBOX.

    `operations` counts how often something was done under the key, which must stay at one; `remaining` is what later
    operations may take of this one. `calls` and `look_ups` let tokens behave by how often they were seen.
    """

    amount = NumberAttribute(null=True)
    currency = UnicodeAttribute(null=True)
    token = UnicodeAttribute(null=True)
    declined = UnicodeAttribute(null=True)
    remaining = NumberAttribute(null=True)
    barred = BooleanAttribute(null=True)
    operations = NumberAttribute(null=True)
    calls = NumberAttribute(null=True)
    look_ups = NumberAttribute(null=True)


@dataclass(frozen=True, slots=True)
class Operation:
    """Something the sandbox did or declined under a key, amounts in minor units; `barred` if it never will."""

    key: str
    amount: int
    currency: str
    token: str
    declined: str | None = None
    remaining: int = 0
    barred: bool = False


class KeyUsed(Conflict):
    """The sandbox answered this key before."""

    precedes = True

    def __init__(self, before: Operation) -> None:
        super().__init__("This key was used.")
        self.before = before


class TooLittleLeft(Conflict):
    """An operation would take more than is left of the one it draws on."""


def sandbox_act(operation: Operation, drawn_from: Operation | None = None) -> Operation | None:
    """Do it, once: None, or what was done under the key before. Raises `TooLittleLeft`."""
    tx = Transaction()
    left = 0 if operation.declined else operation.amount
    _write(tx, replace(operation, remaining=left), operations=0 if operation.declined else 1)
    if drawn_from is not None:
        tx.update(
            _sandbox_item(drawn_from.key),
            [SandboxItem.remaining.set(SandboxItem.remaining - operation.amount)],
            SandboxItem.remaining >= operation.amount,
            lambda _: TooLittleLeft("Not so much is left."),
        )
    return _committed(tx)


def sandbox_bar(operation: str) -> Operation | None:
    """See to it that nothing will be done under the key: None, or what was done before."""
    tx = Transaction()
    _write(tx, Operation(operation, 0, "-", "-", barred=True), operations=0)
    return _committed(tx)


def sandbox_find(operation: str) -> Operation | None:
    """What was done under this key, or None."""
    item = find(SandboxItem, key("SANDBOX", operation), "SANDBOX", consistent=True)
    return _operation(item) if item and item.token is not None else None


def sandbox_operations(operation: str) -> int:
    """How often something was done under this key."""
    item = find(SandboxItem, key("SANDBOX", operation), "SANDBOX", consistent=True)
    return int(item.operations or 0) if item else 0


def sandbox_calls(operation: str) -> int:
    """Count a call with this key; how many there were with this one."""
    item = _sandbox_item(operation)
    _count(item, SandboxItem.calls)
    return int(item.calls or 0)


def sandbox_look_ups(operation: str) -> int:
    """Count a look-up of this key; how many there were with this one."""
    item = _sandbox_item(operation)
    _count(item, SandboxItem.look_ups)
    return int(item.look_ups or 0)


def _count(item: SandboxItem, counter: NumberAttribute) -> None:
    try:
        item.update([counter.add(1)])
    except UpdateError as error:
        raise Unavailable("The sandbox provider does not answer.") from error


def _write(tx: Transaction, operation: Operation, *, operations: int) -> None:
    def used(raw: RawItem | None) -> AisleError:
        return KeyUsed(_operation(SandboxItem.from_raw_data(raw or {})))

    actions = [
        SandboxItem.amount.set(operation.amount),
        SandboxItem.currency.set(operation.currency),
        SandboxItem.token.set(operation.token),
        SandboxItem.remaining.set(operation.remaining),
        SandboxItem.barred.set(operation.barred),
        SandboxItem.operations.add(operations),
    ]
    if operation.declined:
        actions.append(SandboxItem.declined.set(operation.declined))
    tx.update(_sandbox_item(operation.key), actions, SandboxItem.token.does_not_exist(), used)


def _committed(tx: Transaction) -> Operation | None:
    try:
        tx.commit()
    except KeyUsed as error:
        return error.before
    return None


def _sandbox_item(operation: str) -> SandboxItem:
    return SandboxItem(key("SANDBOX", operation), "SANDBOX")


def _operation(item: SandboxItem) -> Operation:
    return Operation(
        key=item.pk.removeprefix("SANDBOX#"),
        amount=int(item.amount or 0),
        currency=item.currency or "-",
        token=item.token or "-",
        declined=item.declined,
        remaining=int(item.remaining or 0),
        barred=bool(item.barred),
    )
