"""Where suppliers are paid to, for payouts alone."""

from chalicelib.core.errors import NotFound
from chalicelib.suppliers.domain.bank import BankAccount
from chalicelib.suppliers.domain.record import BankSummary
from chalicelib.suppliers.gateways import bank
from chalicelib.suppliers.store.documents import sealed_bank_account
from chalicelib.suppliers.store.suppliers import get_supplier


def payout_account(supplier_id: str) -> BankSummary | None:
    """The bank account that was approved last, if any."""
    one = get_supplier(supplier_id)
    return one.bank_approved if one else None


def open_bank_account(token: str) -> BankAccount:
    """The account behind a token, for whoever pays suppliers and nobody else. Raises `NotFound`."""
    sealed = sealed_bank_account(token)
    if sealed is None:
        raise NotFound("There is no such bank account.")
    return bank.opened(token, sealed)
