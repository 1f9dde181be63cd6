"""Telling cabinets to open doors, and what follows from what they say of it."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.core import clock
from chalicelib.core.ids import new_ulid
from chalicelib.lockers import service
from chalicelib.lockers.domain.commands import CommandState
from chalicelib.lockers.service import acknowledge as acknowledging
from chalicelib.orders import service as orders
from tests.conftest import ASSOCIATE, a_machine
from tests.unit.lockers.conftest import CABINET, Lockers, at_once, later, meeting, moment


def command_of(lockers: Lockers, told: dict[str, Any]) -> Any:
    return lockers.shop.call("GET", f"/v1/cabinets/{lockers.cabinet}/commands/{told['command_id']}", by=ASSOCIATE).json


def test_a_right_code_tells_the_door_to_open(lockers: Lockers) -> None:
    now = clock.now()
    with clock.at(now):
        pickup_id = lockers.opening("M")
    [command] = lockers.commands()
    assert command == {
        "command_id": command["command_id"],
        "type": "open",
        "compartment": "2",
        "purpose": "pickup",
        "pickup_id": pickup_id,
        "attempt": 1,
        "issued_at": clock.rfc3339(now),
        "expires_at": command["expires_at"],
        "correlation_id": "test-request",
    }
    assert (moment(command["expires_at"]) - now).total_seconds() == 30
    assert lockers.checks == [(lockers.cabinet, command["command_id"], 1, 15)]
    assert command_of(lockers, command)["pickup_id"] == pickup_id


def test_the_same_news_is_the_same_command(lockers: Lockers) -> None:
    lockers.opening("M")
    [confirmed] = lockers.events("PickupConfirmed")
    lockers.bring(confirmed)
    first, again = lockers.commands()
    assert first == again
    lockers.acknowledges("opened")
    lockers.bring(confirmed)
    assert len(lockers.commands()) == 2


def test_opened_and_closed_is_collected_and_delivered(lockers: Lockers) -> None:
    pickup_id = lockers.opening("M")
    order_id = lockers.order_of(pickup_id)
    lockers.acknowledges("opened")
    assert (lockers.read(pickup_id)["status"], lockers.statuses()["2"]) == ("collected", "occupied")
    assert lockers.checks[-1] == (lockers.cabinet, lockers.commands()[0]["command_id"], 1, 120)
    lockers.acknowledges("closed")
    assert lockers.compartments()["2"] == ("free", None)
    lockers.deliver()
    order = lockers.shop.read(order_id)
    assert (lockers.fulfilment(order_id)["status"], order["status"]) == ("delivered", "delivered")
    assert lockers.shop.stock("A") == {"leeds": (49, 49, 0)}
    assert lockers.of_lockers() == ["PickupAllocated", "PickupConfirmed", "CompartmentOpened", "PickupCollected"]
    payment = lockers.shop.payment(order_id)
    assert (payment["dues"], payment["final"]) == ({lockers.read(pickup_id)["fulfilment_id"]: 500}, True)


def test_a_door_that_closed_had_opened(lockers: Lockers) -> None:
    pickup_id = lockers.opening("M")
    lockers.acknowledges("closed")
    assert (lockers.read(pickup_id)["status"], lockers.statuses()["2"]) == ("collected", "free")
    for late in ("opened", "closed", "jammed", "failed", "expired"):
        lockers.acknowledges(late)
    assert command_of(lockers, lockers.commands()[0])["state"] == "closed"
    assert len(lockers.events("PickupCollected", "CompartmentOpened", "PickupFaulted")) == 2


def test_what_is_said_twice_counts_once(lockers: Lockers) -> None:
    lockers.opening("M")
    for _ in range(3):
        lockers.acknowledges("opened")
    assert len(lockers.events("CompartmentOpened")) == 1
    assert len(lockers.events("PickupCollected")) == 1
    for _ in range(2):
        lockers.acknowledges("closed")
    assert command_of(lockers, lockers.commands()[0])["version"] == 3


def test_what_is_said_twice_at_once_counts_once(lockers: Lockers, monkeypatch: pytest.MonkeyPatch) -> None:
    lockers.opening("M")
    [command] = lockers.commands()
    meeting(monkeypatch, acknowledging.store, "get_command", 2)
    said = (lockers.cabinet, command["command_id"], "2", CommandState.OPENED, CABINET)
    assert at_once(*[lambda: service.record_acknowledgement(*said)] * 2) == [None, None]
    assert len(lockers.events("CompartmentOpened")) == 1
    assert len(lockers.events("PickupCollected")) == 1


def test_of_several_doors_the_last_one_collects(lockers: Lockers) -> None:
    pickup_id = lockers.opening("M", "L")
    first, second = lockers.commands()
    lockers.acknowledges("opened", first)
    assert (lockers.read(pickup_id)["status"], lockers.events("PickupCollected")) == ("opening", [])
    lockers.acknowledges("opened", second)
    assert lockers.read(pickup_id)["status"] == "collected"
    lockers.acknowledges("closed", second)
    lockers.acknowledges("closed", first)
    assert set(lockers.statuses().values()) == {"free"}
    assert len(lockers.events("PickupCollected")) == 1


def test_two_doors_at_once_are_both_counted(lockers: Lockers, monkeypatch: pytest.MonkeyPatch) -> None:
    pickup_id = lockers.opening("M", "L")
    meeting(monkeypatch, acknowledging, "must_find_pickup", 2)
    calls = [
        lambda one=one: service.record_acknowledgement(
            lockers.cabinet, one["command_id"], one["compartment"], CommandState.OPENED, CABINET
        )
        for one in lockers.commands()
    ]
    assert at_once(*calls) == [None, None]
    assert lockers.read(pickup_id)["status"] == "collected"
    assert len(lockers.events("PickupCollected")) == 1


# ---- no answer ----------------------------------------------------------------------------------------------------------


def test_an_unanswered_command_is_sent_once_more_and_then_given_up(lockers: Lockers) -> None:
    pickup_id = lockers.opening("M")
    with later(15):
        lockers.look(1)
        first, again = lockers.commands()
        changed = {"attempt", "issued_at", "expires_at"}
        assert {name for name in first if first[name] != again[name]} == changed
        assert lockers.checks[-1] == (lockers.cabinet, first["command_id"], 2, 15)
        lockers.look(1)  # of the first sending, come twice
        assert len(lockers.commands()) == 2
    with later(30):
        lockers.look(2)
        lockers.look(2)
    shown = command_of(lockers, first)
    assert (shown["state"], shown["attempt"], len(lockers.commands())) == ("unanswered", 2, 2)
    assert (lockers.read(pickup_id)["status"], lockers.read(pickup_id)["reason"]) == ("faulted", "unanswered")
    assert lockers.compartments()["2"] == ("faulty", pickup_id)
    assert [one.type for one in lockers.events("PickupFaulted", "CompartmentFaulted")] == [
        "CompartmentFaulted",
        "PickupFaulted",
    ]


def test_a_command_that_was_answered_is_left_alone(lockers: Lockers) -> None:
    lockers.opening("M")
    lockers.acknowledges("opened")
    with later(15):
        lockers.look(1)
    assert len(lockers.commands()) == 1
    assert lockers.events("DoorLeftOpen") == []


def test_an_answer_after_the_fault_still_counts(lockers: Lockers) -> None:
    pickup_id = lockers.opening("M")
    for attempt in (1, 2):
        lockers.look(attempt)
    assert lockers.read(pickup_id)["status"] == "faulted"
    lockers.acknowledges("opened")
    assert lockers.read(pickup_id)["status"] == "collected"
    lockers.acknowledges("closed")
    assert lockers.compartments()["2"] == ("free", None)
    lockers.deliver()
    assert lockers.fulfilment(lockers.order_of(pickup_id))["status"] == "delivered"


def test_what_came_too_late_is_sent_again_once(lockers: Lockers) -> None:
    pickup_id = lockers.opening("M")
    lockers.acknowledges("expired")
    first, again = lockers.commands()
    assert (first["command_id"], command_of(lockers, again)["attempt"]) == (again["command_id"], 2)
    lockers.acknowledges("expired")
    assert len(lockers.commands()) == 2
    assert lockers.read(pickup_id)["status"] == "faulted"
    lockers.acknowledges("opened")
    assert lockers.read(pickup_id)["status"] == "collected"


def test_an_open_door_rings(lockers: Lockers) -> None:
    pickup_id = lockers.opening("M")
    opened = clock.now()
    with clock.at(opened):
        lockers.acknowledges("opened")
    with clock.at(opened), later(119):
        lockers.look(1)
    assert lockers.events("DoorLeftOpen") == []
    with clock.at(opened), later(120):
        lockers.look(1)
    [event] = lockers.events("DoorLeftOpen")
    assert event.data == {
        "cabinet_id": lockers.cabinet,
        "number": "2",
        "purpose": "pickup",
        "pickup_id": pickup_id,
        "state": "opened",
    }
    lockers.acknowledges("closed")
    with later(200):
        lockers.look(1)
    assert len(lockers.events("DoorLeftOpen")) == 1


# ---- a door that does not open ------------------------------------------------------------------------------------------


def jammed(lockers: Lockers) -> str:
    pickup_id = lockers.opening("M")
    lockers.acknowledges("jammed")
    assert (lockers.read(pickup_id)["status"], lockers.read(pickup_id)["reason"]) == ("faulted", "jammed")
    assert lockers.compartments()["2"] == ("faulty", pickup_id)
    return pickup_id


def test_what_a_jammed_door_keeps_is_moved_and_collected_with_another_code(lockers: Lockers) -> None:
    pickup_id = jammed(lockers)
    body = {"from_compartment": lockers.label("2"), "to_compartment": lockers.label("3")}
    moved = lockers.staff(pickup_id, "relocations", key="move", **body)
    assert (moved.status, moved.json["status"], moved.json["reason"]) == (200, "ready", None)
    again = lockers.staff(pickup_id, "relocations", key="move", **body)
    assert (again.text, again.headers["idempotent-replayed"]) == (moved.text, "true")
    assert lockers.compartments() == {"1": ("free", None), "2": ("faulty", None), "3": ("occupied", pickup_id)}
    [asked] = lockers.events("PasscodeRequested")
    assert asked.data["compartments"] == [{"cabinet_id": lockers.cabinet, "number": "3"}]
    assert lockers.confirm(pickup_id, lockers.code(pickup_id)).status == 200
    lockers.deliver()
    assert lockers.commands()[-1]["compartment"] == "3"
    lockers.acknowledges("closed")
    lockers.deliver()
    assert lockers.read(pickup_id)["status"] == "collected"
    assert lockers.fulfilment(lockers.order_of(pickup_id))["status"] == "delivered"
    path = f"/v1/cabinets/{lockers.cabinet}/compartments/2/releases"
    assert lockers.shop.call("POST", path, by=ASSOCIATE).json["status"] == "free"


def test_what_was_moved_can_be_called_off_again(lockers: Lockers) -> None:
    pickup_id = jammed(lockers)
    order_id = lockers.order_of(pickup_id)
    path = f"/v1/orders/{order_id}/cancellations"
    assert lockers.shop.call("POST", path, json={"reason": "changed_mind"}).code == "not_cancellable"
    body = {"from_compartment": lockers.label("2"), "to_compartment": lockers.label("3")}
    assert lockers.staff(pickup_id, "relocations", **body).status == 200
    assert lockers.shop.call("POST", path, json={"reason": "changed_mind"}).status == 201
    lockers.deliver()
    assert lockers.read(pickup_id)["status"] == "cancelled"
    assert lockers.compartments()["3"] == ("to_clear", pickup_id)


def test_nothing_is_moved_to_where_it_cannot_be(lockers: Lockers) -> None:
    pickup_id, cabinet = jammed(lockers), lockers.cabinet
    other = lockers.packed("S")
    lockers.site("station")
    elsewhere = lockers.adds("S", site="station")
    lockers.cabinet = cabinet
    for to, status, code in (
        (lockers.label("1"), 409, "compartment_taken"),
        (lockers.label("1", elsewhere), 422, "not_this_compartment"),
        (lockers.label("9"), 422, "not_this_compartment"),
    ):
        reply = lockers.staff(pickup_id, "relocations", from_compartment=lockers.label("2"), to_compartment=to)
        assert (reply.status, reply.code) == (status, code)
    body = {"from_compartment": lockers.label("1"), "to_compartment": lockers.label("3")}
    assert lockers.staff(pickup_id, "relocations", **body).code == "not_this_compartment"
    assert lockers.staff(other, "relocations", **body).code == "pickup_out_of_turn"
    assert lockers.compartments() == {"1": ("reserved", other), "2": ("faulty", pickup_id), "3": ("free", None)}


def test_staff_hands_over_what_a_jammed_door_keeps(lockers: Lockers) -> None:
    pickup_id = jammed(lockers)
    given = lockers.staff(pickup_id, "handovers", key="hand")
    assert (given.status, given.json["status"], given.json["reason"]) == (200, "collected", "handed_out")
    assert lockers.staff(pickup_id, "handovers", key="hand").headers["idempotent-replayed"] == "true"
    assert lockers.staff(pickup_id, "handovers").code == "pickup_out_of_turn"
    lockers.deliver()
    assert lockers.fulfilment(lockers.order_of(pickup_id))["status"] == "delivered"
    assert lockers.compartments()["2"] == ("faulty", None)


def test_staff_hands_over_what_is_ready(lockers: Lockers) -> None:
    pickup_id = lockers.ready("M")
    code = lockers.code(pickup_id)
    assert lockers.staff(pickup_id, "handovers").json["status"] == "collected"
    assert lockers.compartments()["2"] == ("free", None)
    assert lockers.confirm(pickup_id, code).code == "passcode_refused"
    lockers.deliver()
    assert lockers.fulfilment(lockers.order_of(pickup_id))["status"] == "delivered"


def test_what_is_on_hold_is_not_handed_over(lockers: Lockers) -> None:
    pickup_id = lockers.ready("M")
    path = f"/v1/orders/{lockers.order_of(pickup_id)}/holds"
    assert lockers.shop.call("POST", path, by=ASSOCIATE, json={"reason": "fraud"}).status < 300
    assert lockers.staff(pickup_id, "handovers").code == "fulfilment_on_hold"
    assert lockers.read(pickup_id)["status"] == "ready"


def test_what_a_jammed_door_kept_goes_back_into_stock(lockers: Lockers) -> None:
    pickup_id = jammed(lockers)
    cleared = lockers.staff(pickup_id, "clearings", compartment=lockers.label("2"))
    assert (cleared.status, cleared.json["status"], cleared.json["reason"]) == (200, "cleared", "jammed")
    assert lockers.compartments()["2"] == ("faulty", None)
    assert service.hold_pickup(pickup_id, CABINET) == {"outcome": "cleared", "redeliver": False}
    given_up = orders.give_up_uncollected(cleared.json["fulfilment_id"], redeliver=False, by=CABINET)
    assert given_up == {"outcome": "given_up"}
    assert lockers.shop.stock("A") == {"leeds": (50, 50, 0)}


def test_a_late_word_of_a_door_leaves_what_is_said_to_lie_there(lockers: Lockers) -> None:
    pickup_id = lockers.opening("M", "L")
    second, third = sorted(lockers.commands(), key=lambda one: str(one["compartment"]))
    lockers.acknowledges("jammed", second)
    for attempt in (1, 2):
        lockers.look(attempt, third)
    body = {"from_compartment": lockers.label("2"), "to_compartment": lockers.label("1")}
    assert lockers.staff(pickup_id, "relocations", **body).json["status"] == "ready"
    lockers.acknowledges("closed", third)
    # Were it free, the next order would lie there, and this one's next code would open it.
    assert lockers.compartments()["3"][1] == pickup_id
    assert lockers.confirm(pickup_id, lockers.code(pickup_id)).status == 200
    lockers.deliver()
    for command in lockers.commands()[-2:]:
        lockers.acknowledges("closed", command)
    assert lockers.read(pickup_id)["status"] == "collected"
    assert lockers.statuses() == {"1": "free", "2": "faulty", "3": "free"}


# ---- staff --------------------------------------------------------------------------------------------------------------


def test_staff_opens_a_door_for_a_reason(lockers: Lockers) -> None:
    path = f"/v1/cabinets/{lockers.cabinet}/compartments/1/openings"
    body = {"purpose": "staff", "reason": "cleaning"}
    made = lockers.shop.call("POST", path, by=ASSOCIATE, json=body, key="open")
    assert (made.status, made.json["state"], made.json["reason"]) == (202, "sent", "cleaning")
    assert made.headers["location"] == f"/v1/cabinets/{lockers.cabinet}/commands/{made.json['id']}"
    again = lockers.shop.call("POST", path, by=ASSOCIATE, json=body, key="open")
    assert (again.text, again.headers["idempotent-replayed"], len(lockers.commands())) == (made.text, "true", 1)
    lockers.acknowledges("opened")
    lockers.acknowledges("closed")
    assert lockers.statuses()["1"] == "free"
    shown = lockers.shop.call("GET", f"/v1/cabinets/{lockers.cabinet}/timeline", by=ASSOCIATE).json["items"]
    assert [(one["type"], one["actor"]["id"]) for one in shown] == [
        ("CompartmentOpenRequested", ASSOCIATE.id),
        ("CompartmentOpened", "on_cabinet_message"),
    ]
    assert shown[0]["data"]["reason"] == "cleaning"


def test_opening_for_staff_takes_nothing_from_a_pickup(lockers: Lockers) -> None:
    pickup_id = lockers.ready("S")
    path = f"/v1/cabinets/{lockers.cabinet}/compartments/1/openings"
    assert lockers.shop.call("POST", path, json={"reason": "look"}).json["pickup_id"] == pickup_id
    lockers.acknowledges("closed")
    assert lockers.compartments()["1"] == ("occupied", pickup_id)
    assert lockers.read(pickup_id)["status"] == "ready"


def test_a_compartment_in_use_is_neither_blocked_nor_freed(lockers: Lockers) -> None:
    lockers.packed("S")
    path = f"/v1/cabinets/{lockers.cabinet}/compartments"
    assert lockers.shop.call("POST", f"{path}/1/blocks", json={"reason": "wet"}).code == "compartment_taken"
    assert lockers.shop.call("POST", f"{path}/1/releases").code == "compartment_taken"
    assert lockers.shop.call("POST", f"{path}/2/releases").code == "compartment_taken"
    assert lockers.shop.call("POST", f"{path}/9/blocks", json={"reason": "wet"}).code == "not_found"


def test_figures_count_what_happened(lockers: Lockers) -> None:
    pickup_id = lockers.ready("M")
    with later(3 * 3600):
        assert lockers.confirm(pickup_id, lockers.code(pickup_id)).status == 200
        lockers.deliver()
        lockers.acknowledges("opened")
        day = clock.now().date().isoformat()
        shown = lockers.shop.call("GET", "/v1/locker-sites/mall/figures", by=a_machine("lockers.write")).json
    assert shown["compartments"] == {
        "free": 2,
        "reserved": 0,
        "occupied": 1,
        "to_clear": 0,
        "faulty": 0,
        "blocked": 0,
    }
    assert shown["utilisation"] == 0.3333
    collected = shown["days"][-1]
    assert (collected["day"], collected["collected"], collected["dwell"]["4"]) == (day, 1, 1)
    assert 3 * 3600 <= collected["mean_dwell_seconds"] <= 3 * 3600 + 20
    assert sum(one["loaded"] for one in shown["days"]) == 1


def test_figures_of_no_days_are_none(lockers: Lockers) -> None:
    for query in ("since=2026-02-01&until=2026-01-01", "since=2999-01-01"):
        shown = lockers.shop.call("GET", f"/v1/locker-sites/mall/figures?{query}")
        assert (shown.status, shown.json["days"]) == (200, [])


# ---- the line -----------------------------------------------------------------------------------------------------------


def connection(lockers: Lockers) -> Any:
    return lockers.shop.call("GET", f"/v1/cabinets/{lockers.cabinet}", by=ASSOCIATE).json["connection"]


def test_what_is_heard_of_a_line_is_shown(lockers: Lockers) -> None:
    assert connection(lockers) == {
        "online": False,
        "last_seen_at": None,
        "since": None,
        "skew_seconds": 0.0,
        "firmware": None,
    }
    now = clock.now()
    with clock.at(now):
        ahead = clock.rfc3339(moment(clock.rfc3339(now)).replace(microsecond=0))
        lockers.says("heartbeats", at=ahead, firmware="1.2.3", from_a_later_version=True)
    shown = connection(lockers)
    assert (shown["online"], shown["last_seen_at"], shown["firmware"]) == (True, clock.rfc3339(now), "1.2.3")
    assert shown["skew_seconds"] == round(-now.microsecond / 1e6, 3)
    with later(60):
        lockers.says("status", online=False)
    assert (connection(lockers)["online"], connection(lockers)["last_seen_at"]) == (False, clock.rfc3339(now))


def test_a_forced_door_is_announced(lockers: Lockers) -> None:
    pickup_id = lockers.ready("S")
    lockers.says("doors", compartment="1", state="forced")
    lockers.says("doors", compartment="1", state="closed")
    [event] = lockers.events("DoorForced")
    assert (event.aggregate.id, event.data) == (lockers.label("1"), {"site_id": "mall", "pickup_id": pickup_id})


def test_presence_of_strangers_is_passed_over(lockers: Lockers) -> None:
    service.record_presence(f"cab_{new_ulid()}", online=True, at=clock.now())
    service.record_presence(lockers.cabinet, online=True, at=clock.now())
    assert connection(lockers)["online"] is True
