"""Stored value: accounts, whose balance is the sum of their entries, and what was done under which key.

An account's balance changes by a condition and together with an entry, or not at all.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import cast

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import AisleError, Conflict, NotFound, Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, RawItem, Transaction, find
from chalicelib.payments.domain import Account, AccountKind, AccountVoid, EntryKind, parts_of


class AccountItem(Item):
    """pk = CREDIT#<holder>, sk = ACCOUNT#<currency>."""

    kind = UnicodeAttribute()
    balance = NumberAttribute()
    void = BooleanAttribute(null=True)
    expires_on = UnicodeAttribute(null=True)


class EntryItem(Item):
    """pk = CREDIT#<holder>, sk = ENTRY#<currency>#<idempotency key>.

    `amount` is what it added to the balance; `taken` what was held or captured by it, and `remaining` what later
    entries may still take of that. One that was `declined` or `barred` did nothing and never will.
    """

    kind = UnicodeAttribute(null=True)
    amount = NumberAttribute()
    taken = NumberAttribute(null=True)
    remaining = NumberAttribute(null=True)
    declined = UnicodeAttribute(null=True)
    barred = BooleanAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    at = UnicodeAttribute()
    made_by = Json(null=True)


@dataclass(frozen=True, slots=True)
class Entry:
    """What was done with an account under a key; amounts in minor units."""

    account: str
    key: str
    kind: EntryKind | None
    amount: int = 0
    taken: int = 0
    remaining: int = 0
    declined: str | None = None
    barred: bool = False


class EntryKnown(Conflict):
    """Something was done under this key before."""

    precedes = True

    def __init__(self, before: Entry) -> None:
        super().__init__("This key was used.")
        self.before = before


class Insufficient(Conflict):
    """An account or an entry has not so much, or may not be used; `reason` says which."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Refused: {reason}.")
        self.reason = reason


# ---- accounts -----------------------------------------------------------------------------------------------------------


def account_of(holder: str, currency: str) -> Account | None:
    """The account as it is now, or None."""
    item = find(AccountItem, key("CREDIT", holder), key("ACCOUNT", currency), consistent=True)
    return _account(item) if item else None


def accounts_of(holder: str) -> list[Account]:
    """A holder's accounts, one per currency."""
    rows = AccountItem.query(key("CREDIT", holder), AccountItem.sk.startswith("ACCOUNT#"), consistent_read=True)
    return [_account(row) for row in rows]


def open_account(tx: Transaction, account: Account, entry_key: str, by: Principal) -> None:
    """Write a new account with its first entry."""
    item = AccountItem(
        key("CREDIT", account.holder),
        key("ACCOUNT", account.currency),
        kind=str(account.kind),
        balance=account.balance,
        expires_on=account.expires_on.isoformat() if account.expires_on else None,
    )
    tx.create(item, lambda _: Stale("This account exists."))
    write_entry(tx, Entry(account.id, entry_key, EntryKind.ISSUE, account.balance), by=by)


def grant(
    tx: Transaction,
    account: str,
    amount: int,
    entry_key: str,
    kind: EntryKind,
    *,
    reason: str | None = None,
    expires_on: date | None = None,
    by: Principal | None = None,
) -> None:
    """Add to an account, which is opened by its first grant. Raises `AccountVoid` at commit when it was voided, and
    `NotFound` for a top-up of none."""
    allowed: Condition | None = None
    if kind is EntryKind.TOP_UP:
        allowed = AccountItem.pk.exists()
    if kind is EntryKind.GRANT:
        allowed = AccountItem.kind.does_not_exist() | (AccountItem.kind == str(AccountKind.STORE_CREDIT))
    add(tx, account, amount, allowed, expires_on)
    write_entry(tx, Entry(account, entry_key, kind, amount), reason=reason, by=by)


def add(
    tx: Transaction, account: str, amount: int, allowed: Condition | None = None, expires_on: date | None = None
) -> None:
    """Raise a balance, once in a transaction; the caller writes the entries that say why. Raises as `grant`."""
    actions = [
        AccountItem.balance.add(amount),
        AccountItem.kind.set(AccountItem.kind | str(AccountKind.STORE_CREDIT)),
    ]
    if expires_on is not None:
        actions.append(AccountItem.expires_on.set(expires_on.isoformat()))
    good: Condition = AccountItem.void.does_not_exist()
    tx.update(
        _account_item(account),
        actions,
        good if allowed is None else allowed & good,
        lambda raw: AccountVoid("It was voided, or is no store credit.") if raw else NotFound("There is no such card."),
    )


def write_off(tx: Transaction, account: Account, entry_key: str, reason: str, by: Principal) -> None:
    """Void an account: what it holds is gone. Raises `Stale` at commit when its balance changed."""
    tx.update(
        _account_item(account.id),
        [AccountItem.balance.set(0), AccountItem.void.set(True)],
        (AccountItem.balance == account.balance) & AccountItem.void.does_not_exist(),
        lambda _: Stale("The balance changed."),
    )
    write_entry(tx, Entry(account.id, entry_key, EntryKind.WRITE_OFF, -account.balance), reason=reason, by=by)


