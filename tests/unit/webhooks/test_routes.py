"""The routes of webhooks, through the whole application."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import boto3
import pytest

from chalicelib.core import clock, outbox
from chalicelib.core.settings import settings
from chalicelib.webhooks import gateways, service, store
from chalicelib.webhooks.domain.delivery import DeliveryState
from chalicelib.webhooks.domain.webhook import WebhookStatus
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, Reply, a_machine
from tests.unit.webhooks.builders import NOON, URL, World, an_event, answers, deliveries, subscribes

pytestmark = pytest.mark.usefixtures("noon")

TERMS: dict[str, Any] = {"url": URL, "event_types": ["aisle.orders.*"]}
_keys = count()

Post = Callable[..., Reply]


@pytest.fixture
def noon(table: Any) -> Iterator[None]:
    with clock.at(NOON):
        yield


@pytest.fixture
def post(call: Any) -> Post:
    """POST under a new idempotency key."""

    def send(path: str, json: Any = None, by: Any = ADMIN, key: str | None = None) -> Reply:
        reply: Reply = call("POST", path, json=json, by=by, headers={"Idempotency-Key": key or f"key-{next(_keys)}"})
        return reply

    return send


@pytest.fixture
def attempts_queue(monkeypatch: pytest.MonkeyPatch, table: Any) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The queue of attempts. Yields what reads its messages."""
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="aisle-test-webhooks-attempts")["QueueUrl"]
    monkeypatch.setattr(gateways, "settings", lambda: replace(settings(), webhook_attempts_url=url))

    def messages() -> list[dict[str, Any]]:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]

    yield messages
    sqs.delete_queue(QueueUrl=url)


@pytest.fixture
def hook(post: Post) -> str:
    """The path of a webhook."""
    path: str = post("/v1/webhooks", TERMS).headers["location"]
    return path


# ---- subscriptions ------------------------------------------------------------------------------------------------------


def test_a_webhook_is_created_read_changed_listed_and_deleted(call: Any, post: Post) -> None:
    full = {
        **TERMS,
        "filter": {"channel": ["web", "app"]},
        "description": "To the marketplace",
        "rate_per_minute": 600,
    }
    made = post("/v1/webhooks", full)
    assert (made.status, made.etag) == (201, '"1"')
    path = f"/v1/webhooks/{made.json['id']}"
    assert made.headers["location"] == path
    shown = {name: value for name, value in made.json.items() if name != "secret"}
    assert shown == {
        **full,
        "id": made.json["id"],
        "payload_version": 1,
        "status": "active",
        "disabled_because": None,
        "supplier_id": None,
        "created_at": "2026-01-01T12:00:00.000000Z",
        "version": 1,
    }
    read = call("GET", path, by=ADMIN)
    assert read.etag == '"1"'
    assert read.json == {
        **shown,
        "old_secret_until": None,
        "health": {"failures": 0, "failing_since": None, "resting_until": None},
    }
    assert call("GET", "/v1/webhooks", by=ADMIN).json == {"items": [shown], "next_cursor": None}

    change = {"url": "https://new.example.com/", "event_types": ["aisle.*"]}
    changed = call("PUT", path, json=change, by=ADMIN, headers={"If-Match": made.etag})
    assert (changed.status, changed.etag) == (200, '"2"')
    assert changed.json == {
        **shown,
        **change,
        "filter": {},
        "description": "",
        "rate_per_minute": None,
        "version": 2,
    }
    assert call("PUT", path, json=change, by=ADMIN, headers={"If-Match": made.etag}).code == "stale_version"
    assert call("PUT", path, json=change, by=ADMIN).code == "version_required"
    assert call("DELETE", path, by=ADMIN, headers={"If-Match": '"1"'}).code == "stale_version"
    assert call("DELETE", path, by=ADMIN, headers={"If-Match": '"2"'}).status == 204
    assert call("GET", path, by=ADMIN).code == "not_found"
    assert call("DELETE", path, by=ADMIN, headers={"If-Match": '"2"'}).code == "not_found"
    assert call("GET", "/v1/webhooks", by=ADMIN).json["items"] == []
    events = list(outbox.timeline(store.webhook_pk(made.json["id"])))
    assert [(event.type, event.aggregate.version, event.actor["id"]) for event in events] == [
        ("WebhookCreated", 1, "usr_admin"),
        ("WebhookChanged", 2, "usr_admin"),
        ("WebhookDeleted", 3, "usr_admin"),
    ]


