"""What lockers hear from the bus and from cabinets."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest

from chalicelib.core import clock
from chalicelib.core.consumers import MAX_RECEIVES, BatchFailed
from chalicelib.core.ids import new_ulid
from chalicelib.core.outbox import Event
from chalicelib.lockers import service
from chalicelib.lockers.consumers import cabinets as cabinet_consumers
from chalicelib.lockers.consumers import events as consumers
from chalicelib.lockers.domain.pickups import PickupOutOfTurn
from chalicelib.lockers.gateways.api import InternalApi, NotIssued
from chalicelib.lockers.store import cabinets as cabinets_store
from tests.conftest import ASSOCIATE, SHOPPER
from tests.unit.lockers.conftest import (
    CABINET,
    HELD,
    REMINDED,
    Lockers,
    at_once,
    batch,
    heard,
    later,
    meeting,
    passed_on,
)
from tests.unit.notifications.builders import EMAIL, PHONE, FakeSender, raising

QUEUE = "aisle-test-lockers"


@dataclass
class Buried:
    """The dead-letter queue."""

    sqs: Any
    url: str

    def __call__(self) -> list[tuple[str, str, str]]:
        """Kind, reason and body of each message there."""
        got = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        return [
            (
                one["MessageAttributes"]["kind"]["StringValue"],
                one["MessageAttributes"]["reason"]["StringValue"],
                one["Body"],
            )
            for one in got.get("Messages", [])
        ]


@pytest.fixture
def buried(memory: Any) -> Iterator[Buried]:
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName=f"{QUEUE}-dlq")["QueueUrl"]
    yield Buried(sqs, url)
    sqs.delete_queue(QueueUrl=url)


@dataclass
class Post:
    """What shoppers are told, and the codes that were issued for it."""

    sender: FakeSender
    issued: list[tuple[str, str]] = field(default_factory=list)

    def texts(self, channel: str = "sms") -> list[str]:
        return [one.text for (to, _), one in zip(self.sender.sent, self.sender.messages, strict=True) if to == channel]


@pytest.fixture
def post(lockers: Lockers, monkeypatch: pytest.MonkeyPatch) -> Post:
    made = Post(FakeSender())

    def issue(_: InternalApi, pickup_id: str, whose: str) -> str:
        try:
            code = service.issue_passcode(pickup_id, whose).digits
        except PickupOutOfTurn as error:
            raise NotIssued("not ready") from error
        made.issued.append((pickup_id, code))
        return code

    monkeypatch.setattr(InternalApi, "issue_passcode", issue)
    monkeypatch.setattr(consumers, "api_url", lambda: "https://api.example")
    monkeypatch.setattr("chalicelib.notifications.service.tell_customer.AwsSender", lambda: made.sender)
    monkeypatch.setattr("chalicelib.notifications.gateways.has_email", lambda: True)
    return made


def bring(event: Event, receives: int = 1) -> None:
    envelope = json.loads(event.to_json())
    body = {"source": event.source, "id": f"bus-{event.id}", "detail": envelope}
    consumers.on_order_ready(batch(body, receives=receives), None)


# ---- telling shoppers ---------------------------------------------------------------------------------------------------


def test_the_shopper_of_a_ready_order_gets_a_code_and_a_link(lockers: Lockers, post: Post) -> None:
    pickup_id = lockers.ready("S")
    [ready] = lockers.events("OrderReadyForPickup")
    for _ in range(2):
        bring(ready)
    [(_, code)] = post.issued
    assert post.sender.sent == [("sms", PHONE), ("email", EMAIL)]
    link = f"https://api.example/v1/pickups/{pickup_id}/page#{code}"
    for text in post.texts("sms") + post.texts("email"):
        assert (code in text, link in text) == (True, True)
    given = lockers.started[-1]
    assert (given[0], given[1]["pickup_id"], given[1]["order_id"]) == (
        f"{pickup_id}-v1",
        pickup_id,
        lockers.order_of(pickup_id),
    )
    assert lockers.confirm(pickup_id, code).status == 200


def test_when_nobody_was_told_the_next_attempt_has_another_code(
    lockers: Lockers, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    pickup_id = lockers.ready("S")
    [ready] = lockers.events("OrderReadyForPickup")
    deaf = FakeSender(sms=raising(OSError("down")), email=raising(OSError("down")))
    monkeypatch.setattr("chalicelib.notifications.service.tell_customer.AwsSender", lambda: deaf)
    with pytest.raises(BatchFailed):
        bring(ready)
    monkeypatch.setattr("chalicelib.notifications.service.tell_customer.AwsSender", lambda: post.sender)
    bring(ready)
    (_, first), (_, second) = post.issued
    assert lockers.confirm(pickup_id, first).code == "passcode_refused"
    assert lockers.confirm(pickup_id, second).status == 200


def test_when_one_channel_was_told_the_code_stays(
    lockers: Lockers, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    pickup_id = lockers.ready("S")
    [ready] = lockers.events("OrderReadyForPickup")
    half = FakeSender(email=raising(OSError("down")))
    monkeypatch.setattr("chalicelib.notifications.service.tell_customer.AwsSender", lambda: half)
    for _ in range(2):
        bring(ready)
    [(_, code)] = post.issued
    assert half.sent == [("sms", PHONE)]
    assert lockers.confirm(pickup_id, code).status == 200


def test_of_what_was_collected_meanwhile_nobody_is_told(lockers: Lockers, post: Post) -> None:
    lockers.opening("S")
    [ready] = lockers.events("OrderReadyForPickup")
    bring(ready)
    assert (post.issued, post.sender.sent) == ([], [])


def test_a_reminder_and_an_expiry_hold_no_code(lockers: Lockers, post: Post) -> None:
    pickup_id = lockers.ready("S")
    code = lockers.code(pickup_id)
    for seconds, type in ((REMINDED, "PickupReminder"), (HELD, "PickupExpired")):
        with later(seconds):
            service.hold_pickup(pickup_id, CABINET)
        [event] = lockers.events(type)
        bring(event)
    assert post.issued == []
    assert [channel for channel, _ in post.sender.sent] == ["sms", "email", "sms", "email"]
    assert not [one for one in post.sender.messages if code in one.text]


def test_who_lost_their_code_gets_another(lockers: Lockers, post: Post) -> None:
    pickup_id = lockers.ready("S")
    lost = lockers.code(pickup_id)
    assert lockers.staff(pickup_id, "passcode-requests").status == 202
    [asked] = lockers.events("PasscodeRequested")
    bring(asked)
    [(_, code)] = post.issued
    assert lockers.confirm(pickup_id, lost).code == "passcode_refused"
    assert lockers.confirm(pickup_id, code).status == 200


# ---- orders of other systems --------------------------------------------------------------------------------------------


def announced(lockers: Lockers, *numbers: str, **changed: Any) -> dict[str, Any]:
    detail = {
        "order": "W-1001",
        "site_id": "mall",
        "compartments": [lockers.label(number) for number in numbers or ("1",)],
        "contact": {"name": "Grace", "phone": "+447700900124"},
        "from_a_later_version": True,
        **changed,
    }
    return {"source": "com.example.warehouse", "id": "outside-1", "detail": detail}


def foreign(lockers: Lockers) -> str:
    """The id of the only pickup of another system's order."""
    [pickup_id] = {one.aggregate.id for one in lockers.events("PickupAnnounced")}
    return pickup_id


