"""Webhooks of suppliers: each manages its own, and hears of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from app import app
from chalicelib.core import clock, outbox
from chalicelib.core.auth import NOBODY, Principal, Role
from chalicelib.core.errors import Stale, Unauthenticated
from chalicelib.core.http import OPERATIONS
from chalicelib.core.outbox import Aggregate, Event
from chalicelib.webhooks import service, store
from chalicelib.webhooks.domain.delivery import Delivery, DeliveryState
from chalicelib.webhooks.domain.webhook import MOST_OF_SUPPLIER, TooManyWebhooks, Webhook, WebhookStatus
from chalicelib.webhooks.service import fan_out
from tests.conftest import ADMIN, SHOPPER, SUPPLIER, Reply, a_machine
from tests.unit.webhooks.builders import (
    NOON,
    OF_A,
    OF_B,
    URL,
    A,
    B,
    World,
    acts_for,
    an_event,
    answers,
    deliveries,
    is_now,
    subscribes,
)

pytestmark = pytest.mark.usefixtures("suppliers")

ALL = ("aisle.*",)
TERMS: dict[str, Any] = {"url": URL, "event_types": ["aisle.listings.*"]}
_keys = count()

Send = Callable[..., Reply]


@pytest.fixture
def noon(table: Any) -> Iterator[None]:
    with clock.at(NOON):
        yield


@pytest.fixture
def send(call: Any, noon: None) -> Send:
    """A request with all that some route needs."""

    def send(method: str, path: str, json: Any = None, by: Any = OF_A, version: int = 1) -> Reply:
        headers = {"Idempotency-Key": f"key-{next(_keys)}", "If-Match": f'"{version}"'}
        reply: Reply = call(method, path, json=json, by=by, headers=headers)
        return reply

    return send


# ---- each its own -------------------------------------------------------------------------------------------------------


def test_a_supplier_makes_reads_changes_lists_and_deletes_a_webhook(send: Send) -> None:
    made = send("POST", "/v1/webhooks", TERMS)
    assert (made.status, made.json["supplier_id"]) == (201, A)
    assert made.json["secret"].startswith("whsec_")
    path = made.headers["location"]
    assert send("GET", path).json["supplier_id"] == A
    changed = send("PUT", path, {**TERMS, "event_types": ["aisle.*"]})
    assert (changed.status, changed.json["supplier_id"], changed.json["event_types"]) == (200, A, ["aisle.*"])
    assert [one["id"] for one in send("GET", "/v1/webhooks").json["items"]] == [made.json["id"]]
    assert send("POST", f"{path}/pause").json["supplier_id"] == A
    assert send("POST", f"{path}/resume", {}).json["status"] == "active"
    assert send("POST", f"{path}/secret-rotations", {}).json["secret"].startswith("whsec_")
    test = send("POST", f"{path}/tests")
    assert test.status == 202
    assert send("GET", test.headers["location"]).json["event_type"] == "webhook.test"
    assert send("DELETE", path, version=5).status == 204
    assert send("GET", "/v1/webhooks").json["items"] == []
    events = list(outbox.timeline(store.webhook_pk(made.json["id"])))
    assert [event.type for event in events][:2] == ["WebhookCreated", "WebhookChanged"]
    assert {event.data["supplier_id"] for event in events} == {A}


def test_whose_it_is_follows_from_the_caller_alone(send: Send) -> None:
    refused = send("POST", "/v1/webhooks", {**TERMS, "supplier_id": B})
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (400, "/supplier_id")
    of_operator = send("POST", "/v1/webhooks", TERMS, by=ADMIN)
    assert of_operator.json["supplier_id"] is None
    kept = store.get_webhook(of_operator.json["id"])
    assert kept is not None
    assert kept.supplier_id is None


ROUTES: dict[str, Any] = {
    "GET /v1/webhooks/{webhook_id}": None,
    "PUT /v1/webhooks/{webhook_id}": TERMS,
    "DELETE /v1/webhooks/{webhook_id}": None,
    "POST /v1/webhooks/{webhook_id}/secret-rotations": {},
    "POST /v1/webhooks/{webhook_id}/pause": None,
    "POST /v1/webhooks/{webhook_id}/resume": {},
    "POST /v1/webhooks/{webhook_id}/tests": None,
    "GET /v1/webhooks/{webhook_id}/deliveries": None,
    "GET /v1/webhooks/{webhook_id}/deliveries/{delivery_id}": None,
    "POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redelivery": None,
    "POST /v1/webhooks/{webhook_id}/redeliveries": {"since": "2026-01-01T12:00:00Z"},
}


def test_every_route_of_a_webhook_is_in_the_table() -> None:
    under = {f"{one.method} {one.path}" for one in OPERATIONS if app and one.path.startswith("/v1/webhooks/")}
    assert under == set(ROUTES)


@pytest.fixture
def delivered(noon: None) -> tuple[Webhook, Delivery]:
    """A webhook of supplier A with a delivery that failed."""
    webhook = subscribes(OF_A, event_types=ALL)
    World().happens(of_listing(A))
    [delivery] = deliveries(webhook)
    store.save_delivery(delivery.turned(state=DeliveryState.FAILED))
    return webhook, delivery


def of_listing(supplier_id: Any, **given: Any) -> Event:
    """An event that names a supplier."""
    data = {"supplier_id": supplier_id, "supplier_sku": "S-1"}
    return an_event("ListingPublished", source="aisle.listings", data=data, **given)


@pytest.mark.parametrize("route", ROUTES)
def test_another_suppliers_webhook_is_not_there(send: Send, delivered: Any, route: str) -> None:
    webhook, delivery = delivered
    method, template = route.split()
    before = is_now(webhook), deliveries(webhook)
    path = template.format(webhook_id=webhook.id, delivery_id=delivery.id)
    theirs = send(method, path, ROUTES[route], by=OF_B)
    absent = "whk_00000000000000000000000000"
    never = send(method, template.format(webhook_id=absent, delivery_id=delivery.id), ROUTES[route], by=OF_B)
    assert (theirs.status, theirs.code, never.status) == (404, "not_found", 404)
    assert theirs.json["detail"].replace(webhook.id, absent) == never.json["detail"]
    assert (is_now(webhook), deliveries(webhook)) == before
    # By its own supplier and by the operator it is understood.
    assert send(method, path, ROUTES[route], by=OF_A).status in (200, 202, 204, 409)
    assert send(method, path, ROUTES[route], by=ADMIN).status in (200, 202, 204, 404, 409, 412)


@pytest.mark.parametrize("route", ROUTES)
def test_nor_is_the_operators(send: Send, noon: None, route: str) -> None:
    webhook = subscribes(event_types=ALL)
    World().happens(of_listing(A))
    [delivery] = deliveries(webhook)
    method, template = route.split()
    path = template.format(webhook_id=webhook.id, delivery_id=delivery.id)
    assert send(method, path, ROUTES[route], by=OF_A).code == "not_found"
    assert is_now(webhook) == webhook


def test_a_delivery_of_another_is_not_reached_by_way_of_ones_own_webhook(send: Send, delivered: Any) -> None:
    own = subscribes(OF_B, event_types=ALL)
    path = f"/v1/webhooks/{own.id}/deliveries/{delivered[1].id}"
    assert send("GET", path, by=OF_B).code == "not_found"
    assert send("POST", f"{path}/redelivery", by=OF_B).code == "not_found"


def test_a_deleted_webhooks_deliveries_are_the_operators_alone(send: Send, delivered: Any) -> None:
    webhook, delivery = delivered
    path = f"/v1/webhooks/{webhook.id}/deliveries/{delivery.id}"
    assert send("GET", path, by=OF_A).status == 200
    assert send("DELETE", f"/v1/webhooks/{webhook.id}").status == 204
    assert send("GET", path, by=OF_A).code == "not_found"
    assert send("GET", path, by=ADMIN).status == 200


@pytest.mark.parametrize("by", [SUPPLIER, SHOPPER, a_machine("suppliers.self", id="stranger")])
def test_who_acts_for_no_supplier_is_refused(send: Send, delivered: Any, by: Any) -> None:
    webhook, delivery = delivered
    assert send("POST", "/v1/webhooks", TERMS, by=by).code == "forbidden"
    assert send("GET", "/v1/webhooks", by=by).code == "forbidden"
    assert send("GET", f"/v1/webhooks?supplier_id={A}", by=by).code == "forbidden"
    assert send("GET", "/v1/webhook-event-types", by=by).code == "forbidden"
    for route, body in ROUTES.items():
        method, template = route.split()
        path = template.format(webhook_id=webhook.id, delivery_id=delivery.id)
        assert send(method, path, body, by=by).code == "forbidden"


def test_nobody_is_asked_who_it_is() -> None:
    with pytest.raises(Unauthenticated):
        service.list_webhooks(None, 20, None, NOBODY)


def test_a_member_without_the_role_is_refused(send: Send, noon: None) -> None:
    acts_for(A, SHOPPER)
    assert send("GET", "/v1/webhooks", by=SHOPPER).code == "forbidden"


def test_a_machine_acts_for_its_supplier(send: Send, noon: None) -> None:
    machine = a_machine("suppliers.self", id="client-of-b")
    acts_for(B, machine)
    others = subscribes(OF_A, event_types=ALL)
    made = send("POST", "/v1/webhooks", TERMS, by=machine)
    assert (made.status, made.json["supplier_id"]) == (201, B)
    assert [one["id"] for one in send("GET", "/v1/webhooks", by=machine).json["items"]] == [made.json["id"]]
    assert send("GET", f"/v1/webhooks/{others.id}", by=machine).code == "not_found"
    assert send("GET", made.headers["location"], by=OF_B).status == 200


@pytest.mark.parametrize("by", [ADMIN, a_machine("webhooks.write", id="client-2")])
def test_the_operator_manages_suppliers_webhooks_too(send: Send, by: Any, noon: None) -> None:
    path = f"/v1/webhooks/{subscribes(OF_A, event_types=ALL).id}"
    assert send("GET", path, by=by).json["supplier_id"] == A
    changed = send("PUT", path, TERMS, by=by)
    assert (changed.status, changed.json["supplier_id"]) == (200, A)
    beyond = send("PUT", path, {**TERMS, "event_types": ["aisle.orders.*"]}, by=by, version=2)
    assert beyond.code == "unknown_event_type", "it stays a supplier's, whoever changes it"
    assert send("DELETE", path, by=by, version=2).status == 204


# ---- lists --------------------------------------------------------------------------------------------------------------


def ids(reply: Reply) -> list[str]:
    assert reply.status == 200, reply
    return [one["id"] for one in reply.json["items"]]


def test_a_list_shows_a_supplier_its_own_only(send: Send, noon: None) -> None:
    of_operator = subscribes().id
    of_a = [subscribes(OF_A, event_types=ALL).id for _ in range(3)]
    of_b = subscribes(OF_B, event_types=ALL).id
    assert ids(send("GET", "/v1/webhooks")) == of_a
    assert ids(send("GET", "/v1/webhooks", by=OF_B)) == [of_b]
    assert ids(send("GET", "/v1/webhooks", by=ADMIN)) == [of_operator]
    assert ids(send("GET", f"/v1/webhooks?supplier_id={A}", by=ADMIN)) == of_a
    assert ids(send("GET", f"/v1/webhooks?supplier_id={A}")) == of_a
    for other in (B, "sup_none", "%23"):
        assert send("GET", f"/v1/webhooks?supplier_id={other}").code == "not_found"
    first = send("GET", "/v1/webhooks?limit=2")
    rest = f"/v1/webhooks?limit=2&cursor={first.json['next_cursor']}"
    assert ids(first) + ids(send("GET", rest)) == of_a
    assert send("GET", rest, by=OF_B).code == "invalid_request", "a cursor is of its list"
    assert send("GET", "/v1/webhooks?supplier_id=", by=ADMIN).code == "invalid_request"


def test_the_types_are_those_that_it_may_hear_of(send: Send) -> None:
    shown = {one["type"] for one in send("GET", "/v1/webhook-event-types").json["items"]}
    assert {"aisle.listings.ListingPublished", "aisle.suppliers.SupplierApproved", "aisle.ledger.PayoutSent"} <= shown
    assert {type.split(".")[1] for type in shown} <= {
        "suppliers",
        "listings",
        "feeds",
        "routing",
        "ledger",
        "returns",
    }
    assert not {one for one in shown if "SentToReview" in one and one.startswith("aisle.suppliers")}
    all = {one["type"] for one in send("GET", "/v1/webhook-event-types", by=ADMIN).json["items"]}
    assert shown < all


def test_a_type_beyond_that_does_not_exist_for_it(send: Send) -> None:
    types = [
        "aisle.listings.ListingPublished",
        "aisle.orders.OrderPlaced",
        "aisle.customers.*",
        "aisle.ledger.PayoutRunFinished",
        "aisle.ledger.*",
        "aisle.suppliers.SupplierSentToReview",
    ]
    refused = send("POST", "/v1/webhooks", {**TERMS, "event_types": types})
    assert (refused.status, refused.code) == (422, "unknown_event_type")
    assert [one["pointer"] for one in refused.json["errors"]] == [f"/event_types/{place}" for place in (1, 2, 3, 5)]
    assert send("POST", "/v1/webhooks", {**TERMS, "event_types": types}, by=ADMIN).status == 201


# ---- ten at most --------------------------------------------------------------------------------------------------------


def test_a_supplier_has_ten_at_most(send: Send, noon: None) -> None:
    for _ in range(MOST_OF_SUPPLIER):
        assert send("POST", "/v1/webhooks", TERMS).status == 201
    refused = send("POST", "/v1/webhooks", TERMS)
    assert (refused.status, refused.code, refused.json["limit"]) == (422, "too_many_webhooks", 10)
    assert len(store.webhooks(A)) == 10
    assert send("POST", "/v1/webhooks", TERMS, by=OF_B).status == 201
    [first, *_] = ids(send("GET", "/v1/webhooks"))
    with pytest.raises(Stale):
        service.delete_webhook(first, 7, by=OF_A)
    assert send("POST", "/v1/webhooks", TERMS).code == "too_many_webhooks", "nothing was deleted"
    service.delete_webhook(first, 1, by=OF_A)
    assert send("POST", "/v1/webhooks", TERMS).status == 201
    assert send("POST", "/v1/webhooks", TERMS).code == "too_many_webhooks"
    for _ in range(MOST_OF_SUPPLIER + 1):
        assert send("POST", "/v1/webhooks", TERMS, by=ADMIN).status == 201


def test_ten_at_most_however_many_are_made_at_once() -> None:
    def makes(_: int) -> bool:
        try:
            subscribes(OF_A, event_types=ALL)
        except TooManyWebhooks:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(makes, range(16)))
    assert sum(made) == MOST_OF_SUPPLIER == len(store.webhooks(A))


def test_a_webhook_that_is_deleted_twice_at_once_makes_room_for_one(noon: None) -> None:
    hooks = [subscribes(OF_A, event_types=ALL) for _ in range(MOST_OF_SUPPLIER)]

    def deletes(_: int) -> None:
        try:
            service.delete_webhook(hooks[0].id, 1, by=OF_A)
        except Exception:
            return

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(deletes, range(4)))
    subscribes(OF_A, event_types=ALL)
    with pytest.raises(TooManyWebhooks):
        subscribes(OF_A, event_types=ALL)


# ---- what it hears ------------------------------------------------------------------------------------------------------


def heard(webhook: Webhook) -> list[str]:
    return [delivery.event_id for delivery in deliveries(webhook)]


def about(whom: str, type: str = "SupplierApproved", **data: Any) -> Event:
    """An event whose aggregate is a supplier."""
    return an_event(type, source="aisle.suppliers", aggregate=Aggregate("supplier", whom, 3), data=data)


@pytest.fixture
def three(world: World) -> tuple[Webhook, Webhook, Webhook]:
    """Of A, of B and of the operator: each asks for everything."""
    with world.time():
        return subscribes(OF_A, event_types=ALL), subscribes(OF_B, event_types=ALL), subscribes(event_types=ALL)


def test_a_supplier_hears_of_itself_and_the_operator_of_everybody(world: World, three: Any) -> None:
    of_a, of_b, of_operator = three
    with world.time():
        mine, theirs, nobodys = of_listing(A), of_listing(B), an_event("ListingPublished", source="aisle.listings")
    world.happens(mine, theirs, nobodys)
    assert heard(of_a) == [mine.id]
    assert heard(of_b) == [theirs.id]
    assert set(heard(of_operator)) == {mine.id, theirs.id, nobodys.id}
    world.passes()
    assert len(world.requests) == 5


def test_an_event_about_the_supplier_names_it_too(world: World, three: Any) -> None:
    of_a, of_b, _ = three
    with world.time():
        own = about(A, status="approved")
        named = about(A, supplier_id=B)  # what the data names counts more
        silent = about(B, supplier_id=None)
        # An id of something else says nothing, whatever it looks like.
        other = an_event("SupplierApproved", source="aisle.suppliers", aggregate=Aggregate("review", A, 1), data={})
    world.happens(own, named, silent, other)
    assert heard(of_a) == [own.id]
    assert set(heard(of_b)) == {named.id, silent.id}


def test_what_is_the_operators_business_no_wildcard_brings(world: World, three: Any) -> None:
    of_a, _, of_operator = three
    with world.time():
        events = [
            an_event("OrderPlaced", data={"supplier_id": A}),
            an_event("OrderPlaced", aggregate=Aggregate("supplier", A, 1), data={}),
            about(A, "SupplierSentToReview", rules=["screening"]),
            an_event("PayoutRunFinished", source="aisle.ledger", data={"supplier_id": A}),
            an_event("CommissionRulesChanged", source="aisle.ledger", data={"supplier_id": A}),
            an_event("WebhookCreated", source="aisle.webhooks", data={"supplier_id": A}),
        ]
        sent = an_event("PayoutSent", source="aisle.ledger", data={"supplier_id": A})
    world.happens(*events, sent)
    assert heard(of_a) == [sent.id]
    assert len(heard(of_operator)) == 7


def test_a_filter_for_another_brings_nothing(world: World, three: Any) -> None:
    with world.time():
        forged = subscribes(OF_A, event_types=ALL, filter={"supplier_id": (B,)})
        own = subscribes(OF_A, event_types=ALL, filter={"supplier_sku": ("S-1",), "supplier_id": (A, B)})
        mine, theirs = of_listing(A), of_listing(B)
    world.happens(mine, theirs)
    assert heard(forged) == []
    assert heard(own) == [mine.id]


def test_a_list_that_is_mixed_up_tells_nobody_of_another(
    world: World, three: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_a, of_b, _ = three
    monkeypatch.setattr(store, "webhooks", lambda supplier_id: [of_a, of_b] if supplier_id else [])
    with world.time():
        theirs = of_listing(B)
    world.happens(theirs)
    assert (heard(of_a), heard(of_b)) == ([], [theirs.id])


@pytest.mark.parametrize("named", [None, "", 5, ["x"], "a#b", "sup_", "WEBHOOKS", "x" * 2_000])
def test_what_names_no_supplier_harms_nobody(world: World, three: Any, named: Any) -> None:
    of_a, _, of_operator = three
    with world.time():
        event = of_listing(named)
    world.happens(event)
    assert (heard(of_a), heard(of_operator)) == ([], [event.id])


def test_it_hears_from_when_it_subscribed_until_it_is_disabled(world: World) -> None:
    with world.time():
        before = of_listing(A)
    world.happens(before)
    world.passes(timedelta(seconds=1))
    with world.time():
        webhook = subscribes(OF_A, event_types=ALL)
    world.passes(timedelta(seconds=1))
    with world.time():
        after = of_listing(A)
    world.happens(before, after)
    assert heard(webhook) == [after.id]


# ---- what it costs ------------------------------------------------------------------------------------------------------


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """Whose lists were read."""
    whose: list[str | None] = []
    listed = store.webhooks

    def reading(supplier_id: str | None) -> list[Webhook]:
        whose.append(supplier_id)
        return listed(supplier_id)

    monkeypatch.setattr(store, "webhooks", reading)
    return whose


def test_suppliers_lists_are_read_when_they_are_named_and_kept_like_the_operators(
    world: World, three: Any, reads: list[str | None]
) -> None:
    with world.time():
        orders = [an_event(data={"supplier_id": A}) for _ in range(3)]
        mine, theirs = [of_listing(A) for _ in range(3)], [of_listing(B) for _ in range(3)]
    world.passes(timedelta(seconds=1))
    world.happens(*orders)
    assert reads == [None]
    world.happens(*mine, *theirs)
    assert reads == [None, A, B]
    world.passes(timedelta(seconds=30))
    world.happens(*mine)
    assert reads == [None, A, B, None, A]


def test_no_more_lists_are_kept_than_a_process_has_room_for(
    world: World, reads: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fan_out, "LISTS_KEPT", 3)
    with world.time():
        events = [of_listing(f"sup_01J000000000000000000000{number:02}") for number in range(20)]
    world.passes(timedelta(seconds=1))
    world.happens(*events)
    assert len(fan_out._listed) == 3
    reads.clear()
    world.happens(events[-1])
    assert events[-1].data["supplier_id"] not in reads, "the latest is kept"


def test_a_list_is_read_by_its_own_key_and_holds_no_other_suppliers(table: Any, noon: None) -> None:
    of_a = subscribes(OF_A, event_types=ALL)
    items = table.scan(TableName="aisle-test")["Items"]
    [stored] = [item for item in items if item["sk"]["S"] == "WEBHOOK"]
    assert stored["gsi1pk"]["S"] == f"WEBHOOKS#{A}"
    of_operator = subscribes()
    items = table.scan(TableName="aisle-test")["Items"]
    [stored] = [
        item for item in items if item["pk"]["S"] == store.webhook_pk(of_operator.id) and item["sk"]["S"] == "WEBHOOK"
    ]
    assert stored["gsi1pk"]["S"] == "WEBHOOKS"
    assert "supplier_id" not in stored["summary"]["S"]
    assert [one.id for one in store.webhooks(A)] == [of_a.id]


def test_the_operators_alarm_is_not_rung_by_a_suppliers_endpoint(
    world: World, three: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    of_a, _, of_operator = three
    with world.time():
        event = of_listing(A)
    service.forget_webhooks()
    world.says = lambda now: answers(410)
    world.happens(event)
    world.passes()
    assert {is_now(one).status for one in (of_a, of_operator)} == {WebhookStatus.DISABLED}
    counted = capsys.readouterr().out.replace(" ", "")
    assert counted.count('"WebhooksDisabled":[1') == 1
    assert counted.count('"SupplierWebhooksDisabled":[1') == 1


def test_both_roles_at_once_are_the_operator(send: Send, noon: None) -> None:
    both = Principal("user", OF_A.id, roles=frozenset({Role.SUPPLIER, Role.ADMIN}))
    made = send("POST", "/v1/webhooks", TERMS, by=both)
    assert made.json["supplier_id"] is None
