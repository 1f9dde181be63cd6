"""What becomes of units that a supplier does not ship, of time that runs out, and of orders that change."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest

from chalicelib.core import clock
from chalicelib.core.errors import Stale
from chalicelib.fulfilment import service as fulfilments
from chalicelib.orders import service as orders
from chalicelib.reviews import service as reviews
from chalicelib.routing import service
from chalicelib.routing.domain.answers import Heard, Kind
from chalicelib.routing.service import ask_operator, give_up, use_cases
from chalicelib.routing.service.converse import Talk
from chalicelib.routing.store import items as store
from chalicelib.routing.store.items import Call, Recall
from tests.conftest import SHOPPER
from tests.unit.routing.builders import (
    ACCEPTED,
    LATER,
    REJECTED,
    ROUTING,
    SUPPLIER_ID,
    Market,
    Told,
    partial,
    says,
    silent,
)

CANCELLED = says({"decision": "cancelled"})
TELLING = import_module("chalicelib.routing.service.tell_supplier")


def later(**given: float) -> Any:
    """The clock, so much later."""
    return clock.at(clock.now() + timedelta(**given))


def cancels(market: Market, units: int) -> None:
    """The customer calls units off."""
    body = {"lines": [{"line_id": "1", "quantity": units}]}
    reply = market.shop.call("POST", f"/v1/orders/{market.order_id}/cancellations", by=SHOPPER, json=body)
    assert reply.status == 201, reply


# ---- units that are not shipped -----------------------------------------------------------------------------------------


def test_what_a_supplier_refuses_is_sought_elsewhere(market: Market) -> None:
    market.requested(3, elsewhere=3)
    market.endpoint.on("offer", says(partial(line_1=2)))
    market.offer()
    assert market.settle()["outcome"] == "settled"
    assert market.wanted() == [2]
    assert "OrderUnitsMissing" in market.shop.events(market.order_id)
    orders.reassign_units(market.order_id, market.part, ROUTING)
    assert market.shop.stock("A")["leeds"] == (3, 2, 1)
    assert market.counted() == {"offered": 1, "partial": 1, "units_asked": 3, "units_refused": 1}
    [told] = market.events("OrderDeclinedBySupplier")
    assert (told["units"], told["reason"], told["after_acceptance"]) == ({"1": 1}, "out_of_stock", False)


def test_what_it_refuses_altogether_is_over_for_it(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(REJECTED))
    market.offer()
    assert market.settle()["outcome"] == "settled"
    assert market.wanted() == []
    assert market.endpoint.calls("cancellation") == [], "it has said no itself"
    assert market.counted() == {"offered": 1, "rejected": 1, "units_asked": 3, "units_refused": 3}


def test_settling_again_declines_nothing_more(market: Market) -> None:
    market.requested(3, elsewhere=3)
    market.endpoint.on("offer", says(partial(line_1=1)))
    market.offer()
    for _ in range(3):
        assert market.settle()["outcome"] == "settled"
        use_cases.keep_in_line(market.part, orders.decline_units, ROUTING)
    assert market.wanted() == [1]
    assert market.shop.events(market.order_id).count("OrderUnitsMissing") == 1


# ---- the deadline -------------------------------------------------------------------------------------------------------


def test_a_supplier_that_says_nothing_is_silent_after_the_deadline(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", silent()).on("cancellation", says(b"", 404))
    market.offer()
    assert market.settle()["outcome"] == "waiting"
    with later(hours=4, seconds=1):
        assert market.ask()["outcome"] == "expired"
        assert market.endpoint.calls("status") == []
        assert market.settle()["outcome"] == "to_tell"
        assert (market.value.state, market.value.reason) == ("silent", "no_answer")
        assert market.wanted() == []
        assert market.tell()["outcome"] == "told"
        assert market.settle()["outcome"] == "settled"
    [cancelled] = market.endpoint.calls("cancellation")
    assert cancelled.path == f"/orders/{market.part}/cancellations"
    assert cancelled.json["lines"] == [{"line_id": "1", "quantity": 3}]
    assert cancelled.headers["webhook-id"] == cancelled.json["cancellation_id"]
    assert [one.state for one in store.recalls_of(market.part)] == ["never_arrived"]
    assert market.events()[-1] == "SupplierSilent"
    assert market.counted()["silent"] == 1


def test_a_supplier_that_cannot_be_told_is_told_until_it_can(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", silent()).on("cancellation", silent(), says(b"", 500), CANCELLED)
    market.offer()
    with later(hours=4):
        market.settle()
        waits = [market.tell() for _ in range(3)]
    assert [one["outcome"] for one in waits] == ["unknown", "unknown", "told"]
    assert [one["wait_seconds"] for one in waits[:2]] == [30, 60]
    assert len({one.json["cancellation_id"] for one in market.endpoint.calls("cancellation")}) == 1


def test_after_a_day_it_is_not_told_any_more_unless_by_hand(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", silent())
    market.offer()
    with later(hours=4):
        market.settle()
    with later(hours=29):
        assert [market.tell()["outcome"] for _ in range(2)] == ["told"] * 2
        assert [one.state for one in store.recalls_of(market.part)] == ["given_up"]
        [case] = cases(market)
        assert case["subject"]["id"] == f"{market.part}.recall"
        [found] = case["findings"]
        assert (found["field"], found["rule"]) == ("/lines/1", "recall_unheard")
        assert found["message"].startswith("3 units are not wanted any more")
        market.endpoint.on("cancellation", CANCELLED)
        retries(market)
    assert [one.state for one in store.recalls_of(market.part)] == ["done"]
    assert cases(market) == []
    [closed] = cases(market, "superseded")
    assert closed["history"][-1]["data"]["successor_id"] is None


def retries(market: Market) -> None:
    use_cases.retry(market.part, orders.decline_units, ROUTING, market.endpoint.ways)


def test_all_recalls_that_were_given_up_are_in_one_case(market: Market) -> None:
    market.requested(4)
    market.endpoint.on("offer", says(ACCEPTED)).on("cancellation", silent())
    market.offer()
    for _ in range(2):
        cancels(market, 1)
        market.recall()
    with later(hours=25):
        market.recall()
        assert [one.state for one in store.recalls_of(market.part)] == ["given_up"] * 2
        [case] = cases(market)
        assert case["findings"][0]["message"].startswith("2 units")
        market.endpoint.on("cancellation", CANCELLED, silent())
        retries(market)
        [case] = cases(market)
        assert case["findings"][0]["message"].startswith("1 units"), "the other is told"
    cancels(market, 1)
    market.recall()
    with later(hours=25):
        market.recall()
        [case] = cases(market)
        assert case["findings"][0]["message"].startswith("2 units"), "and there is a third"


def test_of_hearing_and_giving_up_at_once_one_counts(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(ACCEPTED)).on("cancellation", silent())
    market.offer()
    cancels(market, 1)
    market.recall()
    [recall] = store.recalls_of(market.part)
    open_case, once = reviews.open_case, [None]

    def meanwhile(tx: Any, **given: Any) -> str:
        case_id = open_case(tx, **given)
        if once:
            once.pop()
            call = Call(clock.rfc3339(clock.now()), "cancellation", 1, 200, "done", "cancelled", "")
            TELLING._note_recall(market.value, recall, Talk(Heard(Kind.DONE, "cancelled"), call), ROUTING)
        return case_id

    monkeypatch.setattr(ask_operator.reviews, "open_case", meanwhile)
    with later(hours=25):
        market.recall()
    assert once == []
    assert [one.state for one in store.recalls_of(market.part)] == ["done"]
    assert cases(market) == []


def test_a_recall_that_is_heard_while_it_is_given_up_leaves_no_case(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(ACCEPTED)).on("cancellation", CANCELLED)
    market.offer()
    cancels(market, 1)
    close, once = store.close_recall, [None]

    def meanwhile(*given: Any) -> None:
        if once:
            once.pop()
            give_up.give_up_recall(market.part, store.recalls_of(market.part)[0].id, ROUTING)
            assert len(cases(market)) == 1
        close(*given)

    monkeypatch.setattr(store, "close_recall", meanwhile)
    market.recall()
    assert [one.state for one in store.recalls_of(market.part)] == ["done"]
    assert cases(market) == []


def test_a_recall_that_two_tell_at_once_is_heard_once(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(ACCEPTED))
    market.offer()
    cancels(market, 3)

    def twice(_: Any) -> Any:
        market.endpoint.on("cancellation", says({"decision": "too_late"}))
        market.recall()
        return says({"decision": "too_late"})

    market.endpoint.on("cancellation", twice)
    market.recall()
    assert len(market.events("RecallTooLate")) == 1


def test_a_supplier_without_an_endpoint_has_nobody_to_tell(market: Market) -> None:
    market.endpoint.base = None
    market.requested(3)
    told = market.offer()
    assert (told["outcome"], told["next"], told["wait_seconds"]) == ("no_endpoint", "settle", 14400)
    assert [one["called"] for one in market.events("OrderOfferedToSupplier")] == [False]
    assert market.events() == ["OrderOfferedToSupplier"]
    with later(hours=5):
        assert market.settle()["outcome"] == "settled"
    assert market.value.state == "silent"
    assert store.recalls_of(market.part) == []


def test_an_answer_that_comes_back_after_the_deadline_is_none(market: Market) -> None:
    market.requested(3)
    start = clock.now()

    def slow(_: Any) -> Any:
        clock._source = lambda: start + timedelta(hours=4)
        return says(ACCEPTED)

    market.endpoint.on("offer", slow)
    with clock.at(start):
        assert market.offer()["outcome"] == "expired"
        assert market.settle()["outcome"] == "to_tell"
        assert market.value.state == "silent"
        assert market.counted()["late_answers"] == 1


# ---- waiting ------------------------------------------------------------------------------------------------------------


def test_the_workflow_goes_on_when_the_answer_comes(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(LATER, 202))
    market.offer()
    told = Told()
    use_cases.await_answer(market.part, "t1", workflow=told)
    use_cases.go_on(market.part, workflow=told)
    assert told.outputs == []
    assert market.says("accepted").status == 200
    use_cases.go_on(market.part, workflow=told)
    use_cases.go_on(market.part, workflow=told)
    assert told.outputs == [("t1", "accepted")] * 2


def test_an_answer_that_was_quicker_than_the_wait_ends_it_at_once(market: Market) -> None:
    market.requested(3)
    market.offer()
    market.says("rejected", reason="capacity")
    told = Told()
    use_cases.await_answer(market.part, "t1", workflow=told)
    assert told.outputs == [("t1", "rejected")]


def test_an_answer_in_the_moment_of_parking_is_not_missed(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    market.requested(3)
    market.offer()
    told = Told()
    park = store.park_token

    def answered_meanwhile(value: Any, token: bytes) -> None:
        market.says("accepted")
        park(value, token)

    monkeypatch.setattr(store, "park_token", answered_meanwhile)
    use_cases.await_answer(market.part, "t1", workflow=told)
    assert told.outputs == [("t1", "accepted")]


# ---- what the order does not want any more ------------------------------------------------------------------------------


def test_units_that_the_customer_cancels_are_recalled(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(ACCEPTED)).on("cancellation", CANCELLED)
    market.offer()
    cancels(market, 2)
    market.recall()
    market.recall()
    [cancelled] = market.endpoint.calls("cancellation")
    assert cancelled.json["lines"] == [{"line_id": "1", "quantity": 2}]
    assert (market.value.state, market.units()) == ("accepted", [(3, 0, 2, 0)])
    cancels(market, 1)
    market.recall()
    assert [one.json["lines"][0]["quantity"] for one in market.endpoint.calls("cancellation")] == [2, 1]
    assert market.value.state == "cancelled"
    assert market.events("UnitsRecalledFromSupplier")[-1]["units"] == {"1": 1}


def test_recalls_are_told_in_the_order_in_which_they_were_made(market: Market) -> None:
    market.requested(9)
    market.endpoint.on("offer", says(ACCEPTED)).on("cancellation", CANCELLED)
    market.offer()
    for _ in range(8):
        cancels(market, 1)
        use_cases.keep_in_line(market.part, orders.decline_units, ROUTING)
    market.recall()
    told = [one.json["cancellation_id"].rpartition(".c")[2] for one in market.endpoint.calls("cancellation")]
    assert told == [str(version) for version in range(4, 12)]


def test_a_recall_that_is_not_heard_comes_again_as_the_same(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(ACCEPTED)).on("cancellation", silent(), CANCELLED)
    market.offer()
    cancels(market, 1)
    market.recall()
    market.recall()
    first, second = market.endpoint.calls("cancellation")
    assert first.body == second.body


def test_what_is_recalled_after_the_workflow_has_ended_is_told_by_one_of_its_own(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(ACCEPTED)).on("cancellation", silent(), silent(), CANCELLED)
    market.endpoint.on("change", says(b"", 204))
    market.offer()
    assert market.settle()["outcome"] == "settled"
    cancels(market, 1)
    for _ in range(2):
        market.recall()
    [recall] = store.recalls_of(market.part)
    assert market.started[1:] == [(market.part, recall.id)] * 2
    assert (market.offer()["outcome"], market.settle()["outcome"]) == ("accepted", "to_tell")
    assert market.tell()["outcome"] == "told"
    assert market.settle()["outcome"] == "settled"


def test_what_is_called_off_before_the_answer_is_told_by_the_workflow_that_waits(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(LATER)).on("cancellation", silent(), CANCELLED)
    market.offer()
    cancels(market, 3)
    market.recall()
    assert len(market.started) == 1
    assert market.settle()["outcome"] == "to_tell"


def test_what_is_cancelled_before_the_answer_is_recalled_after_it(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", silent(), says(ACCEPTED)).on("cancellation", CANCELLED)
    market.offer()
    cancels(market, 1)
    market.recall()
    assert market.endpoint.calls("cancellation") == [], "it would not be asked for the others any more"
    market.offer()
    assert market.endpoint.calls("offer")[-1].json["lines"][0]["quantity"] == 3
    assert market.settle()["outcome"] == "to_tell"
    assert market.tell()["outcome"] == "told"
    assert market.endpoint.calls("cancellation")[0].json["lines"] == [{"line_id": "1", "quantity": 1}]
    assert market.wanted() == [2]


def test_what_is_refused_and_cancelled_is_declined_once(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", silent(), says(partial(line_1=2)))
    market.offer()
    cancels(market, 1)
    market.recall()
    market.offer()
    assert market.settle()["outcome"] == "settled"
    assert market.wanted() == [2]
    assert "OrderUnitsMissing" not in market.shop.events(market.order_id)


def test_an_order_that_is_called_off_is_taken_back_from_a_supplier_that_may_have_it(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", silent()).on("cancellation", says(b"", 404))
    market.offer()
    told = Told()
    use_cases.await_answer(market.part, "t1", workflow=told)
    cancels(market, 3)
    market.recall()
    use_cases.go_on(market.part, workflow=told)
    assert market.value.state == "cancelled"
    assert len(market.endpoint.calls("cancellation")) == 1
    assert told.outputs == [("t1", "over")]
    assert market.settle()["outcome"] == "settled"
    assert market.offer()["outcome"] == "over"
    assert len(market.endpoint.calls("offer")) == 1


def test_a_supplier_that_was_never_asked_is_not_told(market: Market) -> None:
    market.requested(3)
    cancels(market, 3)
    market.recall()
    assert market.value.state == "cancelled"
    assert market.endpoint.asked == []


def test_a_recall_that_comes_too_late_is_kept_as_such(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(ACCEPTED)).on("cancellation", says({"decision": "too_late"}))
    market.offer()
    cancels(market, 3)
    market.recall()
    assert [one.state for one in store.recalls_of(market.part)] == ["too_late"]
    [told] = market.events("RecallTooLate")
    assert told["units"] == {"1": 3}


def cases(market: Market, state: str = "open") -> list[Any]:
    """Review cases about what suppliers' systems do not do."""
    query = f"subject_type=parked&state={state}&supplier_id={market.value.supplier_id}"
    found = market.shop.call("GET", f"/v1/review-cases?{query}").json["items"]
    return [market.shop.call("GET", f"/v1/review-cases/{one['id']}").json for one in found]


