"""Virtual cabinets on the real broker: mutual TLS, last wills, persistent sessions, and doors that open once."""

import base64
import json
import queue
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from ulid import ULID

from infra.local.clients import client
from infra.local.lockers.board import Answer
from infra.local.lockers.cabinet import VirtualCabinet
from infra.local.lockers.faults import FaultError
from infra.local.lockers.identity import Identity, new_key, signing_request, tls_context
from infra.local.lockers.line import Broker
from infra.local.lockers.machine import Habits
from infra.local.lockers.wire import rfc3339, topic
from tests.bare_cloud import bare_cloud
from tests.unit.local.signing import OFFLINE_KEY, a_grant, public_key

Client = Callable[[str], Any]
STAGE = "bare"
QUICK = Habits(closes_after=0.2, answer_within=1.0, heartbeat_every=60.0, journal_every=1.0)
# Unacknowledged messages go out again after a second instead of 30; policies are enforced.
SETTINGS = {"IOT_RETRANSMIT_SECONDS": "1", "AUTH": "true"}
OWN = "cabinets/${iot:Connection.Thing.ThingName}"
SHADOW = "$aws/things/${iot:Connection.Thing.ThingName}/shadow"
TOPICS = "arn:aws:iot:eu-west-1:000000000000"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "iot:Connect",
            "Resource": TOPICS + ":client/${iot:Connection.Thing.ThingName}",
        },
        {
            "Effect": "Allow",
            "Action": "iot:Publish",
            "Resource": [f"{TOPICS}:topic/aisle/{STAGE}/{OWN}/up/*", f"{TOPICS}:topic/{SHADOW}/update"],
        },
        {
            "Effect": "Allow",
            "Action": "iot:Subscribe",
            "Resource": [f"{TOPICS}:topicfilter/aisle/{STAGE}/{OWN}/down/+", f"{TOPICS}:topicfilter/{SHADOW}/*"],
        },
        {
            "Effect": "Allow",
            "Action": "iot:Receive",
            "Resource": [f"{TOPICS}:topic/aisle/{STAGE}/{OWN}/down/*", f"{TOPICS}:topic/{SHADOW}/*"],
        },
    ],
}


