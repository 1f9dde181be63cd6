"""How long an order waits, and what becomes of one that nobody collects."""

from __future__ import annotations

from importlib import import_module
from typing import Any
from uuid import uuid4

import pytest

from app import app
from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.fulfilment import service as fulfilment
from chalicelib.lockers import service, tasks
from chalicelib.orders import service as orders
from chalicelib.orders import tasks as order_tasks
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, Reply, a_shopper, request
from tests.integration.orders.conftest import WORKFLOW
from tests.unit.lockers.conftest import CABINET, HELD, REMINDED, Lockers, at_once, later, meeting, moment, wrong

DAY = 24 * 3600
HOLD = import_module("chalicelib.lockers.service.hold")


def hold(pickup_id: str) -> Any:
    return tasks.lockers_tasks(
        {"task": "hold_pickup", "order_id": "-", "pickup_id": pickup_id, "correlation_id": "c-1"}, None
    )


def extend(lockers: Lockers, pickup_id: str, by: Principal | None = SHOPPER, key: str | None = None) -> Reply:
    return lockers.staff(pickup_id, "extensions", by=by, key=key)


def expired(lockers: Lockers, *packages: str, **given: Any) -> str:
    """A pickup that nobody came for in time."""
    pickup_id = lockers.ready(*packages, **given)
    with later(HELD):
        assert hold(pickup_id) == {"outcome": "expired"}
        lockers.deliver()
    return pickup_id


# ---- reminding ----------------------------------------------------------------------------------------------------------


def test_the_shopper_is_reminded_once(lockers: Lockers) -> None:
    pickup_id = lockers.ready("S")
    ready = moment(lockers.read(pickup_id)["ready_at"])
    until = lockers.read(pickup_id)["expires_at"]
    first = hold(pickup_id)
    assert (first["outcome"], (moment(first["until"]) - ready).total_seconds()) == ("waiting", REMINDED)
    assert lockers.events("PickupReminder") == []
    with later(REMINDED):
        for _ in range(2):
            assert hold(pickup_id) == {"outcome": "waiting", "until": until}
    assert len(lockers.events("PickupReminder")) == 1


def test_two_who_remind_at_once_remind_once(lockers: Lockers, monkeypatch: pytest.MonkeyPatch) -> None:
    pickup_id = lockers.ready("S")
    meeting(monkeypatch, HOLD, "must_find_pickup", 2)
    with later(REMINDED):
        found = at_once(*[lambda: service.hold_pickup(pickup_id, CABINET)] * 2)
    assert [one["outcome"] for one in found] == ["waiting", "waiting"]
    assert len(lockers.events("PickupReminder")) == 1


def test_while_its_doors_are_at_work_it_is_looked_at_again(lockers: Lockers) -> None:
    pickup_id = lockers.opening("S")
    now = clock.now()
    with clock.at(now):
        shown = hold(pickup_id)
    assert (shown["outcome"], (moment(shown["until"]) - now).total_seconds()) == ("waiting", 900)
    lockers.acknowledges("opened")
    assert hold(pickup_id) == {"outcome": "over"}


# ---- extending ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [SHOPPER, ASSOCIATE, ADMIN])
def test_whose_it_is_and_staff_may_keep_it_longer(lockers: Lockers, by: Principal) -> None:
    pickup_id = lockers.ready("S")
    code, before = lockers.code(pickup_id), lockers.read(pickup_id)
    reply = extend(lockers, pickup_id, by, key="more")
    assert (reply.status, reply.json["extensions"]) == (200, 1)
    assert (moment(reply.json["expires_at"]) - moment(before["expires_at"])).total_seconds() == DAY
    assert extend(lockers, pickup_id, by, key="more").headers["idempotent-replayed"] == "true"
    again = extend(lockers, pickup_id, by)
    assert (again.status, again.code) == (422, "no_more_extensions")
    with later(HELD + DAY - 60):
        assert lockers.confirm(pickup_id, code).status == 200