def test_the_order_of_another_system_is_collected_like_ours(lockers: Lockers, post: Post) -> None:
    consumers.on_order_ready(batch(announced(lockers, "1", "2")), None)
    pickup_id = foreign(lockers)
    shown = lockers.read(pickup_id)
    assert (shown["status"], shown["order_id"], shown["fulfilment_id"]) == ("ready", "W-1001", None)
    assert lockers.statuses() == {"1": "occupied", "2": "occupied", "3": "free"}
    assert post.sender.sent == [("sms", "+447700900124")]
    [(_, code)] = post.issued
    assert lockers.confirm(pickup_id, code).status == 200
    lockers.deliver()
    for command in lockers.commands():
        lockers.acknowledges("closed", command)
    lockers.deliver()
    assert lockers.read(pickup_id)["status"] == "collected"
    assert lockers.statuses() == {"1": "free", "2": "free", "3": "free"}
    assert "+447700900124" not in json.dumps([one.to_json() for one in lockers.events()])
    assert "Grace" not in lockers.table()


def test_what_is_announced_twice_is_told_once(lockers: Lockers, post: Post) -> None:
    for _ in range(2):
        consumers.on_order_ready(batch(announced(lockers)), None)
    assert len(post.issued) == len(post.sender.sent) == len(lockers.events("PickupAnnounced")) == 1


