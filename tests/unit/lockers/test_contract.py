"""Both sides of the line keep to docs/asyncapi.json: the application, and the virtual cabinet, which shares no code with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from jsonschema import Draft202012Validator

from app import app
from chalicelib.core import clock
from chalicelib.lockers.schemas import asyncapi
from chalicelib.lockers.schemas.messages import DOWN, UP
from infra.local.lockers.board import Answer, Effect, Say, Show
from infra.local.lockers.machine import Habits, Machine
from tests.conftest import ASSOCIATE, request
from tests.unit.lockers.conftest import Lockers, heard, wrong

DOCUMENT = json.loads((Path(__file__).parents[3] / "docs" / "asyncapi.json").read_text())


SHADOW = {("up", "shadow"): "shadow-update", ("down", "delta"): "shadow-update-delta"}


def payload_of(direction: str, channel: str) -> Draft202012Validator:
    """What validates the payload of a channel, or of a shadow."""
    name = SHADOW.get((direction, channel), f"{direction}-{channel}")
    [message] = DOCUMENT["channels"][name]["messages"].values()
    name = message["$ref"].rpartition("/")[2]
    payload = DOCUMENT["components"]["messages"][name]["payload"]
    return Draft202012Validator({**payload, "components": DOCUMENT["components"]})


class Wire:
    """A virtual cabinet and the application, tied together. All that passes is held against the document."""

    def __init__(self, lockers: Lockers) -> None:
        self._lockers = lockers
        self._told = 0
        self.machine = Machine(lockers.cabinet, ["1", "2", "3"], habits=Habits(closes_after=0))
        self.passed: set[tuple[str, str]] = set()
        self.shown: list[Answer] = []
        self.up = True

    def act(self, effects: list[Effect]) -> None:
        """Do what the cabinet wants done, and bring it what it is told for it."""
        for effect in effects:
            if isinstance(effect, Show):
                self.shown.append(effect.answer)
            elif isinstance(effect, Say) and self.up:
                said = json.loads(json.dumps(effect.payload))
                payload_of("up", effect.channel).validate(said)
                self.passed.add(("up", effect.channel))
                if effect.channel == "shadow":
                    self.reflect(said)
                    continue
                heard(self._lockers.cabinet, effect.channel, said)
        if self.up:
            self.hear()

    def reflect(self, said: dict[str, Any]) -> None:
        """Tell the cabinet's shadow something, and the cabinet what it lacks, as AWS IoT does."""
        shadow = boto3.client("iot-data", "eu-west-1")
        shadow.update_thing_shadow(thingName=self._lockers.cabinet, payload=json.dumps(said))
        kept = json.load(shadow.get_thing_shadow(thingName=self._lockers.cabinet)["payload"])
        if delta := kept["state"].get("delta"):
            sent = {"version": kept["version"], "timestamp": kept["timestamp"], "metadata": {}, "state": delta}
            payload_of("down", "delta").validate(sent)
            self.passed.add(("down", "delta"))
            self.act(self.machine.receive("delta", json.dumps(sent).encode()))

    def hear(self) -> None:
        """Bring the cabinet what it was told meanwhile."""
        new, self._told = self._lockers.told[self._told :], len(self._lockers.told)
        for number, (_, channel, message) in enumerate(new):
            sent = {"message_id": f"m{self._told}-{number}", **message}
            payload_of("down", channel).validate(sent)
            self.passed.add(("down", channel))
            self.act(self.machine.receive(channel, json.dumps(sent).encode()))
        if new:
            self.act(self.machine.tick())


def test_the_committed_document_is_the_generated_one() -> None:
    assert asyncapi.document() == DOCUMENT, "run: make openapi"


def test_every_reference_leads_somewhere() -> None:
    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [ref for name, one in value.items() for ref in ([one] if name == "$ref" else references(one))]
        return [ref for one in value for ref in references(one)] if isinstance(value, list) else []

    found = references(DOCUMENT)
    assert len(found) > 50
    for reference in found:
        at = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            at = at[part]


def test_a_cabinet_and_the_application_understand_each_other(lockers: Lockers) -> None:
    settings = {"heartbeat_seconds": 30, "answer_seconds": 8, "journal_seconds": 15, "door_alarm_seconds": 45}
    path = f"/v1/cabinets/{lockers.cabinet}/configuration"
    version = {"If-Match": '"0"'}
    assert request(app, "PUT", path, json=settings, by=ASSOCIATE, headers=version).status == 200
    wire = Wire(lockers)
    wire.act(wire.machine.connected())
    shown = lockers.shop.call("GET", path).json
    assert (shown["desired"], shown["in_sync"], shown["reported"]["firmware"]) == (settings, True, "virtual-1")
    assert wire.passed >= set(SHADOW)
    first = lockers.ready("S", "M")
    code = lockers.code(first)
    wire.hear()
    wire.act(wire.machine.enter(wrong(code))[1])
    wire.act(wire.machine.enter(code)[1])
    lockers.deliver()
    wire.hear()
    wire.act(wire.machine.tick())
    lockers.deliver()
    assert lockers.read(first)["status"] == "collected"
    assert [answer.result for answer in wire.shown] == ["refused", "accepted"]

    second = lockers.ready("L")
    code = lockers.code(second)
    wire.hear()
    wire.up = False
    wire.act(wire.machine.disconnected())
    wire.act(wire.machine.enter(code)[1])
    wire.act(wire.machine.tick())
    assert (wire.shown[-1].result, wire.shown[-1].offline) == ("accepted", True)
    wire.up = True
    wire.act(wire.machine.connected())
    wire.act(wire.machine.tick())
    wire.hear()
    lockers.deliver()
    assert lockers.read(second)["status"] == "collected"
    wire.act(wire.machine.force("1"))
    beat = {"message_id": "m", "at": clock.rfc3339(clock.now()), "firmware": "1", "uptime_seconds": 1}
    payload_of("up", "heartbeats").validate(beat)
    lockers.says("heartbeats", **{name: value for name, value in beat.items() if name not in ("message_id", "at")})
    assert wire.passed >= {("down", name) for name in DOWN} | {("up", name) for name in UP if name != "heartbeats"}


@pytest.mark.parametrize("channel", UP)
def test_what_is_no_message_is_none_in_the_document_either(channel: str) -> None:
    validator = payload_of("up", channel)
    for message in ({}, {"message_id": "m"}, {"message_id": "", "at": "2026-01-01T00:00:00Z"}, []):
        assert not validator.is_valid(message)
