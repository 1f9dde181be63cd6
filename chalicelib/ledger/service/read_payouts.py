"""Runs and payouts as the operator and suppliers see them, and the file for the bank."""

import csv
import io

from chalicelib.core.auth import Principal
from chalicelib.core.paging import Page, page_of
from chalicelib.ledger import store
from chalicelib.ledger.domain import Payout, PayoutState, Run
from chalicelib.ledger.gateways import BankAccounts
from chalicelib.ledger.service.bank_accounts import bank_accounts
from chalicelib.ledger.service.pay_suppliers import must_find_run
from chalicelib.ledger.service.settle_terms import require_bookkeeper
from chalicelib.ledger.service.whose import require_access

COLUMNS = ("end_to_end_id", "amount", "currency", "creditor", "account", "bank_code", "text")


def list_runs(limit: int, cursor: str | None, by: Principal) -> Page[Run]:
    """Payout runs, newest first, for whoever keeps the books."""
    require_bookkeeper(by)
    page = page_of("payout runs", limit, cursor, store.recent_runs, lambda run_id: run_id)
    runs = [run for run_id in page.items if (run := store.get_run(run_id)) is not None]
    return Page(runs, page.next_cursor)


def read_run(run_id: str, by: Principal) -> Run:
    """A payout run, for whoever keeps the books. Raises `NotFound`."""
    require_bookkeeper(by)
    return must_find_run(run_id)


def list_payouts(run_id: str, limit: int, cursor: str | None, by: Principal) -> Page[Payout]:
    """What suppliers got in a run, or why they got nothing; for whoever keeps the books."""
    require_bookkeeper(by)
    run = must_find_run(run_id)
    return page_of(
        f"payouts of {run.id}",
        limit,
        cursor,
        lambda after, count: list(store.payouts_in(run.id, after, count)),
        lambda payout: payout.supplier_id,
    )


def list_payouts_of(supplier_id: str, limit: int, cursor: str | None, by: Principal) -> Page[Payout]:
    """What a supplier got, run by run, newest first; for itself and the operator."""
    require_access(supplier_id, by)
    page = page_of(
        f"payouts to {supplier_id}",
        limit,
        cursor,
        lambda after, count: store.runs_of(supplier_id, after, count),
        lambda run_id: run_id,
    )
    payouts = [one for run_id in page.items if (one := store.get_payout(run_id, supplier_id)) is not None]
    return Page(payouts, page.next_cursor)


def payment_file(
    run_id: str, limit: int, cursor: str | None, by: Principal, *, accounts: BankAccounts | None = None
) -> tuple[str, str | None]:
    """Payments of a run that are sent and not confirmed, as CSV (RFC 4180) for the bank's own system, and the cursor for more.

    It is the only place where accounts are opened: for whoever keeps the books. `end_to_end_id` is the same for a payment however
    often the file is made: a bank that checks it pays none twice. Amounts are in minor units.
    """
    require_bookkeeper(by)
    run = must_find_run(run_id)
    known = accounts or bank_accounts()
    page = page_of(
        f"payments of {run.id}",
        limit,
        cursor,
        lambda after, count: list(store.payouts_in(run.id, after, count)),
        lambda payout: payout.supplier_id,
    )
    text = io.StringIO()
    rows = csv.writer(text)
    if cursor is None:
        rows.writerow(COLUMNS)
    for payout in page.items:
        if payout.state is PayoutState.SENT and payout.account is not None:
            account = known.open(payout.account)
            named = (account.holder, account.number, account.code)
            cells = (payout.end_to_end_id, payout.amount, payout.currency, *map(_cell, named), payout.text)
            rows.writerow(cells)
    return text.getvalue(), page.next_cursor


def _cell(text: str) -> str:
    """Text of others, which no spreadsheet may take for a formula (owasp.org, "CSV Injection")."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
