"""What cabinets are told, through AWS IoT Core."""

import json
from typing import Any, Protocol

from chalicelib.core.aws import client
from chalicelib.core.ids import new_ulid
from chalicelib.core.settings import settings


class Line(Protocol):
    """The way to a cabinet. A message may arrive twice, late or never."""

    def tell(self, cabinet_id: str, channel: str, message: dict[str, Any]) -> None: ...


class IotCore:
    """Messages of quality of service 1: at least once, and kept for a while for a cabinet whose line is down."""

    def tell(self, cabinet_id: str, channel: str, message: dict[str, Any]) -> None:
        """Send a message, under a transport id of its own."""
        client("iot-data").publish(
            topic=f"aisle/{settings().stage}/cabinets/{cabinet_id}/down/{channel}",
            qos=1,
            payload=json.dumps({"message_id": new_ulid(), **message}).encode(),
        )
