"""Gift cards and store credit: issued, added to, voided and read."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import date

from chalicelib.core import observability
from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import NotFound, Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.ids import new_ulid
from chalicelib.core.money import Money
from chalicelib.core.table import Transaction
from chalicelib.payments import events
from chalicelib.payments.domain import (
    RANDOM_CHARACTERS,
    Account,
    AccountKind,
    AccountVoid,
    EntryKind,
    code_of,
    parts_of,
    store_credit_account,
)
from chalicelib.payments.gateways import codes
from chalicelib.payments.store import stored_value as books

SCOPE = "payments.credit"
_ATTEMPTS = 5


def issue_gift_card(
    amount: Money,
    expires_on: date | None,
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Account, str | None], Answer],
) -> Answer:
    """Make a gift card worth `amount`, good to the end of `expires_on` (UTC) or for ever.

    `answer` gets the card and its code, which is kept nowhere: the answer that is recorded for repetitions has none.
    """
    by.require(Role.ASSOCIATE, Role.ADMIN, scope=SCOPE)
    code = code_of(secrets.randbits(5 * RANDOM_CHARACTERS))
    card = Account(codes.gift_card_of(code), amount.currency, AccountKind.GIFT_CARD, amount.amount, False, expires_on)
    tx = Transaction()
    entry = new_ulid()
    books.open_account(tx, card, entry, by)
    events.stored_value_changed(tx, "GiftCardIssued", card.id, entry, amount.amount, by)
    once.record(tx, answer(card, None))
    tx.commit()
    observability.count("GiftCardsIssued")
    return answer(card, code)


def gift_card_by_code(code: str) -> Account:
    """The gift card with this code, for whoever knows it. Raises `NotFound`, `CodeInvalid`."""
    return _gift_card(codes.gift_card_of(code))


def read_gift_card(gift_card_id: str, by: Principal) -> Account:
    """A gift card by its id, for staff."""
    by.require(Role.ASSOCIATE, Role.ADMIN, scope=SCOPE)
    return _gift_card(gift_card_id)


def top_up_gift_card(
    gift_card_id: str,
    amount: int,
    expires_on: date | None,
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Account], Answer],
) -> Answer:
    """Add `amount` (minor units of its currency) to a gift card, and set its last day if one is given.

    Raises `NotFound`, `AccountVoid`. The balance in the answer is as of the moment before, plus `amount`.
    """
    by.require(Role.ASSOCIATE, Role.ADMIN, scope=SCOPE)
    card = _gift_card(gift_card_id)
    tx = Transaction()
    entry = new_ulid()
    books.grant(tx, card.id, amount, entry, EntryKind.TOP_UP, expires_on=expires_on, by=by)
    events.stored_value_changed(tx, "GiftCardToppedUp", card.id, entry, amount, by)
    final = answer(replace(card, balance=card.balance + amount, expires_on=expires_on or card.expires_on))
    once.record(tx, final)
    tx.commit()
    return final


def void_gift_card(
    gift_card_id: str, reason: str, *, by: Principal, once: Idempotency, answer: Callable[[Account], Answer]
) -> Answer:
    """Make a gift card worthless, for good: lost, stolen or issued by mistake. What orders hold of it they keep.

    Raises `NotFound`, `AccountVoid` when it was voided before.
    """
    by.require(Role.ASSOCIATE, Role.ADMIN, scope=SCOPE)
    for _ in range(_ATTEMPTS):
        card = _gift_card(gift_card_id)
        if card.void:
            raise AccountVoid(f"Gift card {gift_card_id} was voided.")
        tx = Transaction()
        entry = new_ulid()
        books.write_off(tx, card, entry, reason, by)
        events.stored_value_changed(tx, "GiftCardVoided", card.id, entry, -card.balance, by)
        final = answer(replace(card, balance=0, void=True))
        once.record(tx, final)
        try:
            tx.commit()
        except Stale:
            continue
        return final
    raise Stale(f"The balance of {gift_card_id} kept changing.")


def _gift_card(gift_card_id: str) -> Account:
    cards = [one for one in books.accounts_of(gift_card_id) if one.kind is AccountKind.GIFT_CARD]
    if not cards:
        raise NotFound("There is no such gift card.")
    return cards[0]


def grant_store_credit(
    customer_id: str,
    amount: Money,
    reason: str,
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Account], Answer],
) -> Answer:
    """Give a customer `amount` to spend. The balance in the answer is as of the moment before, plus `amount`."""
    by.require(Role.ASSOCIATE, Role.ADMIN, scope=SCOPE)
    account = store_credit_account(customer_id, amount.currency)
    known = books.account_of(customer_id, amount.currency)
    tx = Transaction()
    open_credit(tx, account, amount.amount, reason, by)
    before = known.balance if known else 0
    final = answer(Account(customer_id, amount.currency, AccountKind.STORE_CREDIT, before + amount.amount))
    once.record(tx, final)
    tx.commit()
    observability.count("StoreCreditGranted")
    return final


def open_credit(tx: Transaction, account_id: str, amount: int, reason: str, by: Principal) -> None:
    """Add `amount` (minor units) to a store credit account in the caller's transaction; its first grant opens it.

    Account ids come from `store_credit_account`. To turn a refund into credit, let `owe` do it: `RefundRequest.to`.
    """
    entry = new_ulid()
    books.grant(tx, account_id, amount, entry, EntryKind.GRANT, reason=reason, by=by)
    events.stored_value_changed(tx, "StoreCreditGranted", account_id, entry, amount, by)


def my_store_credit(by: Principal) -> list[Account]:
    """The caller's own store credit, by currency."""
    by.require(Role.SHOPPER, Role.ASSOCIATE, Role.ADMIN)
    return _store_credit(by.id)


def store_credit_of(customer_id: str, by: Principal) -> list[Account]:
    """A customer's store credit, by currency, for staff."""
    by.require(Role.ASSOCIATE, Role.ADMIN, scope=SCOPE)
    return _store_credit(customer_id)


def _store_credit(holder: str) -> list[Account]:
    return [one for one in books.accounts_of(holder) if one.kind is AccountKind.STORE_CREDIT]


def credit_balance(account_id: str) -> int:
    """What is on an account, in minor units; 0 if there is none."""
    account = books.account_of(*parts_of(account_id))
    return account.balance if account else 0