def test_after_an_extension_there_is_another_reminder(lockers: Lockers) -> None:
    pickup_id = lockers.ready("S")
    with later(REMINDED):
        hold(pickup_id)
        shown = extend(lockers, pickup_id).json
        waiting = hold(pickup_id)
    assert (moment(shown["expires_at"]) - moment(waiting["until"])).total_seconds() == DAY
    with later(HELD):
        assert hold(pickup_id) == {"outcome": "waiting", "until": shown["expires_at"]}
    assert len(lockers.events("PickupReminder")) == 2


def test_to_strangers_there_is_no_such_pickup(lockers: Lockers) -> None:
    pickup_id, stranger = lockers.ready("S"), a_shopper("usr_stranger")
    assert (extend(lockers, pickup_id, stranger).status, lockers.read(pickup_id)["extensions"]) == (404, 0)
    assert lockers.staff(pickup_id, "delegates", by=stranger).status == 404
    assert lockers.shop.call("POST", f"/v1/pickups/{pickup_id}/delegate-revocations", by=stranger).status == 404
    assert extend(lockers, pickup_id, None).status == 401


def by_code(pickup_id: str, code: str, key: str | None = None, address: str = "192.0.2.1") -> Reply:
    headers = {"Idempotency-Key": key or uuid4().hex}
    path = f"/v1/pickups/{pickup_id}/code-extensions"
    return request(app, "POST", path, json={"code": code}, headers=headers, address=address)


def test_who_has_the_code_may_keep_it_longer(lockers: Lockers) -> None:
    pickup_id = lockers.ready("S")
    code = lockers.code(pickup_id)
    assert by_code(pickup_id, wrong(code)).code == "passcode_refused"
    assert lockers.read(pickup_id)["extensions"] == 0
    first = by_code(pickup_id, code, key="more")
    again = by_code(pickup_id, code, key="more")
    assert (first.status, first.json["extensions"]) == (200, 1)
    assert (again.text, again.headers["idempotent-replayed"]) == (first.text, "true")
    assert lockers.events("PickupExtended")[0].actor == {"kind": "guest", "id": pickup_id}
    assert by_code(pickup_id, code).code == "no_more_extensions"
    assert lockers.confirm(pickup_id, code).status == 200


def test_guessing_there_costs_tries_as_well(lockers: Lockers) -> None:
    pickup_id = lockers.ready("S")
    code = lockers.code(pickup_id)
    for number in range(5):
        assert by_code(pickup_id, wrong(code), address=f"192.0.2.{number}").code == "passcode_refused"
    assert by_code(pickup_id, code, address="192.0.2.9").code == "passcode_locked"
    assert lockers.confirm(pickup_id, code, address="192.0.2.9").code == "passcode_locked"


# ---- expiring -----------------------------------------------------------------------------------------------------------


def test_what_nobody_collects_expires(lockers: Lockers) -> None:
    pickup_id = lockers.ready("S")
    code = lockers.code(pickup_id)
    with later(HELD):
        for _ in range(2):
            assert hold(pickup_id) == {"outcome": "expired"}
        assert lockers.confirm(pickup_id, code).code == "passcode_refused"
        assert (extend(lockers, pickup_id).status, extend(lockers, pickup_id).code) == (409, "pickup_out_of_turn")
    shown = lockers.read(pickup_id)
    assert (shown["status"], shown["reason"]) == ("expired", "not_collected")
    assert lockers.compartments()["1"] == ("to_clear", pickup_id)
    assert len(lockers.events("PickupExpired")) == 1


def test_until_the_last_moment_it_may_be_collected(lockers: Lockers) -> None:
    pickup_id = lockers.ready("S")
    code, until = lockers.code(pickup_id), moment(lockers.read(pickup_id)["expires_at"])
    with clock.at(until):
        assert lockers.confirm(pickup_id, code).code == "passcode_refused"
    with clock.at(until.replace(microsecond=0)):
        assert lockers.confirm(pickup_id, code).status == 200
    with clock.at(until):
        assert hold(pickup_id)["outcome"] == "waiting"


