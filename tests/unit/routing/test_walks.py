"""Walks through route_order with answers, silence, repetitions and crashes in any order: one decision, and every unit somewhere."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st

from chalicelib.core import clock
from chalicelib.core.table import Transaction
from chalicelib.core.workflow import Workflow
from chalicelib.orders import service as orders
from chalicelib.routing.domain.health import after_success
from chalicelib.routing.service import use_cases
from chalicelib.routing.store import items as store
from tests.conftest import SHOPPER
from tests.unit.routing.builders import (
    ACCEPTED,
    LATER,
    REJECTED,
    ROUTING,
    SUPPLIER_ID,
    Base,
    Market,
    Saying,
    partial,
    says,
    silent,
)
from tests.unit.routing.walker import Clock, Tokens, Walk, holding

# What evaluates the state machine sets it (jsonata.Jsonata), beside Hypothesis.
pytestmark = pytest.mark.filterwarnings("ignore:The recursion limit will not be reset")

_numbers = count(1)


@pytest.fixture
def tokens(monkeypatch: pytest.MonkeyPatch, market: Market) -> Tokens:
    """The real tasks reach the supplier of the test, and its workflow."""
    made = Tokens()
    monkeypatch.setattr(Workflow, "seal", lambda _, token: made.seal(token))
    monkeypatch.setattr(Workflow, "complete", lambda _, token, output: made.complete(token, output))
    monkeypatch.setattr(Workflow, "complete_sealed", lambda _, sealed, output: made.complete_sealed(sealed, output))
    monkeypatch.setattr("chalicelib.routing.gateways.outside.call", market.endpoint)
    return made


def walked(market: Market, tokens: Tokens, *interludes: Any, repeats: Any = ()) -> list[str]:
    time = Clock(clock.now())
    with holding(time):
        return Walk(market, tokens, time, interludes, repeats).to_the_end()


def test_an_acceptance_costs_five_states(market: Market, tokens: Tokens) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(ACCEPTED))
    path = walked(market, tokens)
    assert path == ["OfferOrder", "Heard", "SettleAllocation", "Settled", "AllocationSettled"]


def test_a_later_answer_by_our_api(market: Market, tokens: Tokens) -> None:
    market.requested(3, elsewhere=1)
    market.endpoint.on("offer", says(LATER, 202))

    def answers() -> None:
        market.says("partial", lines=[{"line_id": "1", "quantity": 2}])
        use_cases.go_on(market.part)

    nothing = [lambda: None] * 3
    path = walked(market, tokens, *nothing, answers)
    assert path == ["OfferOrder", "Heard", "AwaitAnswer", "SettleAllocation", "Settled", "AllocationSettled"]
    assert market.wanted() == [2]


def test_silence_to_the_deadline(market: Market, tokens: Tokens) -> None:
    market.requested(3)
    market.endpoint.on("offer", silent()).on("status", silent()).on("cancellation", silent(), says(b"", 404))
    path = walked(market, tokens)
    assert path[-6:] == ["TellSupplier", "Told", "WaitToTell", "TellSupplier", "Told", "AllocationSettled"]
    assert market.value.state == "silent"
    assert market.wanted() == []
    assert len(market.endpoint.calls("status")) < 30, "it is left in peace while it rests"
    assert market.health_events()[0] == "SupplierUnreachable"


def test_a_flaky_endpoint_that_never_got_the_offer(market: Market, tokens: Tokens) -> None:
    market.requested(3)
    market.endpoint.on("offer", silent(), silent(), says(ACCEPTED)).on("status", says(b"", 404))
    path = walked(market, tokens)
    assert path.count("OfferOrder") == 3
    assert market.value.state == "accepted"


def test_a_supplier_that_works_by_hand(market: Market, tokens: Tokens) -> None:
    market.endpoint.base = None
    market.requested(3)
    path = walked(market, tokens)
    assert path == [
        *("OfferOrder", "Heard", "AwaitAnswer", "TimeIsUp", "SettleAllocation", "Settled", "AllocationSettled"),
    ]
    assert market.value.state == "silent"


SAYINGS: dict[str, Saying] = {
    "accepted": says(ACCEPTED),
    "some": says(partial(line_1=1)),
    "rejected": says(REJECTED),
    "later": says(LATER, 202),
    "timeout": silent(),
    "error": says(b"", 500),
    "nonsense": says(partial(line_1=9)),
    "refused": says(b"", 422),
    "unknown": says(b"", 404),
}
CANCELLATIONS: dict[str, Saying] = {
    "cancelled": says({"decision": "cancelled"}),
    "too_late": says({"decision": "too_late"}),
    "never": says(b"", 404),
    "timeout": silent(),
}
DEEDS = ["nothing", "accepts", "accepts_some", "rejects", "cancel_1", "cancel_all", "hear", "request", "gives_back"]

scripts = st.lists(st.sampled_from(sorted(SAYINGS)), min_size=1, max_size=4)


def deed(market: Market, tokens: Tokens, name: str) -> Any:
    """What somebody else does meanwhile."""

    def cancels(units: int) -> None:
        body = {"lines": [{"line_id": "1", "quantity": units}]}
        market.shop.call("POST", f"/v1/orders/{market.order_id}/cancellations", by=SHOPPER, json=body)
        hears()

    def hears() -> None:
        use_cases.go_on(market.part)
        use_cases.recall_units(market.part, orders.decline_units, ROUTING, market.endpoint.ways)

    some = [{"line_id": "1", "quantity": 2}]
    return {
        "nothing": lambda: None,
        "accepts": lambda: market.says("accepted"),
        "accepts_some": lambda: market.says("partial", lines=some),
        "rejects": lambda: market.says("rejected"),
        "cancel_1": lambda: cancels(1),
        "cancel_all": lambda: cancels(3),
        "hear": hears,
        "request": lambda: use_cases.request_shipment(market.part, ROUTING, market.endpoint.ways),
        "gives_back": lambda: market.call(
            "POST", f"/{market.part}/cancellations", json={"lines": [some[0] | {"quantity": 1}], "reason": "other"}
        ),
    }[name]


@tried(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    offers=scripts,
    statuses=scripts,
    cancelled=st.lists(st.sampled_from(sorted(CANCELLATIONS)), min_size=1, max_size=3),
    deeds=st.lists(st.sampled_from(DEEDS), max_size=10),
    repeats=st.lists(st.booleans(), max_size=12),
    by_hand=st.booleans(),
)
def test_whatever_happens_there_is_one_decision_and_every_unit_is_somewhere(
    market: Market,
    tokens: Tokens,
    offers: list[str],
    statuses: list[str],
    cancelled: list[str],
    deeds: list[str],
    repeats: list[bool],
    by_hand: bool,
) -> None:
    market.requested(3, elsewhere=3, sku=f"W{next(_numbers)}")
    _is_well(market)
    market.endpoint.base = None if by_hand else Base("https://orders.example.com/aisle")
    market.endpoint.on("offer", *(SAYINGS[one] for one in offers)).on("status", *(SAYINGS[one] for one in statuses))
    market.endpoint.on("cancellation", *(CANCELLATIONS[one] for one in cancelled)).on("change", says(b"", 200))
    tokens.outputs.clear()
    walked(market, tokens, *(deed(market, tokens, one) for one in deeds), repeats=repeats)
    use_cases.keep_in_line(market.part, orders.decline_units, ROUTING)  # the queues run dry

    value = market.value
    assert value.state != "requested"
    first = [
        type
        for type in market.events()
        if type in ("OrderAcceptedBySupplier", "OrderDeclinedBySupplier", "SupplierSilent")
    ]
    late = [one for one in market.events("OrderDeclinedBySupplier") if one["after_acceptance"]]
    decisions = {"accepted": 1, "partial": 2, "rejected": 1, None: int(value.state == "silent")}[value.decision]
    assert len(first) - len(late) == decisions
    [line] = value.lines
    if value.decision is not None or value.state == "silent":
        assert line.accepted + line.refused == line.quantity
    held = [line.held] if line.held else []
    assert market.wanted() == held, "what the order wants of the supplier is what the supplier ships"
    order = orders.find_order(market.order_id)
    [sold] = order.lines
    assert sold.ordered == sold.cancelled + sold.unassigned + line.held, "no unit is lost, and none is sold twice"
    counted = [store.recalls_of(market.part)]
    assert all(recall.state != "open" for recall in counted[0])


def _is_well(market: Market) -> None:
    """The endpoint has a past in which it answered."""
    tx = Transaction()
    store.put_health(tx, after_success(store.get_health(SUPPLIER_ID)))
    tx.commit()
