"""What goes over the line, as a cabinet reads and writes it. It shares no code with the server, as real firmware would not."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Payload = dict[str, Any]


class MalformedError(Exception):
    """A message that a cabinet cannot read."""


def topic(stage: str, cabinet_id: str, direction: str, channel: str) -> str:
    """The topic of a channel; `direction` is `up` or `down`, and `+` stands for every channel."""
    return f"aisle/{stage}/cabinets/{cabinet_id}/{direction}/{channel}"


def shadow_topic(cabinet_id: str, end: str) -> str:
    """A topic of the cabinet's shadow at AWS IoT; `end` is `update`, `update/delta` and so on."""
    return f"$aws/things/{cabinet_id}/shadow/{end}"


def rfc3339(moment: datetime) -> str:
    """In UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class OpenCommand:
    id: str
    compartment: str
    purpose: str
    attempt: int
    expires_at: datetime
    pickup: str | None = None

    @staticmethod
    def of(payload: Mapping[str, Any]) -> OpenCommand:
        if payload.get("type") != "open":
            raise MalformedError(f"a command of the type {payload.get('type')!r}")
        return OpenCommand(
            _text(payload, "command_id"),
            _text(payload, "compartment"),
            _text(payload, "purpose"),
            int(payload.get("attempt", 1)),
            _moment(payload, "expires_at"),
            payload.get("pickup_id"),
        )


@dataclass(frozen=True)
class CodeAnswer:
    in_reply_to: str
    result: str
    compartments: tuple[str, ...]
    retry_after_seconds: int | None

    @staticmethod
    def of(payload: Mapping[str, Any]) -> CodeAnswer:
        return CodeAnswer(
            _text(payload, "in_reply_to"),
            _text(payload, "result"),
            _texts(payload, "compartments"),
            payload.get("retry_after_seconds"),
        )


@dataclass(frozen=True)
class Welcome:
    server_time: datetime
    offline_key: bytes
    grant_keys: dict[str, str]
    journal_up_to: int

    @staticmethod
    def of(payload: Mapping[str, Any]) -> Welcome:
        keys = payload.get("grant_keys")
        if not isinstance(keys, dict):
            raise MalformedError("a welcome without grant_keys")
        return Welcome(
            _moment(payload, "server_time"),
            _key(payload, "offline_key"),
            {str(name): str(pem) for name, pem in keys.items()},
            _number(payload, "journal_up_to"),
        )


@dataclass(frozen=True)
class NewGrants:
    tokens: tuple[str, ...]
    revoked: tuple[str, ...]

    @staticmethod
    def of(payload: Mapping[str, Any]) -> NewGrants:
        return NewGrants(_texts(payload, "grants"), _texts(payload, "revoked"))


@dataclass(frozen=True)
class Delta:
    """What AWS IoT says of a shadow in which something is desired that is not reported."""

    version: int
    state: dict[str, Any]

    @staticmethod
    def of(payload: Mapping[str, Any]) -> Delta:
        state = payload.get("state")
        if not isinstance(state, dict):
            raise MalformedError("a delta without state")
        return Delta(_number(payload, "version"), state)


@dataclass(frozen=True)
class Receipt:
    up_to: int

    @staticmethod
    def of(payload: Mapping[str, Any]) -> Receipt:
        return Receipt(_number(payload, "up_to"))


def _text(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedError(f"no text in {name}")
    return value


def _texts(payload: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = payload.get(name, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise MalformedError(f"no list of texts in {name}")
    return tuple(values)


def _key(payload: Mapping[str, Any], name: str) -> bytes:
    try:
        return base64.b64decode(_text(payload, name), validate=True)
    except (binascii.Error, ValueError):
        raise MalformedError(f"no base64 in {name}") from None


def _number(payload: Mapping[str, Any], name: str) -> int:
    value = payload.get(name)
    if not isinstance(value, int):
        raise MalformedError(f"no number in {name}")
    return value


def _moment(payload: Mapping[str, Any], name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(payload, name))
    except ValueError:
        raise MalformedError(f"no time in {name}") from None
    if moment.tzinfo is None:
        raise MalformedError(f"no time zone in {name}")
    return moment