def await_clearing(pickup_id: str, token: str) -> None:
    payload = {
        "task": "await_clearing",
        "order_id": "-",
        "pickup_id": pickup_id,
        "task_token": token,
        "correlation_id": "c-1",
    }
    assert tasks.lockers_tasks(payload, None) == {"outcome": "waiting"}


def test_what_is_cleared_is_given_up(lockers: Lockers) -> None:
    pickup_id = expired(lockers, "M", "L")
    order_id, fulfilment_id = lockers.order_of(pickup_id), lockers.read(pickup_id)["fulfilment_id"]
    assert lockers.shop.stock("A") == {"leeds": (50, 49, 1)}
    for token in ("first", "second"):
        await_clearing(pickup_id, token)
    assert lockers.completed == []
    assert "first" not in lockers.table()
    first = lockers.staff(pickup_id, "clearings", compartment=lockers.label("2"), key="clear")
    assert (first.json["status"], lockers.statuses()) == ("expired", {"1": "free", "2": "free", "3": "to_clear"})
    again = lockers.staff(pickup_id, "clearings", compartment=lockers.label("2"), key="clear")
    assert again.headers["idempotent-replayed"] == "true"
    lockers.deliver()
    assert lockers.completed == []
    last = lockers.staff(pickup_id, "clearings", compartment=lockers.label("3"))
    assert (last.json["status"], lockers.statuses()["3"]) == ("cleared", "free")
    assert lockers.staff(pickup_id, "clearings", compartment=lockers.label("3")).code == "pickup_out_of_turn"
    lockers.deliver()
    outcome = {"outcome": "cleared", "redeliver": False}
    assert sorted(lockers.completed) == [("first", outcome), ("second", outcome)]
    payload = {
        "task": "give_up_uncollected",
        "order_id": order_id,
        "fulfilment_id": fulfilment_id,
        "pickup_id": pickup_id,
        "redeliver": False,
    }
    assert order_tasks.orders_tasks(payload, None) == {"outcome": "given_up"}
    assert order_tasks.orders_tasks(payload, None) == {"outcome": "settled"}
    lockers.deliver()
    assert lockers.shop.stock("A") == {"leeds": (50, 50, 0)}
    assert lockers.fulfilment(order_id)["status"] == "cancelled"
    assert lockers.shop.read(order_id)["status"] == "cancelled"
    assert lockers.read(pickup_id)["status"] == "cleared"
    payment = lockers.shop.payment(order_id)
    assert (payment["captured"], payment["dues"], payment["final"]) == (0, {}, True)
    [event] = lockers.events("OrderCancelled")
    assert (event.data["reason"], event.data["whole"]) == ("not_collected", True)


def test_the_workflow_of_what_was_cleared_before_goes_on_at_once(lockers: Lockers) -> None:
    pickup_id = expired(lockers)
    assert lockers.staff(pickup_id, "clearings", compartment=lockers.label("1")).status == 200
    await_clearing(pickup_id, "late")
    assert lockers.completed == [("late", {"outcome": "cleared", "redeliver": False})]


def test_what_is_cleared_may_be_sent_instead(lockers: Lockers) -> None:
    lockers.site("station", hold={"on_expiry": "redeliver"})
    lockers.adds("S", site="station")
    pickup_id = expired(lockers, site="station", home=True)
    fulfilment_id = lockers.read(pickup_id)["fulfilment_id"]
    assert lockers.staff(pickup_id, "clearings", compartment=lockers.label("1")).status == 200
    assert hold(pickup_id) == {"outcome": "cleared", "redeliver": True}
    for outcome in ("redelivered", "settled"):
        assert orders.give_up_uncollected(fulfilment_id, redeliver=True, by=WORKFLOW) == {"outcome": outcome}
    part = fulfilment.read(fulfilment_id, ADMIN)
    assert (part.status, part.pickup, part.address["line1"]) == ("requested", None, "12 St James Square")
    [event] = lockers.events("OrderRedelivered")
    assert event.data["fulfilments"] == [fulfilment_id]
    lockers.deliver()
    shipped = lockers.shop.ships(fulfilment_id, line_1=1)
    assert (shipped.status, shipped.json["status"]) == (200, "shipped")


