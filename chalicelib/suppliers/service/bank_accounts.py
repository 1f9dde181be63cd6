"""Bank accounts: taken, checked, sealed. Payouts alone open them (`payout_accounts`)."""

from typing import Any

from chalicelib.core.auth import Principal
from chalicelib.core.ids import new_id
from chalicelib.core.table import Transaction
from chalicelib.suppliers import events
from chalicelib.suppliers.domain import SupplierStatus, life
from chalicelib.suppliers.domain.record import BankSummary, Supplier
from chalicelib.suppliers.gateways import bank
from chalicelib.suppliers.service.access import require_access
from chalicelib.suppliers.service.finding import at_version, drop_review, now
from chalicelib.suppliers.service.validators.bank import bank_account
from chalicelib.suppliers.store import items as store


def set_bank_account(supplier_id: str, expected_version: int, given: dict[str, Any], *, by: Principal) -> Supplier:
    """Name another bank account, and have the supplier verified. Payouts go to the one before until then.

    Raises `NotFound`, `Stale` unless the supplier is at `expected_version`, `BankAccountRefused`, `NotInThisStatus`, and `Contended`
    when a reviewer did something with it at the same moment.
    """
    require_access(supplier_id, by)
    before = at_version(supplier_id, expected_version)
    if before.status is SupplierStatus.INVITED:
        raise life.NotInThisStatus("The invitation has to be accepted first.")
    account = bank_account(given)
    token = new_id("bac")
    summary = BankSummary(
        token=token,
        country=account.country,
        currency=account.currency,
        last4=account.last4,
        holder=account.holder,
        version=before.bank.version + 1 if before.bank else 1,
    )
    after = life.submitted(before, before.profile, now(), bank=summary)
    tx = Transaction()
    store.change_supplier(tx, after)
    drop_review(tx, before, by)
    store.add_bank_account(tx, supplier_id, token, bank.seal(token, account))
    events.supplier_submitted(tx, after, by)
    tx.commit()
    return after
