"""The accounts that suppliers are paid to."""

from chalicelib.core.errors import NotFound
from chalicelib.ledger.domain import BankAccount
from chalicelib.ledger.gateways import BankAccounts, OpenAccount


class NoAccounts:
    """Nobody has an account: what is owed is carried."""

    def account_of(self, supplier_id: str, currency: str) -> BankAccount | None:
        """None."""
        return None

    def open(self, account: BankAccount) -> OpenAccount:
        """Raises `NotFound`."""
        raise NotFound("There is no such bank account.")


def bank_accounts() -> BankAccounts:
    """Who knows them."""
    return NoAccounts()
