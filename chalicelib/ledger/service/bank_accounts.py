"""The accounts that suppliers are paid to: what they named and the operator verified."""

from chalicelib.ledger.domain import BankAccount
from chalicelib.ledger.gateways import BankAccounts, OpenAccount


class VerifiedAccounts:
    """Those that were approved last."""

    def account_of(self, supplier_id: str, currency: str) -> BankAccount | None:
        """The supplier's account, if it is one in this currency."""
        from chalicelib.suppliers import service as suppliers  # late: see `whose`

        found = suppliers.payout_account(supplier_id)
        if found is None or found.currency != currency:
            return None
        return BankAccount(found.token, found.last4)

    def open(self, account: BankAccount) -> OpenAccount:
        """Raises `NotFound`."""
        from chalicelib.suppliers import service as suppliers

        opened = suppliers.open_bank_account(account.token)
        code = opened.bic if opened.iban else opened.routing_number
        return OpenAccount(opened.holder, opened.iban or opened.account_number or "", code or "")


def bank_accounts() -> BankAccounts:
    """Who knows them."""
    return VerifiedAccounts()
