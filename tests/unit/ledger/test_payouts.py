"""Who is paid how much and when; runs that go on where they stopped; a bank that does not answer, refuses, or sends back."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest

from chalicelib.core import clock, outbox
from chalicelib.core.errors import NotFound, Unavailable
from chalicelib.core.idempotency import Idempotency, no_answer
from chalicelib.core.ids import new_id
from chalicelib.ledger import store
from chalicelib.ledger.domain import (
    USUAL,
    BackLine,
    Carried,
    PayoutOutOfTurn,
    PayoutSettings,
    PayoutState,
    RunState,
    Standing,
    end_to_end_id,
    listing_fee_entry,
    payable,
)
from chalicelib.ledger.gateways import SandboxBank, Sent
from chalicelib.ledger.service import use_cases
from chalicelib.ledger.service.book import book
from chalicelib.ledger.service.pay_suppliers import SuppliersUnpaid, send
from chalicelib.ledger.tasks import tasks
from tests.conftest import ADMIN, SUPPLIER
from tests.unit.ledger.builders import (
    ACME,
    BOLT,
    BY,
    Accounts,
    Mute,
    a_line,
    ask_back,
    committed,
    owed,
    sell,
    totals,
)

NOW = datetime(2026, 9, 30, 12, tzinfo=UTC)
OLD = NOW - timedelta(days=20)


# ---- how much -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("standing", "settings", "expected"),
    [
        (Standing(1000), {}, (1000, None)),
        (Standing(0), {}, (0, Carried.OWES)),
        (Standing(-5), {}, (0, Carried.OWES)),
        (Standing(1000, young=300), {}, (700, None)),
        (Standing(1000, young=1000), {}, (0, Carried.HELD)),
        # What came back since is more than what was earned since: never more than the balance.
        (Standing(1000, young=-300), {}, (1000, None)),
        (Standing(1000), {"reserve_bps": 1000}, (900, None)),
        (Standing(1000, young=300), {"reserve_bps": 1000}, (700, None)),
        (Standing(1000), {"minimum": {"GBP": 1001}}, (0, Carried.BELOW_MINIMUM)),
        (Standing(1000), {"minimum": {"GBP": 1000, "EUR": 9999}}, (1000, None)),
        (Standing(1000, paid_at="2026-09-24T12:00:00.000001Z"), {"every_days": 6}, (0, Carried.NOT_YET)),
        (Standing(1000, paid_at="2026-09-24T12:00:00.000000Z"), {"every_days": 6}, (1000, None)),
    ],
)
def test_what_is_payable(standing: Standing, settings: dict[str, Any], expected: Any) -> None:
    assert payable(standing, PayoutSettings(**settings).over(USUAL), "GBP", NOW) == expected


def test_what_was_settled_with_a_supplier_goes_before() -> None:
    general = PayoutSettings(14, {"GBP": 100}, 7, 500, version=3)
    assert PayoutSettings(hold_days=0, minimum={}).over(general) == PayoutSettings(0, {}, 7, 500, version=3)


# ---- runs ---------------------------------------------------------------------------------------------------------------


class Office:
    """Whoever runs payouts, at NOW unless told otherwise."""

    def start(self, at: datetime = NOW, cutoff: datetime | None = None) -> str:
        made: list[str] = []
        once = Idempotency.of("test", f"{at}{cutoff}{id(made)}", b"")
        with clock.at(at):
            use_cases.start_run(
                "GBP", cutoff, by=ADMIN, once=once, answer=lambda run: (made.append(run.id), no_answer())[1]
            )
        return made[0]

    def carry_out(self, run_id: str, at: datetime = NOW, finish: bool = True, **ways: Any) -> None:
        ways = {"accounts": Accounts(), **ways}
        with clock.at(at):
            told: Any = {"outcome": "more", "after": None, "unpaid": []}
            while told["outcome"] == "more":
                told = use_cases.pay_chunk(run_id, told["after"], told["unpaid"], BY, **ways)
            if finish:
                use_cases.finish_run(run_id, told["unpaid"], BY, **ways)

    def run(self, at: datetime = NOW, **ways: Any) -> str:
        run_id = self.start(at)
        self.carry_out(run_id, at, **ways)
        return run_id

    def paid(self, run_id: str) -> dict[str, tuple[str, int, str | None]]:
        return {one.supplier_id: (str(one.state), one.amount, one.reason) for one in store.payouts_in(run_id)}


@pytest.fixture
def office(table: Any) -> Office:
    with clock.at(OLD):
        sell(a_line(2), fulfilment="old1", order_id="o1")
        sell(a_line(1), fulfilment="old2", order_id="o2", supplier=BOLT)
    return Office()


def events_of(run_id: str) -> list[str]:
    return [one.type for one in outbox.timeline(store.run_pk(run_id))]


def test_suppliers_are_paid_what_is_old_enough(office: Office) -> None:
    with clock.at(NOW - timedelta(days=13)):
        sell(a_line(1), fulfilment="young", order_id="o3")
    run_id = office.run()
    assert office.paid(run_id) == {ACME: ("sent", 2160, None), BOLT: ("sent", 1080, None)}
    assert (owed(), owed(BOLT), totals()["bank"]) == (1080, 0, -3240)
    run = store.get_run(run_id)
    assert run is not None
    assert (run.state, run.payouts, run.amount, run.carried) == (RunState.FINISHED, 2, 3240, 0)
    assert events_of(run_id) == [
        "PayoutRunStarted",
        "PayoutBooked",
        "PayoutSent",
        "PayoutBooked",
        "PayoutSent",
        "PayoutRunFinished",
    ]
    # The young one is old enough a day later.
    assert office.paid(office.run(NOW + timedelta(days=2))) == {ACME: ("sent", 1080, None)}


def test_what_came_back_since_is_not_paid(office: Office) -> None:
    with clock.at(NOW - timedelta(days=1)):
        ask_back(BackLine("1", 1, 1200), order_id="o1")
        ask_back(BackLine("1", 1, 1200), order_id="o2")
    run_id = office.run()
    # The other one is owed nothing and owes nothing: there is nothing to say of it.
    assert office.paid(run_id) == {ACME: ("sent", 1080, None)}


def test_a_cutoff_counts_only_what_was_posted_by_then(office: Office) -> None:
    run_id = office.start(cutoff=OLD + timedelta(days=13))
    office.carry_out(run_id)
    assert office.paid(run_id) == {ACME: ("carried", 0, "held"), BOLT: ("carried", 0, "held")}
    with pytest.raises(use_cases.CutoffAhead):
        office.start(cutoff=NOW + timedelta(seconds=1))


def test_who_is_not_paid_is_told_why(office: Office) -> None:
    with clock.at(OLD):
        ask_back(BackLine("1", 1, 1200), order_id="o2")
        service_fee(BOLT, 30)
    use_cases.set_payout_settings(PayoutSettings(14, {"GBP": 5000}, 0, 0), expected_version=0, by=ADMIN)
    run_id = office.run()
    assert office.paid(run_id) == {ACME: ("carried", 0, "below_minimum"), BOLT: ("carried", 0, "owes")}
    use_cases.set_payout_settings(PayoutSettings(14, {}, 0, 0), expected_version=1, by=ADMIN)
    run_id = office.run(NOW + timedelta(minutes=1), accounts=Accounts(ACME))
    assert office.paid(run_id)[ACME] == ("carried", 0, "no_bank_account")
    assert (owed(), owed(BOLT)) == (2160, -30)
    assert store.get_run(run_id).carried == 2


def service_fee(supplier_id: str, amount: int) -> None:
    fee = listing_fee_entry(supplier_id, "l", "GBP", amount)
    committed(lambda tx: book(tx, fee.id, [fee]))


def test_a_run_may_be_carried_out_again_and_again(office: Office) -> None:
    bank = Mute()
    run_id = office.start()
    office.carry_out(run_id, finish=False, bank=bank)
    office.carry_out(run_id, bank=bank)
    office.carry_out(run_id, bank=bank)
    assert bank.asked == [ACME, BOLT]
    assert (owed(), totals()["bank"]) == (0, -3240)
    assert events_of(run_id).count("PayoutRunFinished") == 1


def test_two_runs_at_once_pay_once(office: Office) -> None:
    with clock.at(NOW - timedelta(days=1)):
        sell(a_line(5), fulfilment="young", order_id="o3")
    runs = [office.start(), office.start()]
    ready = Barrier(2)
    failed: list[BaseException] = []

    def carry_out(run_id: str) -> None:
        try:
            ready.wait()
            use_cases.pay_chunk(run_id, None, [], BY, accounts=Accounts())
        except BaseException as error:
            failed.append(error)

    with clock.at(NOW):
        threads = [Thread(target=carry_out, args=(run_id,)) for run_id in runs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failed == []
    amounts = [office.paid(run_id)[ACME][1] for run_id in runs]
    assert sorted(amounts) == [0, 2160]
    assert owed() == 5 * 1080


def test_what_comes_back_between_look_and_payment_counts(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = store.balance
    seen: list[int] = []

    def look(supplier_id: str, currency: str) -> Any:
        found = looked(supplier_id, currency)
        if supplier_id == ACME and not seen:
            seen.append(found.amount)
            ask_back(BackLine("1", 1, 1200), order_id="o1")
        return found

    monkeypatch.setattr(store, "balance", look)
    run_id = office.run()
    assert seen == [2160]
    assert office.paid(run_id)[ACME] == ("sent", 1080, None)
    assert owed() == 0


@pytest.fixture
def executions(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """How executions of pay-suppliers stand, by name."""
    found: dict[str, str] = {}
    monkeypatch.setattr("chalicelib.core.workflow.status_of", lambda _, name: found.get(name))
    return found


def resumed(run_id: str, key: str) -> None:
    once = Idempotency.of("test", key, b"")
    use_cases.resume_run(run_id, by=ADMIN, once=once, answer=lambda _: no_answer())


def starts(run_id: str) -> list[int]:
    """The versions at which a run was started."""
    return [one.aggregate.version for one in outbox.timeline(store.run_pk(run_id)) if one.type == "PayoutRunStarted"]


def test_a_run_whose_workflow_died_goes_on(office: Office, executions: dict[str, str]) -> None:
    run_id = office.start()
    with pytest.raises(PayoutOutOfTurn):
        resumed(run_id, "not started yet")
    executions[f"{run_id}-v1"] = "RUNNING"
    with pytest.raises(PayoutOutOfTurn):
        resumed(run_id, "at work")
    office.carry_out(run_id, finish=False)
    executions[f"{run_id}-v1"] = "ABORTED"
    resumed(run_id, "died")
    with pytest.raises(PayoutOutOfTurn):
        resumed(run_id, "started again already")
    assert starts(run_id) == [1, 2]
    office.carry_out(run_id)
    executions[f"{run_id}-v2"] = "SUCCEEDED"
    with pytest.raises(PayoutOutOfTurn):
        resumed(run_id, "finished")
    run = store.get_run(run_id)
    assert run is not None
    assert (run.state, run.payouts, run.amount) == (RunState.FINISHED, 2, 3240)


@pytest.mark.parametrize("task", ["pay_chunk", "finish_run"])
def test_a_step_that_another_overtakes_at_the_bank_finds_what_that_did(office: Office, task: str) -> None:
    run_id = office.start()
    if task == "finish_run":
        with pytest.raises(SuppliersUnpaid):
            office.carry_out(run_id, bank=Mute(ACME))

    class Overtaken:
        """A bank that takes its time: meanwhile the step is carried out by another."""

        def __init__(self) -> None:
            self.asked: list[str] = []

        def pay(self, instruction: Any) -> Sent:
            self.asked.append(instruction.supplier_id)
            if len(self.asked) == 1:
                step()
            return Sent(instruction.key)

    bank = Overtaken()

    def step() -> str:
        with clock.at(NOW):
            if task == "finish_run":
                return str(use_cases.finish_run(run_id, [], BY, bank=bank)["outcome"])
            return str(use_cases.pay_chunk(run_id, None, [], BY, accounts=Accounts(), bank=bank)["outcome"])

    assert step() == ("all" if task == "pay_chunk" else "finished")
    assert office.paid(run_id) == {ACME: ("sent", 2160, None), BOLT: ("sent", 1080, None)}
    assert owed() == 0


@pytest.mark.usefixtures("executions")
def test_a_bank_that_does_not_answer_is_asked_again(office: Office) -> None:
    bank = Mute(ACME)
    run_id = office.start()
    with pytest.raises(SuppliersUnpaid, match=ACME):
        office.carry_out(run_id, bank=bank)
    assert office.paid(run_id) == {ACME: ("booked", 2160, None), BOLT: ("sent", 1080, None)}
    assert use_cases.stop_run(run_id, "FinishRun", "why", BY)["outcome"] == "stopped"
    assert use_cases.stop_run(run_id, "FinishRun", "why", BY)["outcome"] == "stopped"
    run = store.get_run(run_id)
    assert run is not None
    assert (run.state, run.error, run.version) == (RunState.STOPPED, "FinishRun: why", 2)
    resumed(run_id, "once")
    with pytest.raises(PayoutOutOfTurn):
        resumed(run_id, "twice")
    bank.silent.clear()
    office.carry_out(run_id, bank=bank)
    assert office.paid(run_id)[ACME] == ("sent", 2160, None)
    assert bank.asked.count(BOLT) == 1
    assert starts(run_id) == [1, 3]


class Broken(Accounts):
    """Nobody knows of some whether they have an account."""

    def __init__(self, *broken: str) -> None:
        super().__init__()
        self.broken = broken

    def account_of(self, supplier_id: str, currency: str) -> Any:
        if supplier_id in self.broken:
            raise RuntimeError("no")
        return super().account_of(supplier_id, currency)


@pytest.mark.usefixtures("executions")
def test_one_supplier_in_trouble_keeps_no_other_from_being_paid(office: Office) -> None:
    """It is the first of thirty, in two chunks, and it alone is left to a person; once it is mended the run pays it, too."""
    others = [f"sup_z{number:02}" for number in range(28)]
    with clock.at(OLD):
        for number, supplier in enumerate(others):
            sell(supplier=supplier, order_id=f"z{number}", fulfilment=f"z{number}")
    run_id = office.start()
    with pytest.raises(SuppliersUnpaid, match=rf"^Not decided on: {ACME}; {ACME} for RuntimeError\.$") as stopped:
        office.carry_out(run_id, accounts=Broken(ACME))
    assert office.paid(run_id) == dict.fromkeys([BOLT, *others], ("sent", 1080, None))
    assert use_cases.stop_run(run_id, "FinishRun", str(stopped.value), BY)["outcome"] == "stopped"
    run = store.get_run(run_id)
    assert run is not None
    assert ACME in (run.error or "")
    resumed(run_id, "mended")
    office.carry_out(run_id)
    assert office.paid(run_id)[ACME] == ("sent", 2160, None)
    run = store.get_run(run_id)
    assert run is not None
    assert (run.state, run.payouts, run.error) == (RunState.FINISHED, 30, None)


def test_where_none_can_be_decided_on_the_run_stops(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.ledger.service.pay_suppliers.MAX_UNPAID", 2)
    run_id = office.start()
    with clock.at(NOW):
        told = use_cases.pay_chunk(run_id, None, [], BY, accounts=Broken(ACME, BOLT))
        assert told == {"outcome": "all", "after": None, "unpaid": [ACME, BOLT]}
        with pytest.raises(
            SuppliersUnpaid, match=rf"^Not decided on: sup_0, {ACME}, {BOLT}; {ACME} for RuntimeError\.$"
        ):
            use_cases.pay_chunk(run_id, None, ["sup_0"], BY, accounts=Broken(ACME, BOLT))


def test_what_the_bank_refuses_is_owed_again(office: Office) -> None:
    run_id = office.run(accounts=Accounts(last4="0000"), bank=SandboxBank())
    assert office.paid(run_id)[ACME] == ("returned", 2160, "account_closed")
    assert (owed(), totals().get("bank", 0)) == (2160, 0)
    assert "PayoutReturned" in events_of(run_id)
    # It was earned long ago, and the next run pays it.
    assert office.paid(office.run(NOW + timedelta(minutes=1)))[ACME] == ("sent", 2160, None)


def test_what_came_back_is_paid_by_the_next_run_however_seldom_suppliers_are_paid(office: Office) -> None:
    use_cases.set_payout_settings(PayoutSettings(14, {}, 7, 0), expected_version=0, by=ADMIN)
    office.run(accounts=Accounts(last4="0000"), bank=SandboxBank())
    again = office.run(NOW + timedelta(days=1))
    assert office.paid(again)[ACME] == ("sent", 2160, None)
    with clock.at(OLD):
        sell(a_line(5), fulfilment="more", order_id="o3")
    assert office.paid(office.run(NOW + timedelta(days=2)))[ACME][2] == "not_yet"


def test_payouts_are_confirmed_or_come_back(office: Office) -> None:
    run_id = office.run()

    def confirm(*suppliers: str, key: str = "c") -> None:
        once = Idempotency.of("test", key, b"")
        use_cases.confirm_payouts(run_id, suppliers, by=ADMIN, once=once, answer=lambda _: no_answer())

    def give_back(supplier: str, key: str) -> None:
        once = Idempotency.of("test", key, b"")
        use_cases.return_payout(run_id, supplier, "closed", by=ADMIN, once=once, answer=lambda _: no_answer())

    confirm(ACME)
    with pytest.raises(PayoutOutOfTurn):
        confirm(BOLT, ACME, key="again")
    assert office.paid(run_id) == {ACME: ("paid", 2160, None), BOLT: ("sent", 1080, None)}
    give_back(ACME, "b1")
    with pytest.raises(PayoutOutOfTurn):
        give_back(ACME, "b2")
    assert (office.paid(run_id)[ACME], owed()) == (("returned", 2160, "closed"), 2160)
    with pytest.raises(NotFound):
        give_back("sup_nobody", "b3")


def test_a_step_begins_after_the_last_supplier(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.ledger.service.pay_suppliers.AT_ONCE", 1)
    run_id = office.start()
    with clock.at(NOW):
        assert use_cases.pay_chunk(run_id, None, [], BY, accounts=Accounts()) == {
            "outcome": "more",
            "after": ACME,
            "unpaid": [],
        }
        assert list(office.paid(run_id)) == [ACME]
        assert use_cases.pay_chunk(run_id, ACME, [], BY, accounts=Accounts()) == {
            "outcome": "more",
            "after": BOLT,
            "unpaid": [],
        }
        assert use_cases.pay_chunk(run_id, BOLT, [], BY, accounts=Accounts()) == {
            "outcome": "all",
            "after": BOLT,
            "unpaid": [],
        }


def test_the_payment_file_has_what_is_sent_and_no_formula(office: Office) -> None:
    run_id = office.run()
    text, cursor = use_cases.payment_file(run_id, 1, None, ADMIN, accounts=Accounts())
    assert text.splitlines() == [
        "end_to_end_id,amount,currency,creditor,account,bank_code,text",
        f"{end_to_end_id(run_id, ACME)},2160,GBP,'=Acme Ltd,GB00TEST1234,,Payout {run_id[4:]}",
    ]
    payout = store.get_payout(run_id, ACME)
    assert payout is not None
    assert payout.end_to_end_id == payout.reference == end_to_end_id(run_id, ACME)
    once = Idempotency.of("test", "c", b"")
    use_cases.confirm_payouts(run_id, [BOLT], by=ADMIN, once=once, answer=lambda _: no_answer())
    assert use_cases.payment_file(run_id, 1, cursor, ADMIN, accounts=Accounts()) == ("", None)
    with pytest.raises(Exception, match="role admin"):
        use_cases.payment_file(run_id, 1, None, SUPPLIER, accounts=Accounts())


def test_a_payments_name_fits_into_what_banks_exchange() -> None:
    """ISO 20022 Max35Text, of characters that SEPA and all others take; another for each supplier and each run, always the same."""
    runs, suppliers = [new_id("pyr") for _ in range(20)], [new_id("sup") for _ in range(20)]
    names = {end_to_end_id(run, supplier) for run in runs for supplier in suppliers}
    assert len(names) == 400
    assert all(re.fullmatch("[A-Z0-9]{1,35}", name) for name in names)
    assert end_to_end_id("pyr_1", "sup_1") == "4JXTIGBDNIQZRLARZUYPDGPYW6"


def test_tasks_are_those_of_the_machine(office: Office) -> None:
    assert tasks.names == {"pay_chunk", "finish_run", "stop_run"}
    run_id = office.start()
    with clock.at(NOW):
        told = tasks.run({"task": "pay_chunk", "run_id": run_id, "after": None, "unpaid": [], "correlation_id": "c"})
        assert told == {"outcome": "all", "after": None, "unpaid": []}
        # Nobody has told of an account.
        assert office.paid(run_id)[ACME] == ("carried", 0, "no_bank_account")
        assert tasks.run({"task": "finish_run", "run_id": run_id, "unpaid": []}) == {"outcome": "finished"}
        assert tasks.run({"task": "stop_run", "run_id": run_id, "state": "x", "error": "y"}) == {"outcome": "finished"}


def test_a_payout_without_an_account_is_not_sent(office: Office) -> None:
    run_id = office.start()
    with clock.at(NOW), pytest.raises(SuppliersUnpaid):
        office.carry_out(run_id, bank=Mute(ACME, BOLT))
    payout = store.get_payout(run_id, ACME)
    assert payout is not None
    assert payout.state is PayoutState.BOOKED
    with pytest.raises(ValueError, match="has an account"):
        send(replace(payout, account=None), Mute(), BY)
    with pytest.raises(Unavailable):
        send(payout, Mute(ACME), BY)