def _account_item(account: str) -> AccountItem:
    holder, currency = parts_of(account)
    return AccountItem(key("CREDIT", holder), key("ACCOUNT", currency))


def _account(item: AccountItem) -> Account:
    return Account(
        holder=item.pk.removeprefix("CREDIT#"),
        currency=item.sk.removeprefix("ACCOUNT#"),
        kind=AccountKind(item.kind),
        balance=int(item.balance),
        void=bool(item.void),
        expires_on=date.fromisoformat(item.expires_on) if item.expires_on else None,
    )


# ---- what payments do with them -----------------------------------------------------------------------------------------


def hold(entry: Entry) -> None:
    """Take `entry.taken` off the balance and keep it. Raises `Insufficient`, `EntryKnown`."""
    tx = Transaction()
    today = clock.now().date().isoformat()
    good = AccountItem.expires_on.does_not_exist() | (AccountItem.expires_on >= today)
    tx.update(
        _account_item(entry.account),
        [AccountItem.balance.add(-entry.taken)],
        (AccountItem.balance >= entry.taken) & AccountItem.void.does_not_exist() & good,
        lambda raw: Insufficient(_why_not(raw, today)),
    )
    write_entry(tx, replace(entry, amount=-entry.taken, remaining=entry.taken))
    tx.commit()


def _why_not(raw: RawItem | None, today: str) -> str:
    if raw is None:
        return "unknown_account"
    account = _account(AccountItem.from_raw_data(raw))
    if account.void:
        return "account_void"
    expired = account.expires_on is not None and account.expires_on.isoformat() < today
    return "account_expired" if expired else "insufficient_funds"


def draw(entry: Entry, source: Entry) -> None:
    """Take `entry.taken` of what `source` has left, and give it back to the balance unless it is a capture.

    Raises `Insufficient`, `EntryKnown`.
    """
    tx = Transaction()
    tx.update(
        _entry_item(source.account, source.key),
        [EntryItem.remaining.add(-entry.taken)],
        EntryItem.remaining >= entry.taken,
        lambda _: Insufficient("exceeds_what_is_left"),
    )
    if entry.kind is EntryKind.CAPTURE:
        write_entry(tx, replace(entry, remaining=entry.taken))
    else:
        tx.update(
            _account_item(entry.account),
            [AccountItem.balance.add(entry.taken)],
            AccountItem.pk.exists() & AccountItem.void.does_not_exist(),
            lambda _: Insufficient("account_void"),
        )
        write_entry(tx, replace(entry, amount=entry.taken))
    tx.commit()


def settle_key(entry: Entry) -> Entry:
    """Record that nothing is, or will be, done under a key; answers what was done under it before, if anything."""
    tx = Transaction()
    write_entry(tx, entry)
    try:
        tx.commit()
    except EntryKnown as known:
        return known.before
    return entry


def write_entry(tx: Transaction, entry: Entry, *, reason: str | None = None, by: Principal | None = None) -> None:
    """Add an entry; its key is used once, whatever becomes of the balance."""
    item = _entry_item(entry.account, entry.key)
    item.kind = str(entry.kind) if entry.kind else None
    item.amount = entry.amount
    item.taken = entry.taken or None
    item.remaining = entry.remaining if entry.taken else None
    item.declined = entry.declined
    item.barred = entry.barred or None
    item.reason = reason
    item.at = clock.rfc3339(clock.now())
    item.made_by = by.as_actor() if by else None
    tx.create(item, lambda raw: _known(raw, entry))


def _known(raw: RawItem | None, entry: Entry) -> AisleError:
    return EntryKnown(_entry(EntryItem.from_raw_data(raw or {}), entry.account))


def entry_at(account: str, entry_key: str) -> Entry | None:
    """What was done with an account under a key, or None."""
    holder, currency = parts_of(account)
    item = find(EntryItem, key("CREDIT", holder), key("ENTRY", currency, entry_key), consistent=True)
    return _entry(item, account) if item else None


def entries_of(account: str) -> list[Entry]:
    """Everything that was done with an account, in no order."""
    holder, currency = parts_of(account)
    rows = EntryItem.query(
        key("CREDIT", holder), EntryItem.sk.startswith(key("ENTRY", currency) + "#"), consistent_read=True
    )
    return [_entry(row, account) for row in rows]


def _entry_item(account: str, entry_key: str) -> EntryItem:
    holder, currency = parts_of(account)
    return EntryItem(key("CREDIT", holder), key("ENTRY", currency, entry_key))


def _entry(item: EntryItem, account: str) -> Entry:
    return Entry(
        account=account,
        key=item.sk.split("#", 2)[2],
        kind=EntryKind(item.kind) if item.kind else None,
        amount=int(item.amount),
        taken=int(item.taken or 0),
        remaining=int(item.remaining or 0),
        declined=cast("str | None", item.declined),
        barred=bool(item.barred),
    )
