"""The workflows that send orders to suppliers and pay them die in each of their states, and are run again: a supplier has each order
once, ships it once, and is paid for it once; what it says no to comes back to the customer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from threading import Lock
from typing import Any

import pytest

from examples.marketplace import buying
from examples.marketplace.suppliers import Trader, verified
from infra.local.testing import TestStack
from tests.journeys.conftest import until
from tests.journeys.killed_workflows import ABORTED, Market, at_once, becomes, some_died, twice_at_once, twice_in_a_row
from tests.journeys.market import opened

pytestmark = pytest.mark.xdist_group("crashes of orders")

STOCK = 30
Twice = Callable[[Callable[[], Any]], list[Any]]


@pytest.fixture(scope="module")
def market(stack: TestStack) -> Iterator[Market]:
    with opened(stack, Market) as made:
        yield made


# ---- route-order --------------------------------------------------------------------------------------------------------

WAYS = {
    "AwaitAnswer": ["later=5"],
    "TimeIsUp": ["flaky=1,kind=lost,on=order,times=1"],
    "AskSupplier": ["flaky=1,kind=lost,on=order,times=1"],
    "TellSupplier": ["later=600,on=order", "flaky=1,kind=unavailable,on=cancellation"],
    "Told": ["later=600,on=order", "flaky=1,kind=unavailable,on=cancellation"],
    "WaitToTell": ["later=600,on=order", "flaky=1,kind=unavailable,on=cancellation"],
}
"""How a supplier's system has to behave for its order to come to a state; to the others all come."""
RECALLED = {"TellSupplier", "Told", "WaitToTell"}
"""States of orders that were called off."""
HELD = {"AwaitAnswer", *RECALLED}
"""States that an order does not get out of in less than seconds, or until its supplier behaves again."""


class Seller:
    """A supplier that has THING, has GONE no more, and behaves otherwise for some orders."""

    def __init__(self, market: Market, name: str) -> None:
        self.market, self.trader = market, market.connected(name)
        self.system = self.trader.system
        self.thing, self.gone = (
            market.lists(self.trader, supplier_sku=sku, on_hand=STOCK)[1] for sku in ("THING", "GONE")
        )
        self.system.restock({"THING": STOCK, "GONE": 0})
        self._modes: dict[str, list[str]] = {}
        self._lock = Lock()

    def behaves(self, allocation_id: str, *modes: str) -> None:
        """Towards one order, from now on."""
        with self._lock:
            self._modes[allocation_id] = [f"{mode},for={allocation_id}" for mode in modes]
            self.system.mode(*(mode for modes in self._modes.values() for mode in modes))

    def is_ordered(self, sku: str, *modes: str) -> str:
        """An order of a unit; the id of its allocation."""
        body = self.market.shop.order((sku, 1), channel="web")
        placed = self.market.shop.post("/v1/orders", body, "shopper")
        assert placed.status == 202, placed
        allocation_id = f"ful_{placed.body['id'].removeprefix('ord_')}_1"
        self.behaves(allocation_id, *modes)
        return allocation_id

    def state(self, allocation_id: str) -> Any:
        """The state of the allocation; None while there is none."""
        return self.market.shop.get(f"/v1/allocations/{allocation_id}").body.get("state")


@pytest.fixture(scope="module")
def sellers(market: Market) -> tuple[Seller, Seller]:
    """One that is well, and one whose endpoint will fail."""
    well, failing = at_once(lambda name: Seller(market, name), ["Well Goods", "Failing Goods"]).values()
    return well, failing


def order_of(allocation_id: str) -> str:
    return f"ord_{allocation_id.removeprefix('ful_').removesuffix('_1')}"


def test_an_order_whose_routing_dies_anywhere_is_with_its_supplier_once_or_given_back(
    market: Market, sellers: tuple[Seller, Seller]
) -> None:
    machine = market.machine("routing-route-order")
    states = machine.states(without={"ParkAllocation"})
    statuses = {}
    # A supplier that says no comes the same way as one that says yes, and more depends on it.
    subjects = [(state, "THING") for state in states] + [(state, "GONE") for state in states if state not in WAYS]

    def is_routed(subject: tuple[str, str]) -> None:
        state, sku = subject
        seller = sellers[state in RECALLED]
        allocation_id = seller.is_ordered(seller.thing if sku == "THING" else seller.gone, *WAYS.get(state, ()))
        order_id = order_of(allocation_id)
        if state in RECALLED:
            # Not before all have arrived: an endpoint that fails is not asked for a while.
            until(lambda: len(seller.system.orders) == len(RECALLED))
            assert market.shop.post(f"/v1/orders/{order_id}/cancellations", {}).status == 201
        statuses[subject] = machine.kill(allocation_id, state, held=state in HELD)
        seller.behaves(allocation_id)
        market.settled_by_hand(f"/v1/allocations/{allocation_id}/retries", "nothing_to_call")
        ends = "cancelled" if state in RECALLED else "accepted" if sku == "THING" else "rejected"
        until(lambda: seller.state(allocation_id) == ends)
        if ends == "rejected":
            market.judge(until(lambda: market.case("allocation", allocation_id, seller.trader.id)), "reject")
        if ends == "accepted":
            buying.shipped(seller.trader, seller.trader.api.get(f"{_orders(seller)}/{allocation_id}"))
        market.shop.reaches(order_id, "shipped" if ends == "accepted" else "cancelled")
        until(lambda: machine.is_idle(allocation_id))
        becomes(lambda: _books(market, seller, allocation_id), BOOKS[ends])

    at_once(is_routed, subjects)
    some_died(status for (state, _), status in statuses.items() if state not in HELD)
    shipped = sum(sku == "THING" and state not in RECALLED for state, sku in subjects)
    for seller, left in zip(sellers, (STOCK - shipped, STOCK), strict=True):
        assert seller.system.stock["THING"].quantity == left
        assert _stock(market, seller.thing) == {"on_hand": left, "available": left, "reserved": 0}
        assert _stock(market, seller.gone)["reserved"] == 0


