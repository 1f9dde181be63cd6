"""Payout runs, and what suppliers got in them."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.core.errors import Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, Transaction, find
from chalicelib.ledger.domain import BankAccount, Payout, PayoutState, Run, RunState


class RunItem(Item):
    """pk = PAYRUN#<id>, sk = RUN. `payouts`, `amount` and `carried` are counted by the transactions that decide on a supplier."""

    version = NumberAttribute()
    currency = UnicodeAttribute()
    cutoff = UnicodeAttribute()
    started_at = UnicodeAttribute()
    state = UnicodeAttribute()
    finished_at = UnicodeAttribute(null=True)
    error = UnicodeAttribute(null=True)
    payouts = NumberAttribute(default=0)
    amount = NumberAttribute(default=0)
    carried = NumberAttribute(default=0)


class PayoutItem(Item):
    """pk = PAYRUN#<run id>, sk = PAYOUT#<supplier>. `document` is the payout without its version."""

    version = NumberAttribute()
    document = Json()


def run_pk(run_id: str) -> str:
    return key("PAYRUN", run_id)


def add_run(tx: Transaction, run: Run) -> None:
    """Write a new run."""
    item = RunItem(
        run_pk(run.id),
        "RUN",
        version=1,
        currency=run.currency,
        cutoff=run.cutoff,
        started_at=run.started_at,
        state=str(run.state),
        gsi2pk="PAYRUNS",
        gsi2sk=run.id,
        summary={"currency": run.currency, "cutoff": run.cutoff, "started_at": run.started_at},
    )
    tx.create(item, lambda _: Stale("There is such a run."))


def change_run(tx: Transaction, run: Run) -> None:
    """Write the next state of a run; its sums stay as they are counted. Raises `Stale` at commit when another was quicker."""
    actions = [RunItem.state.set(str(run.state)), RunItem.version.set(run.version)]
    actions.append(RunItem.finished_at.set(run.finished_at) if run.finished_at else RunItem.finished_at.remove())
    actions.append(RunItem.error.set(run.error) if run.error else RunItem.error.remove())
    stale = Stale(f"The run is not at version {run.version - 1} any more.")
    tx.update(RunItem(run_pk(run.id), "RUN"), actions, RunItem.version == run.version - 1, lambda _: stale)


def get_run(run_id: str) -> Run | None:
    """The run as it is now, or None."""
    item = find(RunItem, run_pk(run_id), "RUN", consistent=True)
    if item is None:
        return None
    return Run(
        id=run_id,
        currency=item.currency,
        cutoff=item.cutoff,
        started_at=item.started_at,
        state=RunState(item.state),
        finished_at=item.finished_at,
        error=item.error,
        payouts=int(item.payouts),
        amount=int(item.amount),
        carried=int(item.carried),
        version=int(item.version),
    )


def recent_runs(after: str | None, count: int) -> list[str]:
    """Ids of runs, newest first."""
    condition = RunItem.gsi2sk < after if after else None
    rows = RunItem.by_state.query("PAYRUNS", condition, scan_index_forward=False, limit=count)
    return [str(row.gsi2sk) for row in rows]


# ---- payouts ------------------------------------------------------------------------------------------------------------


def _payout_at(run_id: str, supplier_id: str) -> tuple[str, str]:
    return run_pk(run_id), key("PAYOUT", supplier_id)


def _attributes(payout: Payout) -> dict[str, Any]:
    document = asdict(payout)
    for kept_apart in ("run_id", "supplier_id", "version"):
        del document[kept_apart]
    return {
        "version": payout.version,
        "document": {name: value for name, value in document.items() if value is not None},
    }


def add_payout(tx: Transaction, payout: Payout) -> None:
    """Write what was decided of a supplier in a run, and count it there. Raises `Stale` at commit when it was decided before."""
    item = PayoutItem(
        *_payout_at(payout.run_id, payout.supplier_id),
        **_attributes(payout),
        gsi1pk=key("SUPPLIERPAYOUTS", payout.supplier_id),
        gsi1sk=payout.run_id,
    )
    tx.create(item, lambda _: Stale("It was decided on this supplier."))
    if payout.state is PayoutState.CARRIED:
        counts = [RunItem.carried.add(1)]
    else:
        counts = [RunItem.payouts.add(1), RunItem.amount.add(payout.amount)]
    tx.update(
        RunItem(run_pk(payout.run_id), "RUN"), counts, RunItem.pk.exists(), lambda _: Stale("There is no such run.")
    )


def change_payout(tx: Transaction, payout: Payout) -> None:
    """Write the next version. Raises `Stale` at commit when another was quicker."""
    actions = [getattr(PayoutItem, name).set(value) for name, value in _attributes(payout).items()]
    stale = Stale(f"The payout is not at version {payout.version - 1} any more.")
    at = PayoutItem(*_payout_at(payout.run_id, payout.supplier_id))
    tx.update(at, actions, PayoutItem.version == payout.version - 1, lambda _: stale)


def get_payout(run_id: str, supplier_id: str) -> Payout | None:
    """What a supplier got in a run, or None."""
    item = find(PayoutItem, *_payout_at(run_id, supplier_id), consistent=True)
    return _payout(item) if item else None


def payouts_in(run_id: str, after: str | None = None, count: int | None = None) -> Iterator[Payout]:
    """What suppliers got in a run, by supplier."""
    first = f"{key('PAYOUT', after)}\x00" if after else "PAYOUT#"
    rows = PayoutItem.query(run_pk(run_id), PayoutItem.sk.between(first, "PAYOUT#~"), consistent_read=True, limit=count)
    return (_payout(item) for item in rows)


def runs_of(supplier_id: str, after: str | None, count: int) -> list[str]:
    """Ids of the runs that decided on a supplier, newest first."""
    condition = PayoutItem.gsi1sk < after if after else None
    rows = PayoutItem.by_owner.query(
        key("SUPPLIERPAYOUTS", supplier_id), condition, scan_index_forward=False, limit=count
    )
    return [str(row.gsi1sk) for row in rows]


def _payout(item: PayoutItem) -> Payout:
    stored = dict(item.document)
    account = stored.pop("account", None)
    return Payout(
        **{**stored, "state": PayoutState(stored["state"])},
        run_id=item.pk.partition("#")[2],
        supplier_id=item.sk.partition("#")[2],
        account=BankAccount(**account) if account else None,
        version=int(item.version),
    )
