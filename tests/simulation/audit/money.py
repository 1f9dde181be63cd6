"""Payments, stored value, the provider's books and coupons: amounts that never cross, keys that act once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.simulation.audit.items import Money, document, held_by, number
from tests.simulation.dynamodb import Change

Finding = str


def look(changes: list[Change]) -> Iterator[tuple[Finding, Change]]:
    """What does not hold of money after a write."""
    for change in changes:
        kind = change.key[1].partition("#")[0]
        if kind in _KINDS:
            yield from ((finding, change) for finding in _KINDS[kind](change))
    yield from _stored_value(changes)


def _payment(change: Change) -> Iterator[Finding]:
    payment = Money(document(change.after))
    for index, tender in enumerate(payment.tenders):
        due, voided = sum(tender.get("dues", {}).values()), tender.get("voided", 0)
        captured = sum(amount for amount, _ in tender.get("captures", {}).values())
        if min(due, voided, captured) < 0 or captured + due + voided > held_by(tender):
            yield f"tender {index + 1}: captured {captured}, due {due}, voided {voided} of {held_by(tender)}"
    if payment.amount != sum(tender["amount"] for tender in payment.tenders):
        yield "the tenders are not the amount"
    if payment.asked_back > payment.captured + payment.due:
        yield "more is asked back than was paid"
    if payment.refunded > payment.captured:
        yield "more was given back than was taken"
    if any(amount != sum(part[1] for part in parts) for _, amount, _, _, parts in payment.refunds):
        yield "the parts of a refund are not its amount"
    if change.before is not None:
        before = Money(document(change.before))
        went_back = (
            payment.captured < before.captured
            or sum(payment.voided) < sum(before.voided)
            or payment.refunded < before.refunded
            or payment.asked_back < before.asked_back
        )
        if went_back:
            yield "an amount of a payment went back"


def _sandbox(change: Change) -> Iterator[Finding]:
    if number(change.after, "operations") > 1:
        yield "the provider acted twice under one key"
    if number(change.after, "remaining") < 0:
        yield "more was taken than is held"


def _coupon(change: Change) -> Iterator[Finding]:
    after = change.after or {}
    if not number(after, "used") >= 0:
        yield "a code was given back more often than it was used"
    grown = number(after, "used") > number(change.before, "used")
    if grown and "most" in after and number(after, "used") > number(after, "most"):
        yield "a code was used more often than it may"


def _stored_value(changes: list[Change]) -> Iterator[tuple[Finding, Change]]:
    """A balance changes by what the entries written with it say."""
    entries: Counter[tuple[str, str]] = Counter()
    for change in changes:
        if change.key[1].startswith("ENTRY#") and change.key[0].startswith("CREDIT#") and change.before is None:
            entries[change.key[0], change.key[1].split("#")[1]] += number(change.after, "amount")
    for change in changes:
        if not change.key[1].startswith("ACCOUNT#"):
            continue
        by = number(change.after, "balance") - number(change.before, "balance")
        if by != entries.pop((change.key[0], change.key[1].removeprefix("ACCOUNT#")), 0):
            yield f"a balance changed by {by}, and its entries say otherwise", change
        if number(change.after, "balance") < 0:
            yield "a balance is below zero", change
    for account, amount in entries.items():
        if amount:
            yield f"an entry of {amount} without its balance {account}", changes[0]


_KINDS = {"PAYMENT": _payment, "SANDBOX": _sandbox, "COUPON": _coupon}