@pytest.mark.parametrize("twice", [twice_in_a_row, twice_at_once])
def test_each_step_of_routing_twice(market: Market, sellers: tuple[Seller, Seller], twice: Twice) -> None:
    machine, seller = market.machine("routing-route-order"), sellers[0]
    left = seller.system.stock["THING"].quantity
    nothing = {"allocation_id": "ful_01J00000000000000000000000_1", "order_id": "ord_01J00000000000000000000000"}
    taken = seller.is_ordered(seller.thing)
    machine.take(taken, **nothing)
    refused = seller.is_ordered(seller.gone)
    machine.take(refused, **nothing)
    until(lambda: {seller.state(taken), seller.state(refused)} == {"requested"})

    def step(task: str, allocation_id: str, **given: Any) -> Any:
        told = {"order_id": order_of(allocation_id), "allocation_id": allocation_id, **given}
        first, second = (answer["outcome"] for answer in twice(lambda: machine.task(task, **told)))
        assert first == second
        return first

    assert step("await_answer", taken, task_token="stopped") == "waiting"
    assert (step("offer_order", taken), step("offer_order", refused)) == ("accepted", "rejected")
    for _ in range(2):
        # And once more from the start, after the end.
        assert (step("ask_supplier", taken), step("ask_supplier", refused)) == ("accepted", "rejected")
        for allocation_id in (taken, refused):
            assert step("settle_allocation", allocation_id) == "settled"
            assert step("tell_supplier", allocation_id, since=datetime.now(UTC).isoformat()) == "told"
        assert (step("offer_order", taken), step("offer_order", refused)) == ("accepted", "rejected")
    buying.shipped(seller.trader, seller.trader.api.get(f"{_orders(seller)}/{taken}"))
    market.judge(until(lambda: market.case("allocation", refused, seller.trader.id)), "reject")
    for allocation_id, ends in ((taken, "accepted"), (refused, "rejected")):
        becomes(lambda allocation_id=allocation_id: _books(market, seller, allocation_id), BOOKS[ends])
    assert seller.system.stock["THING"].quantity == left - 1


def _orders(seller: Seller) -> str:
    return f"/v1/suppliers/{seller.trader.id}/orders"


def _stock(market: Market, sku: str) -> dict[str, int]:
    [row] = market.shop.get(f"/v1/inventory/stock/{sku}").body["items"]
    return {name: row[name] for name in ("on_hand", "available", "reserved")}


def _books(market: Market, seller: Seller, allocation_id: str) -> dict[str, Any]:
    """What the supplier holds of an order, what was heard of it, and what the customer got and paid."""
    held, order_id = seller.system.orders[allocation_id], order_of(allocation_id)
    payment, order = market.shop.payment(order_id), market.shop.read(order_id)
    return {
        "carried out": held.carried_out,
        "to ship": sum(held.promised.values()),
        "accepted": market.events(f"ALLOCATION#{allocation_id}", "OrderAcceptedBySupplier"),
        "declined": market.events(f"ALLOCATION#{allocation_id}", "OrderDeclinedBySupplier"),
        "units missing": market.events(f"ORDER#{order_id}", "OrderUnitsMissing"),
        "order": order["status"],
        "paid": payment["captured"] == order["total"]["amount"] if payment["captured"] else False,
        "owed back": payment["authorised"] - payment["voided"] - payment["captured"],
    }


_AT_FIRST = {"carried out": 1, "to ship": 0, "accepted": 0, "declined": 0, "units missing": 0, "owed back": 0}
_GIVEN_BACK = {**_AT_FIRST, "order": "cancelled", "paid": False}
BOOKS = {
    "accepted": {**_AT_FIRST, "to ship": 1, "accepted": 1, "order": "shipped", "paid": True},
    "rejected": {**_GIVEN_BACK, "declined": 1, "units missing": 1},
    "cancelled": _GIVEN_BACK,
}
"""As they should be in the end, by what became of the allocation."""


# ---- pay-suppliers ------------------------------------------------------------------------------------------------------

CURRENCY = "CHF"
"""A run pays all whom something is owed in its currency: no other journey keeps books in this one (test_marketplace_money has euros)."""