def decided(market: Market, case: Any) -> None:
    body = {"decision": "approve", "reason": "Seen to", "expected_version": case["version"]}
    assert market.shop.call("POST", f"/v1/review-cases/{case['id']}/decisions", json=body).status == 200


def too_late(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(ACCEPTED)).on("cancellation", says({"decision": "too_late"}))
    market.offer()


def test_what_has_left_is_for_the_operator(market: Market) -> None:
    too_late(market)
    cancels(market, 3)
    for _ in range(2):
        market.recall()
    [case] = cases(market)
    assert case["subject"] == {"type": "parked", "id": f"{market.part}.cancellation", "version": 1}
    assert (case["severity"], case["title"]) == ("error", "Units that left before they were recalled")
    [found] = case["findings"]
    assert (found["field"], found["rule"]) == ("/lines/1", "recall_too_late")
    assert found["message"].startswith("3 units have left")
    assert "Then decide `approve`" in found["suggested_fix"]
    decided(market, case)
    market.recall()
    assert cases(market) == []


def test_what_leaves_too_late_again_takes_the_place_of_the_case(market: Market) -> None:
    too_late(market)
    for _ in range(2):
        cancels(market, 1)
        market.recall()
    [case] = cases(market)
    assert [one["message"].split()[0] for one in case["findings"]] == ["2"]
    [before] = cases(market, "superseded")
    assert before["history"][-1]["data"]["successor_id"] == case["id"]
    decided(market, case)
    cancels(market, 1)
    market.recall()
    [third] = cases(market)
    assert [one["message"].split()[0] for one in third["findings"]] == ["3"], "nobody has heard of the third unit yet"