def test_the_secret_is_shown_once_and_stored_nowhere_in_clear(call: Any, post: Post, table: Any) -> None:
    made = post("/v1/webhooks", TERMS, key="once")
    secret = made.json["secret"]
    assert secret.startswith("whsec_")
    again = post("/v1/webhooks", TERMS, key="once")
    assert (again.status, again.headers["idempotent-replayed"]) == (201, "true")
    assert again.json == {**made.json, "secret": None}
    path = made.headers["location"]
    assert "secret" not in call("GET", path, by=ADMIN).json
    assert "whsec" not in call("GET", "/v1/webhooks", by=ADMIN).text
    stored = json.dumps(table.scan(TableName="aisle-test")["Items"], default=_plain)
    assert secret.removeprefix("whsec_") not in stored
    webhook = store.get_webhook(made.json["id"])
    assert webhook is not None
    assert gateways.opened(webhook.id, webhook.secrets[0].sealed) == secret


def _plain(binary: bytes) -> str:
    import zlib

    try:
        return zlib.decompress(binary).decode()
    except zlib.error:
        return binary.decode("latin-1")


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"url": ""}, "/url"),
        ({"url": "x" * 2_001}, "/url"),
        ({"event_types": []}, "/event_types"),
        ({"event_types": ["orders"]}, "/event_types/0"),
        ({"event_types": ["*"]}, "/event_types/0"),
        ({"event_types": ["aisle.orders.Order*"]}, "/event_types/0"),
        ({"filter": {"channel": []}}, "/filter/channel"),
        ({"filter": {"Channel": ["web"]}}, "/filter/Channel/[key]"),
        ({"filter": {f"f{n}": ["x"] for n in range(6)}}, "/filter"),
        ({"rate_per_minute": 0}, "/rate_per_minute"),
        ({"payload_version": 2}, "/payload_version"),
        ({"secret": "whsec_x"}, "/secret"),
    ],
)
def test_what_is_malformed_is_pointed_at(post: Post, wrong: dict[str, Any], pointer: str) -> None:
    refused = post("/v1/webhooks", {**TERMS, **wrong})
    assert (refused.status, refused.code) == (400, "invalid_request")
    assert [fault["pointer"] for fault in refused.json["errors"]] == [pointer]


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/",
        "https://user:pw@hooks.example.com/",
        "https://hooks.example.com:8443/",
    ],
)
def test_a_url_that_is_never_called_is_refused(call: Any, post: Post, hook: str, url: str) -> None:
    refused = post("/v1/webhooks", {**TERMS, "url": url})
    assert (refused.status, refused.code) == (422, "url_not_allowed")
    assert [fault["pointer"] for fault in refused.json["errors"]] == ["/url"]
    change = call("PUT", hook, json={**TERMS, "url": url}, by=ADMIN, headers={"If-Match": '"1"'})
    assert change.code == "url_not_allowed"


def test_a_type_that_no_event_has_is_a_slip(post: Post) -> None:
    types = ["aisle.orders.OrderPlaced", "aisle.orders.OrderPlcaed", "aisle.order.*"]
    refused = post("/v1/webhooks", {**TERMS, "event_types": types})
    assert (refused.status, refused.code) == (422, "unknown_event_type")
    assert [fault["pointer"] for fault in refused.json["errors"]] == ["/event_types/1", "/event_types/2"]


def test_the_types_are_listed(call: Any) -> None:
    items = call("GET", "/v1/webhook-event-types", by=ADMIN).json["items"]
    assert {"type": "aisle.orders.OrderPlaced", "description": "An order is placed; its stock is reserved"} in items


def test_a_list_has_pages(call: Any) -> None:
    made = [subscribes().id for _ in range(3)]
    first = call("GET", "/v1/webhooks?limit=2", by=ADMIN).json
    second = call("GET", f"/v1/webhooks?limit=2&cursor={first['next_cursor']}", by=ADMIN).json
    assert [item["id"] for item in first["items"] + second["items"]] == made
    assert second["next_cursor"] is None


# ---- secrets, pause, resume ---------------------------------------------------------------------------------------------


def test_a_rotation_shows_the_new_secret_once_and_keeps_the_old_for_a_while(call: Any, post: Post, hook: str) -> None:
    path = f"{hook}/secret-rotations"
    rotated = post(path, {"old_valid_hours": 48}, key="rotate")
    assert (rotated.status, rotated.etag) == (200, '"2"')
    assert rotated.json["secret"].startswith("whsec_")
    assert post(path, {"old_valid_hours": 48}, key="rotate").json == {**rotated.json, "secret": None}
    assert call("GET", hook, by=ADMIN).json["old_secret_until"] == "2026-01-03T12:00:00.000000Z"
    assert len(_stored(hook).secrets_at(NOON)) == 2
    post(path, {"old_valid_hours": 0})
    assert len(_stored(hook).secrets_at(NOON)) == 1
    assert call("GET", hook, by=ADMIN).json["old_secret_until"] is None
    assert post(path, {"old_valid_hours": 169}).status == 400
    assert _events(hook) == ["WebhookCreated", "WebhookSecretRotated", "WebhookSecretRotated"]


