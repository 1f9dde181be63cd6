"""Returns that are dropped into a locker."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from app import app
from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.idempotency import Answer, Idempotency, no_answer
from chalicelib.lockers import service
from chalicelib.lockers.domain.cabinets import Size
from chalicelib.lockers.domain.drop_offs import DropOff, DropOffOpen
from chalicelib.lockers.service import drop_off as dropping
from chalicelib.returns import service as returns
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, Reply, a_shopper, request
from tests.unit.lockers.conftest import CABINET, Lockers, at_once, later, meeting

DAY = 24 * 3600
SENT_WITHIN = 14 * DAY
"""Seconds in which what was announced is to arrive."""


@pytest.fixture
def connected(lockers: Lockers) -> Lockers:
    """Lockers whose only cabinet is online."""
    lockers.says("status", online=True)
    return lockers


def announced(lockers: Lockers, units: int = 1) -> str:
    """A return of an order that was collected."""
    pickup_id = lockers.opening("S", units=units)
    lockers.acknowledges("opened")
    lockers.acknowledges("closed")
    lockers.deliver()
    body = {"lines": [{"line_id": "1", "quantity": units, "reason": "changed_mind"}]}
    path = f"/v1/orders/{lockers.order_of(pickup_id)}/returns"
    reply = lockers.shop.call("POST", path, by=SHOPPER, json=body)
    assert reply.status == 201, reply
    return_id: str = reply.json["id"]
    return return_id


def drop(
    lockers: Lockers, return_id: str, by: Principal | None = SHOPPER, key: str | None = None, **body: Any
) -> Reply:
    path = f"/v1/returns/{return_id}/drop-offs"
    return lockers.shop.call("POST", path, by=by, json={"site_id": "mall", **body}, key=key)


def opening(lockers: Lockers, return_id: str) -> Any:
    """A drop-off whose door is told to open."""
    reply = drop(lockers, return_id)
    assert reply.status == 202, reply
    lockers.deliver()
    return reply.json


def dropped(lockers: Lockers, return_id: str) -> Any:
    made = opening(lockers, return_id)
    lockers.acknowledges("opened")
    lockers.acknowledges("closed")
    lockers.deliver()
    return made


def read(lockers: Lockers, drop_off_id: str, by: Principal = SHOPPER) -> Any:
    reply = lockers.shop.call("GET", f"/v1/drop-offs/{drop_off_id}", by=by)
    assert reply.status == 200, reply
    return reply.json


def clear(lockers: Lockers, drop_off_id: str, key: str | None = None, **body: Any) -> Reply:
    path = f"/v1/drop-offs/{drop_off_id}/clearings"
    return lockers.shop.call("POST", path, by=ASSOCIATE, json=body, key=key)


def return_of(lockers: Lockers, return_id: str) -> Any:
    return lockers.shop.call("GET", f"/v1/returns/{return_id}", by=SHOPPER).json


def call_off(lockers: Lockers, return_id: str) -> Reply:
    headers = {"If-Match": f'"{return_of(lockers, return_id)["version"]}"'}
    return request(app, "DELETE", f"/v1/returns/{return_id}", by=SHOPPER, headers=headers)


def test_a_parcel_is_dropped_cleared_and_received(connected: Lockers) -> None:
    lockers, return_id = connected, announced(connected)
    made = drop(lockers, return_id, size="M")
    assert (made.status, made.headers["location"]) == (202, f"/v1/drop-offs/{made.json['id']}")
    assert (made.json["label"], made.json["status"]) == (lockers.label("2"), "opening")
    assert lockers.compartments()["2"] == ("reserved", made.json["id"])
    lockers.deliver()
    command = lockers.commands()[-1]
    assert (command["compartment"], command["purpose"]) == ("2", "dropoff")
    lockers.acknowledges("opened")
    assert read(lockers, made.json["id"])["status"] == "opening"
    now = clock.now()
    with clock.at(now):
        lockers.acknowledges("closed")
    lockers.deliver()
    assert read(lockers, made.json["id"])["status"] == "dropped"
    assert lockers.statuses()["2"] == "to_clear"
    assert return_of(lockers, return_id)["dropped_at"] == clock.rfc3339(now)
    [listed] = lockers.shop.call("GET", "/v1/locker-sites/mall/drop-offs", by=ASSOCIATE).json["items"]
    assert (listed["id"], listed["compartment"]) == (made.json["id"], lockers.label("2"))
    cleared = clear(lockers, made.json["id"])
    assert (cleared.status, cleared.json["status"], cleared.json["found"]) == (200, "cleared", True)
    assert lockers.statuses()["2"] == "free"
    body = {"location_id": "leeds", "lines": [{"line_id": "1", "quantity": 1}]}
    assert lockers.shop.call("POST", f"/v1/returns/{return_id}/receipts", by=ASSOCIATE, json=body).status == 200
    told = [one for one in lockers.of_lockers() if "Drop" in one]
    assert told == ["DropOffRequested", "ReturnDroppedOff", "DropOffCleared"]


def test_the_same_request_is_the_same_drop_off(connected: Lockers) -> None:
    return_id = announced(connected)
    first, again = (drop(connected, return_id, key="once") for _ in range(2))
    assert (again.json, again.headers["idempotent-replayed"]) == (first.json, "true")
    assert len(connected.events("DropOffRequested")) == 1
    other = drop(connected, return_id)
    assert (other.status, other.code) == (409, "drop_off_open")


def test_the_same_news_opens_the_door_once(connected: Lockers) -> None:
    opening(connected, announced(connected))
    [requested] = connected.events("DropOffRequested")
    connected.bring(requested)
    assert len({one["command_id"] for one in connected.commands() if one["purpose"] == "dropoff"}) == 1
    connected.acknowledges("opened")
    connected.acknowledges("closed")
    before = len(connected.commands())
    connected.bring(requested)
    assert len(connected.commands()) == before


def test_a_door_that_does_not_open_is_given_up_for_another(connected: Lockers) -> None:
    lockers, return_id = connected, announced(connected)
    made = opening(lockers, return_id)
    lockers.acknowledges("jammed")
    shown = read(lockers, made["id"])
    assert (shown["status"], shown["reason"], lockers.statuses()[shown["number"]]) == ("failed", "jammed", "faulty")
    assert return_of(lockers, return_id)["dropped_at"] is None
    second = opening(lockers, return_id)
    assert second["label"] != made["label"]
    assert clear(lockers, made["id"], found=False).json["found"] is False
    assert lockers.statuses()[shown["number"]] == "faulty"


def test_without_an_answer_it_failed_and_a_late_one_counts(connected: Lockers) -> None:
    lockers, return_id = connected, announced(connected)
    made = opening(lockers, return_id)
    command = lockers.commands()[-1]
    with later(15):
        lockers.look(1, command)
    with later(31):
        lockers.look(2, command)
    assert (read(lockers, made["id"])["status"], lockers.statuses()[made["number"]]) == ("failed", "faulty")
    lockers.acknowledges("opened", command)
    lockers.acknowledges("closed", command)
    lockers.deliver()
    assert read(lockers, made["id"])["status"] == "dropped"
    assert return_of(lockers, return_id)["dropped_at"] is not None


def test_what_a_door_says_twice_or_late_changes_nothing(connected: Lockers) -> None:
    lockers, return_id = connected, announced(connected)
    made = dropped(lockers, return_id)
    command = lockers.commands()[-1]
    assert clear(lockers, made["id"]).status == 200
    for outcome in ("closed", "opened", "jammed", "closed"):
        lockers.acknowledges(outcome, command)
    assert (read(lockers, made["id"])["status"], lockers.statuses()[made["number"]]) == ("cleared", "free")
    assert len(lockers.events("ReturnDroppedOff")) == 1


def ask(return_id: str, size: Size = Size.S) -> str:
    """The number of the compartment that opens; as the route asks, which handles one request at a time."""
    numbers: list[str] = []

    def answer(made: DropOff) -> Answer:
        numbers[:] = [made.number]
        return no_answer()

    once = Idempotency.of("drop off", uuid4().hex, b"")
    service.request_drop_off(return_id, "mall", size, by=SHOPPER, once=once, answer=answer)
    return numbers[0]


def test_two_returns_at_once_get_two_compartments(connected: Lockers, monkeypatch: pytest.MonkeyPatch) -> None:
    both = announced(connected), announced(connected)
    meeting(monkeypatch, dropping.cabinets_store, "compartments_at", 2)
    numbers = at_once(*[lambda one=one: ask(one) for one in both])
    assert sorted(numbers) == ["1", "2"]
    assert list(connected.statuses().values()) == ["reserved", "reserved", "free"]


def test_one_return_asks_at_once_for_two_doors_and_gets_one(
    connected: Lockers, monkeypatch: pytest.MonkeyPatch
) -> None:
    return_id = announced(connected)
    meeting(monkeypatch, dropping.store, "drop_offs_of", 2)
    found = at_once(*[lambda size=size: ask(return_id, size) for size in (Size.S, Size.L)])
    [number] = [one for one in found if isinstance(one, str)]
    assert [type(one) for one in found if one != number] == [DropOffOpen]
    assert {one for one, status in connected.statuses().items() if status == "reserved"} == {number}


def test_there_are_five_doors_for_a_return(connected: Lockers) -> None:
    return_id = announced(connected)
    for _ in range(5):
        clear(connected, dropped(connected, return_id)["id"])
    sixth = drop(connected, return_id)
    assert (sixth.status, sixth.code) == (422, "too_many_drop_offs")


def test_only_a_cabinet_that_can_be_told_is_chosen(lockers: Lockers) -> None:
    return_id = announced(lockers)
    lockers.says("status", online=False)
    none = drop(lockers, return_id)
    assert (none.status, none.code) == (409, "no_compartment_free")
    lockers.says("status", online=True)
    path = f"/v1/cabinets/{lockers.cabinet}/blocks"
    assert lockers.shop.call("POST", path, by=ASSOCIATE, json={"reason": "wet"}).status == 200
    assert drop(lockers, return_id).code == "no_compartment_free"
    assert lockers.shop.call("POST", path.replace("blocks", "releases"), by=ASSOCIATE).status == 200
    assert drop(lockers, return_id, size="XL").code == "no_compartment_free"
    assert drop(lockers, return_id, size="L").json["number"] == "3"


def test_to_strangers_there_is_no_such_return_and_no_such_drop_off(connected: Lockers) -> None:
    lockers, return_id = connected, announced(connected)
    stranger = a_shopper("usr_stranger")
    assert drop(lockers, return_id, by=stranger).status == 404
    assert drop(lockers, return_id, by=None).status == 401
    made = dropped(lockers, return_id)
    shown = lockers.shop.call("GET", f"/v1/drop-offs/{made['id']}", by=stranger)
    missing = lockers.shop.call("GET", f"/v1/drop-offs/{made['id']}9", by=stranger)
    assert (shown.status, shown.json["detail"]) == (404, missing.json["detail"])
    assert lockers.shop.call("GET", f"/v1/drop-offs/{made['id']}9", by=SHOPPER).status == 404
    assert read(lockers, made["id"], by=ASSOCIATE)["status"] == "dropped"


def test_a_return_that_is_called_off_opens_nothing(connected: Lockers) -> None:
    lockers, return_id = connected, announced(connected)
    assert call_off(lockers, return_id).status == 200
    refused = drop(lockers, return_id)
    assert (refused.status, refused.code) == (409, "return_closed")


def test_a_repetition_gets_its_answer_whatever_became_of_the_return(connected: Lockers) -> None:
    lockers, return_id = connected, announced(connected)
    first = drop(lockers, return_id, key="once")
    lockers.deliver()
    lockers.acknowledges("jammed")
    assert call_off(lockers, return_id).status == 200
    again = drop(lockers, return_id, key="once")
    assert (again.json, again.headers["idempotent-replayed"]) == (first.json, "true")


def test_what_lies_in_a_locker_is_not_called_off(connected: Lockers) -> None:
    lockers, return_id = connected, announced(connected)
    dropped(lockers, return_id)
    refused = call_off(lockers, return_id)
    assert (refused.status, refused.code) == (409, "return_received")


def test_what_lies_in_a_locker_is_not_given_up_before_it_can_be_cleared(connected: Lockers) -> None:
    lockers, return_id = connected, announced(connected)
    with later(SENT_WITHIN - 60):
        lockers.says("heartbeats", firmware="1.0.0")
        dropped(lockers, return_id)
    with later(SENT_WITHIN + 60):
        assert returns.give_up_missing(return_id, CABINET)["outcome"] == "open"
    with later(2 * SENT_WITHIN + 60):
        assert returns.give_up_missing(return_id, CABINET)["outcome"] == "nothing"


def test_news_of_a_return_that_come_twice_or_late_change_nothing(connected: Lockers) -> None:
    lockers, return_id = connected, announced(connected)
    dropped(lockers, return_id)
    [news] = lockers.events("ReturnDroppedOff")
    before = return_of(lockers, return_id)
    lockers.bring(news)
    assert return_of(lockers, return_id) == before


def test_a_compartment_is_cleared_once_and_not_while_its_door_is_open(connected: Lockers) -> None:
    lockers, return_id = connected, announced(connected)
    made = opening(lockers, return_id)
    early = clear(lockers, made["id"])
    assert (early.status, early.code) == (409, "drop_off_out_of_turn")
    lockers.acknowledges("opened")
    lockers.acknowledges("closed")
    assert clear(lockers, made["id"], key="once").status == 200
    assert clear(lockers, made["id"], key="once").headers["idempotent-replayed"] == "true"
    assert clear(lockers, made["id"]).code == "drop_off_out_of_turn"


def test_who_waits_for_a_compartment_gets_the_one_that_is_cleared(connected: Lockers) -> None:
    lockers = connected
    made = dropped(lockers, announced(lockers))
    path = f"/v1/cabinets/{lockers.cabinet}/compartments/{{}}/blocks"
    for number in {"1", "2", "3"} - {made["number"]}:
        assert lockers.shop.call("POST", path.format(number), by=ADMIN, json={"reason": "wet"}).status == 200
    waiting = lockers.packed("S")
    assert lockers.read(waiting)["status"] == "waitlisted"
    clear(lockers, made["id"])
    assert lockers.compartments()[made["number"]] == ("reserved", waiting)
