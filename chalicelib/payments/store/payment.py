"""Payments beside their orders."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.core.errors import AisleError, Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, RawItem, Transaction, find
from chalicelib.payments.domain import (
    Capture,
    Dispute,
    Payment,
    Refund,
    RefundPart,
    Tender,
    TenderStatus,
    TenderType,
)


class PaymentItem(Item):
    """pk = ORDER#<order id>, sk = PAYMENT. `tokens`, one per tender, name the means of payment at the providers until all
    have decided."""

    version = NumberAttribute()
    status = UnicodeAttribute()
    tokens = Json(null=True)
    document = Json()


class ReferenceItem(Item):
    """pk = REFERENCE#<gateway>#<authorisation>, sk = REFERENCE. Whose payment it is, for providers that tell of it by
    their own name for it."""

    order_id = UnicodeAttribute()


def remember(tx: Transaction, gateway: str, authorisation: str, order_id: str) -> None:
    """Keep which order an authorisation belongs to. Remembering again changes nothing."""
    tx.put(ReferenceItem(key("REFERENCE", gateway, authorisation), "REFERENCE", order_id=order_id))


def order_behind(gateway: str, authorisation: str) -> str | None:
    """The order that an authorisation belongs to, or None."""
    item = find(ReferenceItem, key("REFERENCE", gateway, authorisation), "REFERENCE", consistent=True)
    return item.order_id if item else None


def payment_key(order_id: str) -> tuple[type[Item], str, str]:
    return PaymentItem, key("ORDER", order_id), "PAYMENT"


def _item(payment: Payment, tokens: Sequence[str | None]) -> PaymentItem:
    return PaymentItem(
        key("ORDER", payment.order_id),
        "PAYMENT",
        version=payment.version,
        status=str(payment.status),
        tokens=list(tokens) or None,
        document=_document(payment),
    )


def _document(payment: Payment) -> dict[str, Any]:
    """What is empty is not stored, nor the number of a tender: a payment by one card stays below half a kilobyte."""
    fields = {
        "currency": payment.currency,
        "amount": payment.amount,
        "tenders": [_tender_document(tender) for tender in payment.tenders],
        "final": payment.final,
        "reason": payment.reason,
        "refunds": [_refund_document(refund) for refund in payment.refunds],
        "disputes": {id: [one.amount, one.status] for id, one in payment.disputes.items()},
        "booked": payment.booked,
    }
    return {name: value for name, value in fields.items() if value or name == "amount"}


def _tender_document(tender: Tender) -> dict[str, Any]:
    fields = {
        "type": str(tender.type),
        "gateway": tender.gateway,
        "amount": tender.amount,
        "status": str(tender.status),
        "authorisation": tender.authorisation,
        "voided": tender.voided,
        "dues": dict(tender.dues),
        "captures": {due: [one.amount, one.reference] for due, one in tender.captures.items()},
        "once": tender.once,
    }
    return {name: value for name, value in fields.items() if value}


def _refund_document(refund: Refund) -> list[Any]:
    parts = [[part.tender, part.amount, part.capture, part.reference] for part in refund.parts]
    return [refund.key, refund.amount, refund.reason, refund.to, parts]


def _payment(item: PaymentItem) -> Payment:
    stored = item.document
    return Payment(
        order_id=item.pk.removeprefix("ORDER#"),
        currency=stored["currency"],
        amount=stored["amount"],
        tenders=tuple(_tender(str(number), one) for number, one in enumerate(stored.get("tenders", ()), start=1)),
        final=stored.get("final", False),
        reason=stored.get("reason"),
        refunds=tuple(_refund(*one) for one in stored.get("refunds", ())),
        disputes={id: Dispute(*one) for id, one in stored.get("disputes", {}).items()},
        booked=stored.get("booked", False),
        version=int(item.version),
    )


def _tender(id: str, stored: Mapping[str, Any]) -> Tender:
    return Tender(
        id=id,
        type=TenderType(stored["type"]),
        gateway=stored["gateway"],
        amount=stored["amount"],
        status=TenderStatus(stored["status"]),
        authorisation=stored.get("authorisation"),
        voided=stored.get("voided", 0),
        dues=stored.get("dues", {}),
        captures={due: Capture(*one) for due, one in stored.get("captures", {}).items()},
        once=stored.get("once", False),
    )


def _refund(key: str, amount: int, reason: str, to: str, parts: Sequence[Sequence[Any]]) -> Refund:
    return Refund(key, amount, reason, to, tuple(RefundPart(*part) for part in parts))


def add(tx: Transaction, payment: Payment, tokens: Sequence[str | None]) -> None:
    """Write the payment of a new order."""
    tx.create(_item(payment, tokens), lambda _: Stale("This order has a payment."))


def change(tx: Transaction, payment: Payment) -> None:
    """Write the next version; the tokens go when they have served. Raises `Stale` at commit when another was quicker."""

    def stale(raw: RawItem | None) -> AisleError:
        return Stale(f"The payment is not at version {payment.version - 1} any more.")

    item = _item(payment, ())
    actions = [
        PaymentItem.version.set(item.version),
        PaymentItem.status.set(item.status),
        PaymentItem.document.set(item.document),
    ]
    if payment.decided:
        actions.append(PaymentItem.tokens.remove())
    tx.update(item, actions, PaymentItem.version == payment.version - 1, stale)


def get(order_id: str) -> tuple[Payment, list[str | None]] | None:
    """The payment and the tokens of its tenders, which are gone once they have served; or None."""
    _, pk, sk = payment_key(order_id)
    item = find(PaymentItem, pk, sk, consistent=True)
    return (_payment(item), item.tokens or []) if item else None


def in_batch(found: Mapping[tuple[str, str], Item], order_id: str) -> Payment | None:
    """The payment out of a batch read with `payment_key`."""
    item = found.get((key("ORDER", order_id), "PAYMENT"))
    return _payment(cast(PaymentItem, item)) if item else None
