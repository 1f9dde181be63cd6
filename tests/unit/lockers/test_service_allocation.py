"""Which compartments wait for an order."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.lockers import service, tasks
from chalicelib.lockers.store import cabinets as cabinets_store
from chalicelib.lockers.store import pickups as pickups_store
from chalicelib.orders import service as orders
from tests.conftest import ASSOCIATE
from tests.unit.lockers.conftest import CABINET, Lockers, at_once, meeting


def test_the_smallest_compartment_that_takes_it_is_kept(lockers: Lockers) -> None:
    pickup_id = lockers.packed("M")
    shown = lockers.read(pickup_id)
    assert (shown["status"], shown["version"]) == ("allocated", 2)
    assert shown["places"] == [
        {
            "label": lockers.label("2"),
            "cabinet_id": lockers.cabinet,
            "number": "2",
            "package_ids": ["p1"],
            "state": "empty",
        }
    ]
    assert lockers.compartments() == {"1": ("free", None), "2": ("reserved", pickup_id), "3": ("free", None)}
    [event] = lockers.events("PickupAllocated")
    assert event.data == {
        "pickup_id": pickup_id,
        "order_id": shown["order_id"],
        "fulfilment_id": shown["fulfilment_id"],
        "site_id": "mall",
        "compartments": [{"cabinet_id": lockers.cabinet, "number": "2"}],
        "expires_at": None,
    }


def test_a_large_order_gets_several(lockers: Lockers) -> None:
    places = lockers.read(lockers.packed("L", "M", "S"))["places"]
    assert {one["number"]: one["package_ids"] for one in places} == {"1": ["p3"], "2": ["p2"], "3": ["p1"]}
    assert lockers.statuses() == {"1": "reserved", "2": "reserved", "3": "reserved"}


@pytest.mark.parametrize(
    ("home", "outcome", "units"), [(True, "redelivered", (50, 49, 1)), (False, "given_up", (50, 50, 0))]
)
def test_what_is_too_large_is_sent_or_paid_back(
    lockers: Lockers, home: bool, outcome: str, units: tuple[int, int, int]
) -> None:
    pickup_id = lockers.packed({"id": "long", "outer_mm": [30, 30, 700]}, home=home)
    shown = lockers.read(pickup_id)
    assert (shown["status"], shown["reason"]) == ("cleared", "too_large_for_locker")
    assert set(lockers.statuses().values()) == {"free"}
    assert [given["pickup_id"] for _, given in lockers.started] == [pickup_id]
    assert service.hold_pickup(pickup_id, CABINET) == {"outcome": "cleared", "redeliver": True}
    given_up = orders.give_up_uncollected(shown["fulfilment_id"], redeliver=True, by=CABINET)
    assert given_up["outcome"] == outcome
    assert lockers.shop.stock("A") == {"leeds": units}


def test_what_is_too_large_now_waits_where_there_is_no_compartment_yet(lockers: Lockers) -> None:
    lockers.site("station")
    pickup_id = lockers.packed({"id": "long", "outer_mm": [30, 30, 700]}, site="station")
    assert lockers.read(pickup_id)["status"] == "waitlisted"


def test_a_compartment_that_is_in_use_or_broken_is_none_that_is_missing(lockers: Lockers) -> None:
    lockers.packed("L")
    assert lockers.read(lockers.packed("L"))["status"] == "waitlisted"


def test_an_order_packed_twice_in_the_news_has_one_pickup(lockers: Lockers) -> None:
    pickup_id = lockers.packed("S")
    [packed] = lockers.events("FulfilmentPacked")
    for _ in range(2):
        lockers.bring(packed)
    assert lockers.read(pickup_id)["version"] == 2
    assert lockers.statuses() == {"1": "reserved", "2": "free", "3": "free"}
    assert len(lockers.events("PickupAllocated")) == 1


def test_two_deliveries_at_once_make_one_pickup(lockers: Lockers, monkeypatch: pytest.MonkeyPatch) -> None:
    pickup_id = lockers.packed("S", deliver=False)
    [packed] = lockers.events("FulfilmentPacked")
    meeting(monkeypatch, cabinets_store, "compartments_at", 2)
    assert at_once(*[lambda: lockers.bring(packed)] * 2) == [None, None]
    assert lockers.compartments() == {"1": ("reserved", pickup_id), "2": ("free", None), "3": ("free", None)}
    assert len(lockers.events("PickupAllocated", "PickupWaitlisted")) == 1


def opened(lockers: Lockers, packed: Any) -> Any:
    return service.open_pickup(packed.data["order_id"], packed.aggregate.id, packed.data["pickup"], CABINET)


def test_of_two_who_want_the_last_compartment_one_gets_it(lockers: Lockers, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        lockers.packed("L", deliver=False)
    both = lockers.events("FulfilmentPacked")
    meeting(monkeypatch, cabinets_store, "compartments_at", 2)
    made = at_once(*[lambda packed=packed: opened(lockers, packed) for packed in both])
    assert sorted(one.status for one in made) == ["allocated", "waitlisted"]
    [got] = [one.id for one in made if one.status == "allocated"]
    assert lockers.compartments()["3"] == ("reserved", got)


def test_one_who_loses_a_compartment_takes_the_next(lockers: Lockers, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        lockers.packed("M", deliver=False)
    both = lockers.events("FulfilmentPacked")
    meeting(monkeypatch, cabinets_store, "compartments_at", 2)
    made = at_once(*[lambda packed=packed: opened(lockers, packed) for packed in both])
    assert [one.status for one in made] == ["allocated", "allocated"]
    assert sorted(one.places[0].number for one in made) == ["2", "3"]


def waiting(lockers: Lockers) -> tuple[str, str]:
    """A pickup in the only large compartment, and one that waits for it."""
    first, second = lockers.packed("L"), lockers.packed("L")
    assert (lockers.read(first)["status"], lockers.read(second)["status"]) == ("allocated", "waitlisted")
    return first, second


def test_who_waits_gets_what_a_cancelled_order_leaves(lockers: Lockers) -> None:
    first, second = waiting(lockers)
    cancelled = lockers.shop.call(
        "POST", f"/v1/orders/{lockers.order_of(first)}/cancellations", json={"reason": "changed_mind"}
    )
    assert cancelled.status == 201, cancelled
    lockers.deliver()
    assert (lockers.read(first)["status"], lockers.read(second)["status"]) == ("cleared", "allocated")
    assert lockers.compartments()["3"] == ("reserved", second)
    assert list(pickups_store.waitlist()) == []


def test_who_waits_is_served_by_the_clock(lockers: Lockers) -> None:
    _, second = waiting(lockers)
    tick = {"task": "serve_waitlist"}
    assert tasks.lockers_tasks(tick, None) == {"outcome": "done", "served": 0}
    lockers.adds("L")
    assert tasks.lockers_tasks(tick, None) == {"outcome": "done", "served": 1}
    assert lockers.compartments()["1"] == ("reserved", second)
    assert tasks.lockers_tasks(tick, None) == {"outcome": "done", "served": 0}


def test_who_waits_gets_what_staff_puts_back_into_use(lockers: Lockers) -> None:
    path = f"/v1/cabinets/{lockers.cabinet}/compartments/3"
    assert lockers.shop.call("POST", f"{path}/blocks", by=ASSOCIATE, json={"reason": "wet"}).json["status"] == "blocked"
    pickup_id = lockers.packed("L")
    assert lockers.read(pickup_id)["status"] == "waitlisted"
    assert lockers.shop.call("POST", f"{path}/releases", by=ASSOCIATE).json["status"] == "free"
    assert lockers.compartments()["3"] == ("reserved", pickup_id)


def test_who_waited_longest_is_served_first(lockers: Lockers) -> None:
    waiting(lockers)
    third = lockers.packed("L")
    lockers.adds("L")
    assert service.serve_waitlist("mall", CABINET) == 1
    assert lockers.read(third)["status"] == "waitlisted"


def test_two_who_serve_at_once_serve_once(lockers: Lockers, monkeypatch: pytest.MonkeyPatch) -> None:
    _, second = waiting(lockers)
    lockers.adds("L", "L")
    meeting(monkeypatch, cabinets_store, "compartments_at", 2)
    assert sorted(at_once(*[lambda: service.serve_waitlist("mall", CABINET)] * 2)) == [0, 1]
    assert [pickup for _, pickup in lockers.compartments().values()].count(second) == 1


def test_an_order_goes_only_to_a_site_that_there_is_and_that_takes_orders(lockers: Lockers) -> None:
    lockers.site("closed", status="paused")
    body = {
        "currency": "GBP",
        "lines": [{"sku": "A", "quantity": 1}],
        "contact": {"name": "Ada"},
        "payment": {"token": "tok_approve"},
    }

    def order(site: str) -> tuple[int, str]:
        reply = lockers.shop.call("POST", "/v1/orders", json={**body, "pickup": {"site_id": site}})
        return reply.status, reply.code

    assert order("nowhere") == (422, "locker_site_unknown")
    assert order("closed") == (409, "locker_site_paused")