class Server:
    """What the back end does, as far as these tests need it: it hears everything, and sends commands over HTTPS."""

    def __init__(self, aws: Client, broker: Broker) -> None:
        self.data = aws("iot-data")
        self.iot = aws("iot")
        self.broker = broker
        self._heard: queue.SimpleQueue[tuple[str, str, dict[str, Any]]] = queue.SimpleQueue()
        self._ears = paho.Client(CallbackAPIVersion.VERSION2, client_id="server")
        self._ears.tls_set_context(ssl.create_default_context(cadata=broker.ca))
        self._ears.connect_timeout = 30.0  # a machine that runs other tests, too, shakes hands slowly
        self._ears.on_message = self._on_message
        self._ears.on_connect = lambda client, *_: client.subscribe(f"aisle/{STAGE}/cabinets/+/up/+", qos=1)
        subscribed: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._ears.on_subscribe = lambda *_: subscribed.put(None)
        self._ears.connect(broker.host, broker.port)
        self._ears.loop_start()
        subscribed.get(timeout=10)

    def close(self) -> None:
        self._ears.disconnect()
        self._ears.loop_stop()

    def _on_message(self, _: Any, __: Any, message: paho.MQTTMessage) -> None:
        _, _, _, cabinet, _, channel = message.topic.split("/")
        self._heard.put((cabinet, channel, json.loads(message.payload)))

    def hear(self, cabinet: str, channel: str, timeout: float = 10.0, **fields: Any) -> dict[str, Any]:
        """The next message of a cabinet on a channel that has these fields; others are passed over."""
        end = time.monotonic() + timeout
        while True:
            said_by, on, payload = self._heard.get(timeout=max(0.01, end - time.monotonic()))
            if (said_by, on) == (cabinet, channel) and fields.items() <= payload.items():
                return payload

    def hear_all(self, seconds: float, cabinet: str, channel: str) -> list[dict[str, Any]]:
        """Everything that comes in so many seconds."""
        end, all = time.monotonic() + seconds, []
        while (left := end - time.monotonic()) > 0:
            try:
                said_by, on, payload = self._heard.get(timeout=left)
            except queue.Empty:
                break
            if (said_by, on) == (cabinet, channel):
                all.append(payload)
        return all

    def certify(self, cabinet_id: str) -> Identity:
        """A thing with a certificate for a key that stays with the cabinet."""
        key = new_key()
        made = self.iot.create_certificate_from_csr(
            certificateSigningRequest=signing_request(key, cabinet_id), setAsActive=True
        )
        self.iot.create_thing(thingName=cabinet_id)
        self.iot.attach_thing_principal(thingName=cabinet_id, principal=made["certificateArn"])
        self.iot.attach_policy(policyName="cabinets", target=made["certificateArn"])
        return Identity(cabinet_id, key, made["certificatePem"])

    def tell(self, cabinet_id: str, channel: str, payload: dict[str, Any]) -> None:
        self.data.publish(topic=topic(STAGE, cabinet_id, "down", channel), qos=1, payload=json.dumps(payload).encode())

    def shadow(self, cabinet_id: str) -> dict[str, Any]:
        """What AWS IoT keeps of a cabinet: nothing until somebody has told it something."""
        try:
            kept: dict[str, Any] = json.load(self.data.get_thing_shadow(thingName=cabinet_id)["payload"])
        except self.data.exceptions.ResourceNotFoundException:
            return {"state": {}}
        return kept

    def desires(self, cabinet_id: str, **settings: Any) -> None:
        """Ask a cabinet by its shadow to go by these settings."""
        payload = json.dumps({"state": {"desired": settings}})
        self.data.update_thing_shadow(thingName=cabinet_id, payload=payload)

    def reported(self, cabinet_id: str, timeout: float = 10.0, **state: Any) -> dict[str, Any]:
        """The shadow as soon as the cabinet has reported all this."""
        end = time.monotonic() + timeout
        while True:
            kept = self.shadow(cabinet_id)
            if state.items() <= kept["state"].get("reported", {}).items():
                return kept
            assert time.monotonic() < end, kept
            time.sleep(0.1)

    def open(self, cabinet_id: str, compartment: str, command_id: str | None = None, seconds: float = 30.0) -> str:
        """Send a command; its id."""
        now = datetime.now(UTC)
        command_id = command_id or f"cmd_{ULID()}"
        self.tell(
            cabinet_id,
            "commands",
            {
                "message_id": str(ULID()),
                "command_id": command_id,
                "type": "open",
                "compartment": compartment,
                "purpose": "pickup",
                "issued_at": rfc3339(now),
                "expires_at": rfc3339(now + timedelta(seconds=seconds)),
            },
        )
        return command_id


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with bare_cloud(tmp_path_factory.mktemp("cloud"), IOT_MTLS_PORT=str(port), **SETTINGS) as endpoint:
        record = {"endpoint_url": endpoint, "region": "eu-west-1"}
        mqtt = {"host": "127.0.0.1", "port": port, "ca_url": f"{endpoint}/_ministack/iot/ca.pem"}
        made = Server(lambda service: client(record, service), Broker.of(mqtt))
        made.iot.create_policy(policyName="cabinets", policyDocument=json.dumps(POLICY))
        yield made
        made.close()


Switch = Callable[..., VirtualCabinet]


@pytest.fixture
def switch_on(server: Server) -> Iterator[Switch]:
    """`switch_on("jam@2")` gives a cabinet with three compartments that is on the line."""
    with ExitStack() as running:

        def start(faults: str = "") -> VirtualCabinet:
            identity = server.certify(f"cab_{ULID()}")
            made = VirtualCabinet(identity, ["1", "2", "3"], server.broker, STAGE, faults=faults, habits=QUICK)
            cabinet = running.enter_context(made)
            cabinet.happenings.wait_for("connected")
            return cabinet

        yield start


