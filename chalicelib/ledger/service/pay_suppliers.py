"""A payout run: started by a command, carried out by the workflow pay-suppliers, one transaction for each supplier."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Contended, NotFound, RuleBroken, Stale, Unavailable
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.ids import is_id, new_id
from chalicelib.core.table import Transaction
from chalicelib.core.tasks import Outcome
from chalicelib.ledger import domain, events, store
from chalicelib.ledger.domain import (
    OF_PAYOUTS,
    USUAL,
    BankAccount,
    Carried,
    Instruction,
    Payout,
    PayoutOutOfTurn,
    PayoutSettings,
    PayoutState,
    Run,
    RunState,
    Standing,
)
from chalicelib.ledger.gateways import Bank, BankAccounts, FileBank, Refused, has_died
from chalicelib.ledger.service.bank_accounts import bank_accounts
from chalicelib.ledger.service.settle_terms import require_bookkeeper
from chalicelib.ledger.service.start_workflow import execution_of
from chalicelib.ledger.store import Balance

AT_ONCE = 25
"""Suppliers that one task decides on: each takes a few reads, a transaction and a call of the bank."""

MAX_UNPAID = 100
"""So many suppliers that cannot be decided on are carried through a run, for `finish_run` to try again. With more it is not they who are
at fault, and the run stops."""

OLDEST = timedelta(days=3653)
"""How far back a cutoff may lie: ten years. No payout is that late, and it leaves room for days of holding before it."""

_ATTEMPTS = 8
_LAST = "~"
_NAMED = 20


class CutoffAhead(RuleBroken):
    code = "cutoff_ahead"
    title = "What is still to be posted cannot be paid"


class CutoffTooOld(RuleBroken):
    code = "cutoff_too_old"
    title = "The cutoff lies more than ten years back"


class SuppliersUnpaid(Exception):
    """Some suppliers could not be decided on, or are booked and not sent; all others were. Safe to repeat."""


# ---- starting -----------------------------------------------------------------------------------------------------------


def start_run(
    currency: str,
    cutoff: datetime | None,
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Run], Answer],
) -> Answer:
    """Have all suppliers paid what they are owed in a currency, of what was posted up to `cutoff`, by default now.

    It is only asked for here; the workflow pay-suppliers carries it out. Raises `CutoffAhead`, `CutoffTooOld`.
    """
    require_bookkeeper(by)
    now = clock.now()
    if cutoff is not None and cutoff > now:
        raise CutoffAhead("The cutoff lies ahead.")
    if cutoff is not None and cutoff < now - OLDEST:
        raise CutoffTooOld("The cutoff lies more than ten years back.")
    run = Run(new_id("pyr"), currency, clock.rfc3339(cutoff or now), clock.rfc3339(now))
    final = answer(run)
    tx = Transaction()
    store.add_run(tx, run)
    events.run_started(tx, run, by)
    once.record(tx, final)
    tx.commit()
    observability.count("PayoutRunsStarted")
    return final


def resume_run(run_id: str, *, by: Principal, once: Idempotency, answer: Callable[[Run], Answer]) -> Answer:
    """Run the workflow again for a run that stopped, or whose workflow died. Whoever was decided on in it stays so.

    Raises `PayoutOutOfTurn` while the workflow is at work, or about to be, and for a run that is finished.
    """
    require_bookkeeper(by)
    before = must_find_run(run_id)
    died = before.state is RunState.STARTED and has_died(execution_of(run_id, before.version))
    if before.state is not RunState.STOPPED and not died:
        raise PayoutOutOfTurn(f"The run is {before.state}.")
    after = replace(before, state=RunState.STARTED, error=None, version=before.version + 1)
    final = answer(after)
    tx = Transaction()
    store.change_run(tx, after)
    events.run_started(tx, after, by)
    once.record(tx, final)
    tx.commit()
    return final


def must_find_run(run_id: str) -> Run:
    """The run. Raises `NotFound`."""
    run = store.get_run(run_id) if is_id(run_id, "pyr") else None
    if run is None:
        raise NotFound(f"There is no payout run {run_id[:64]}.")
    return run


# ---- the steps of the workflow ------------------------------------------------------------------------------------------


def pay_chunk(
    run_id: str,
    after: str | None,
    unpaid: Sequence[str],
    by: Principal,
    *,
    bank: Bank | None = None,
    accounts: BankAccounts | None = None,
) -> Outcome:
    """Decide on the next suppliers of a run, those after `after`: pay them or carry what they are owed. Safe to repeat.

    What the bank does not answer for stays booked, for `finish_run`. Outcomes: `more` with `after`, `all`; both with the ids of those
    `unpaid` so far, which could not be decided on: none of them keeps another from being paid, and `finish_run` tries them again.
    Raises `SuppliersUnpaid` for more than MAX_UNPAID.
    """
    run = must_find_run(run_id)
    ids = store.owed_suppliers(run.currency, after, AT_ONCE)
    failed = _pay(run, ids, bank or FileBank(), accounts or bank_accounts(), by)
    left = [*unpaid, *failed]
    if len(left) > MAX_UNPAID:
        raise SuppliersUnpaid(_undecided(left, failed))
    if len(ids) == AT_ONCE:
        return {"outcome": "more", "after": ids[-1], "unpaid": left}
    return {"outcome": "all", "after": after, "unpaid": left}


def _pay(run: Run, ids: Sequence[str], bank: Bank, accounts: BankAccounts, by: Principal) -> dict[str, Exception]:
    """Decide on each of these suppliers; answers those that could not be decided on, and why not."""
    own = store.payout_settings_of(ids)
    general = store.payout_settings() or USUAL
    failed: dict[str, Exception] = {}
    for supplier_id in ids:
        settings = own.get(supplier_id, PayoutSettings()).over(general)
        try:
            _pay_one(run, supplier_id, settings, bank, accounts, by)
        except Exception as error:
            observability.log.exception("a supplier was not paid", run_id=run.id, supplier_id=supplier_id)
            failed[supplier_id] = error
    return failed


def _undecided(left: Sequence[str], failed: Mapping[str, Exception]) -> str:
    """Who could not be decided on, for a person; the log has each cause whole."""
    more = f" and {len(left) - _NAMED} more" if len(left) > _NAMED else ""
    named, cause = next(iter(failed.items()))
    return f"Not decided on: {', '.join(left[:_NAMED])}{more}; {named} for {type(cause).__name__}."


def _pay_one(
    run: Run, supplier_id: str, settings: PayoutSettings, bank: Bank, accounts: BankAccounts, by: Principal
) -> None:
    for _ in range(_ATTEMPTS):
        payout = store.get_payout(run.id, supplier_id)
        if payout is None:
            try:
                payout = _decide(run, store.balance(supplier_id, run.currency), settings, accounts, by)
            except Stale:
                continue
        if payout is not None and payout.state is PayoutState.BOOKED:
            try:
                send(payout, bank, by)
            except Stale:
                continue
            except Unavailable:
                observability.log.warning("the bank does not answer", run_id=run.id, supplier_id=supplier_id)
        return
    raise Contended(f"The balance of {supplier_id} kept changing.")


def _decide(
    run: Run, balance: Balance, settings: PayoutSettings, accounts: BankAccounts, by: Principal
) -> Payout | None:
    """What a supplier gets in the run, written; None for one that is owed nothing and owes nothing."""
    if balance.amount == 0:
        return None
    amount, reason = domain.payable(_standing(run, balance, settings), settings, run.currency, _cutoff(run))
    account = accounts.account_of(balance.supplier_id, run.currency) if amount else None
    if amount and account is None:
        amount, reason = 0, Carried.NO_BANK_ACCOUNT
    payout = _payout(run, balance, amount, reason, account)
    tx = Transaction()
    store.add_payout(tx, payout)
    if amount:
        paid = domain.payout_entry(run.id, balance.supplier_id, run.currency, amount)
        store.add(tx, paid.id, [replace(paid, posted_at=payout.at)], seen=balance)
        events.payout_booked(tx, payout, by)
    tx.commit()
    observability.count("PayoutsBooked" if amount else "PayoutsCarried")
    return payout


def _cutoff(run: Run) -> datetime:
    return datetime.fromisoformat(run.cutoff)


def _standing(run: Run, balance: Balance, settings: PayoutSettings) -> Standing:
    since = domain.held_until(_cutoff(run), settings)
    entries = store.entries_of(balance.supplier_id, run.currency, since, _LAST)
    young = sum(one.due_to_supplier for one in entries if one.kind not in OF_PAYOUTS)
    return Standing(balance.amount, young, balance.paid_at)


def _payout(run: Run, balance: Balance, amount: int, reason: Carried | None, account: BankAccount | None) -> Payout:
    return Payout(
        run_id=run.id,
        supplier_id=balance.supplier_id,
        currency=run.currency,
        state=PayoutState.BOOKED if amount else PayoutState.CARRIED,
        at=clock.rfc3339(clock.now()),
        amount=amount,
        balance=balance.amount,
        reason=reason,
        account=account if amount else None,
        end_to_end_id=domain.end_to_end_id(run.id, balance.supplier_id) if amount else None,
    )


def send(payout: Payout, bank: Bank, by: Principal) -> Payout:
    """Have the bank pay what was booked. What it refuses is owed again. Raises `Unavailable` while it does not say."""
    if payout.account is None or payout.end_to_end_id is None:
        raise ValueError("a payout that is booked has an account and a name")
    asked = Instruction(
        payout.end_to_end_id, payout.amount, payout.currency, payout.supplier_id, payout.account, payout.text
    )
    answer = bank.pay(asked)
    if isinstance(answer, Refused):
        return returned(payout, answer.reason, by, Transaction())
    sent = domain.moved(payout, PayoutState.SENT, clock.rfc3339(clock.now()), reference=answer.reference)
    tx = Transaction()
    store.change_payout(tx, sent)
    events.payout_sent(tx, sent, by)
    tx.commit()
    return sent


def returned(payout: Payout, reason: str, by: Principal, tx: Transaction) -> Payout:
    """Book that a payout did not arrive, and commit. Raises `PayoutOutOfTurn`, `Stale`."""
    back = domain.moved(payout, PayoutState.RETURNED, clock.rfc3339(clock.now()), reason=reason)
    entry = domain.payout_returned_entry(payout.run_id, payout.supplier_id, payout.currency, payout.amount, reason)
    store.change_payout(tx, back)
    store.add(tx, entry.id, [replace(entry, posted_at=back.at)])
    events.payout_returned(tx, back, by)
    tx.commit()
    observability.count("PayoutsReturned")
    return back


def finish_run(
    run_id: str,
    unpaid: Sequence[str],
    by: Principal,
    *,
    bank: Bank | None = None,
    accounts: BankAccounts | None = None,
) -> Outcome:
    """Decide on those who are `unpaid`, send what is still booked, and end the run. Safe to repeat. Outcome `finished`; raises
    `SuppliersUnpaid` while one cannot be decided on, or the bank does not answer."""
    for _ in range(_ATTEMPTS):
        run = must_find_run(run_id)
        if run.state is RunState.FINISHED:
            return {"outcome": "finished"}
        with suppress(Stale):
            return _finish(run, unpaid, bank or FileBank(), accounts or bank_accounts(), by)
    raise Stale(f"Run {run_id} kept changing.")


def _finish(run: Run, unpaid: Sequence[str], bank: Bank, accounts: BankAccounts, by: Principal) -> Outcome:
    undecided = _pay(run, unpaid, bank, accounts, by)
    unsent = _unsent(run, bank, by)
    why = [_undecided(list(undecided), undecided)] if undecided else []
    if unsent:
        why.append(f"Not sent: {', '.join(unsent[:_NAMED])}.")
    if why:
        raise SuppliersUnpaid(" ".join(why))
    finished = replace(
        run, state=RunState.FINISHED, finished_at=clock.rfc3339(clock.now()), error=None, version=run.version + 1
    )
    tx = Transaction()
    store.change_run(tx, finished)
    events.run_finished(tx, finished, by)
    tx.commit()
    observability.count("PayoutRunsFinished")
    return {"outcome": "finished"}


def _unsent(run: Run, bank: Bank, by: Principal) -> Sequence[str]:
    left = []
    for payout in store.payouts_in(run.id):
        if payout.state is PayoutState.BOOKED:
            try:
                send(payout, bank, by)
            except Unavailable:
                left.append(payout.supplier_id)
    return left


def stop_run(run_id: str, state: str, error: str | None, by: Principal) -> Outcome:
    """Leave a run for an administrator, with an alarm. Safe to repeat. Outcomes: `stopped`, `finished` when it was after all."""
    for _ in range(_ATTEMPTS):
        run = must_find_run(run_id)
        if run.state is not RunState.STARTED:
            return {"outcome": str(run.state)}
        stopped = replace(run, state=RunState.STOPPED, error=f"{state}: {error or ''}"[:1000], version=run.version + 1)
        tx = Transaction()
        store.change_run(tx, stopped)
        try:
            tx.commit()
        except Stale:
            continue
        observability.count("CompensationParked")
        observability.log.error("a payout run is left for a person", run_id=run_id, state=state)
        return {"outcome": "stopped"}
    raise Stale(f"Run {run_id} kept changing.")


# ---- what the bank says later -------------------------------------------------------------------------------------------


def confirm_payouts(
    run_id: str,
    supplier_ids: Sequence[str],
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Run], Answer],
) -> Answer:
    """Record that payouts of a run arrived. Raises `NotFound`, `PayoutOutOfTurn` for one that is not at the bank."""
    require_bookkeeper(by)
    run = must_find_run(run_id)
    tx = Transaction()
    for supplier_id in supplier_ids:
        payout = _must_find(run_id, supplier_id)
        store.change_payout(tx, domain.moved(payout, PayoutState.PAID, clock.rfc3339(clock.now())))
    final = answer(run)
    once.record(tx, final)
    tx.commit()
    return final


def return_payout(
    run_id: str,
    supplier_id: str,
    reason: str,
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Payout], Answer],
) -> Answer:
    """Record that a payout did not arrive: what it was is owed to the supplier again. Raises `NotFound`, `PayoutOutOfTurn`."""
    require_bookkeeper(by)
    payout = _must_find(run_id, supplier_id)
    tx = Transaction()
    final = answer(domain.moved(payout, PayoutState.RETURNED, clock.rfc3339(clock.now()), reason=reason))
    once.record(tx, final)
    returned(payout, reason, by, tx)
    return final


def _must_find(run_id: str, supplier_id: str) -> Payout:
    payout = store.get_payout(must_find_run(run_id).id, supplier_id)
    if payout is None or payout.state is PayoutState.CARRIED:
        raise NotFound(f"Supplier {supplier_id[:64]} was not paid in this run.")
    return payout
