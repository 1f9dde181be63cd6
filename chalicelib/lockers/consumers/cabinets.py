"""What cabinets say, by way of AWS IoT rules, and looking after what they were told."""

import json
from base64 import b64decode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.consumers import Poison, each_message, each_secret, understood
from chalicelib.core.errors import NotFound
from chalicelib.core.settings import settings
from chalicelib.lockers import service
from chalicelib.lockers.schemas.messages import UP

functions = Blueprint(__name__)


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as a rule passes it on (infra/terraform/iot.tf): on which cabinet's topic, by which client, on which channel."""

    cabinet_id: str
    channel: str
    client_id: str
    message: dict[str, Any]

    @classmethod
    def of(cls, body: Any) -> "Heard":
        """Raises `Poison` for what no rule of ours passes on, and for a cabinet that speaks as another. (Its policy refuses it
        that; this is for the day when somebody loosens the policy.)"""
        try:
            said = json.loads(b64decode(body["message"], validate=True))
            heard = cls(body["cabinet_id"], body["channel"], body["client_id"], said)
        except (KeyError, TypeError, ValueError) as error:
            raise Poison(f"not a message of a cabinet: {error!r}") from error
        if heard.client_id != heard.cabinet_id:
            raise Poison(f"{heard.client_id} spoke as {heard.cabinet_id}")
        return heard


@functions.on_sqs_message(queue=settings().cabinet_messages_queue, name="lockers-on-cabinet-message", batch_size=10)
@each_message
def on_cabinet_message(body: Any, by: Principal) -> None:
    """Trigger: IoT rules, all that cabinets say but codes → queue lockers-cabinet-messages."""
    heard = Heard.of(body)
    if heard.channel == "presence":
        # Of every client of the account; those that are no cabinet of this stage are somebody else's.
        online = heard.message.get("eventType") == "connected"
        at = datetime.fromtimestamp(heard.message.get("timestamp", 0) / 1000, UTC)
        service.record_presence(heard.cabinet_id, online=online, at=at)
    else:
        _hear(heard, by)


@functions.on_sqs_message(queue=settings().keyed_codes_queue, name="lockers-on-keyed-code", batch_size=1)
@each_secret
def on_keyed_code(body: Any, by: Principal) -> None:
    """Trigger: IoT rule, what is typed at keypads → queue lockers-keyed-codes. Whoever typed it gets an answer."""
    _hear(Heard.of(body), by)


def _hear(heard: Heard, by: Principal) -> None:
    kind = UP.get(heard.channel)
    if kind is None:
        raise Poison(f"there is no channel {heard.channel}")
    said = understood(kind, heard.message)
    try:
        service.hear(heard.cabinet_id, heard.channel, said.model_dump(), by)
    except NotFound as error:
        raise Poison(error.detail) from error


@functions.on_sqs_message(queue=settings().command_checks_queue, name="lockers-on-command-check", batch_size=10)
@each_message
def on_command_check(body: Any, by: Principal) -> None:
    """Trigger: queue lockers-command-checks, some time after a command was sent or its door opened."""
    try:
        service.look_after(body["cabinet_id"], body["command_id"], body["attempt"], by)
    except (KeyError, TypeError) as error:
        raise Poison(f"not a check: {error!r}") from error