def _stored(path: str) -> Any:
    return store.get_webhook(path.rpartition("/")[2])


def _events(path: str) -> list[str]:
    return [event.type for event in outbox.timeline(store.webhook_pk(path.rpartition("/")[2]))]


def test_a_webhook_is_paused_and_resumed(post: Post, hook: str) -> None:
    paused = post(f"{hook}/pause", key="pause")
    assert (paused.status, paused.json["status"], paused.etag) == (200, "paused", '"2"')
    assert post(f"{hook}/pause", key="pause").headers["idempotent-replayed"] == "true"
    refused = post(f"{hook}/pause")
    assert (refused.status, refused.code, refused.json["webhook_status"]) == (409, "webhook_status", "paused")
    resumed = post(f"{hook}/resume", {})
    assert (resumed.status, resumed.json["status"], resumed.etag) == (200, "active", '"3"')
    assert post(f"{hook}/resume", {}).code == "webhook_status"
    assert _events(hook) == ["WebhookCreated", "WebhookPaused", "WebhookResumed"]


def test_what_was_missed_is_delivered_as_asked(post: Post, hook: str) -> None:
    id = hook.rpartition("/")[2]
    post(f"{hook}/pause")
    post(f"{hook}/resume", {"deliver_missed": False})
    assert list(store.due(NOON + timedelta(days=1))) == []
    post(f"{hook}/pause")
    post(f"{hook}/resume", {"deliver_missed": True})
    assert [(entry.id, entry.is_delivery) for entry in store.due(NOON)] == [(id, False)]


def test_a_new_url_begins_in_good_health(call: Any, hook: str) -> None:
    id = hook.rpartition("/")[2]
    store.note_failure(id, NOON, NOON + timedelta(hours=1))
    same = call("PUT", hook, json={**TERMS, "description": "x"}, by=ADMIN, headers={"If-Match": '"1"'})
    assert same.status == 200
    assert call("GET", hook, by=ADMIN).json["health"] == {
        "failures": 1,
        "failing_since": "2026-01-01T12:00:00.000000Z",
        "resting_until": "2026-01-01T13:00:00.000000Z",
    }
    call("PUT", hook, json={**TERMS, "url": "https://new.example.com/"}, by=ADMIN, headers={"If-Match": '"2"'})
    assert call("GET", hook, by=ADMIN).json["health"]["failures"] == 0


# ---- deliveries ---------------------------------------------------------------------------------------------------------


def test_a_test_is_sent_once_and_its_delivery_tells_how_it_went(
    call: Any, post: Post, hook: str, attempts_queue: Any
) -> None:
    post(f"{hook}/pause")
    accepted = post(f"{hook}/tests", key="test")
    assert (accepted.status, accepted.json["event_type"], accepted.json["state"]) == (202, "webhook.test", "pending")
    assert post(f"{hook}/tests", key="test").text == accepted.text
    [message] = attempts_queue()
    assert (message["delivery_id"], message["turn"]) == (accepted.json["id"], 1)
    world = World(says=lambda now: answers(500, b"no"))
    assert world.attempt(message["delivery_id"], message["turn"]) == "500"
    world.passes(timedelta(days=1))
    assert len(world.requests) == 1
    shown = call("GET", accepted.headers["location"], by=ADMIN)
    assert shown.json == {
        **accepted.json,
        "state": "failed",
        "attempts": 1,
        "last_outcome": "500",
        "next_attempt_at": None,
        "body": '{"type":"webhook.test","timestamp":"2026-01-01T12:00:00.000000Z","data":{"webhook_id":"ID"}}'.replace(
            "ID", hook.rpartition("/")[2]
        ),
        "log": [
            {
                "number": 1,
                "at": "2026-01-01T12:00:00.000000Z",
                "duration_ms": shown.json["log"][0]["duration_ms"],
                "status": 500,
                "error": None,
                "body": "no",
            }
        ],
    }
    assert call("GET", hook, by=ADMIN).json["health"]["failures"] == 0


def test_a_test_whose_message_is_lost_is_sent_by_the_schedule(post: Post, hook: str) -> None:
    """No queue here: sending fails, and the command does not."""
    assert post(f"{hook}/tests").status == 202
    world = World()
    world.passes(timedelta(minutes=12))
    assert len(world.requests) == 1


