"""Entries of the books: postings to accounts that add up to zero."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Account(StrEnum):
    """The operator's accounts. A supplier has one of its own, see `supplier_account`.

    `customers`: what they owe for goods that left. `cash`: at the payment provider. `stored_value`: gift cards and store credit,
    whose own books are those of payments. `sales_tax`: collected and owed by the operator. `own_sales`: its own goods, and postage.
    `price_difference`: what a customer paid beyond (or below) the price of the supplier that shipped. `refunds_payable`: asked
    back, and not given back yet. `goodwill`: given back for nothing that came back. `bank`: paid out to suppliers.
    """

    CUSTOMERS = "customers"
    CASH = "cash"
    STORED_VALUE = "stored_value"
    COMMISSION = "commission"
    COMMISSION_TAX = "commission_tax"
    SALES_TAX = "sales_tax"
    OWN_SALES = "own_sales"
    PRICE_DIFFERENCE = "price_difference"
    DISCOUNTS = "discounts"
    LISTING_FEES = "listing_fees"
    REFUNDS_PAYABLE = "refunds_payable"
    GOODWILL = "goodwill"
    BANK = "bank"
    CHARGEBACK_LOSSES = "chargeback_losses"
    BAD_DEBT = "bad_debt"


class Kind(StrEnum):
    """What an entry is for."""

    SALE = "sale"
    CAPTURE = "capture"
    REFUND = "refund"
    REFUND_PAID = "refund_paid"
    LISTING_FEE = "listing_fee"
    PAYOUT = "payout"
    PAYOUT_RETURNED = "payout_returned"
    ADJUSTMENT = "adjustment"


OF_PAYOUTS = frozenset({Kind.PAYOUT, Kind.PAYOUT_RETURNED})

_SUPPLIER = "supplier:"


def supplier_account(supplier_id: str) -> str:
    """What the operator owes a supplier; a credit balance is owed to it, a debit balance it owes."""
    return _SUPPLIER + supplier_id


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement in one currency: signed amounts (minor units, debits positive) by account, which add up to zero.

    `id` is natural: it names the cause, so that the same cause makes the same entry. It concerns one supplier or none. `about` tells
    what else it names: a fulfilment, a refund, a run, a reason.
    """

    id: str
    kind: Kind
    currency: str
    postings: Mapping[str, int]
    supplier_id: str | None = None
    order_id: str | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    posted_at: str = ""

    @property
    def due_to_supplier(self) -> int:
        """By how much the operator owes its supplier more (minor units); less, where negative."""
        return -self.postings.get(supplier_account(self.supplier_id), 0) if self.supplier_id else 0

    @property
    def of_operator(self) -> dict[Account, int]:
        """The postings to the operator's own accounts."""
        return {Account(name): amount for name, amount in self.postings.items() if not name.startswith(_SUPPLIER)}


def entry(
    id: str,
    kind: Kind,
    currency: str,
    postings: Iterable[tuple[str, int]],
    *,
    supplier_id: str | None = None,
    order_id: str | None = None,
    about: Mapping[str, Any] | None = None,
) -> Entry:
    """An entry of these postings, those to one account summed up.

    Raises ValueError when they do not add up to zero, or name another supplier than `supplier_id`.
    """
    summed: dict[str, int] = {}
    for account, amount in postings:
        summed[account] = summed.get(account, 0) + amount
    if sum(summed.values()):
        raise ValueError(f"entry {id} is off by {sum(summed.values())} {currency}")
    kept = {str(account): amount for account, amount in summed.items() if amount}
    allowed = {str(account) for account in Account} | ({supplier_account(supplier_id)} if supplier_id else set())
    if unknown := kept.keys() - allowed:
        raise ValueError(f"entry {id} names accounts that are not its own: {sorted(unknown)}")
    return Entry(id, kind, currency, kept, supplier_id, order_id, about or {})


def sums_of(entries: Iterable[Entry]) -> dict[str, int]:
    """What entries of one currency add up to, by account."""
    summed: dict[str, int] = {}
    for one in entries:
        for account, amount in one.postings.items():
            summed[account] = summed.get(account, 0) + amount
    return summed
