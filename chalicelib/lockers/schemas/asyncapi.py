"""docs/asyncapi.json: what cabinets and Aisle say to each other, and what other systems announce, generated from the models that
read and write it.

python -m chalicelib.lockers.schemas.asyncapi > docs/asyncapi.json
"""

import json
import sys
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from chalicelib.lockers.schemas.messages import DOWN, SHADOW, UP
from chalicelib.lockers.schemas.outside import OrderReadyElsewhere

Json = dict[str, Any]


def document() -> Json:
    """The AsyncAPI 3.0 document. See asyncapi.com/docs/reference/specification/v3.0.0."""
    read: list[type[BaseModel]] = [*UP.values(), *DOWN.values(), *SHADOW.values(), OrderReadyElsewhere]
    refs, definitions = models_json_schema(
        [(model, "validation") for model in read], ref_template="#/components/schemas/{model}"
    )
    schemas = {model: refs[model, "validation"] for model in read}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Aisle: cabinets of lockers, and announcements of other systems",
            "version": "1",
            "description": _INTRODUCTION,
            "license": {"name": "Apache 2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "servers": {
            "iot": {
                "host": "{prefix}-ats.iot.{region}.amazonaws.com:8883",
                "protocol": "secure-mqtt",
                "description": "AWS IoT Core; mutual TLS with the cabinet's own certificate.",
                "variables": {"prefix": {"description": "Of the account"}, "region": {"default": "eu-west-1"}},
                "security": [{"$ref": "#/components/securitySchemes/certificate"}],
            },
            "bus": {
                "host": "events.{region}.amazonaws.com",
                "protocol": "https",
                "description": "The bus aisle-<stage> of Amazon EventBridge, by PutEvents.",
                "variables": {"region": {"default": "eu-west-1"}},
            },
        },
        "channels": {
            **{f"up-{name}": _topic("up", name, model) for name, model in UP.items()},
            **{f"down-{name}": _topic("down", name, model) for name, model in DOWN.items()},
            **{_shadow_channel(end): _shadow_topic(end, model) for end, model in SHADOW.items()},
            "order-ready": {
                "address": "OrderReadyForPickup",
                "description": "`DetailType` of the event; its `Source` is the system's own, and does not begin with `aisle.`.",
                "servers": [{"$ref": "#/servers/bus"}],
                "messages": {"OrderReadyElsewhere": {"$ref": "#/components/messages/OrderReadyElsewhere"}},
            },
        },
        "operations": {
            **{
                f"hear-{name}": _operation("receive", f"up-{name}", model, _HEARD.get(name))
                for name, model in UP.items()
            },
            **{f"tell-{name}": _operation("send", f"down-{name}", model, None) for name, model in DOWN.items()},
            "hear-shadow-update": {
                **_operation("receive", "shadow-update", SHADOW["update"], None),
                "reply": {"channel": {"$ref": "#/channels/shadow-update-delta"}},
            },
            "tell-shadow-delta": _operation("send", "shadow-update-delta", SHADOW["update/delta"], None),
            "expect-order-ready": _operation("receive", "order-ready", OrderReadyElsewhere, None),
        },
        "components": {
            "messages": {model.__name__: _message(model, schemas) for model in read},
            "schemas": dict(sorted(definitions["$defs"].items())),
            "securitySchemes": {
                "certificate": {
                    "type": "X509",
                    "description": "Issued for the cabinet; its policy names its own topics.",
                }
            },
        },
    }


_INTRODUCTION = """\
All messages are JSON, QoS 1, and may come twice and out of order: `message_id` names one transport, `command_id`, `grant_id` and `sequence` what it is about.
Times are RFC 3339 in UTC, by the sender's clock. Fields that are not known are ignored.

A cabinet connects with its thing name as client id, a persistent session and a last will on `status` (`online: false`), subscribes to its `down` topics and says `online: true`. It is welcomed
with the time, its keys and how much of its journal is known; grants follow. A command is obeyed once, however often it comes, until it expires; what became of it is acknowledged: `opened`, then `closed`, or
`jammed`, `failed`, `expired`. How it is set up, and what it says of itself, is in its shadow (AWS IoT, classic): it reports there on connecting and when something
changes, and follows `update/delta`; nothing there opens a door. While its line is down it opens by grants, and journals; the journal is sent until a receipt covers it. Cabinets without MQTT exchange the same messages over HTTPS
(`/v1/cabinets/{id}/messages`, `/v1/cabinets/{id}/commands` of the REST API)."""

_HEARD = {"codes": "tell-answers", "journal": "tell-receipts", "status": "tell-welcome"}
"""What is answered, and how."""


def _topic(direction: str, name: str, model: type[BaseModel]) -> Json:
    return {
        "address": f"aisle/{{stage}}/cabinets/{{cabinet_id}}/{direction}/{name}",
        "parameters": {
            "stage": {"description": "e.g. prod"},
            "cabinet_id": {"description": "cab_ and a ULID; also the thing's name and the client's id"},
        },
        "servers": [{"$ref": "#/servers/iot"}],
        "messages": {model.__name__: {"$ref": f"#/components/messages/{model.__name__}"}},
        "bindings": {"mqtt": {"bindingVersion": "0.2.0"}},
    }


def _shadow_channel(end: str) -> str:
    return f"shadow-{end.replace('/', '-')}"


def _shadow_topic(end: str, model: type[BaseModel]) -> Json:
    return {
        "address": f"$aws/things/{{cabinet_id}}/shadow/{end}",
        "description": "A topic of AWS IoT's own; the cabinet's policy names it for its own thing only.",
        "parameters": {"cabinet_id": {"description": "cab_ and a ULID; also the thing's name and the client's id"}},
        "servers": [{"$ref": "#/servers/iot"}],
        "messages": {model.__name__: {"$ref": f"#/components/messages/{model.__name__}"}},
        "bindings": {"mqtt": {"bindingVersion": "0.2.0"}},
    }


def _operation(action: str, channel: str, model: type[BaseModel], reply: str | None) -> Json:
    said: Json = {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": _words(model).split(". ")[0].rstrip("."),
        "messages": [{"$ref": f"#/channels/{channel}/messages/{model.__name__}"}],
    }
    if not channel.startswith("order"):
        said["bindings"] = {"mqtt": {"qos": 1, "retain": False, "bindingVersion": "0.2.0"}}
    if reply is not None:
        said["reply"] = {"channel": {"$ref": f"#/channels/down-{reply.removeprefix('tell-')}"}}
    return said


def _message(model: type[BaseModel], schemas: Mapping[type[BaseModel], Json]) -> Json:
    return {
        "name": model.__name__,
        "contentType": "application/json",
        "description": _words(model),
        "payload": schemas[model],
    }


def _words(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split())


if __name__ == "__main__":
    sys.stdout.write(json.dumps(document(), indent=1, ensure_ascii=False) + "\n")