def test_two_cabinets_open_their_own_doors_only(server: Server, switch_on: Switch) -> None:
    left, right = switch_on(), switch_on()
    assert server.hear(left.id, "status", online=True)["message_id"]
    command = server.open(right.id, "2")
    assert server.hear(right.id, "acknowledgements", outcome="opened")["command_id"] == command
    assert server.hear(right.id, "acknowledgements", outcome="closed")["command_id"] == command
    assert right.happenings.count("opened", compartment="2", about=command) == 1
    assert left.happenings.count("commanded") == 0


def test_a_command_that_comes_twice_opens_once_and_is_acknowledged_again(server: Server, switch_on: Switch) -> None:
    cabinet = switch_on()
    command = server.open(cabinet.id, "1")
    first = server.hear(cabinet.id, "acknowledgements", outcome="opened")
    server.hear(cabinet.id, "acknowledgements", outcome="closed")
    server.open(cabinet.id, "1", command)
    again = server.hear(cabinet.id, "acknowledgements", outcome="opened")
    assert again["message_id"] != first["message_id"]
    assert again | {"message_id": ""} == first | {"message_id": ""}
    assert server.hear(cabinet.id, "acknowledgements", outcome="closed")["command_id"] == command
    assert cabinet.happenings.count("opened") == 1


def test_a_line_that_goes_dead_is_reported_by_the_broker(server: Server, switch_on: Switch) -> None:
    cabinet = switch_on()
    server.hear(cabinet.id, "status", online=True)
    cabinet.drop(0.5)
    will = server.hear(cabinet.id, "status", timeout=2, online=False)
    back = server.hear(cabinet.id, "status", online=True)
    assert will["at"] < back["at"]
    assert will["message_id"] != back["message_id"]


def test_a_command_waits_for_a_cabinet_that_is_off_the_line(server: Server, switch_on: Switch) -> None:
    cabinet = switch_on()
    cabinet.drop(1.0)
    server.hear(cabinet.id, "status", online=False)
    command = server.open(cabinet.id, "3")
    assert cabinet.happenings.count("commanded") == 0
    cabinet.happenings.wait_for("opened", about=command)
    assert server.hear(cabinet.id, "acknowledgements", outcome="opened")["command_id"] == command
    cabinet.happenings.wait_for("connected", times=2)


def test_a_command_that_waited_too_long_is_dropped(server: Server, switch_on: Switch) -> None:
    cabinet = switch_on()
    cabinet.drop(1.5)
    server.hear(cabinet.id, "status", online=False)
    server.open(cabinet.id, "3", seconds=0.5)
    server.hear(cabinet.id, "acknowledgements", outcome="expired")
    assert cabinet.happenings.count("opened") == 0


def test_a_line_lost_between_door_and_word_opens_once(server: Server, switch_on: Switch) -> None:
    cabinet = switch_on("offline=0.5@1")
    command = server.open(cabinet.id, "1")
    server.hear(cabinet.id, "status", online=False)
    acknowledged = server.hear(cabinet.id, "acknowledgements", outcome="opened")
    assert acknowledged["command_id"] == command
    cabinet.happenings.wait_for("repeated", about=command)
    assert cabinet.happenings.count("opened") == 1


def test_a_cabinet_that_is_switched_off_and_on_remembers_its_commands(server: Server, switch_on: Switch) -> None:
    cabinet = switch_on()
    command = server.open(cabinet.id, "1")
    cabinet.happenings.wait_for("closed")
    cabinet.stop()
    server.hear(cabinet.id, "status", online=False)
    server.open(cabinet.id, "1", command)
    cabinet.start()
    cabinet.happenings.wait_for("repeated", about=command)
    assert cabinet.happenings.count("opened") == 1


def test_duplicates_on_the_way_up_arrive(server: Server, switch_on: Switch) -> None:
    cabinet = switch_on("duplicate,left_open")
    server.open(cabinet.id, "1")
    first, second = server.hear_all(1.0, cabinet.id, "acknowledgements")
    assert first == second


def test_faults_come_and_go(server: Server, switch_on: Switch) -> None:
    cabinet = switch_on("jam")
    server.open(cabinet.id, "1")
    server.hear(cabinet.id, "acknowledgements", outcome="jammed")
    cabinet.suffer("")
    server.open(cabinet.id, "1")
    server.hear(cabinet.id, "acknowledgements", outcome="opened")
    with pytest.raises(FaultError):
        cabinet.suffer("explode")