@pytest.fixture(scope="module")
def creditors(market: Market) -> dict[str, Trader]:
    """Suppliers with an account at a bank, by id, who are paid what they are owed without delay."""

    def is_creditor(name: str) -> Trader:
        trader = market.approved(name)
        seen = trader.read()
        account = {
            "holder": seen["approved"]["legal_entity"]["name"],
            "country": "DE",
            "currency": CURRENCY,
            "iban": "DE89370400440532013000",
        }
        for path, body, version in (
            ("bank-account", account, seen["version"]),
            ("payout-settings", {"hold_days": 0}, 0),
        ):
            headers = {"If-Match": f'"{version}"'}
            of = f"/v1/suppliers/{trader.id}/{path}"
            assert market.stack.call("PUT", of, json=body, role="admin", headers=headers).status in (200, 202)
        assert verified(trader)["check"] == "none"
        return trader

    made = at_once(is_creditor, [f"Creditor {number}" for number in range(3)])
    return {trader.id: trader for trader in made.values()}


def _owes(market: Market, creditors: dict[str, Trader]) -> dict[str, int]:
    """Something is owed to each of them; how much."""
    owed = {supplier_id: 700 + number for number, supplier_id in enumerate(creditors)}
    for supplier_id, amount in owed.items():
        postings = [{"account": "supplier", "amount": -amount}, {"account": "goodwill", "amount": amount}]
        body = {"currency": CURRENCY, "postings": postings, "reason": "A test.", "supplier_id": supplier_id}
        assert market.shop.post("/v1/ledger/adjustments", body).status == 201
    return owed


def _started(market: Market) -> str:
    run = market.shop.post("/v1/payout-runs", {"currency": CURRENCY})
    assert run.status == 202, run
    return str(run.body["id"])


def _each_was_paid_once(market: Market, owed: dict[str, int], runs: list[str]) -> None:
    """Of all runs together, each supplier got what it was owed, once; so say balances, entries and the audit."""
    got: Counter[tuple[str, int, str]] = Counter()
    for run_id in runs:
        for payout in market.shop.get(f"/v1/payout-runs/{run_id}/payouts").body["items"]:
            if payout["amount"] and payout["supplier_id"] in owed:
                got[payout["supplier_id"], payout["amount"], payout["state"]] += 1
    assert got == Counter((supplier_id, amount, "sent") for supplier_id, amount in owed.items())
    for supplier_id, amount in owed.items():
        [balance] = market.shop.get(f"/v1/suppliers/{supplier_id}/balances").body["items"]
        assert balance["amount"] == 0
        entries = market.shop.get(f"/v1/suppliers/{supplier_id}/ledger-entries", currency=CURRENCY).body["items"]
        payouts = [entry for entry in entries if entry["kind"] == "payout" and entry["run_id"] in runs]
        assert [entry["amount"] for entry in payouts] == [-amount]
    audit = market.shop.get("/v1/ledger/audit", currency=CURRENCY).body
    assert (audit["sound"], audit["next_cursor"]) == (True, None), audit


def test_suppliers_are_paid_once_by_runs_that_die_anywhere(market: Market, creditors: dict[str, Trader]) -> None:
    """Several at once, which pay the same suppliers."""
    machine, owed = market.machine("ledger-pay-suppliers"), _owes(market, creditors)
    statuses = {}

    def pays(state: str) -> str:
        run_id = _started(market)
        statuses[run_id] = machine.kill(f"{run_id}-v1", state)
        market.settled_by_hand(f"/v1/payout-runs/{run_id}/resumptions", "payout_out_of_turn")
        until(lambda: market.shop.get(f"/v1/payout-runs/{run_id}").body["state"] == "finished")
        until(lambda: machine.is_idle(run_id))
        return run_id

    for _ in range(3):  # a run is short: all of them may end before they can be stopped, but not time and again
        at_once(pays, machine.states(without={"StopRun"}))
        if ABORTED in statuses.values():
            break
    some_died(statuses.values())
    _each_was_paid_once(market, owed, list(statuses))


@pytest.mark.parametrize("twice", [twice_in_a_row, twice_at_once])
def test_each_step_of_a_payout_run_twice(market: Market, creditors: dict[str, Trader], twice: Twice) -> None:
    machine, owed = market.machine("ledger-pay-suppliers"), _owes(market, creditors)
    run_id = _started(market)
    machine.take(f"{run_id}-v1", run_id="pyr_01J00000000000000000000000")

    def step(task: str, **given: Any) -> Any:
        first, second = (answer["outcome"] for answer in twice(lambda: machine.task(task, run_id=run_id, **given)))
        assert first == second
        return first

    assert step("pay_chunk", after=None, unpaid=[]) == "all"
    assert step("finish_run", unpaid=[]) == "finished"
    # Once more from the start, after the end.
    assert (step("pay_chunk", after=None, unpaid=[]), step("finish_run", unpaid=[])) == ("all", "finished")
    assert step("stop_run", state="FinishRun", error="late") == "finished"
    run = market.shop.get(f"/v1/payout-runs/{run_id}").body
    assert (run["payouts"], run["amount"], run["state"]) == (len(owed), sum(owed.values()), "finished")
    _each_was_paid_once(market, owed, [run_id])
