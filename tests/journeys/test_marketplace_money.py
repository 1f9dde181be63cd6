"""What is owed for what suppliers sold: booked when it leaves, taken back when it returns, paid out, and always adding up.

All of it is in euros, in which no other journey keeps books.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from examples.marketplace.suppliers import Trader
from infra.local.testing import Answer, TestStack
from tests.journeys.conftest import until
from tests.journeys.market import Market, at_once, opened
from tests.journeys.test_returns import announce

pytestmark = pytest.mark.xdist_group("market-money")
IBAN = "GB82WEST12345698765432"


@pytest.fixture(scope="module")
def market(stack: TestStack) -> Iterator[Market]:
    with opened(stack, Market) as market:
        yield market


def charges(market: Market, trader: Trader, **rule: int) -> None:
    """The commission on what a supplier sells from now on."""
    new = {"currency": "EUR", "supplier_id": trader.id, **rule}

    def change(now: Any) -> Any:
        others = [one for one in now["rules"] if one["supplier_id"] != trader.id]
        return {**now, "rules": [*others, new]}

    market.settle("/v1/commission-rules", change)


def ships(market: Market, trader: Trader, order: Any) -> str:
    """The supplier ships its part of an order; returns which."""
    [part] = [one["id"] for one in order["fulfilments"] if one["location_id"] == trader.id]
    market.order_of(trader, part, "requested")
    done = market.as_supplier(trader, "POST", f"/orders/{part}/shipments", {})
    assert (done.status, done.body["state"]) == (200, "shipped"), done
    return part


def booked(market: Market, order: Any, *kinds: str) -> dict[str, dict[str, int]]:
    """What was booked for an order, by kind, once there is one of each."""

    def ask() -> Any:
        items = market.shop.get("/v1/ledger/entries", order_id=order["id"]).body["items"]
        return len(items) == len(kinds) and items

    found = until(ask)
    assert sorted(one["kind"] for one in found) == sorted(kinds)
    assert {(one["currency"], sum(one["postings"].values())) for one in found} == {("EUR", 0)}
    return {one["kind"]: one["postings"] for one in found}


def balance(market: Market, trader: Trader) -> int:
    """What the supplier is owed."""
    items = market.as_supplier(trader, "GET", "/balances").body["items"]
    return next((one["amount"] for one in items if one["currency"] == "EUR"), 0)


def test_an_order_keeps_the_commission_of_the_day_it_was_placed(market: Market) -> None:
    trader = market.approved("Frozen Goods")
    _, sku = market.lists(trader, prices={"EUR": 1000})
    charges(market, trader, rate_bps=1000, tax_rate_bps=2000)
    first = market.places((sku, 2), currency="EUR")
    charges(market, trader, rate_bps=5000, tax_rate_bps=2000, floor=600)
    second = market.places((sku, 1), currency="EUR")
    for order in (first, second):
        ships(market, trader, order)
    account = f"supplier:{trader.id}"
    found = booked(market, first, "sale", "capture")
    assert found == {
        "sale": {"customers": 2000, account: -1760, "commission": -200, "commission_tax": -40},
        "capture": {"cash": 2000, "customers": -2000},
    }
    found = booked(market, second, "sale", "capture")
    assert found["sale"] == {"customers": 1000, account: -280, "commission": -600, "commission_tax": -120}
    assert balance(market, trader) == 1760 + 280


def run(market: Market) -> tuple[str, dict[str, tuple[str, int, str | None]]]:
    """A payout run, and what it came to for each supplier."""
    started = market.shop.post("/v1/payout-runs", {"currency": "EUR"})
    assert started.status == 202, started
    path = f"/v1/payout-runs/{started.body['id']}"
    until(lambda: market.shop.get(path).body["state"] == "finished")
    items = market.shop.get(f"{path}/payouts", limit="100").body["items"]
    return started.body["id"], {one["supplier_id"]: (one["state"], one["amount"], one["reason"]) for one in items}


def settled(market: Market, trader: Trader, **settings: Any) -> None:
    path = f"/v1/suppliers/{trader.id}/payout-settings"
    market.settle(path, lambda now: {**{name: now["own"][name] for name in ("hold_days", "minimum")}, **settings})


def banked(market: Market, trader: Trader) -> None:
    """The supplier names the account that it is paid to."""
    holder = trader.read()["approved"]["legal_entity"]["name"]
    body = {"holder": holder, "country": "GB", "currency": "EUR", "iban": IBAN}
    assert market.change(trader, "/bank-account", body).status == 202
    until(lambda: trader.read()["bank_account"]["approved"])


def comes_back(market: Market, order: Any, part: str, trader: Trader, units: int) -> Answer:
    """The parcel arrives, the customer sends some of it back, and the staff looks at it in the supplier's stead."""
    at = datetime.now(UTC).isoformat()
    arrived = {"id": uuid4().hex, "code": "delivered", "at": at}
    assert market.as_supplier(trader, "POST", f"/orders/{part}/tracking-events", arrived).status == 201
    announced = announce(market.shop, order, units)
    assert announced.status == 201, announced
    path, at = f"/v1/returns/{announced.body['id']}", {"location_id": trader.id}
    unit = {"line_id": "1", "quantity": units}
    received = market.shop.post(f"{path}/receipts", {**at, "lines": [unit]}, "associate")
    assert received.status == 200, received
    found = {**at, "lines": [{**unit, "disposition": "write_off"}]}
    return market.shop.post(f"{path}/inspections", found, "associate")