def test_a_code_is_answered_by_the_server(server: Server, switch_on: Switch) -> None:
    cabinet = switch_on()
    hears_codes = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"answers-{cabinet.id}")
    hears_codes.tls_set_context(ssl.create_default_context(cadata=server.broker.ca))

    def answer(_: Any, __: Any, message: paho.MQTTMessage) -> None:
        asked = json.loads(message.payload)
        reply = {"message_id": "r1", "in_reply_to": asked["message_id"], "result": "accepted", "compartments": ["2"]}
        hears_codes.publish(topic(STAGE, cabinet.id, "down", "answers"), json.dumps(reply), qos=1)

    subscribed: queue.SimpleQueue[None] = queue.SimpleQueue()
    hears_codes.on_message = answer
    hears_codes.on_subscribe = lambda *_: subscribed.put(None)
    hears_codes.on_connect = lambda client, *_: client.subscribe(topic(STAGE, cabinet.id, "up", "codes"), qos=1)
    hears_codes.connect(server.broker.host, server.broker.port)
    hears_codes.loop_start()
    try:
        subscribed.get(timeout=10)
        shown = cabinet.enter("12345678")
    finally:
        hears_codes.disconnect()
        hears_codes.loop_stop()
    assert (shown.result, shown.compartments, shown.offline) == ("accepted", ("2",), False)


def test_a_grant_opens_while_the_line_is_down_and_the_journal_tells_of_it(server: Server, switch_on: Switch) -> None:
    cabinet = switch_on()

    def welcome(journal_up_to: int) -> None:
        online = server.hear(cabinet.id, "status", online=True)
        said = {
            "message_id": str(ULID()),
            "in_reply_to": online["message_id"],
            "server_time": rfc3339(datetime.now(UTC)),
            "offline_key": base64.b64encode(OFFLINE_KEY).decode(),
            "grant_keys": {"key-1": public_key("key-1")},
            "journal_up_to": journal_up_to,
        }
        server.tell(cabinet.id, "welcome", said)

    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    token = a_grant("12345678", cabinet=cabinet.id, compartments=("2",), since=now - hour, until=now + hour)
    welcome(0)
    server.tell(cabinet.id, "grants", {"message_id": str(ULID()), "grants": [token], "revoked": []})
    cabinet.happenings.wait_for("granted")
    cabinet.drop(1.5)
    assert cabinet.enter("12345678") == Answer("accepted", ("2",), offline=True)
    assert cabinet.enter("12345678") == Answer("refused", offline=True)
    cabinet.happenings.wait_for("closed", compartment="2")
    welcome(0)
    entries = server.hear(cabinet.id, "journal")["entries"]
    assert [(one["sequence"], one["type"]) for one in entries] == [(1, "opened"), (2, "code_refused"), (3, "closed")]
    assert server.hear(cabinet.id, "journal", timeout=5)["entries"] == entries
    server.tell(cabinet.id, "receipts", {"message_id": str(ULID()), "up_to": 3})
    cabinet.happenings.wait_for("receipted")
    assert server.hear_all(1.5, cabinet.id, "journal") == []


def test_a_certificate_that_was_withdrawn_opens_no_line(server: Server) -> None:
    identity = server.certify(f"cab_{ULID()}")
    described = server.iot.list_thing_principals(thingName=identity.cabinet_id)["principals"][0]
    server.iot.update_certificate(certificateId=described.rpartition("/")[2], newStatus="INACTIVE")
    with VirtualCabinet(identity, ["1"], server.broker, STAGE) as cabinet:
        cabinet.happenings.wait_for("unreachable")
        assert cabinet.happenings.count("connected") == 0