@pytest.fixture
def failed(hook: str) -> World:
    """Three events of noon, a minute and two later, whose deliveries failed for good."""
    world = World(says=lambda now: answers(500))
    webhook = _stored(hook)
    for _ in range(3):
        world.happens()
        world.now += timedelta(minutes=1)
    for delivery in deliveries(webhook):
        store.save_delivery(delivery.turned(state=DeliveryState.FAILED, attempts=10, round=10, last_outcome="500"))
    world.messages.clear()
    return world


def test_deliveries_are_listed_newest_first_by_state_and_page(call: Any, hook: str, failed: World) -> None:
    failed.says = lambda now: answers(200)
    failed.happens()
    failed.passes()
    path = f"{hook}/deliveries"
    assert [one["state"] for one in call("GET", path, by=ADMIN).json["items"]] == ["delivered", *["failed"] * 3]
    only = call("GET", f"{path}?state=failed", by=ADMIN).json["items"]
    assert [one["created_at"][14:16] for one in only] == ["02", "01", "00"]
    assert call("GET", f"{path}?state=held", by=ADMIN).json["items"] == []
    assert call("GET", f"{path}?state=lost", by=ADMIN).status == 400
    first = call("GET", f"{path}?limit=3", by=ADMIN).json
    second = call("GET", f"{path}?limit=3&cursor={first['next_cursor']}", by=ADMIN).json
    assert [one["created_at"][14:16] for one in first["items"] + second["items"]] == ["03", "02", "01", "00"]
    stolen = call("GET", f"{path}?state=failed&cursor={first['next_cursor']}", by=ADMIN)
    assert stolen.code == "invalid_request"


def test_a_failed_delivery_is_delivered_again(post: Post, hook: str, failed: World, attempts_queue: Any) -> None:
    delivery = deliveries(_stored(hook))[0]
    path = f"{hook}/deliveries/{delivery.id}/redelivery"
    accepted = post(path, key="again")
    assert (accepted.status, accepted.json["state"], accepted.json["attempts"]) == (202, "pending", 10)
    assert accepted.headers["location"] == f"{hook}/deliveries/{delivery.id}"
    assert post(path, key="again").text == accepted.text
    [message] = attempts_queue()
    failed.says = lambda now: answers(200)
    assert failed.attempt(message["delivery_id"], message["turn"]) == "200"
    [(_, headers, _)] = failed.requests
    assert headers["webhook-id"] == delivery.event_id
    done = deliveries(_stored(hook))[0]
    assert (done.state, done.attempts, done.round) == (DeliveryState.DELIVERED, 11, 1)
    assert post(path).status == 202, "what was delivered may be delivered again, too"


def test_all_that_failed_since_a_time_is_delivered_again(
    post: Post, hook: str, failed: World, attempts_queue: Any
) -> None:
    path = f"{hook}/redeliveries"
    done = post(path, {"since": "2026-01-01T12:01:00Z"}, key="bulk")
    assert (done.status, done.json) == (202, {"deliveries": 2, "more": False})
    assert post(path, {"since": "2026-01-01T12:01:00Z"}, key="bulk").headers["idempotent-replayed"] == "true"
    assert [one.state for one in deliveries(_stored(hook))] == ["failed", "pending", "pending"]
    assert len(attempts_queue()) == 2
    assert post(path, {"since": "2026-01-01T12:01:00Z"}).json == {"deliveries": 0, "more": False}
    assert post(path, {"since": "2026-01-01T12:01:00"}).status == 400
    assert post(path, {}).status == 400


