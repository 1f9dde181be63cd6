"""Two at once: of answer and deadline, of answer and answer, of cancellation and answer, one wins, and the other finds it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from threading import Barrier, Thread, current_thread
from typing import Any

import pytest

from chalicelib.core import clock
from chalicelib.core.errors import AisleError
from chalicelib.core.idempotency import Idempotency, no_answer
from chalicelib.orders import service as orders
from chalicelib.routing.domain.allocation import Answer, Decision
from chalicelib.routing.service import breaker, use_cases
from chalicelib.routing.store import items as store
from tests.unit.routing.builders import ACCEPTED, MEMBER, REJECTED, ROUTING, SUPPLIER_ID, Market, says, silent

_keys = count(1)
ALL = Answer(Decision.ACCEPTED, {"1": 3})
NONE = Answer(Decision.REJECTED, {}, "capacity")


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """What each gave, or the code of its error."""
    barrier, results = Barrier(len(deeds)), [None] * len(deeds)

    def run(place: int, deed: Callable[[], Any]) -> None:
        barrier.wait(30)
        try:
            results[place] = deed()
        except AisleError as error:
            results[place] = error.code

    threads = [Thread(target=run, args=(place, deed), name=str(place)) for place, deed in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def answers(market: Market, given: Answer) -> str:
    once = Idempotency.of("race", f"{market.part} {next(_keys)}", b"")
    use_cases.answer_order(SUPPLIER_ID, market.part, given, by=MEMBER, once=once, answer=lambda _: no_answer())
    return "taken"


@pytest.mark.parametrize("attempt", range(5))
def test_answer_against_deadline(market: Market, monkeypatch: pytest.MonkeyPatch, attempt: int) -> None:
    """Both have seen the allocation unanswered: whoever writes first decides."""
    market.requested(3, elsewhere=3)
    market.endpoint.on("offer", silent())
    market.offer()
    assert market.value.version == 3
    seen, change = Barrier(2), store.change_allocation

    def together(tx: Any, value: Any) -> None:
        if value.version == 4:
            seen.wait(30)
        change(tx, value)

    monkeypatch.setattr(store, "change_allocation", together)
    in_time = clock.now()
    late = in_time + timedelta(hours=4)
    monkeypatch.setattr(clock, "_source", lambda: late if current_thread().name == "1" else in_time)
    taken, settled = at_once(lambda: answers(market, ALL), lambda: market.settle()["outcome"])
    value = market.value
    if value.state == "accepted":
        assert (taken, settled) == ("taken", "settled")
        assert market.wanted() == [3]
    else:
        assert (taken, settled, value.state) == ("answer_too_late", "to_tell", "silent")
        assert market.wanted() == []
    decided = [one for one in market.events() if one in ("OrderAcceptedBySupplier", "SupplierSilent")]
    assert len(decided) == 1


def test_two_answers(market: Market) -> None:
    market.requested(3)
    results = at_once(lambda: answers(market, ALL), lambda: answers(market, NONE))
    assert sorted(results) == ["already_answered", "taken"]
    assert market.counted().get("accepted", 0) + market.counted().get("rejected", 0) == 1


def test_the_endpoint_against_our_api(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(REJECTED))
    told, taken = at_once(market.offer, lambda: answers(market, ALL))
    assert told["outcome"] == market.value.decision
    assert taken == ("taken" if market.value.decision == "accepted" else "already_answered")
    assert len([one for one in market.events() if one.startswith(("OrderAcc", "OrderDec"))]) == 1


def test_many_who_settle_decline_once(market: Market) -> None:
    market.requested(3, elsewhere=3)
    market.endpoint.on("offer", says({"decision": "partial", "lines": [{"line_id": "1", "quantity": 1}]}))
    market.offer()
    at_once(*[lambda: use_cases.keep_in_line(market.part, orders.decline_units, ROUTING)] * 4)
    use_cases.keep_in_line(market.part, orders.decline_units, ROUTING)
    assert market.wanted() == [1]
    assert market.shop.events(market.order_id).count("OrderUnitsMissing") == 1


def test_many_who_recall_recall_once(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(ACCEPTED)).on("cancellation", says({"decision": "cancelled"}))
    market.offer()
    body = {"lines": [{"line_id": "1", "quantity": 2}]}
    reply = market.shop.call("POST", f"/v1/orders/{market.order_id}/cancellations", json=body)
    assert reply.status == 201
    at_once(*[market.recall] * 4)
    assert market.units() == [(3, 0, 2, 0)]
    assert len({one.json["cancellation_id"] for one in market.endpoint.calls("cancellation")}) == 1
    assert len(store.recalls_of(market.part)) == 1


def test_many_failures_open_the_breaker_once(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", silent())
    at_once(*[market.offer] * 8)
    assert market.health_events() == ["SupplierUnreachable"]


def test_one_of_many_asks_whether_an_endpoint_is_well_again(market: Market) -> None:
    market.requested(3)
    settings = store.get_settings()
    now = clock.now()
    with clock.at(now):
        for _ in range(5):
            breaker.note_failure(SUPPLIER_ID, settings, "timeout", None, ROUTING)
    with clock.at(now + timedelta(minutes=5)):
        found = at_once(*[lambda: breaker.resting_until(SUPPLIER_ID, settings)] * 5)
    assert found.count(None) == 1
