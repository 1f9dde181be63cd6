"""Suppliers on the deployed system, each with a system of its own that speaks the Order Acceptance API."""

import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from examples.marketplace.__main__ import main
from examples.marketplace.suppliers import Trader
from examples.online_retail.api import Problem
from infra.local import users
from infra.local.testing import Answer, TestStack
from tests.journeys.conftest import until
from tests.journeys.market import Market, at_once, opened


@pytest.fixture
def market(stack: TestStack) -> Iterator[Market]:
    with opened(stack, Market) as market:
        yield market


@pytest.fixture
def record(stack: TestStack, tmp_path: Path) -> Path:
    """The record of the system, as the examples read it."""
    path = tmp_path / "stack.json"
    path.write_text(json.dumps(stack.record))
    return path


def test_suppliers_come_in_list_their_goods_ship_an_order_between_them_and_the_books_balance(
    record: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All nine steps: one supplier clean, one corrected, one reviewed; files sent twice; a refusal and its reallocation."""
    code = main(["run", "--record", str(record), "--products", "60"])
    told = capsys.readouterr().out
    assert code == 0, told
    for words in ("corrected /contacts/0/", "approved by a reviewer", "said no", "is the sum of its postings"):
        assert words in " ".join(told.split()), told


# ---- suppliers that misbehave ---------------------------------------------------------------------------------------------

ENDS = {
    "correct": "accepted",
    "slow=1": "accepted",
    "flaky=0.5,kind=unavailable,times=2": "accepted",
    "flaky=1,kind=reset,times=1": "accepted",
    "flaky=1,kind=lost,times=1": "accepted",
    "duplicate=differs": "accepted",
    "amnesia": "accepted",
    "ratelimit=1,times=2": "accepted",
    "unsigned-ok": "accepted",
    "later=2": "accepted",
    "lying=rejects": "declined",
    "hang": "declined",
    "trickle=1": "declined",
    "wrong=json": "declined",
    "wrong=decision": "declined",
    "wrong=units": "declined",
    "wrong=lines": "declined",
    "wrong=huge": "declined",
    "redirect=http://169.254.169.254/latest/meta-data/": "declined",
}
"""What becomes of an order that a supplier alone sells, by how its system behaves: accepted, though it takes asking again, or refused
or silent, and then given back to the customer."""


@dataclass
class Sold:
    """A supplier with a system of its own, its one SKU, and an order of it."""

    mode: str
    trader: Trader
    sku: str
    order_id: str = ""

    @property
    def allocation_id(self) -> str:
        return f"ful_{self.order_id.removeprefix('ord_')}_1"


@pytest.mark.long
def test_however_a_supplier_behaves_its_order_is_shipped_by_somebody_or_given_back(market: Market) -> None:
    """Nineteen suppliers at once: one decision each, no double order at the supplier, no customer left waiting."""

    def onboarded(mode: str) -> Sold:
        trader = market.connected(f"{mode.partition('=')[0].title()} Goods")
        _, sku = market.lists(trader, name="THING")
        if ENDS[mode] == "declined":
            _has_a_minute(market, trader)
        trader.system.mode(mode)
        return Sold(mode, trader, sku)

    def ordered(one: Sold) -> None:
        one.order_id = market.places((one.sku, 1))["id"]

    sold = at_once(onboarded, ENDS)
    at_once(ordered, sold)
    seen = {one.mode: until(lambda one=one: _decided(one), 200) for one in sold}
    assert seen == ENDS
    at_once(lambda one: _gives_up(market, one), [one for one in sold if ENDS[one.mode] == "declined"])
    for one in sold:
        if ENDS[one.mode] == "accepted":
            assert list(one.trader.system.orders) == [one.allocation_id], one.mode


def _has_a_minute(market: Market, trader: Trader) -> None:
    """From now on this supplier has a minute to answer, the shortest there is; all others have hours."""
    path, first = f"/v1/suppliers/{trader.id}/routing-settings", {"If-Match": '"0"'}
    changed = market.stack.call("PUT", path, json={"answer_minutes": 1}, role="admin", headers=first)
    assert changed.status == 200, changed


def _decided(one: Sold) -> str | None:
    try:
        state = one.trader.api.get(f"/v1/suppliers/{one.trader.id}/orders/{one.allocation_id}")["state"]
    except Problem as problem:
        if problem.status == 404:
            return None
        raise
    return {"accepted": "accepted", "declined": "declined", "silent": "declined", "rejected": "declined"}.get(state)


def _gives_up(market: Market, one: Sold) -> None:
    """Nobody else has it, so the operator is asked, and says no: the customer pays nothing."""
    case = market.case_of(one.trader, "allocation")
    assert market.decide(case["id"], "reject", "Nobody has it.").status == 200
    market.shop.reaches(one.order_id, "cancelled")
    until(lambda: market.shop.payment(one.order_id)["captured"] == 0)


# ---- many at once -----------------------------------------------------------------------------------------------------------


def test_a_thousand_updates_at_once_leave_each_price_and_stock_at_the_newest(market: Market) -> None:
    """Sixteen connections, in no order; an update that comes after a newer one is taken and changes nothing."""
    trader = market.approved("Busy Goods")
    path = f"/v1/suppliers/{trader.id}/listings"
    names = [market.registers(trader, name=f"THING-{number}") for number in range(20)]
    for name in names:
        until(lambda name=name: trader.api.get(f"{path}/{name}")["sku"])
    began = datetime.now(UTC)
    updates = [(name, number) for name in names for number in range(1, 26)]
    random.Random(7).shuffle(updates)

    def update(one: tuple[str, int]) -> None:
        name, number = one
        as_of = (began + timedelta(milliseconds=number)).isoformat()
        for part, body in (("price", {"prices": {"GBP": 1000 + number}}), ("stock", {"on_hand": number})):
            payload = json.dumps({**body, "as_of": as_of}).encode()
            trader.api.call("PUT", f"{path}/{name}/{part}", payload, {"Content-Type": "application/json"})

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(update, updates))
    for name in names:
        seen = trader.api.get(f"{path}/{name}")
        assert (seen["prices"], seen["on_hand"]) == ({"GBP": 1025}, 25)
        [offer] = market.shop.get(f"/v1/variants/{seen['sku']}/offers").body["items"]
        assert offer["prices"] == {"GBP": 1025}


def test_of_two_reviewers_one_works_on_a_case_and_one_decides_it(stack: TestStack, market: Market) -> None:
    tax_id = {"scheme": "vat", "country": "GB", "value": "GB123456789"}
    trader = market.applies("Doubtful Goods", tax_id=tax_id)
    case_id = market.case_of(trader, "supplier")["id"]
    other = users.sign_up(stack.record, "admin", f"second-{uuid4().hex[:8]}@example.com")["token"]
    both: list[dict[str, Any]] = [{"role": "admin"}, {"token": other}]

    def both_ask(what: str, body: dict[str, Any]) -> list[Answer]:
        def ask(given: dict[str, Any]) -> Answer:
            headers = {"Idempotency-Key": uuid4().hex}
            return stack.call("POST", f"/v1/review-cases/{case_id}/{what}", json=body, headers=headers, **given)

        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(ask, both))

    claims = both_ask("claims", {})
    assert sorted(one.status for one in claims) == [200, 409]
    [refused] = [one for one in claims if one.status == 409]
    assert refused.body["code"] == "case_claimed"
    version = market.shop.get(f"/v1/review-cases/{case_id}").body["version"]
    decisions = both_ask("decisions", {"decision": "reject", "reason": "No.", "expected_version": version})
    assert sorted(one.status for one in decisions) == [200, 409]
    until(lambda: trader.read()["status"] == "rejected")
