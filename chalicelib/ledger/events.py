"""Events of the books. Entries are none: there is one for every parcel, and who wants them reads statements."""

from collections.abc import Mapping

from chalicelib.core import outbox
from chalicelib.core.auth import Principal
from chalicelib.core.outbox import Aggregate
from chalicelib.core.table import Transaction
from chalicelib.ledger.domain import CommissionRules, Entry, Payout, Run
from chalicelib.ledger.store import adjustment_pk, run_pk

SOURCE = "ledger"


def rules_changed(tx: Transaction, rules: CommissionRules, by: Principal) -> None:
    """Other commission holds for what is ordered from now on."""
    outbox.publish(
        tx,
        pk="LEDGERSETTINGS",
        source=SOURCE,
        type="CommissionRulesChanged",
        aggregate=Aggregate("commission_rules", "commission-rules", rules.version),
        by=by,
        data={"rules": len(rules.rules)},
    )


def run_started(tx: Transaction, run: Run, by: Principal) -> None:
    """Suppliers are to be paid what they are owed in a currency."""
    _of_run(tx, "PayoutRunStarted", run, by, {"cutoff": run.cutoff})


def run_finished(tx: Transaction, run: Run, by: Principal) -> None:
    """Every supplier was paid, or what it is owed is carried; the sum in minor units."""
    data = {"payouts": run.payouts, "amount": run.amount, "carried": run.carried}
    _of_run(tx, "PayoutRunFinished", run, by, data)


def _of_run(tx: Transaction, type: str, run: Run, by: Principal, data: Mapping[str, object]) -> None:
    outbox.publish(
        tx,
        pk=run_pk(run.id),
        source=SOURCE,
        type=type,
        aggregate=Aggregate("payout_run", run.id, run.version),
        by=by,
        data={"currency": run.currency, **data},
    )


def payout_booked(tx: Transaction, payout: Payout, by: Principal) -> None:
    """A supplier is to be paid."""
    _of_payout(tx, "PayoutBooked", payout, by)


def payout_sent(tx: Transaction, payout: Payout, by: Principal) -> None:
    """The bank has a payout."""
    _of_payout(tx, "PayoutSent", payout, by)


def payout_returned(tx: Transaction, payout: Payout, by: Principal) -> None:
    """A payout did not arrive, for this reason; its supplier is owed it again."""
    _of_payout(tx, "PayoutReturned", payout, by)


def _of_payout(tx: Transaction, type: str, payout: Payout, by: Principal) -> None:
    data = {
        "run_id": payout.run_id,
        "supplier_id": payout.supplier_id,
        "currency": payout.currency,
        "amount": payout.amount,
        "reason": payout.reason,
    }
    outbox.publish(
        tx,
        pk=run_pk(payout.run_id),
        source=SOURCE,
        type=type,
        aggregate=Aggregate("payout", payout.key, payout.version),
        by=by,
        data=data,
    )


def adjusted(tx: Transaction, entry: Entry, by: Principal) -> None:
    """The operator booked something by hand; the reason stays in the books."""
    outbox.publish(
        tx,
        pk=adjustment_pk(entry.id),
        source=SOURCE,
        type="LedgerAdjusted",
        aggregate=Aggregate("ledger_entry", entry.id, 1),
        by=by,
        data={
            "supplier_id": entry.supplier_id,
            "order_id": entry.order_id,
            "currency": entry.currency,
            "postings": dict(entry.postings),
        },
    )
