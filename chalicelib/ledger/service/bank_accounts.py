"""The accounts that suppliers are paid to: what they named and the operator verified."""

from chalicelib.ledger.domain import BankAccount
from chalicelib.ledger.gateways import BankAccounts, OpenAccount
from chalicelib.suppliers.service.payout_accounts import open_bank_account, payout_account


class VerifiedAccounts:
    """Those that were approved last."""

    def account_of(self, supplier_id: str, currency: str) -> BankAccount | None:
        """The supplier's account, if it is one in this currency."""
        found = payout_account(supplier_id)
        if found is None or found.currency != currency:
            return None
        return BankAccount(found.token, found.last4)

    def open(self, account: BankAccount) -> OpenAccount:
        """Raises `NotFound`."""
        opened = open_bank_account(account.token)
        code = opened.bic if opened.iban else opened.routing_number
        return OpenAccount(opened.holder, opened.iban or opened.account_number or "", code or "")


def bank_accounts() -> BankAccounts:
    """Who knows them."""
    return VerifiedAccounts()