def test_without_an_address_its_money_goes_back(lockers: Lockers) -> None:
    lockers.site("station", hold={"on_expiry": "redeliver"})
    lockers.adds("S", site="station")
    pickup_id = expired(lockers, site="station")
    assert lockers.staff(pickup_id, "clearings", compartment=lockers.label("1")).status == 200
    fulfilment_id = lockers.read(pickup_id)["fulfilment_id"]
    assert orders.give_up_uncollected(fulfilment_id, redeliver=True, by=WORKFLOW) == {"outcome": "given_up"}
    assert lockers.shop.stock("A") == {"leeds": (50, 50, 0)}


def test_only_what_is_out_of_time_is_cleared(lockers: Lockers) -> None:
    pickup_id = lockers.ready("S")
    reply = lockers.staff(pickup_id, "clearings", compartment=lockers.label("1"))
    assert (reply.status, reply.code) == (409, "pickup_out_of_turn")
    with later(HELD):
        hold(pickup_id)
    reply = lockers.staff(pickup_id, "clearings", compartment=lockers.label("2"))
    assert (reply.status, reply.code) == (422, "not_this_compartment")


# ---- called off ---------------------------------------------------------------------------------------------------------


def test_a_cancelled_order_lets_nobody_in(lockers: Lockers) -> None:
    pickup_id = lockers.ready("M", "L")
    code, theirs = lockers.code(pickup_id), lockers.code(pickup_id, "delegate")
    path = f"/v1/orders/{lockers.order_of(pickup_id)}/cancellations"
    assert lockers.shop.call("POST", path, json={"reason": "changed_mind"}).status == 201
    # Also before the news has come.
    assert lockers.confirm(pickup_id, code).code == "passcode_refused"
    lockers.deliver()
    for given in (code, theirs):
        assert lockers.confirm(pickup_id, given).code == "passcode_refused"
    shown = lockers.read(pickup_id)
    assert (shown["status"], shown["reason"]) == ("cancelled", "order_cancelled")
    assert lockers.statuses() == {"1": "free", "2": "to_clear", "3": "to_clear"}
    assert hold(pickup_id) == {"outcome": "over"}
    for number in ("2", "3"):
        assert lockers.staff(pickup_id, "clearings", compartment=lockers.label(number)).status == 200
    assert (lockers.read(pickup_id)["status"], set(lockers.statuses().values())) == ("cleared", {"free"})
    assert hold(pickup_id) == {"outcome": "over"}
    [news] = lockers.events("OrderCancelled")
    lockers.bring(news)
    assert len(lockers.events("PickupCancelled")) == 1


def test_what_is_half_loaded_when_it_is_called_off_is_taken_out(lockers: Lockers) -> None:
    pickup_id = lockers.packed("M", "L")
    place = next(one for one in lockers.read(pickup_id)["places"] if one["number"] == "2")
    assert lockers.load(pickup_id, place).status == 200
    path = f"/v1/orders/{lockers.order_of(pickup_id)}/cancellations"
    assert lockers.shop.call("POST", path, json={"reason": "changed_mind"}).status == 201
    lockers.deliver()
    assert lockers.statuses() == {"1": "free", "2": "to_clear", "3": "free"}
    assert lockers.staff(pickup_id, "clearings", compartment=lockers.label("2")).json["status"] == "cleared"


# ---- another code -------------------------------------------------------------------------------------------------------


def test_staff_has_another_code_sent_and_does_not_see_it(lockers: Lockers) -> None:
    pickup_id = lockers.ready("S")
    reply = lockers.staff(pickup_id, "passcode-requests", key="again")
    assert (reply.status, reply.headers["location"]) == (202, f"/v1/pickups/{pickup_id}")
    assert "code" not in reply.json
    assert lockers.staff(pickup_id, "passcode-requests", key="again").headers["idempotent-replayed"] == "true"
    assert len(lockers.events("PasscodeRequested")) == 1
    with later(HELD):
        assert lockers.staff(pickup_id, "passcode-requests").code == "pickup_out_of_turn"
