"""What is in the books: for a supplier its own, for whoever keeps them all."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import NotFound
from chalicelib.core.idempotency import Answer
from chalicelib.core.paging import Page
from chalicelib.ledger.domain import Entry
from chalicelib.ledger.routes.blueprint import SCOPE, SUPPLIERS, routes
from chalicelib.ledger.schemas import (
    AdjustmentBody,
    AuditQuery,
    AuditView,
    BalanceView,
    CurrencyQuery,
    EntriesQuery,
    EntryView,
    OperatorEntriesQuery,
    StatementQuery,
    StatementView,
    SupplierEntryView,
    TotalsView,
)
from chalicelib.ledger.service import use_cases as service

# ---- a supplier's -------------------------------------------------------------------------------------------------------


@routes.endpoint(
    "GET",
    "/v1/suppliers/{supplier_id}/balances",
    summary="Read what a supplier is owed",
    answers={200: http.list_of(BalanceView)},
    scopes=SUPPLIERS,
)
def read_supplier_balances(supplier_id: str) -> Response:
    """In each currency. For itself and the operator."""
    return http.listed(Page(service.balances_of(supplier_id, http.caller()), None), BalanceView.of)


@routes.endpoint(
    "GET",
    "/v1/suppliers/{supplier_id}/ledger-entries",
    summary="List what moved a supplier's balance",
    query=EntriesQuery,
    answers={200: http.list_of(SupplierEntryView)},
    scopes=SUPPLIERS,
)
def list_supplier_entries(supplier_id: str) -> Response:
    """Oldest first. For itself and the operator."""
    wanted = http.query(EntriesQuery)
    page = service.list_entries_of(
        supplier_id, wanted.currency, *wanted.bounds(), wanted.limit, wanted.cursor, http.caller()
    )
    return http.listed(page, SupplierEntryView.of)


@routes.endpoint(
    "GET",
    "/v1/suppliers/{supplier_id}/statements/{period}",
    summary="Read a supplier's statement",
    query=StatementQuery,
    answers={200: StatementView},
    scopes=SUPPLIERS,
    raises=[NotFound],
)
def read_supplier_statement(supplier_id: str, period: str) -> Response:
    """Of a month such as `2026-01`, in UTC; its entries page by page. For itself and the operator."""
    wanted = http.query(StatementQuery)
    statement, page = service.read_statement(
        supplier_id, wanted.currency, period, wanted.limit, wanted.cursor, http.caller()
    )
    return http.ok(StatementView.shown(statement, page.items, page.next_cursor))


@routes.endpoint(
    "GET",
    "/v1/suppliers/{supplier_id}/statements/{period}/file",
    summary="Download a supplier's statement",
    query=CurrencyQuery,
    answers={200: http.Csv()},
    scopes=SUPPLIERS,
    raises=[NotFound, service.StatementTooLong],
)
def download_supplier_statement(supplier_id: str, period: str) -> Response:
    """All of its entries, with the balance after each. For itself and the operator."""
    currency = http.query(CurrencyQuery).currency
    return http.file_of_rows(service.statement_file(supplier_id, currency, period, http.caller()))


# ---- the operator's -----------------------------------------------------------------------------------------------------


@routes.endpoint(
    "GET",
    "/v1/ledger/balances",
    summary="Read the operator's accounts",
    query=CurrencyQuery,
    answers={200: TotalsView},
    scopes=[SCOPE],
)
def read_ledger_balances() -> Response:
    """In one currency. For whoever keeps the books."""
    return http.ok(TotalsView.of(service.operator_balances(http.query(CurrencyQuery).currency, http.caller())))


@routes.endpoint(
    "GET",
    "/v1/ledger/entries",
    summary="List entries of the books",
    query=OperatorEntriesQuery,
    answers={200: http.list_of(EntryView)},
    scopes=[SCOPE],
)
def list_ledger_entries() -> Response:
    """All of an order; or, of a currency and a day, those that concern no supplier. For whoever keeps the books."""
    wanted = http.query(OperatorEntriesQuery)
    day = wanted.day.isoformat() if wanted.day else None
    page = service.list_entries(wanted.order_id, wanted.currency, day, wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, EntryView.of)


@routes.endpoint(
    "GET",
    "/v1/ledger/audit",
    summary="Check that balances are the sums of their entries",
    query=AuditQuery,
    answers={200: AuditView},
    scopes=[SCOPE],
)
def audit_ledger() -> Response:
    """Step by step: go on with `next_cursor` until there is none. For whoever keeps the books."""
    wanted = http.query(AuditQuery)
    checks, cursor = service.audit(wanted.currency, wanted.cursor, http.caller())
    return http.ok(AuditView.shown(wanted.currency, checks, cursor))


@routes.endpoint(
    "POST",
    "/v1/ledger/adjustments",
    summary="Book by hand",
    body=AdjustmentBody,
    answers={201: EntryView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[service.Unbalanced, NotFound],
)
def adjust_ledger() -> Response:
    """A loss to write off, a compensation, a chargeback. For whoever keeps the books."""
    wanted = http.body(AdjustmentBody).as_adjustment()

    def answer(entry: Entry) -> Answer:
        return http.answer(
            201, EntryView.of(entry), location=f"/v1/ledger/entries?order_id={entry.order_id or entry.id}"
        )

    return http.once(lambda once: service.adjust(wanted, by=http.caller(), once=once, answer=answer))