def test_a_cabinet_follows_its_shadow_and_says_so(server: Server, switch_on: Switch) -> None:
    cabinet = switch_on()
    first = server.reported(cabinet.id, heartbeat_seconds=60, firmware="virtual-1")
    assert "delta" not in first["state"]
    server.desires(cabinet.id, heartbeat_seconds=10, journal_seconds=30)
    cabinet.happenings.wait_for("configured")
    followed = server.reported(cabinet.id, heartbeat_seconds=10, journal_seconds=30, answer_seconds=1)
    assert "delta" not in followed["state"]
    began = time.monotonic()
    server.hear(cabinet.id, "heartbeats", timeout=15)
    assert 5 < time.monotonic() - began < 12
    cabinet.measure("chilled", 7.6)
    server.reported(cabinet.id, temperatures={"chilled": 8})


def test_what_was_asked_for_while_a_cabinet_was_away_is_followed_when_it_is_back(
    server: Server, switch_on: Switch
) -> None:
    cabinet = switch_on()
    server.reported(cabinet.id, heartbeat_seconds=60)
    cabinet.stop()
    server.hear(cabinet.id, "status", online=False)
    for seconds in (20, 30, 40):
        server.desires(cabinet.id, heartbeat_seconds=seconds)
    assert server.shadow(cabinet.id)["state"]["delta"] == {"heartbeat_seconds": 40}
    cabinet.start()
    assert "delta" not in server.reported(cabinet.id, heartbeat_seconds=40)["state"]


def test_what_a_cabinet_does_not_know_stays_a_difference_and_opens_nothing(server: Server, switch_on: Switch) -> None:
    cabinet = switch_on()
    command = {"type": "open", "command_id": f"cmd_{ULID()}", "compartment": "1", "purpose": "staff"}
    server.desires(cabinet.id, open="1", commands=[command], heartbeat_seconds=1, answer_seconds=3)
    kept = server.reported(cabinet.id, answer_seconds=3)
    assert kept["state"]["delta"] == {"open": "1", "commands": [command], "heartbeat_seconds": 1}
    assert cabinet.happenings.count("opened") == cabinet.happenings.count("commanded") == 0
    server.open(cabinet.id, "2")
    cabinet.happenings.wait_for("opened", compartment="2")


def test_a_cabinet_cannot_write_the_shadow_of_another(server: Server, switch_on: Switch) -> None:
    victim = switch_on()
    kept = server.reported(victim.id, firmware="virtual-1")
    thief = server.certify(f"cab_{ULID()}")
    thrown_out: queue.SimpleQueue[None] = queue.SimpleQueue()
    device = paho.Client(CallbackAPIVersion.VERSION2, client_id=thief.cabinet_id)
    device.tls_set_context(tls_context(thief, server.broker.ca))
    stolen = json.dumps({"state": {"desired": {"heartbeat_seconds": 99}, "reported": {"firmware": "stolen"}}})
    own = json.dumps({"state": {"reported": {"firmware": "own"}}})

    def speak(client: paho.Client, *_: Any) -> None:
        client.publish(f"$aws/things/{thief.cabinet_id}/shadow/update", own, qos=1)
        client.publish(f"$aws/things/{victim.id}/shadow/update", stolen, qos=1)

    device.on_connect = speak
    device.on_disconnect = lambda *_: thrown_out.put(None)
    device.connect(server.broker.host, server.broker.port)
    device.loop_start()
    try:
        thrown_out.get(timeout=10)
    finally:
        device.disconnect()
        device.loop_stop()
    assert server.reported(thief.cabinet_id, firmware="own")
    assert server.shadow(victim.id)["version"] == kept["version"]


def test_a_hundred_commands_each_open_once(server: Server, switch_on: Switch) -> None:
    cabinet = switch_on()
    commands = [server.open(cabinet.id, "123"[number % 3]) for number in range(100)]
    for command in commands:
        cabinet.happenings.wait_for("acknowledged", about=command)
    assert [cabinet.happenings.count("opened", about=command) for command in commands] == [1] * 100


def test_a_cabinet_cannot_take_the_name_of_another(server: Server, switch_on: Switch) -> None:
    victim = switch_on()
    thief = server.certify(f"cab_{ULID()}")
    stolen = Identity(victim.id, thief.key, thief.certificate)
    with VirtualCabinet(stolen, ["1"], server.broker, STAGE) as impostor:
        impostor.happenings.wait_for("unreachable")
        assert impostor.happenings.count("connected") == 0
    assert victim.happenings.count("disconnected") == 0