def test_what_is_owed_is_held_paid_returned_taken_back_and_stated(market: Market) -> None:
    trader, unbanked = at_once(market.approved, ("Settled Goods", "Unbanked Goods"))
    (_, sku), (_, other) = at_once(
        lambda one: market.lists(one[0], prices={"EUR": one[1]}), [(trader, 1000), (unbanked, 500)]
    )
    banked(market, trader)
    charges(market, trader, rate_bps=1000, tax_rate_bps=2000)
    order = market.places((sku, 2), (other, 1), currency="EUR")
    part = ships(market, trader, order)
    ships(market, unbanked, order)
    until(lambda: market.shop.payment(order["id"])["captured"] == 2500)
    assert (balance(market, trader), balance(market, unbanked)) == (1760, 500)

    def mine(payouts: dict[str, Any]) -> list[Any]:
        return [payouts[one.id] for one in (trader, unbanked)]

    assert mine(run(market)[1]) == [("carried", 0, "held"), ("carried", 0, "held")]
    settled(market, trader, hold_days=0, minimum={"EUR": 1761})
    settled(market, unbanked, hold_days=0)
    assert mine(run(market)[1]) == [("carried", 0, "below_minimum"), ("carried", 0, "no_bank_account")]

    settled(market, trader, minimum={"EUR": 1760}, every_days=7)
    failed, payouts = run(market)
    assert payouts[trader.id] == ("sent", 1760, None)
    assert balance(market, trader) == 0
    rows = list(csv.DictReader(market.shop.get(f"/v1/payout-runs/{failed}/payment-file").body.splitlines()))
    latest = market.as_supplier(trader, "GET", "/payouts").body["items"][0]
    [paid] = [one for one in rows if one["end_to_end_id"] == latest["end_to_end_id"]]
    assert (paid["amount"], paid["currency"], paid["account"]) == ("1760", "EUR", IBAN)
    back = {"supplier_id": trader.id, "reason": "account_closed"}
    returned = market.shop.post(f"/v1/payout-runs/{failed}/returns", back)
    assert (returned.status, returned.body["state"]) == (200, "returned")
    twice = market.shop.post(f"/v1/payout-runs/{failed}/returns", back)
    assert (twice.status, twice.body["code"]) == (409, "payout_out_of_turn")
    assert balance(market, trader) == 1760

    # What did not arrive is paid by the next run, and not only after seven days.
    arrived, payouts = run(market)
    assert payouts[trader.id] == ("sent", 1760, None)
    confirmed = market.shop.post(f"/v1/payout-runs/{arrived}/confirmations", {"supplier_ids": [trader.id]})
    assert confirmed.status == 200, confirmed
    history = market.as_supplier(trader, "GET", "/payouts").body["items"]
    assert [one["state"] for one in history] == ["paid", "returned", "carried", "carried"]
    assert {one["account_ending"] for one in history} == {"5432", None}

    # Half of it comes back: the supplier owes its price less the commission on it.
    assert comes_back(market, order, part, trader, 1).body["refund"]["amount"] == 1000
    until(lambda: market.shop.payment(order["id"])["refunded"] == 1000)
    assert balance(market, trader) == -(1000 - 100 - 20)
    assert mine(run(market)[1]) == [("carried", 0, "owes"), ("carried", 0, "no_bank_account")]

    _stated(market, trader, order)
    _adds_up(market)


def _stated(market: Market, trader: Trader, order: Any) -> None:
    """The statement is what the entries come to."""
    path = f"/statements/{order['placed_at'][:7]}"
    statement = market.stack.call(
        "GET",
        f"/v1/suppliers/{trader.id}{path}",
        token=trader.account.token("supplier"),
        params={"currency": "EUR"},
    ).body
    by_kind: dict[str, int] = {}
    for one in statement["items"]:
        by_kind[one["kind"]] = by_kind.get(one["kind"], 0) + one["amount"]
    assert by_kind == {"sale": 1760, "payout": -3520, "payout_returned": 1760, "refund": -880} == statement["by_kind"]
    assert (statement["opening"], statement["closing"], statement["count"]) == (0, sum(by_kind.values()), 5)
    assert statement["closing"] == balance(market, trader)
    sold = statement["items"][0]
    assert (sold["units"], sold["gross"], sold["commission"], sold["commission_tax"]) == (2, 2000, 200, 40)
    file = market.shop.get(f"/v1/suppliers/{trader.id}{path}/file", currency="EUR").body
    rows = list(csv.DictReader(file.splitlines()))
    assert [int(row["balance"]) for row in rows] == [0, 1760, 0, 1760, 0, -880, -880]


def _adds_up(market: Market) -> None:
    """Every account is the sum of its entries, and all of them together are nothing."""
    checks, cursor = [], ""
    while cursor is not None:
        step = market.shop.get("/v1/ledger/audit", currency="EUR", **({"cursor": cursor} if cursor else {})).body
        checks += step["checks"]
        cursor = step["next_cursor"]
    assert [one for one in checks if one["difference"] or not one["conclusive"]] == []
    assert sum(one["stored"] for one in checks) == 0
    totals = market.shop.get("/v1/ledger/balances", currency="EUR").body
    owed = sum(one["stored"] for one in checks if one["account"].startswith("supplier:"))
    assert totals["suppliers"] == owed