def test_what_is_announced_twice_at_once_is_one_pickup(
    lockers: Lockers, post: Post, buried: Buried, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting(monkeypatch, cabinets_store, "get_compartment", 2)
    detail = announced(lockers)["detail"]
    given = ("com.example.warehouse", "W-1001", "mall", detail["compartments"], detail["contact"], CABINET)
    one, other = at_once(*[lambda: service.announce_foreign(*given)] * 2)
    assert (one.id, one.status) == (other.id, other.status)
    assert len(lockers.events("PickupAnnounced")) == 1


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"site_id": "nowhere"}, "not_found: There is no locker site nowhere."),
        ({"site_id": "No Site"}, "/site_id: String should match pattern '^[a-z0-9][a-z0-9-]{0,63}$'"),
        ({"compartments": []}, "/compartments: List should have at least 1 item after validation, not 0"),
        ({"compartments": ["1"]}, "/compartments/0: String should match"),
        ({"contact": {"name": "Grace"}}, "/contact: Value error, give a phone number or an e-mail address"),
        ({"compartments": [f"cab_{'0' * 26}/1"] * 2}, "/compartments: Value error, name each compartment once"),
        ({"order": None}, "/order: Input should be a valid string"),
    ],
)
def test_a_bad_announcement_is_buried_with_its_reason(
    lockers: Lockers, post: Post, buried: Buried, changed: Any, reason: str
) -> None:
    bad = announced(lockers, **changed)
    consumers.on_order_ready(batch(bad), None)
    [(kind, why, body)] = buried()
    assert (kind, json.loads(body)) == ("Poison", bad)
    assert why.startswith(reason)
    assert post.sender.sent == []


def test_what_lies_elsewhere_or_is_taken_is_buried(lockers: Lockers, post: Post, buried: Buried) -> None:
    lockers.packed("S")
    taken, cabinet = announced(lockers), lockers.cabinet
    lockers.site("station")
    elsewhere = announced(lockers, compartments=[f"{lockers.adds('S', site='station')}/1"])
    lockers.cabinet = cabinet
    consumers.on_order_ready(batch(taken, elsewhere, {"id": "x"}, "[]", "{"), None)
    reasons = [why.partition(":")[0] for _, why, _ in buried()]
    assert sorted(reasons) == [
        "compartment_not_at_site",
        "compartment_taken",
        "not JSON",
        "not an event",
        "not an event",
    ]
    assert lockers.statuses()["1"] == "reserved"


def test_staff_alone_keeps_the_order_of_another_system_longer(lockers: Lockers, post: Post) -> None:
    mine = lockers.ordered()
    consumers.on_order_ready(batch(announced(lockers, order=mine)), None)
    pickup_id = foreign(lockers)
    assert lockers.staff(pickup_id, "extensions", by=SHOPPER).status == 404
    assert lockers.staff(pickup_id, "delegates", by=SHOPPER).status == 404
    assert lockers.staff(pickup_id, "extensions", by=ASSOCIATE).status == 200


def test_what_of_another_system_expires_is_not_ours_to_give_up(lockers: Lockers, post: Post) -> None:
    consumers.on_order_ready(batch(announced(lockers)), None)
    pickup_id = foreign(lockers)
    with later(HELD):
        assert service.hold_pickup(pickup_id, CABINET) == {"outcome": "expired"}
    assert lockers.staff(pickup_id, "clearings", compartment=lockers.label("1")).json["status"] == "cleared"
    assert service.hold_pickup(pickup_id, CABINET) == {"outcome": "over"}


# ---- cabinets -----------------------------------------------------------------------------------------------------------


def said(**message: Any) -> dict[str, Any]:
    return {"message_id": new_ulid(), "at": clock.rfc3339(clock.now()), **message}


def test_a_cabinet_that_speaks_as_another_is_not_heard(lockers: Lockers, buried: Buried) -> None:
    lockers.opening("S")
    [command] = lockers.commands()
    message = said(command_id=command["command_id"], compartment="1", outcome="opened")
    heard(lockers.cabinet, "acknowledgements", message, client="cab_other")
    [(kind, reason, _)] = buried()
    assert (kind, reason) == ("Poison", f"cab_other spoke as {lockers.cabinet}")
    assert lockers.events("CompartmentOpened") == []


