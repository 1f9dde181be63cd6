"""The MQTT line of a cabinet: mutual TLS, a persistent session, a last will, QoS 1 both ways.

All of it runs in the caller's thread: `turn` waits for the network and says what has happened. A message that was heard is
acknowledged to the broker by `took`, after it was acted upon; one that was not is delivered again.
"""

from __future__ import annotations

import json
import select
import socket
import ssl
import time
import urllib.request
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from infra.local.lockers.identity import Identity, tls_context
from infra.local.lockers.wire import Payload, shadow_topic, topic

KEEPALIVE_SECONDS = 30
DIAL_SECONDS = 5.0
RETRY_SECONDS = 1.0
LONGEST_WAIT = 1.0


@dataclass(frozen=True)
class Broker:
    """Where the broker listens, and the CA (PEM) that vouches for it."""

    host: str
    port: int
    ca: str

    @staticmethod
    def of(mqtt: Mapping[str, Any]) -> Broker:
        """From the entry `mqtt` of a stack's record."""
        with urllib.request.urlopen(mqtt["ca_url"], timeout=10) as answer:  # nosec B310 (the local cloud)
            return Broker(mqtt["host"], int(mqtt["port"]), answer.read().decode())


@dataclass(frozen=True)
class Up:
    """The line is up, and subscribed."""


@dataclass(frozen=True)
class Down:
    """The line is dead, or could not be made."""

    reason: str


@dataclass(frozen=True)
class Heard:
    channel: str
    payload: bytes
    packet: int
    connection: int


Event = Up | Down | Heard


class Line:
    def __init__(self, broker: Broker, identity: Identity, stage: str, will: Callable[[], Payload]) -> None:
        """`will` makes the last will of each connection."""
        self._broker = broker
        self._will = will
        self._stage = stage
        self._cabinet_id = identity.cabinet_id
        self._events: deque[Event] = deque()
        self._connection = 0
        self._retry_at = 0.0
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=identity.cabinet_id,
            clean_session=False,
            protocol=MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
        )
        self._client.tls_set_context(tls_context(identity, broker.ca))
        self._client.connect_timeout = DIAL_SECONDS
        self._client.connect_async(broker.host, broker.port, KEEPALIVE_SECONDS)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message

    def turn(self, patience: float, wake: socket.socket) -> None:
        """Dial, send and receive, for `patience` seconds at most, or until `wake` can be read."""
        connection = self._connected()
        if connection is not None:
            self._exchange(connection, min(patience, LONGEST_WAIT), wake)
        elif (rest := self._retry_at - time.monotonic()) > 0:
            select.select([wake], [], [], min(patience, rest))
        else:
            self._dial()

    def next_event(self) -> Event | None:
        """What has happened, one after the other."""
        return self._events.popleft() if self._events else None

    def say(self, channel: str, payload: Payload) -> None:
        """Send a message; `shadow` is what is said to the cabinet's shadow. While the line is down it is kept, and sent when it is up
        again."""
        at = shadow_topic(self._cabinet_id, "update") if channel == "shadow" else self._up(channel)
        self._client.publish(at, json.dumps(payload), qos=1)

    def took(self, heard: Heard) -> None:
        """Acknowledge a message to the broker, if that still is the connection it came by."""
        if heard.connection == self._connection and self._connected() is not None:
            self._client.ack(heard.packet, 1)

    def hang_up(self, seconds: float) -> None:
        """Lose the connection as a cut cable would, without a DISCONNECT, and dial again after `seconds`.

        Messages that came and were not looked at are lost with it, and delivered again by the broker.
        """
        connection = self._connected()
        if connection is not None:
            self._events.clear()
            connection.close()
            self._client.loop_read()  # which finds it closed
        self._retry_at = time.monotonic() + seconds

    def _dial(self) -> None:
        self._connection += 1
        self._retry_at = time.monotonic() + RETRY_SECONDS
        self._client.will_set(self._up("status"), json.dumps(self._will()), qos=1)
        try:
            self._client.reconnect()
        except (OSError, ValueError) as error:
            self._events.append(Down(str(error)))

    def _connected(self) -> ssl.SSLSocket | None:
        return cast("ssl.SSLSocket | None", self._client.socket())

    def _up(self, channel: str) -> str:
        return topic(self._stage, self._cabinet_id, "up", channel)

    def _exchange(self, connection: ssl.SSLSocket, patience: float, wake: socket.socket) -> None:
        buffered = connection.pending()
        writing = [connection] if self._client.want_write() else []
        readable, writable, _ = select.select([connection, wake], writing, [], 0 if buffered else patience)
        if buffered or connection in readable:
            self._client.loop_read()
        if writable and self._connected() is not None:
            self._client.loop_write()
        if self._connected() is not None:
            self._client.loop_misc()

    def _on_connect(self, client: paho.Client, _: Any, __: Any, reason: Any, ___: Any) -> None:
        if not reason.is_failure:
            told = topic(self._stage, self._cabinet_id, "down", "+")
            client.subscribe([(told, 1), (shadow_topic(self._cabinet_id, "update/delta"), 1)])

    def _on_subscribe(self, client: paho.Client, _: Any, __: int, reasons: list[Any], ___: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            client.disconnect()
            return
        self._events.append(Up())

    def _on_disconnect(self, _: paho.Client, __: Any, ___: Any, reason: Any, ____: Any) -> None:
        self._retry_at = max(self._retry_at, time.monotonic() + RETRY_SECONDS)
        self._events.append(Down(str(reason)))

    def _on_message(self, _: paho.Client, __: Any, message: paho.MQTTMessage) -> None:
        channel = message.topic.rpartition("/")[2]
        self._events.append(Heard(channel, bytes(message.payload), message.mid, self._connection))