def test_of_two_recalls_that_are_told_at_once_both_are_in_the_case(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    too_late(market)
    for _ in range(2):
        cancels(market, 1)
        use_cases.keep_in_line(market.part, orders.decline_units, ROUTING)
    first, second = store.recalls_of(market.part)
    open_case, others = reviews.open_case, [second]

    def hears(recall: Recall) -> None:
        call = Call(clock.rfc3339(clock.now()), "cancellation", 1, 200, "too_late", "too_late", "")
        TELLING._note_recall(market.value, recall, Talk(Heard(Kind.TOO_LATE, "too_late"), call), ROUTING)

    def meanwhile(tx: Any, **given: Any) -> str:
        case_id = open_case(tx, **given)
        if others:
            hears(others.pop())
        return case_id

    monkeypatch.setattr(ask_operator.reviews, "open_case", meanwhile)
    hears(first)
    assert {one.state for one in store.recalls_of(market.part)} == {"too_late"}
    [case] = cases(market)
    assert [one["message"].split()[0] for one in case["findings"]] == ["2"]


def test_what_is_cancelled_in_time_is_for_nobody(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(ACCEPTED)).on("cancellation", says({"decision": "cancelled"}))
    market.offer()
    cancels(market, 3)
    market.recall()
    assert cases(market) == []


def test_a_recall_of_what_nobody_knows_is_nothing(market: Market) -> None:
    market.sold(3)
    market.recall()
    use_cases.change_shipment(market.part, ROUTING, market.endpoint.ways)
    assert market.endpoint.asked == []


# ---- holds and addresses ------------------------------------------------------------------------------------------------


def hold(market: Market) -> str:
    reply = market.shop.call("POST", f"/v1/orders/{market.order_id}/holds", json={"reason": "fraud"})
    assert reply.status in (200, 201), reply
    return str(reply.json["holds"][0]["id"]) if "holds" in reply.json else ""


def changes(market: Market) -> None:
    use_cases.change_shipment(market.part, ROUTING, market.endpoint.ways)


def test_a_hold_is_told_once(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(ACCEPTED)).on("change", says(b"", 204))
    market.offer()
    changes(market)
    assert market.endpoint.calls("change") == [], "nothing has changed"
    hold(market)
    changes(market)
    changes(market)
    [change] = market.endpoint.calls("change")
    assert change.path == f"/orders/{market.part}/changes"
    assert change.json["held"] is True
    assert change.json["ship_to"]["city"] == "London"
    assert change.headers["webhook-id"] == change.json["change_id"]


def test_a_change_that_is_not_heard_comes_again(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(ACCEPTED)).on("change", silent(), says(b"", 200))
    market.offer()
    hold(market)
    changes(market)
    changes(market)
    assert len({one.body for one in market.endpoint.calls("change")}) == 1


def test_a_change_after_the_workflow_has_ended_is_told_for_a_day_by_one_of_its_own(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(ACCEPTED)).on("change", silent())
    market.offer()
    with later(days=2):
        hold(market)
        changes(market)
        version = fulfilments.read(market.part, ROUTING).version
        assert market.started[1:] == [(market.part, f"{market.part}.v{version}")]
        assert market.settle()["outcome"] == "to_tell"
        begun = clock.now()
    with later(days=2, hours=23):
        assert market.tell(begun)["outcome"] == "supplier_did_not_answer"
        assert cases(market) == []
    with later(days=3):
        assert [market.tell(begun)["outcome"] for _ in range(2)] == ["told"] * 2
        [case] = cases(market)
        assert case["subject"] == {"type": "parked", "id": f"{market.part}.change", "version": version}
        [found] = case["findings"]
        assert (found["field"], found["rule"]) == ("", "change_unheard")
        assert "is held and must not leave" in found["message"]
        assert store.get_health(SUPPLIER_ID).unreachable is False
        market.endpoint.on("change", says(b"", 204))
        retries(market)
    assert market.endpoint.calls("change")[-1].json["held"] is True
    assert cases(market) == []


def test_a_system_that_does_not_know_what_it_accepted_is_told_by_a_person(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(ACCEPTED)).on("change", says(b"", 404))
    market.offer()
    hold(market)
    for _ in range(2):
        changes(market)
    [case] = cases(market)
    [found] = case["findings"]
    assert found["rule"] == "change_unheard"
    assert "does not know the order (404). The parcel is held" in found["message"]
    market.endpoint.on("change", says(b"", 204))
    changes(market)
    assert cases(market) == []


def test_while_the_endpoint_rests_its_change_waits_for_the_end_of_that(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(ACCEPTED)).on("change", says(b"", 503, retry_after="3600"))
    market.offer()
    hold(market)
    begun = clock.now()
    with clock.at(begun):
        assert market.tell()["outcome"] == "supplier_did_not_answer"
        told = market.tell()
        assert (told["outcome"], told["wait_seconds"]) == ("supplier_rests", 3601)
    with clock.at(begun + timedelta(minutes=59, seconds=50)):
        assert market.tell()["wait_seconds"] == 60, "each look is kept for good in the execution's history"
    assert len(market.endpoint.calls("change")) == 1
    with clock.at(begun + timedelta(hours=23, minutes=50)):
        assert market.tell(begun)["wait_seconds"] == 30
        assert market.tell(begun)["wait_seconds"] == 600, "its day is over then"


def test_a_supplier_that_cannot_change_is_not_asked_again(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(ACCEPTED)).on("change", says(b"", 501))
    market.offer()
    hold(market)
    changes(market)
    changes(market)
    assert market.log()[1:] == [("change", "not_supported", "status_501")]
    [told] = market.events("ChangeNotSupported")
    assert told["held"] is True


def release(market: Market, hold_id: str) -> None:
    reply = market.shop.call(
        "POST",
        f"/v1/orders/{market.order_id}/holds/{hold_id}/release",
    )
    assert reply.status == 200, reply


def test_what_a_system_cannot_be_told_the_operator_tells(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(ACCEPTED)).on("change", says(b"", 501))
    market.offer()
    held = hold(market)
    for _ in range(2):
        changes(market)
    [case] = cases(market)
    part = market.shop.call("GET", f"/v1/fulfilments/{market.part}").json
    assert case["subject"] == {"type": "parked", "id": f"{market.part}.change", "version": part["version"]}
    [found] = case["findings"]
    assert (found["field"], found["rule"], found["severity"]) == ("", "change_not_supported", "error")
    assert "is held and must not leave" in found["message"]
    assert "London" not in str(case)
    decided(market, case)
    release(market, held)
    changes(market)
    [after] = cases(market)
    assert "is not held and may leave" in after["findings"][0]["message"]
    assert after["id"] != case["id"]


def test_of_two_changes_that_are_told_at_once_the_later_is_in_the_case(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(ACCEPTED))
    market.offer()
    held = hold(market)
    waits = fulfilments.read(market.part, ROUTING)
    release(market, held)
    open_case, others = reviews.open_case, [fulfilments.read(market.part, ROUTING)]

    def hears(part: Any) -> None:
        call = Call(clock.rfc3339(clock.now()), "change", 1, 501, "not_supported", "status_501", "")
        talk = Talk(Heard(Kind.NOT_SUPPORTED, "status_501"), call)
        TELLING._note_change(market.value, part, talk, ROUTING)

    def meanwhile(tx: Any, **given: Any) -> str:
        if others:
            hears(others.pop())
        return open_case(tx, **given)

    monkeypatch.setattr(ask_operator.reviews, "open_case", meanwhile)
    hears(waits)
    [case] = cases(market)
    assert "is not held and may leave" in case["findings"][0]["message"]
    assert [one["held"] for one in market.events("ChangeNotSupported")] == [False]


def test_a_system_that_takes_changes_again_leaves_nothing_to_tell(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(ACCEPTED)).on("change", says(b"", 501), says(b"", 204))
    market.offer()
    held = hold(market)
    changes(market)
    [case] = cases(market)
    release(market, held)
    changes(market)
    assert cases(market) == []
    [closed] = cases(market, "superseded")
    assert closed["id"] == case["id"]
    assert closed["history"][-1]["data"]["successor_id"] is None


def test_a_hold_during_the_offer_is_told_after_the_answer(market: Market) -> None:
    market.requested(3)

    def meanwhile(_: Any) -> Any:
        hold(market)
        changes(market)
        return says(ACCEPTED)

    market.endpoint.on("offer", meanwhile).on("change", says(b"", 404), says(b"", 200))
    market.offer()
    assert market.settle()["outcome"] == "to_tell"
    assert market.tell()["outcome"] == "told"
    assert [one.json["held"] for one in market.endpoint.calls("change")] == [True, True]
    assert market.settle()["outcome"] == "settled"
    assert cases(market) + cases(market, "superseded") == [], "it had not answered yet"


# ---- the breaker --------------------------------------------------------------------------------------------------------


def test_an_endpoint_that_keeps_failing_is_left_in_peace(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", silent())
    start = clock.now()
    with clock.at(start):
        assert [market.offer()["outcome"] for _ in range(6)] == ["unknown"] * 5 + ["resting"]
        assert len(market.endpoint.asked) == 5
        assert market.health_events() == ["SupplierUnreachable"]
        assert market.offer()["wait_seconds"] == 31
    with clock.at(start + timedelta(seconds=31)):
        assert market.offer()["outcome"] == "unknown", "one call asks"
        assert market.offer()["wait_seconds"] == 61, "which rests twice as long now"
    market.endpoint.on("offer", says(LATER, 202))
    with clock.at(start + timedelta(seconds=120)):
        assert market.offer()["outcome"] == "later"
    assert market.health_events() == ["SupplierUnreachable", "SupplierReachable"]
    assert store.get_health(SUPPLIER_ID).is_good


def test_while_one_call_asks_the_others_wait(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", silent())
    start = clock.now()
    found: list[str] = []

    def probe(_: Any) -> Any:
        found.append(market.ask()["outcome"])
        return says(LATER, 202)

    with clock.at(start):
        for _ in range(5):
            market.offer()
    market.endpoint.on("offer", probe)
    with clock.at(start + timedelta(minutes=1)):
        assert market.offer()["outcome"] == "later"
    assert found == ["resting"]


def test_a_rest_that_an_endpoint_asks_for_is_kept(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(b"", 503, retry_after="120"))
    with clock.at(clock.now()):
        assert market.offer()["outcome"] == "unknown"
        told = market.offer()
    assert (told["outcome"], told["wait_seconds"], told["next"]) == ("resting", 121, "ask")
    assert market.health_events() == []


def test_a_rest_ends_with_the_deadline(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(b"", 503, retry_after="3600"))
    with later(hours=3, minutes=59):
        market.offer()
        assert market.offer()["wait_seconds"] <= 61


def test_whoever_places_orders_can_see_that_a_supplier_rests(market: Market) -> None:
    from chalicelib.core.table import find_many

    market.requested(3)
    market.endpoint.on("offer", silent())
    for _ in range(5):
        market.offer()
    found = find_many(service.health_keys([SUPPLIER_ID, "sup_other"]))
    now = clock.now()
    assert service.rests_from(found, SUPPLIER_ID, now)
    assert not service.rests_from(found, SUPPLIER_ID, now + timedelta(minutes=1))
    assert not service.rests_from(found, "sup_other", now)


def test_a_resting_supplier_is_not_hammered_with_recalls(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(ACCEPTED)).on("cancellation", silent())
    market.offer()
    cancels(market, 1)
    for _ in range(9):
        market.recall()
    assert len(market.endpoint.calls("cancellation")) == 5


def test_a_failed_write_is_no_silence(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever keeps changing in between is an error, which the workflow retries; never a lost answer."""
    market.requested(3)
    market.endpoint.on("offer", says(ACCEPTED))

    def busy(*_: Any) -> None:
        raise Stale("busy")

    with monkeypatch.context() as patch:
        patch.setattr(store, "add_call", busy)
        with pytest.raises(Stale):
            market.offer()
    assert market.offer()["outcome"] == "accepted"
