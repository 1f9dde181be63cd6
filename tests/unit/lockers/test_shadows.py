"""How cabinets are set up: what staff asks for and what a cabinet says meet in its shadow, and neither opens a door."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from io import BytesIO
from math import inf, nan
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from app import app
from chalicelib.core import clock
from chalicelib.lockers.domain import shadows
from chalicelib.lockers.domain.shadows import RANGES
from chalicelib.lockers.gateways import devices
from chalicelib.lockers.gateways import shadows as gateway
from chalicelib.lockers.schemas.messages import DesiredState, Reported
from chalicelib.lockers.service import watch
from infra.local.lockers import setup
from tests.conftest import ASSOCIATE, Reply, request
from tests.unit.lockers.conftest import Lockers, at_once, meeting
from tests.unit.lockers.test_service_polling import say, token_of, told

DEFAULTS = {"heartbeat_seconds": 60, "answer_seconds": 5, "journal_seconds": 10, "door_alarm_seconds": 60}
SETTINGS = {"heartbeat_seconds": 30, "answer_seconds": 8, "journal_seconds": 15, "door_alarm_seconds": 45}
UNKNOWN = dict.fromkeys(SETTINGS)
OPENS = ("open", "commands", "command", "compartment", "compartments", "doors", "desired", "state")
"""What one might hope to open a door with."""


def path(lockers: Lockers) -> str:
    return f"/v1/cabinets/{lockers.cabinet}/configuration"


def read(lockers: Lockers) -> Any:
    reply = lockers.shop.call("GET", path(lockers), by=ASSOCIATE)
    assert (reply.status, reply.headers["etag"]) == (200, f'"{reply.json["version"]}"')
    return reply.json


def configure(lockers: Lockers, version: int | None, body: Any = SETTINGS) -> Reply:
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    return request(app, "PUT", path(lockers), json=body, by=ASSOCIATE, headers=headers)


def iot_data() -> Any:
    return boto3.client("iot-data", "eu-west-1")


def writes(lockers: Lockers, half: str, **state: Any) -> None:
    """The device writes into its own shadow over MQTT, which its policy lets it, whatever it likes."""
    iot = boto3.client("iot")
    if lockers.cabinet not in [one["thingName"] for one in iot.list_things()["things"]]:
        iot.create_thing(thingName=lockers.cabinet)
    iot_data().update_thing_shadow(thingName=lockers.cabinet, payload=json.dumps({"state": {half: state}}))


def raw(lockers: Lockers) -> Any:
    """The shadow as AWS IoT keeps it."""
    return json.load(iot_data().get_thing_shadow(thingName=lockers.cabinet)["payload"])


# ---- what staff asks for ------------------------------------------------------------------------------------------------


def test_of_a_cabinet_that_nobody_has_set_up_nothing_is_known(lockers: Lockers) -> None:
    assert read(lockers) == {
        "desired": UNKNOWN,
        "reported": {**UNKNOWN, "firmware": None, "temperatures": {}},
        "in_sync": True,
        "reported_at": None,
        "version": 0,
    }


def test_what_is_asked_for_stays_until_the_cabinet_does_it(lockers: Lockers) -> None:
    made = configure(lockers, 0)
    assert (made.status, made.headers["etag"], made.json["desired"]) == (200, '"1"', SETTINGS)
    assert (made.json["in_sync"], made.json["reported_at"]) == (False, None)
    assert raw(lockers)["state"]["delta"] == SETTINGS
    writes(lockers, "reported", **SETTINGS | {"answer_seconds": 5}, firmware="2.1", temperatures={"chilled": 4.5})
    seen = read(lockers)
    assert (seen["in_sync"], seen["version"]) == (False, 2)
    assert seen["reported"] == SETTINGS | {"answer_seconds": 5, "firmware": "2.1", "temperatures": {"chilled": 4.5}}
    assert abs(datetime.fromisoformat(seen["reported_at"]) - clock.now()) < timedelta(minutes=1)
    writes(lockers, "reported", answer_seconds=8)
    assert (read(lockers)["in_sync"], read(lockers)["reported"]["firmware"]) == (True, "2.1")


def test_what_is_not_sent_gets_its_default(lockers: Lockers) -> None:
    configure(lockers, 0)
    assert configure(lockers, 1, {"answer_seconds": 20}).json["desired"] == DEFAULTS | {"answer_seconds": 20}


@pytest.mark.parametrize("name", RANGES)
def test_a_setting_has_bounds(lockers: Lockers, name: str) -> None:
    least, most = RANGES[name]
    for value in (least - 1, most + 1, 0, -1, float(least), str(least), True, None):
        refused = configure(lockers, 0, {name: value})
        assert (refused.status, [one["pointer"] for one in refused.json["errors"]]) == (400, [f"/{name}"])
    for version, value in enumerate((least, most)):
        assert configure(lockers, version, {name: value}).json["desired"][name] == value


def test_a_cabinet_that_beats_least_often_is_not_silent() -> None:
    assert 2 * timedelta(seconds=RANGES["heartbeat_seconds"][1]) < watch.SILENT


@pytest.mark.parametrize("name", [*OPENS, "brightness", "firmware", "temperatures"])
def test_nothing_else_can_be_asked_for(lockers: Lockers, name: str) -> None:
    for value in ("1", True, {"1": "open"}, ["1"]):
        refused = configure(lockers, 0, {**SETTINGS, name: value})
        assert (refused.status, [one["pointer"] for one in refused.json["errors"]]) == (400, [f"/{name}"])
    assert read(lockers)["version"] == 0


def test_of_two_who_changed_the_same_version_one_is_told(lockers: Lockers) -> None:
    assert configure(lockers, None).status == 428
    assert configure(lockers, 1).status == 412
    assert configure(lockers, 0).status == 200
    for version in (0, 2):
        assert (configure(lockers, version).status, configure(lockers, version).code) == (412, "stale_version")
    writes(lockers, "reported", firmware="2.1")
    assert configure(lockers, 1).status == 412
    assert configure(lockers, 2).status == 200


def test_of_two_at_the_same_moment_one_wins(lockers: Lockers, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(lockers, 0)
    one, other = {"answer_seconds": 6}, {"answer_seconds": 7}
    with monkeypatch.context() as patch:
        meeting(patch, gateway, "read", 2)
        replies = at_once(lambda: configure(lockers, 1, one), lambda: configure(lockers, 1, other))
    assert sorted(reply.status for reply in replies) == [200, 412]
    [won] = [wanted for wanted, reply in zip((one, other), replies, strict=True) if reply.status == 200]
    assert (read(lockers)["desired"], read(lockers)["version"]) == (DEFAULTS | won, 2)


def test_a_cabinet_that_there_is_not_cannot_be_set_up(lockers: Lockers) -> None:
    lockers.cabinet = f"cab_{'0' * 26}"
    assert {configure(lockers, 0).status, lockers.shop.call("GET", path(lockers)).status} == {404}


def test_a_thing_that_fleet_provisioning_made_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    iot = boto3.client("iot", "eu-west-1")
    with Stubber(iot) as stub:
        stub.add_client_error("create_thing", "ResourceAlreadyExistsException", http_status_code=409)
        monkeypatch.setattr(devices, "client", lambda _: iot)
        devices.register("cab_1")
        stub.assert_no_pending_responses()


# ---- what the device says -----------------------------------------------------------------------------------------------


def test_what_a_device_writes_and_nobody_understands_is_not_shown(lockers: Lockers) -> None:
    configure(lockers, 0)
    writes(
        lockers, "desired", heartbeat_seconds="soon", answer_seconds=[1], unlock={"1": True}, door_alarm_seconds=True
    )
    writes(lockers, "reported", journal_seconds=2.5, firmware={"a": 1}, temperatures={"a": "hot", "b": 3, "c": False})
    seen = read(lockers)
    assert seen["desired"] == {**UNKNOWN, "journal_seconds": 15}
    assert seen["reported"] == {**UNKNOWN, "firmware": None, "temperatures": {"b": 3.0}}
    put_right = configure(lockers, seen["version"]).json
    assert (put_right["desired"], put_right["in_sync"]) == (SETTINGS, False)
    writes(lockers, "reported", **SETTINGS)
    assert read(lockers)["in_sync"]


@pytest.mark.parametrize(
    "state", [None, [], "open", {"temperatures": ["1"]}, {"firmware": 7, "heartbeat_seconds": 1e999}]
)
def test_any_shadow_can_be_read(lockers: Lockers, monkeypatch: pytest.MonkeyPatch, state: Any) -> None:
    class Iot:
        exceptions = iot_data().exceptions

        def get_thing_shadow(self, **_: Any) -> Any:
            state_of_both = {"desired": state, "reported": state}
            return {"payload": BytesIO(json.dumps({"state": state_of_both, "version": 3}).encode())}

    monkeypatch.setattr(gateway, "client", lambda _: Iot())
    seen = read(lockers)
    assert (seen["desired"], seen["reported"]["firmware"], seen["version"]) == (UNKNOWN, None, 3)


def test_much_of_what_a_device_says_is_left_out() -> None:
    assert shadows.firmware_in({"firmware": "x" * 900}) == "x" * 64
    assert len(shadows.temperatures_in({"temperatures": {str(zone): zone for zone in range(90)}})) == 10
    assert shadows.temperatures_in({"temperatures": {"z" * 900: 1.0, "b": inf, "c": nan}}) == {"z" * 64: 1.0}


# ---- a cabinet that holds no line open ----------------------------------------------------------------------------------


def test_a_polling_cabinet_says_how_it_is_set_up_and_is_told_what_it_lacks(lockers: Lockers) -> None:
    token = token_of(lockers)
    assert told(say(lockers, token, "shadow", state={"reported": {**DEFAULTS, "firmware": "p1"}})) == []
    assert read(lockers)["reported"] == {**DEFAULTS, "firmware": "p1", "temperatures": {}}
    configure(lockers, 1)
    [(channel, message)] = told(say(lockers, token, "shadow", state={"reported": {"temperatures": {"chilled": 5}}}))
    assert (channel, message["version"], message["state"]) == ("delta", 3, SETTINGS)
    assert told(say(lockers, token, "shadow", state={"reported": SETTINGS})) == []
    seen = read(lockers)
    assert (seen["in_sync"], seen["reported"]) == (
        True,
        {**SETTINGS, "firmware": "p1", "temperatures": {"chilled": 5.0}},
    )


def test_a_polling_cabinet_cannot_say_what_it_is_to_go_by(lockers: Lockers) -> None:
    token = token_of(lockers)
    configure(lockers, 0)
    state = {"reported": {"firmware": "p1", **dict.fromkeys(OPENS, "1")}, "desired": {"heartbeat_seconds": 99}}
    say(lockers, token, "shadow", state=state)
    assert raw(lockers)["state"] == {"desired": SETTINGS, "reported": {"firmware": "p1"}, "delta": SETTINGS}


@pytest.mark.parametrize(
    "reported",
    [{"heartbeat_seconds": "1"}, {"heartbeat_seconds": -1}, {"firmware": "x" * 65}, {"temperatures": {"a": 1e9}}],
)
def test_what_is_no_report_is_refused(lockers: Lockers, reported: dict[str, Any]) -> None:
    assert say(lockers, token_of(lockers), "shadow", state={"reported": reported}).status == 400
    assert read(lockers)["version"] == 0


# ---- doors, and the end -------------------------------------------------------------------------------------------------


def test_nothing_in_a_shadow_opens_a_door(lockers: Lockers) -> None:
    token = token_of(lockers)
    pickup_id = lockers.ready("S")
    before = lockers.statuses()
    configure(lockers, 0)
    for half in ("desired", "reported"):
        writes(lockers, half, **{name: {"1": "open"} for name in OPENS})
    say(lockers, token, "shadow", state={"reported": dict.fromkeys(OPENS, "1")})
    configure(lockers, read(lockers)["version"])
    lockers.deliver()
    assert lockers.commands() == []
    assert (lockers.statuses(), lockers.read(pickup_id)["status"]) == (before, "ready")
    # What a shadow may hold is closed on both sides of the line: settings, and measurements.
    assert set(DesiredState.model_fields) == set(RANGES) == set(setup.RANGES)
    assert set(Reported.model_fields) == {*RANGES, "firmware", "temperatures"}


def test_both_sides_know_the_same_bounds() -> None:
    assert dict(RANGES) == setup.RANGES


def test_a_retired_cabinet_has_no_shadow(lockers: Lockers) -> None:
    configure(lockers, 0)
    retired = lockers.shop.call(
        "POST", f"/v1/cabinets/{lockers.cabinet}/retirements", json={"reason": "broken"}, key="retires-it"
    )
    assert retired.status == 200, retired
    assert (read(lockers)["version"], read(lockers)["desired"]) == (0, UNKNOWN)
    assert (configure(lockers, 0).status, configure(lockers, 0).code) == (409, "cabinet_retired")
    writes(lockers, "reported", firmware="a word that was under way")
    lockers.shop.call(
        "POST", f"/v1/cabinets/{lockers.cabinet}/retirements", json={"reason": "broken"}, key="retires-it"
    )
    assert read(lockers)["version"] == 0


def test_one_without_a_shadow_can_be_retired(lockers: Lockers) -> None:
    reply = lockers.shop.call("POST", f"/v1/cabinets/{lockers.cabinet}/retirements", json={"reason": "broken"})
    assert reply.status == 200, reply