@pytest.mark.parametrize(
    ("channel", "message", "reason"),
    [
        ("gossip", {}, "there is no channel gossip"),
        ("heartbeats", {"message_id": "1"}, "/at: Field required"),
        ("heartbeats", b"not json", "not a message of a cabinet"),
        ("status", ["online"], "/: Input should be a valid dictionary"),
        (
            "acknowledgements",
            {
                "message_id": "1",
                "at": "2026-01-01T00:00:00Z",
                "command_id": f"cmd_{'0' * 26}",
                "compartment": "1",
                "outcome": "opened",
            },
            "Cabinet",
        ),
        ("doors", {"message_id": "1", "at": "2026-01-01T00:00:00Z", "compartment": "9", "state": "forced"}, "There is"),
        ("shadow", {"state": {"reported": {"firmware": "1"}}}, "there is no channel"),
    ],
)
def test_what_will_never_be_understood_is_buried(
    lockers: Lockers, buried: Buried, channel: str, message: Any, reason: str
) -> None:
    heard(lockers.cabinet, channel, message)
    [(kind, why, _)] = buried()
    assert kind == "Poison"
    assert why.startswith(reason)


def test_an_acknowledgement_for_another_compartment_is_buried(lockers: Lockers, buried: Buried) -> None:
    lockers.opening("S")
    [command] = lockers.commands()
    message = said(command_id=command["command_id"], compartment="2", outcome="opened")
    heard(lockers.cabinet, "acknowledgements", message)
    assert [kind for kind, _, _ in buried()] == ["Poison"]
    assert lockers.events("CompartmentOpened") == []


def test_what_is_no_message_at_all_is_buried(lockers: Lockers, buried: Buried) -> None:
    good = passed_on(lockers.cabinet, "heartbeats", said())
    bodies = [{**good, "message": "%%%"}, {**good, "message": b64encode(b"\xff").decode()}, {"channel": "codes"}, 7]
    cabinet_consumers.on_cabinet_message(batch(*bodies), None)
    assert [kind for kind, _, _ in buried()] == ["Poison"] * 4
    cabinet_consumers.on_command_check(batch({"cabinet_id": lockers.cabinet}, []), None)
    assert [kind for kind, _, _ in buried()] == ["Poison"] * 2


def test_a_stranger_that_connects_is_passed_over(lockers: Lockers, buried: Buried) -> None:
    heard("somebody-elses-thing", "presence", {"eventType": "connected"})
    heard(lockers.cabinet, "presence", {"eventType": "connected"})
    assert lockers.shop.call("GET", f"/v1/cabinets/{lockers.cabinet}").json["connection"]["online"] is True
    heard(lockers.cabinet, "presence", {"eventType": "disconnected", "timestamp": 0})
    assert lockers.shop.call("GET", f"/v1/cabinets/{lockers.cabinet}").json["connection"]["online"] is True
    now = int(clock.now().timestamp() * 1000) + 1
    heard(lockers.cabinet, "presence", {"eventType": "disconnected", "timestamp": now})
    assert lockers.shop.call("GET", f"/v1/cabinets/{lockers.cabinet}").json["connection"]["online"] is False
    assert buried() == []


@pytest.mark.parametrize(
    "message", [{"code": "12345678"}, {"message_id": "1", "at": "2026-01-01T00:00:00Z", "code": "12345678x"}]
)
def test_a_typed_code_is_never_buried(lockers: Lockers, buried: Buried, message: Any) -> None:
    heard(lockers.cabinet, "codes", message)
    heard(f"cab_{'0' * 26}", "codes", said(code="12345678"))
    cabinet_consumers.on_keyed_code(batch('{"code": "12345678"'), None)
    assert buried() == [("Poison", "not shown", '{"redacted": true}')] * 3


def test_a_typed_code_that_fails_for_the_last_time_is_not_shown(
    lockers: Lockers, buried: Buried, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = lockers.code(lockers.ready("S"))

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError(f"no line for {code}")

    monkeypatch.setattr("chalicelib.lockers.gateways.cabinets.IotCore.tell", fail)
    body = passed_on(lockers.cabinet, "codes", said(code=code))
    with pytest.raises(BatchFailed):
        cabinet_consumers.on_keyed_code(batch(body), None)
    cabinet_consumers.on_keyed_code(batch(body, receives=MAX_RECEIVES), None)
    assert buried() == [("RuntimeError", "not shown", '{"redacted": true}')]
