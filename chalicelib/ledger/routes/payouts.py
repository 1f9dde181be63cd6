"""Payouts: runs for whoever keeps the books, and what a supplier got."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import NotFound
from chalicelib.core.idempotency import Answer
from chalicelib.core.schemas import PageQuery
from chalicelib.ledger.domain import PayoutOutOfTurn, Run
from chalicelib.ledger.routes.blueprint import SCOPE, SUPPLIERS, routes
from chalicelib.ledger.schemas import ConfirmPayouts, PayoutView, ReturnPayout, RunView, StartRun
from chalicelib.ledger.service import use_cases as service


def _shown(run: Run) -> Answer:
    return http.answer(200, RunView.of(run), version=run.version)


@routes.endpoint(
    "POST",
    "/v1/payout-runs",
    summary="Pay suppliers",
    body=StartRun,
    answers={202: RunView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[service.CutoffAhead, service.CutoffTooOld],
)
def start_payout_run() -> Response:
    """All of them, in one currency: what is held long enough, less what came back. It goes on after this answer. For whoever keeps the
    books."""
    given = http.body(StartRun)

    def answer(run: Run) -> Answer:
        return http.answer(202, RunView.of(run), version=run.version, location=f"/v1/payout-runs/{run.id}")

    return http.once(
        lambda once: service.start_run(given.currency, given.cutoff, by=http.caller(), once=once, answer=answer)
    )


@routes.endpoint(
    "GET",
    "/v1/payout-runs",
    summary="List payout runs",
    query=PageQuery,
    answers={200: http.list_of(RunView)},
    scopes=[SCOPE],
)
def list_payout_runs() -> Response:
    """Newest first. For whoever keeps the books."""
    wanted = http.query(PageQuery)
    return http.listed(service.list_runs(wanted.limit, wanted.cursor, http.caller()), RunView.of)


@routes.endpoint(
    "GET",
    "/v1/payout-runs/{run_id}",
    summary="Read a payout run",
    answers={200: RunView},
    scopes=[SCOPE],
    raises=[NotFound],
)
def read_payout_run(run_id: str) -> Response:
    """With its sums so far. For whoever keeps the books."""
    run = service.read_run(run_id, http.caller())
    return http.ok(RunView.of(run), version=run.version)


@routes.endpoint(
    "GET",
    "/v1/payout-runs/{run_id}/payouts",
    summary="List what suppliers got in a run",
    query=PageQuery,
    answers={200: http.list_of(PayoutView)},
    scopes=[SCOPE],
    raises=[NotFound],
)
def list_payouts_of_run(run_id: str) -> Response:
    """By supplier; also those that got nothing, and why. For whoever keeps the books."""
    wanted = http.query(PageQuery)
    page = service.list_payouts(run_id, wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, PayoutView.of)


@routes.endpoint(
    "GET",
    "/v1/payout-runs/{run_id}/payment-file",
    summary="Download the payments of a run",
    query=PageQuery,
    answers={200: http.Csv()},
    scopes=[SCOPE],
    raises=[NotFound],
)
def download_payment_file(run_id: str) -> Response:
    """Those that are sent and not confirmed, as CSV for the bank's own system; `Next-Cursor` leads to more. The only answer with bank
    accounts in it. For whoever keeps the books."""
    wanted = http.query(PageQuery)
    text, cursor = service.payment_file(run_id, wanted.limit, wanted.cursor, http.caller())
    return http.file_of_rows(text, cursor)


@routes.endpoint(
    "POST",
    "/v1/payout-runs/{run_id}/confirmations",
    summary="Record that payouts arrived",
    body=ConfirmPayouts,
    answers={200: RunView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[NotFound, PayoutOutOfTurn],
)
def confirm_payouts(run_id: str) -> Response:
    """Those that are sent: all that are named, or none. For whoever keeps the books."""
    named = http.body(ConfirmPayouts).distinct()
    return http.once(lambda once: service.confirm_payouts(run_id, named, by=http.caller(), once=once, answer=_shown))


@routes.endpoint(
    "POST",
    "/v1/payout-runs/{run_id}/returns",
    summary="Record that a payout did not arrive",
    body=ReturnPayout,
    answers={200: PayoutView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[NotFound, PayoutOutOfTurn],
)
def return_payout(run_id: str) -> Response:
    """Its supplier is owed it again, and the next run pays it. For whoever keeps the books."""
    given = http.body(ReturnPayout)
    return http.once(
        lambda once: service.return_payout(
            run_id,
            given.supplier_id,
            given.reason,
            by=http.caller(),
            once=once,
            answer=lambda payout: http.answer(200, PayoutView.of(payout)),
        )
    )


@routes.endpoint(
    "POST",
    "/v1/payout-runs/{run_id}/resumptions",
    summary="Run a stopped payout run again",
    answers={200: RunView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[NotFound, PayoutOutOfTurn],
)
def resume_payout_run(run_id: str) -> Response:
    """Or one whose workflow died. Whoever was decided on in it stays so. For whoever keeps the books."""
    return http.once(lambda once: service.resume_run(run_id, by=http.caller(), once=once, answer=_shown))


@routes.endpoint(
    "GET",
    "/v1/suppliers/{supplier_id}/payouts",
    summary="List what a supplier was paid",
    query=PageQuery,
    answers={200: http.list_of(PayoutView)},
    scopes=SUPPLIERS,
)
def list_supplier_payouts(supplier_id: str) -> Response:
    """Run by run, newest first; also those in which it got nothing, and why. For itself and the operator."""
    wanted = http.query(PageQuery)
    page = service.list_payouts_of(supplier_id, wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, PayoutView.of)
