"""Balances, which count what is booked: of each supplier, and of the operator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from chalicelib.core.errors import Contended, Stale
from chalicelib.core.keys import key, shard
from chalicelib.core.table import Item, Transaction, find, find_many
from chalicelib.ledger.domain import Account, Entry, Kind, sums_of
from chalicelib.ledger.store.entries import ledger_pk

SHARDS = 16
"""Rows of the operator's balances, of which an entry counts in one: an item takes 500 transactional writes a second. The upper half
counts what is given back, because that may be booked in one transaction with what it is given back for, and a transaction changes a
row once."""


class BalanceItem(Item):
    """pk = LEDGER#<supplier>#<currency>, sk = BALANCE. `total` is the sum of the postings to the supplier's account (debits
    positive); `payouts` counts its payouts and `paid_at` is the last one's time, until one came back."""

    total = NumberAttribute(default=0)
    version = NumberAttribute(default=0)
    payouts = NumberAttribute(default=0)
    paid_at = UnicodeAttribute(null=True)


class TotalsItem(Item):
    """pk = LEDGERTOTALS#<currency>#<shard>, sk = TOTALS. Sums of postings, an attribute for each account of the operator; `since` is
    the day of the first."""

    version = NumberAttribute(default=0)
    since = UnicodeAttribute(null=True)
    customers = NumberAttribute(default=0)
    cash = NumberAttribute(default=0)
    stored_value = NumberAttribute(default=0)
    commission = NumberAttribute(default=0)
    commission_tax = NumberAttribute(default=0)
    sales_tax = NumberAttribute(default=0)
    own_sales = NumberAttribute(default=0)
    price_difference = NumberAttribute(default=0)
    discounts = NumberAttribute(default=0)
    listing_fees = NumberAttribute(default=0)
    refunds_payable = NumberAttribute(default=0)
    goodwill = NumberAttribute(default=0)
    bank = NumberAttribute(default=0)
    chargeback_losses = NumberAttribute(default=0)
    bad_debt = NumberAttribute(default=0)


@dataclass(frozen=True, slots=True)
class Balance:
    """A supplier's account in a currency: what it is owed (minor units), after so many payouts."""

    supplier_id: str
    currency: str
    amount: int = 0
    version: int = 0
    payouts: int = 0
    paid_at: str | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """The operator's accounts in a currency (minor units, debits positive). `version` counts what was booked."""

    currency: str
    accounts: Mapping[Account, int]
    version: int
    since: str | None


def count_supplier(tx: Transaction, supplier_id: str, entries: Sequence[Entry], seen: Balance | None) -> None:
    """Count entries of a supplier in its balance; of a payout only while it is as it was `seen`, else `Stale` at commit."""
    currency = entries[0].currency
    owed = sum(one.due_to_supplier for one in entries)
    item = BalanceItem(ledger_pk(supplier_id, currency), "BALANCE")
    actions: list[Action] = [
        BalanceItem.total.add(-owed),
        BalanceItem.version.add(1),
        BalanceItem.gsi1pk.set(key("LEDGERBALANCES", supplier_id)),
        BalanceItem.gsi1sk.set(currency),
        BalanceItem.gsi2pk.set(key("LEDGERBALANCES", currency)),
        BalanceItem.gsi2sk.set(supplier_id),
    ]
    if seen is None:
        if entries[0].kind is Kind.PAYOUT_RETURNED:
            actions.append(BalanceItem.paid_at.remove())  # it does not have to wait again for what it did not get
        always = BalanceItem.pk.does_not_exist() | BalanceItem.pk.exists()
        tx.update(item, actions, always, lambda _: Contended("The balance was not counted."))
        return
    actions += [BalanceItem.payouts.add(1), BalanceItem.paid_at.set(entries[0].posted_at)]
    none_since = BalanceItem.payouts == seen.payouts if seen.payouts else BalanceItem.payouts.does_not_exist()
    enough = BalanceItem.total <= owed
    tx.update(item, actions, none_since & enough, lambda _: Stale("The balance has changed."))


def count_operator(tx: Transaction, booking: str, entries: Sequence[Entry]) -> None:
    """Count entries in a row of the operator's balances."""
    first = entries[0]
    sums = sums_of(entries)
    # `set(path | value)` is if_not_exists.
    actions: list[Action] = [
        TotalsItem.version.add(1),
        TotalsItem.since.set(TotalsItem.since | first.posted_at[:10]),
        *(getattr(TotalsItem, account).add(sums[account]) for account in Account if sums.get(account)),
    ]
    lane = SHARDS // 2
    row = int(shard(booking, lane)) + (lane if first.kind is Kind.REFUND_PAID else 0)
    item = TotalsItem(key("LEDGERTOTALS", first.currency, str(row)), "TOTALS")
    always = TotalsItem.pk.does_not_exist() | TotalsItem.pk.exists()
    tx.update(item, actions, always, lambda _: Contended("The balances were not counted."))


def balance(supplier_id: str, currency: str) -> Balance:
    """What a supplier is owed, as the last finished write left it."""
    item = find(BalanceItem, ledger_pk(supplier_id, currency), "BALANCE", consistent=True)
    return _balance(item) if item else Balance(supplier_id, currency)


def balances(supplier_id: str) -> list[Balance]:
    """A supplier's balances, by currency; one that is a second old may be missing."""
    rows = BalanceItem.by_owner.query(key("LEDGERBALANCES", supplier_id))
    found = find_many([(BalanceItem, row.pk, row.sk) for row in rows], consistent=True)
    return sorted((_balance(cast(BalanceItem, item)) for item in found.values()), key=lambda one: one.currency)


def owed_suppliers(currency: str, after: str | None, count: int) -> list[str]:
    """Ids of suppliers that have a balance in a currency, whatever it is; one that is a second old may be missing."""
    condition = BalanceItem.gsi2sk > after if after else None
    rows = BalanceItem.by_state.query(key("LEDGERBALANCES", currency), condition, limit=count)
    return [str(row.gsi2sk) for row in rows]


def _balance(item: BalanceItem) -> Balance:
    _, supplier_id, currency = item.pk.split("#")
    return Balance(supplier_id, currency, -int(item.total), int(item.version), int(item.payouts), item.paid_at)


def totals(currency: str) -> Totals:
    """The operator's balances, the sums of their rows."""
    at = [(key("LEDGERTOTALS", currency, str(number)), "TOTALS") for number in range(SHARDS)]
    rows = [cast(TotalsItem, item) for item in find_many([(TotalsItem, *one) for one in at], consistent=True).values()]
    accounts = {account: sum(int(getattr(row, account)) for row in rows) for account in Account}
    since = min((row.since for row in rows if row.since), default=None)
    return Totals(currency, accounts, sum(int(row.version) for row in rows), since)
