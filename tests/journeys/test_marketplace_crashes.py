"""The workflows of suppliers and their goods die in each of their states, and are run again: nothing is approved, published or
counted twice, and nothing is lost.

All states of a machine are seen to at once, each with a subject of its own; a state that is added to a definition is tried, too,
and fails its test when no subject comes through it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from examples.marketplace.suppliers import Trader, vat_number
from infra.local.testing import TestStack
from tests.journeys.conftest import until
from tests.journeys.killed_workflows import Machine, Market, at_once, some_died, twice_at_once, twice_in_a_row
from tests.journeys.market import opened

pytestmark = pytest.mark.xdist_group("crashes of suppliers")

SOMEBODY_ELSES = "Somebody Else's"


@pytest.fixture(scope="module")
def market(stack: TestStack) -> Iterator[Market]:
    with opened(stack, Market) as made:
        yield made


@pytest.fixture(scope="module")
def trader(market: Market) -> Trader:
    """An approved supplier."""
    return market.approved("Listing Goods")


# ---- onboard-supplier ---------------------------------------------------------------------------------------------------

JUDGED = {
    "AwaitReview": "approve",
    "ReviewDecided": "approve",
    "ApproveSupplier": "approve",
    "RejectSupplier": "reject",
}
"""States that only those come to whom a reviewer judges, and how."""


def test_a_supplier_whose_verification_dies_anywhere_is_approved_or_rejected_once(market: Market) -> None:
    machine = market.machine("suppliers-onboard-supplier")
    # What fails for good, or is not decided for two months.
    states = machine.states(without={"ParkOnboarding", "ExpireReview"})
    ends = {}

    def comes_in(state: str) -> Any:
        trader = market.applies(f"{state} Crash", **(_mistyped() if state in JUDGED else {}))
        if state in JUDGED and state != "AwaitReview":
            case = until(lambda: market.case("supplier", trader.id, trader.id))
            market.judge(case, JUDGED[state])
        ends[state] = machine.kill(f"{trader.id}-1", state, held=state == "AwaitReview")
        if trader.read()["status"] not in ("approved", "rejected"):
            market.settled_by_hand(f"/v1/suppliers/{trader.id}/submissions", "nothing_to_submit")
        until(lambda: _is_decided(market, trader, JUDGED.get(state, "approve")))
        until(lambda: machine.is_idle(trader.id))
        return _approved(market, trader)

    seen = at_once(comes_in, states)
    assert seen == {state: _REJECTED if JUDGED.get(state) == "reject" else _APPROVED for state in states}
    some_died(ends[state] for state in states if state != "AwaitReview")


@pytest.mark.parametrize("twice", [twice_in_a_row, twice_at_once])
def test_each_step_of_verifying_a_supplier_twice(
    market: Market, twice: Callable[[Callable[[], Any]], list[Any]]
) -> None:
    machine = market.machine("suppliers-onboard-supplier")
    clean = _taken(machine, market.applies("Twice Clean"))
    doubtful = _taken(machine, market.applies("Twice Doubtful", **_mistyped()))

    def step(task: str, trader: Trader, **given: Any) -> Any:
        outcomes = {
            answer["outcome"] for answer in twice(lambda: machine.task(task, supplier_id=trader.id, version=1, **given))
        }
        return outcomes.pop() if len(outcomes) == 1 else outcomes

    for task in ("correct_profile", "verify_profile", "probe_endpoint"):
        assert step(task, clean) == step(task, doubtful)
    assert (step("decide_supplier", clean), step("decide_supplier", doubtful)) == ("approved", "needs_review")
    assert step("open_review", doubtful, task_token="stopped") == "waiting"
    assert market.case("supplier", doubtful.id, doubtful.id)
    assert step("approve_supplier", doubtful) == "approved"
    # Once more from the start, after the end, and what would have been the other end.
    for task in ("correct_profile", "verify_profile", "probe_endpoint", "decide_supplier", "approve_supplier"):
        assert {step(task, clean), step(task, doubtful)} == {"approved"}
    assert step("reject_supplier", clean, reason="review") == "approved"
    assert _approved(market, clean) == _approved(market, doubtful) == _APPROVED


def _mistyped() -> dict[str, Any]:
    """A tax number that nobody else has named, the last digit of which is wrong."""
    right = vat_number(uuid4().hex)
    return {"tax_id": {"scheme": "vat", "country": "GB", "value": f"{right[:-1]}{(int(right[-1]) + 1) % 10}"}}


def _taken(machine: Machine, trader: Trader) -> Trader:
    """The supplier, whose verification nobody else carries out."""
    machine.take(f"{trader.id}-1", supplier_id="sup_01J00000000000000000000000", version=1)
    return trader


def _is_decided(market: Market, trader: Trader, decision: str) -> bool:
    """Whether it is over; a case that stands in between is decided."""
    seen = trader.read()
    if seen["check"] in ("verifying", "in_review"):
        if case := market.case("supplier", trader.id, trader.id):
            market.judge(case, decision)
        return False
    return True


def _approved(market: Market, trader: Trader) -> tuple[Any, ...]:
    """Its status, how often it was approved, and whether it has a place in stock."""
    types = [entry["type"] for entry in market.shop.get(f"/v1/suppliers/{trader.id}/timeline").body["items"]]
    location = market.shop.get(f"/v1/inventory/locations/{trader.id}").status
    return trader.read()["status"], types.count("SupplierApproved"), location


_APPROVED, _REJECTED = ("approved", 1, 200), ("rejected", 0, 404)

# ---- register-product ---------------------------------------------------------------------------------------------------

DECIDED = {"WaitForReview": "approve", "Decided": "approve", "PublishListing": "approve", "RejectListing": "reject"}
"""As `JUDGED`, of listings."""


def test_a_listing_whose_check_dies_anywhere_is_published_or_rejected_once(market: Market, trader: Trader) -> None:
    machine = market.machine("listings-register-product")
    states = machine.states(without=())
    ends = {}

    def is_listed(state: str) -> Any:
        sku = f"CRASH-{state}"
        listing_id = f"{trader.id}:{sku}"
        doubt = {"brand": SOMEBODY_ELSES} if state in DECIDED else {}
        trader.api.post(_listings(trader), market.listing(sku, title=f"A {sku.lower()}", **doubt), key=uuid4().hex)
        if state in DECIDED and state != "WaitForReview":
            market.judge(until(lambda: market.case("listing", listing_id, trader.id)), DECIDED[state])
        ends[state] = machine.kill(f"{listing_id}-1".replace(":", "_"), state, held=state == "WaitForReview")
        until(lambda: _is_sent_again(market, trader, sku))
        until(lambda: _is_judged(market, trader, sku, DECIDED.get(state, "approve")))
        until(lambda: machine.is_idle(f"{trader.id}_{sku}-"))
        return _listed(market, trader, sku)

    seen = at_once(is_listed, states)
    assert seen == {state: _NOT_LISTED if DECIDED.get(state) == "reject" else _LISTED for state in states}
    some_died(ends[state] for state in states if state != "WaitForReview")
    published = [state for state in states if seen[state] == _LISTED]
    assert _products(market, trader, "A crash-") == Counter(f"A crash-{state.lower()}" for state in published)


@pytest.mark.parametrize("twice", [twice_in_a_row, twice_at_once])
def test_each_step_of_registering_a_product_twice(
    market: Market, trader: Trader, twice: Callable[[Callable[[], Any]], list[Any]]
) -> None:
    machine = market.machine("listings-register-product")
    clean, doubtful, unwanted = (f"{name}-{twice.__name__.upper()}" for name in ("CLEAN", "DOUBTFUL", "UNWANTED"))
    for sku in (clean, doubtful, unwanted):
        doubt = {} if sku == clean else {"brand": SOMEBODY_ELSES}
        trader.api.post(_listings(trader), market.listing(sku, title=f"A {sku.lower()}", **doubt), key=uuid4().hex)
        machine.take(f"{trader.id}_{sku}-1", listing_id=f"{trader.id}:NONE", version=1, decided="", error="")

    def step(task: str, sku: str, **given: Any) -> Any:
        told = {"listing_id": f"{trader.id}:{sku}", "version": 1, **given}
        outcomes = {answer["outcome"] for answer in twice(lambda: machine.task(task, **told))}
        return outcomes.pop() if len(outcomes) == 1 else outcomes

    assert step("check_listing", clean, decided=None) == {"published", "superseded"}
    for sku in (doubtful, unwanted):
        assert step("check_listing", sku, decided=None) == "needs_review"
        assert step("open_listing_review", sku, decided=None, error=None, task_token="stopped") == "waiting"
    cases = {sku: market.case("listing", f"{trader.id}:{sku}", trader.id)["id"] for sku in (doubtful, unwanted)}
    publishing = {"decided": cases[doubtful]}
    assert step("publish_listing", doubtful, **publishing) == {"published", "superseded"}
    assert step("reject_listing", unwanted) == {"rejected", "superseded"}
    # Once more from the start, after the end.
    for sku in (clean, doubtful, unwanted):
        assert step("check_listing", sku, decided=None) == "superseded"
        assert step("publish_listing", sku, **publishing) == "superseded"
    assert [_listed(market, trader, sku) for sku in (clean, doubtful)] == [_LISTED] * 2
    assert _listed(market, trader, unwanted) == _NOT_LISTED
    of = f"-{twice.__name__}"
    assert _products(market, trader, "", of) == {f"A clean{of}": 1, f"A doubtful{of}": 1}


def _listings(trader: Trader) -> str:
    return f"/v1/suppliers/{trader.id}/listings"


def _is_sent_again(market: Market, trader: Trader, sku: str) -> bool:
    """Whether what the listing proposes is checked anew: an operator changes it into what it is. What is decided needs nothing."""
    path = f"{_listings(trader)}/{sku}"
    seen = market.shop.get(path).body
    if seen["proposal"] is None or seen["proposal"]["state"] == "rejected":
        return True
    headers = {"If-Match": f'"{seen["version"]}"'}
    same = {"title": seen["proposal"]["document"]["title"]}
    answer = market.stack.call("PATCH", path, json=same, role="admin", headers=headers)
    assert answer.status in (202, 412), answer
    return answer.status == 202


def _is_judged(market: Market, trader: Trader, sku: str, decision: str) -> bool:
    """Whether it is over; a case that stands in between is decided."""
    seen = trader.api.get(f"{_listings(trader)}/{sku}")
    if seen["proposal"] and seen["proposal"]["state"] != "rejected":
        if case := market.case("listing", f"{trader.id}:{sku}", trader.id):
            market.judge(case, decision)
        return False
    return True


def _listed(market: Market, trader: Trader, sku: str) -> tuple[Any, ...]:
    """Its status, how often it was published, how many sell its SKU, and how many units there are."""
    seen = trader.api.get(f"{_listings(trader)}/{sku}")
    published = market.events(f"LISTING#{trader.id}:{sku}", "ListingPublished")
    if seen["sku"] is None:
        return seen["status"], published
    offers = market.shop.get(f"/v1/variants/{seen['sku']}/offers").body["items"]
    [stock] = market.shop.get(f"/v1/inventory/stock/{seen['sku']}").body["items"]
    return seen["status"], published, [offer["supplier_id"] == trader.id for offer in offers], stock["available"]


_LISTED, _NOT_LISTED = ("published", 1, [True], 5), ("rejected", 0)


def _products(market: Market, trader: Trader, begin: str, end: str = "") -> Counter[str]:
    """Titles of the products that were made for a supplier: those that begin and end so."""
    titles: Counter[str] = Counter()
    cursor: str | None = ""
    while cursor is not None:
        page = {"cursor": cursor} if cursor else {}
        found = market.shop.get("/v1/products", supplier_id=trader.id, limit="100", **page).body
        titles.update(item["title"] for item in found["items"])
        cursor = found["next_cursor"]
    return Counter({title: count for title, count in titles.items() if title.startswith(begin) and title.endswith(end)})
