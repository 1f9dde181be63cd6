"""Staff puts an order into its compartments."""

from __future__ import annotations

from uuid import uuid4

import pytest

from chalicelib.core.auth import Principal
from chalicelib.core.errors import Conflict
from chalicelib.core.idempotency import Idempotency, no_answer
from chalicelib.lockers import service
from chalicelib.lockers.routes import pickups as routes
from chalicelib.lockers.service import load as loading
from tests.conftest import ASSOCIATE, a_machine
from tests.unit.lockers.conftest import HELD, Lockers, at_once, meeting, moment


def test_with_the_last_of_it_the_order_is_ready(lockers: Lockers) -> None:
    pickup_id = lockers.packed("M", "L", "S")
    order_id = lockers.order_of(pickup_id)
    first, second, third = lockers.read(pickup_id)["places"]
    for place in (first, second):
        shown = lockers.load(pickup_id, place).json
        assert (shown["status"], shown["ready_at"], shown["expires_at"]) == ("allocated", None, None)
        assert lockers.fulfilment(order_id)["status"] == "packed"
    assert lockers.statuses() == {
        place["number"]: state
        for place, state in zip((first, second, third), ("occupied", "occupied", "reserved"), strict=True)
    }
    assert lockers.events("OrderReadyForPickup") == []
    shown = lockers.load(pickup_id, third).json
    assert (shown["status"], shown["version"]) == ("ready", 5)
    assert {place["state"] for place in shown["places"]} == {"loaded"}
    assert (moment(shown["expires_at"]) - moment(shown["ready_at"])).total_seconds() == HELD
    assert set(lockers.statuses().values()) == {"occupied"}
    assert lockers.fulfilment(order_id)["status"] == "ready"
    [event] = lockers.events("OrderReadyForPickup")
    assert (event.source, event.aggregate.id) == ("aisle.fulfilment", shown["fulfilment_id"])
    assert event.data == {
        "order_id": order_id,
        "location_id": "leeds",
        "pickup_id": pickup_id,
        "fulfilment_id": shown["fulfilment_id"],
        "site_id": "mall",
        "compartments": [{"cabinet_id": lockers.cabinet, "number": one["number"]} for one in shown["places"]],
        "expires_at": shown["expires_at"],
    }


def test_what_does_not_belong_there_is_refused(lockers: Lockers) -> None:
    pickup_id = lockers.packed("M", "L")
    second, third = sorted(lockers.read(pickup_id)["places"], key=lambda one: one["number"])
    for changed in (
        {"compartment": lockers.label("1")},
        {"compartment": f"cab_{'0' * 26}/2"},
        {"packages": third["package_ids"]},
        {"packages": [*second["package_ids"], "other"]},
    ):
        reply = lockers.load(pickup_id, second, **changed)
        assert (reply.status, reply.code) == (422, "not_this_compartment")
        assert {one["compartment"]: one["packages"] for one in reply.json["places"]} == {
            second["label"]: second["package_ids"],
            third["label"]: third["package_ids"],
        }
    assert lockers.statuses() == {"1": "free", "2": "reserved", "3": "reserved"}


def test_what_was_loaded_is_not_loaded_again(lockers: Lockers) -> None:
    pickup_id = lockers.packed("M", "L")
    one, other = lockers.read(pickup_id)["places"]
    assert lockers.load(pickup_id, one).status == 200
    again = lockers.load(pickup_id, one)
    assert (again.status, again.code) == (409, "pickup_out_of_turn")
    assert lockers.load(pickup_id, other).status == 200
    after = lockers.load(pickup_id, other)
    assert (after.status, after.code) == (409, "pickup_out_of_turn")
    assert len(lockers.events("OrderReadyForPickup")) == 1


def test_the_same_scan_gets_the_same_answer(lockers: Lockers) -> None:
    pickup_id = lockers.packed("S")
    [place] = lockers.read(pickup_id)["places"]
    first = lockers.load(pickup_id, place, key="scan")
    again = lockers.load(pickup_id, place, key="scan")
    assert (again.status, again.text, again.headers["idempotent-replayed"]) == (200, first.text, "true")
    assert lockers.read(pickup_id)["version"] == 3
    assert len(lockers.events("OrderReadyForPickup")) == 1


def scan(pickup_id: str, label: str, *packages: str, key: str | None = None, by: Principal = ASSOCIATE) -> int:
    """As the route does it, which handles one request at a time."""
    answer = service.load_compartment(
        pickup_id,
        label,
        packages,
        make_ready=routes._making_ready(by),
        by=by,
        once=Idempotency.of("scan", key or uuid4().hex, b""),
        answer=lambda _: no_answer(),
    )
    return answer.status


def test_two_who_load_at_once_make_it_ready_once(lockers: Lockers, monkeypatch: pytest.MonkeyPatch) -> None:
    pickup_id = lockers.packed("M", "L")
    places = lockers.read(pickup_id)["places"]
    meeting(monkeypatch, loading, "must_find_pickup", 2)
    scans = [lambda one=one: scan(pickup_id, one["label"], *one["package_ids"]) for one in places]
    assert at_once(*scans) == [204, 204]
    assert lockers.read(pickup_id)["status"] == "ready"
    assert lockers.fulfilment(lockers.order_of(pickup_id))["status"] == "ready"
    assert lockers.statuses() == {"1": "free", "2": "occupied", "3": "occupied"}
    assert len(lockers.events("OrderReadyForPickup")) == 1


def test_two_who_load_the_same_load_it_once(lockers: Lockers, monkeypatch: pytest.MonkeyPatch) -> None:
    pickup_id = lockers.packed("S")
    [place] = lockers.read(pickup_id)["places"]
    meeting(monkeypatch, loading, "must_find_pickup", 2)
    found = at_once(*[lambda: scan(pickup_id, place["label"], "p1")] * 2)
    assert found.count(204) == 1
    [refused] = [one for one in found if one != 204]
    assert isinstance(refused, Conflict)
    assert (lockers.read(pickup_id)["version"], len(lockers.events("OrderReadyForPickup"))) == (3, 1)


def test_a_cancelled_order_is_not_made_ready(lockers: Lockers) -> None:
    pickup_id = lockers.packed("S")
    [place] = lockers.read(pickup_id)["places"]
    path = f"/v1/orders/{lockers.order_of(pickup_id)}/cancellations"
    assert lockers.shop.call("POST", path, json={"reason": "changed_mind"}).status == 201
    # The news has not reached lockers yet.
    reply = lockers.load(pickup_id, place)
    assert (reply.status, reply.code) == (409, "fulfilment_out_of_turn")
    lockers.deliver()
    assert lockers.read(pickup_id)["status"] == "cleared"
    assert lockers.statuses()["1"] == "free"


def test_a_machine_that_may_write_lockers_loads_all_of_it(lockers: Lockers) -> None:
    pickup_id = lockers.packed("M", "L")
    robot = a_machine("lockers.write")
    for place in lockers.read(pickup_id)["places"]:
        reply = lockers.load(pickup_id, place, by=robot)
        assert reply.status == 200, reply
    assert lockers.read(pickup_id)["status"] == "ready"
