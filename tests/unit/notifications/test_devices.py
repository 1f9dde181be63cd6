"""Devices: registered with SNS, one customer's at a time, gone when SNS says so."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import boto3
import pytest

from chalicelib.core.settings import settings
from chalicelib.notifications import gateways, service, store
from chalicelib.notifications.domain import Channel, State
from chalicelib.notifications.gateways import Undeliverable
from tests.conftest import SHOPPER, a_machine, a_shopper
from tests.unit.notifications.builders import EVENT, FakeSender, raising, record, tell

pytestmark = pytest.mark.usefixtures("table")
TOKEN = "fcm-token-0123456789"
_keys = count()


@pytest.fixture
def application(memory: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The stage has a platform application. Yields what SNS knows of its devices."""
    sns = boto3.client("sns")
    arn = sns.create_platform_application(Name="aisle", Platform="GCM", Attributes={"PlatformCredential": "x"})[
        "PlatformApplicationArn"
    ]
    monkeypatch.setattr(gateways, "settings", lambda: replace(settings(), push_application_arn=arn))
    yield lambda: [
        one["EndpointArn"]
        for one in sns.list_endpoints_by_platform_application(PlatformApplicationArn=arn)["Endpoints"]
    ]
    sns.delete_platform_application(PlatformApplicationArn=arn)


@pytest.fixture
def register(call):
    def send(token=TOKEN, by=SHOPPER, key=None):
        headers = {"Idempotency-Key": key or f"key-{next(_keys)}"}
        return call("POST", "/v1/me/devices", json={"token": token}, by=by, headers=headers)

    return send


def ids_of(customer_id: str) -> list[str]:
    return [device.id for device in service.devices_of(customer_id)]


def test_a_device_is_registered_listed_and_removed(call, register, application):
    made = register()
    assert (made.status, made.etag) == (201, '"1"')
    assert made.headers["location"] == f"/v1/me/devices/{made.json['id']}"
    assert TOKEN not in made.text
    assert call("GET", "/v1/me/devices", by=SHOPPER).json == {"items": [made.json]}
    path = made.headers["location"]
    assert call("DELETE", path, by=SHOPPER, headers={"If-Match": '"2"'}).code == "stale_version"
    assert call("DELETE", path, by=a_shopper("usr_eve"), headers={"If-Match": '"1"'}).status == 404
    assert len(application()) == 1
    assert call("DELETE", path, by=SHOPPER, headers={"If-Match": '"1"'}).status == 204
    assert (application(), ids_of("usr_shopper")) == ([], [])
    assert call("DELETE", path, by=SHOPPER, headers={"If-Match": '"1"'}).status == 404


def test_the_same_device_again_is_the_same_device(register, application):
    assert register().json["id"] == register().json["id"]
    assert (len(application()), len(ids_of("usr_shopper"))) == (1, 1)


def test_a_device_is_whose_who_registered_it_last(call, register, application):
    id = register().json["id"]
    register(by=a_shopper("usr_eve"))
    assert (ids_of("usr_shopper"), ids_of("usr_eve"), store.whose_device(id)) == ([], [id], "usr_eve")


def test_there_are_ten_at_most(register, application):
    replies = [register(f"{TOKEN}-{number}") for number in range(11)]
    assert [one.status for one in replies] == [201] * 10 + [422]
    assert replies[10].code == "too_many_devices"
    assert register(f"{TOKEN}-0").status == 201


def test_without_an_application_nothing_is_registered(register):
    assert (register().code, ids_of("usr_shopper")) == ("push_unavailable", [])


def test_a_token_that_the_push_service_refuses_is_refused(register, application, monkeypatch):
    monkeypatch.setattr(gateways, "create_endpoint", lambda token: raising(Undeliverable("InvalidParameter"))())
    refused = register()
    assert (refused.status, refused.code) == (422, "push_token_refused")


def test_devices_are_for_users(call, register):
    assert register(by=a_machine("customers.write")).status == 401
    assert call("POST", "/v1/me/devices", json={"token": "short"}, by=SHOPPER).status == 400


def test_a_message_is_pushed_to_every_device_once(register, application):
    for number in range(2):
        register(f"{TOKEN}-{number}", a_shopper("usr_1"))
    sender = FakeSender()
    tell(sender, phone=None, channels=frozenset({Channel.PUSH}))
    tell(sender, phone=None, channels=frozenset({Channel.PUSH}))
    assert sorted(sender.sent) == sorted(("push", endpoint) for endpoint in application())
    assert {record(f"push#{id}").state for id in ids_of("usr_1")} == {"sent"}
    assert [one.channel for one in service.sent_to("usr_1", None, 10)] == ["push", "push"]


def test_nothing_is_pushed_without_leave(register, application):
    register(by=a_shopper("usr_1"))
    assert tell(FakeSender(), phone=None, channels=frozenset({Channel.TOPIC})) == [("topic", "usr_1")]


def test_a_device_that_is_gone_is_forgotten(register, application):
    id = register(by=a_shopper("usr_1")).json["id"]
    sender = FakeSender(push=raising(Undeliverable("EndpointDisabled")))
    assert tell(sender, phone=None, channels=frozenset({Channel.PUSH})) == []
    assert (record(f"push#{id}", EVENT).state, ids_of("usr_1"), application()) == (State.UNDELIVERABLE, [], [])


def test_a_forgotten_customer_has_no_devices(register, application):
    register(by=a_shopper("usr_1"))
    for _ in range(2):
        service.forget_customer("usr_1")
    assert (ids_of("usr_1"), application(), store.whose_device(store.device_id(TOKEN))) == ([], [], None)
