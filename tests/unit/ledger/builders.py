"""Sales, refunds and suppliers to test with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from chalicelib.core.auth import system
from chalicelib.core.errors import Unavailable
from chalicelib.core.money import tax_within
from chalicelib.core.table import Transaction
from chalicelib.ledger import service, store
from chalicelib.ledger.domain import BackLine, BankAccount, Instruction, RefundAsked, Sale, SaleLine, Terms
from chalicelib.ledger.gateways import OpenAccount, Refused, Sent
from chalicelib.suppliers.domain import Seller, SupplierStatus
from chalicelib.suppliers.store import SupplierItem, add_member, as_stored, supplier_key

BY = system("ledger")
ORDER = "ord_01K0000000000000000000000A"
FULFILMENT = "ful_01K0000000000000000000000A_1"
ACME, BOLT = "sup_acme", "sup_bolt"
TEN_PERCENT = Terms(rate_bps=1000)
"""And no tax on it."""


def a_line(units: int = 1, unit_price: int = 1200, terms: Terms | None = TEN_PERCENT, **more: Any) -> SaleLine:
    """Units that cost the customer what the supplier asked, 20 % tax included, with nothing off."""
    price = more.pop("price", unit_price * units)
    charged = more.pop("charged", price)
    known = {"line_id": "1", "tax": tax_within(charged, 2000), "tax_rate_bps": 2000}
    return SaleLine(units=units, price=price, charged=charged, unit_price=unit_price, terms=terms, **{**known, **more})


def a_sale(*lines: SaleLine, supplier: str | None = ACME, fulfilment: str = FULFILMENT, **more: Any) -> Sale:
    known = {"order_id": ORDER, "currency": "GBP"}
    return Sale(fulfilment_id=fulfilment, lines=lines or (a_line(),), supplier_id=supplier, **{**known, **more})


def a_refund(*lines: BackLine, key: str = "r1", amount: int | None = None, **more: Any) -> RefundAsked:
    """Of these lines, all of what was charged less the fees, unless another amount is given."""
    worth = sum(line.charged - line.fee for line in lines) + more.get("postage", 0) - more.get("withheld", 0)
    known = {"order_id": ORDER, "currency": "GBP"}
    return RefundAsked(key=key, amount=worth if amount is None else amount, lines=lines, **{**known, **more})


def committed(add: Callable[[Transaction], object]) -> Transaction:
    """One transaction, committed."""
    tx = Transaction()
    add(tx)
    tx.commit()
    return tx


def sell(*lines: SaleLine, **more: Any) -> Transaction:
    return committed(lambda tx: service.book_sale(tx, a_sale(*lines, **more)))


def ask_back(*lines: BackLine, **more: Any) -> Transaction:
    asked = a_refund(*lines, **more)
    return committed(lambda tx: service.book_refund_asked(tx, asked, service.sales_of(asked.order_id)))


def totals(currency: str = "GBP") -> dict[str, int]:
    """The operator's balances that are not zero."""
    return {str(account): amount for account, amount in store.totals(currency).accounts.items() if amount}


def owed(supplier: str = ACME, currency: str = "GBP") -> int:
    return store.balance(supplier, currency).amount


def a_supplier(supplier_id: str = ACME, *members: str) -> str:
    """A supplier that sells, and whoever acts for it (`user:<id>`)."""
    seller = Seller(supplier_id, "Acme", SupplierStatus.APPROVED, "GB")
    kind, pk, sk = supplier_key(supplier_id)
    assert kind is SupplierItem
    SupplierItem(pk, sk, version=1, status=str(seller.status), seller=as_stored(seller)).save()
    for member in members:
        committed(lambda tx, member=member: add_member(tx, supplier_id, member))
    return supplier_id


class Accounts:
    """Everybody has an account, but those named."""

    def __init__(self, *without: str, last4: str = "1234") -> None:
        self.without = without
        self.last4 = last4

    def account_of(self, supplier_id: str, currency: str) -> BankAccount | None:
        return None if supplier_id in self.without else BankAccount(f"bnk_{supplier_id}", self.last4)

    def open(self, account: BankAccount) -> OpenAccount:
        return OpenAccount("=Acme Ltd", f"GB00TEST{account.last4}")


class Mute:
    """A bank that does not answer for some, and forgets nothing."""

    def __init__(self, *silent: str) -> None:
        self.silent = set(silent)
        self.asked: list[str] = []

    def pay(self, instruction: Instruction) -> Sent | Refused:
        self.asked.append(instruction.supplier_id)
        if instruction.supplier_id in self.silent:
            raise Unavailable("No answer.")
        return Sent(f"bank:{instruction.key}")


def sums(entries: Sequence[Any]) -> list[int]:
    """What each entry adds up to."""
    return [sum(one.postings.values()) for one in entries]