def test_a_bulk_is_bounded_and_says_so(
    post: Post, hook: str, failed: World, attempts_queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.webhooks.service.repeat.MAX_REPEATED", 2)
    since = {"since": "2026-01-01T13:00:00+01:00"}
    assert post(f"{hook}/redeliveries", since).json == {"deliveries": 2, "more": True}
    assert [one.state for one in deliveries(_stored(hook))] == ["pending", "pending", "failed"]
    assert post(f"{hook}/redeliveries", since).json == {"deliveries": 1, "more": False}


def test_a_whole_bulk_fits_into_one_transaction(post: Post, hook: str, attempts_queue: Any) -> None:
    world = World()
    webhook = _stored(hook)
    world.happens(*(an_event() for _ in range(51)))
    for delivery in deliveries(webhook):
        store.save_delivery(delivery.turned(state=DeliveryState.FAILED))
    done = post(f"{hook}/redeliveries", {"since": "2026-01-01T12:00:00Z"})
    assert done.json == {"deliveries": 50, "more": True}
    assert len(deliveries(webhook, DeliveryState.PENDING)) == 50


@pytest.mark.parametrize("status", [WebhookStatus.PAUSED, WebhookStatus.DISABLED])
def test_only_an_active_webhook_is_delivered_to_again(
    post: Post, hook: str, failed: World, status: WebhookStatus
) -> None:
    from chalicelib.core.table import Transaction

    webhook = _stored(hook)
    tx = Transaction()
    store.change_webhook(tx, webhook.to(status))
    tx.commit()
    for path in (f"deliveries/{deliveries(webhook)[0].id}/redelivery", "redeliveries"):
        refused = post(f"{hook}/{path}", {"since": "2026-01-01T12:00:00Z"})
        assert (refused.status, refused.code) == (409, "webhook_status")
    assert [one.state for one in deliveries(webhook)] == ["failed"] * 3


def test_one_webhook_does_not_show_the_deliveries_of_another(call: Any, post: Post, hook: str, failed: World) -> None:
    other = post("/v1/webhooks", TERMS).headers["location"]
    delivery = deliveries(_stored(hook))[0]
    assert call("GET", f"{hook}/deliveries/{delivery.id}", by=ADMIN).status == 200
    assert call("GET", f"{other}/deliveries/{delivery.id}", by=ADMIN).code == "not_found"
    assert post(f"{other}/deliveries/{delivery.id}/redelivery").code == "not_found"


@pytest.mark.parametrize(
    "id", ["whk_00000000000000000000000000", "nonsense", "whk_%23", "ord_00000000000000000000000000"]
)
def test_what_is_not_there_is_not_found(call: Any, post: Post, hook: str, id: str) -> None:
    path = f"/v1/webhooks/{id}"
    assert call("GET", path, by=ADMIN).code == "not_found"
    assert call("PUT", path, json=TERMS, by=ADMIN, headers={"If-Match": '"1"'}).code == "not_found"
    assert call("DELETE", path, by=ADMIN, headers={"If-Match": '"1"'}).code == "not_found"
    assert call("GET", f"{path}/deliveries", by=ADMIN).code == "not_found"
    for command, body in _COMMANDS.items():
        assert post(f"{path}/{command}", body).code == "not_found"
    assert call("GET", f"{hook}/deliveries/{id.replace('whk', 'whd')}", by=ADMIN).code == "not_found"


_COMMANDS: dict[str, Any] = {
    "secret-rotations": {},
    "pause": None,
    "resume": {},
    "tests": None,
    "redeliveries": {"since": "2026-01-01T12:00:00Z"},
    "deliveries/whd_00000000000000000000000000/redelivery": None,
}


# ---- who may ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [ASSOCIATE, SHOPPER])
def test_webhooks_are_for_administrators(call: Any, post: Post, hook: str, by: Any) -> None:
    assert post("/v1/webhooks", TERMS, by=by).status == 403
    for path in ("/v1/webhooks", hook, f"{hook}/deliveries", f"{hook}/deliveries/whd_1", "/v1/webhook-event-types"):
        assert call("GET", path, by=by).status == 403
    assert call("PUT", hook, json=TERMS, by=by, headers={"If-Match": '"1"'}).status == 403
    assert call("DELETE", hook, by=by, headers={"If-Match": '"1"'}).status == 403
    for command, body in _COMMANDS.items():
        assert post(f"{hook}/{command}", body, by=by).status == 403


def test_and_for_machines_with_the_scope(call: Any, post: Post) -> None:
    machine = a_machine("webhooks.write")
    made = post("/v1/webhooks", TERMS, by=machine)
    assert made.status == 201
    assert call("GET", made.headers["location"], by=machine).status == 200
    assert call("GET", made.headers["location"], by=a_machine("orders.write")).status == 401, "refused at the gateway"


def test_commands_need_a_key(call: Any, hook: str) -> None:
    for path, body in {"/v1/webhooks": TERMS, **{f"{hook}/{name}": body for name, body in _COMMANDS.items()}}.items():
        refused = call("POST", path, json=body, by=ADMIN)
        assert (refused.status, refused.json["errors"][0]["code"]) == (400, "idempotency_key_missing")


def test_a_principal_without_rights_is_refused_before_anything_is_read() -> None:
    from chalicelib.core.errors import Forbidden

    for use_case in (service.read_webhook, service.event_types):
        with pytest.raises(Forbidden):
            use_case(*(["whk_1"] if use_case is service.read_webhook else []), SHOPPER)  # type: ignore[operator]
