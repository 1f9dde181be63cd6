"""With IAM enforced: what a cabinet's certificate lets it do, how it gets one, and that it can be taken away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, Queue
from typing import Any
from uuid import uuid4

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from infra.local.lockers.cabinet import VirtualCabinet
from infra.local.lockers.fleet import Api, install
from infra.local.lockers.identity import Identity, new_key, signing_request, tls_context
from infra.local.lockers.line import Broker
from infra.local.testing import TestStack
from tests.journeys.conftest import a_shop, until
from tests.journeys.guarded import guarded
from tests.journeys.lockers import QUICK, a_mall

__all__ = ["guarded"]

pytestmark = [pytest.mark.last, pytest.mark.xdist_group("guarded")]
REFUSED = 0x80


class Client:
    """A device with a certificate, which says and asks for whatever it likes."""

    def __init__(self, broker: Broker, identity: Identity, client_id: str) -> None:
        self.heard: Queue[tuple[str, Any]] = Queue()
        self.granted: Queue[int] = Queue()
        self.ends: Queue[Any] = Queue()
        self.answers: Queue[Any] = Queue()
        self.mqtt = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id)
        self.mqtt.tls_set_context(tls_context(identity, broker.ca))
        self.mqtt.on_connect = lambda *got: self.answers.put(got[3])
        self.mqtt.on_disconnect = lambda *got: self.ends.put(got[3])
        self.mqtt.on_subscribe = lambda *got: self.granted.put(got[3][0].value)
        self.mqtt.on_message = lambda _, __, message: self.heard.put((message.topic, json.loads(message.payload)))
        self.mqtt.reconnect_delay_set(30, 30)
        self._broker = broker

    def connects(self) -> bool:
        """Whether it is let in."""
        try:
            self.mqtt.connect(self._broker.host, self._broker.port, keepalive=10)
        except OSError:
            return False
        self.mqtt.loop_start()
        try:
            return not self.answers.get(timeout=8).is_failure
        except Empty:
            return False

    def may_listen(self, topic: str) -> bool:
        self.mqtt.subscribe(topic, qos=1)
        try:
            return self.granted.get(timeout=8) != REFUSED
        except Empty:
            return False

    def says(self, topic: str, **message: Any) -> None:
        self.mqtt.publish(topic, json.dumps(message), qos=1)

    def asks(self, topic: str, **message: Any) -> Any:
        """The answer of AWS IoT on `accepted` or `rejected`."""
        for end in ("accepted", "rejected"):
            assert self.may_listen(f"{topic}/{end}")
        self.says(topic, **message)
        at, answer = self.heard.get(timeout=15)
        return at.rpartition("/")[2], answer

    def was_thrown_out(self) -> bool:
        try:
            self.ends.get(timeout=8)
        except Empty:
            return False
        return True


@contextmanager
def a_client(broker: Broker, identity: Identity, client_id: str | None = None) -> Iterator[Client]:
    client = Client(broker, identity, client_id or identity.cabinet_id)
    try:
        yield client
    finally:
        client.mqtt.loop_stop()
        client.mqtt.disconnect()


def test_an_order_is_collected_with_every_function_in_its_role(guarded: TestStack) -> None:
    shop = a_shop(guarded)
    hold = {"window_seconds": 600, "reminder_seconds": 590}
    with a_mall(shop, hold=hold) as mall:
        there = mall.waits("S")
        assert mall.confirms(there.pickup_id, there.code).status == 200
        shop.reaches(there.order_id, "delivered")
        other = mall.waits("M")
        until(lambda: any("still waiting" in text for text in mall.texts_to(other.phone)))
        assert mall.cabinet.enter(other.code).result == "accepted"
        shop.reaches(other.order_id, "delivered")
    # The route that gives passcodes is for nobody who signs with nothing.
    path = f"/v1/internal/pickups/{there.pickup_id}/passcodes"
    for role in (None, "shopper", "associate", "admin", "machine"):
        assert guarded.call("POST", path, json={}, role=role).status in (401, 403, 404), role


def test_a_device_speaks_and_listens_on_its_own_topics_only(guarded: TestStack) -> None:
    shop = a_shop(guarded)
    with a_mall(shop, cabinets=1) as mall:
        mine = install(Api(guarded.record), mall.site_id, "Mine", [{"number": "1", "size": "S"}]).identity
        broker, stage = Broker.of(guarded.record["mqtt"]), guarded.record["stage"]
        theirs = f"aisle/{stage}/cabinets/{mall.cabinet.id}"
        with a_client(broker, mine, mall.cabinet.id) as impostor:
            assert not impostor.connects()
        with a_client(broker, mine) as client:
            assert client.connects()
            assert client.may_listen(f"aisle/{stage}/cabinets/{mine.cabinet_id}/down/+")
            assert not client.may_listen(f"{theirs}/down/+")
            assert not client.may_listen("aisle/#")
        there = mall.waits("S")
        with a_client(broker, mine) as client:
            assert client.connects()
            client.says(f"{theirs}/up/codes", message_id="m", at="2026-01-01T00:00:00Z", code=there.code)
            client.says(f"{theirs}/down/commands", command_id="cmd_" + "0" * 26, compartment="1", type="open")
            assert client.was_thrown_out()
        assert mall.cabinet.happenings.count("commanded") == 0
        assert mall.becomes(there.pickup_id, "ready")


def test_a_device_claims_to_be_a_cabinet_once(guarded: TestStack) -> None:
    shop = a_shop(guarded)
    iot = guarded.client("iot")
    template = guarded.record["provisioning_template"]
    with a_mall(shop, cabinets=0) as mall:
        serial = f"SN-{uuid4().hex[:8]}"
        cabinet = shop.post(
            f"/v1/locker-sites/{mall.site_id}/cabinets",
            {"name": "New", "serial_number": serial, "compartments": [{"number": "1", "size": "S"}]},
        ).body["id"]
        code = shop.post(f"/v1/cabinets/{cabinet}/activations", {}).body["activation_code"]
        claim = iot.create_provisioning_claim(templateName=template)
        broker = Broker.of(guarded.record["mqtt"])
        proof = Identity("claim-1", claim["keyPair"]["PrivateKey"], claim["certificatePem"])

        def provision(**parameters: str) -> tuple[str, Any, Any]:
            with a_client(broker, proof, f"claim-{uuid4().hex[:8]}") as client:
                assert client.connects()
                made, keys = client.asks("$aws/certificates/create/json")
                assert made == "accepted", keys
            with a_client(broker, proof, f"claim-{uuid4().hex[:8]}") as client:
                assert client.connects()
                topic = f"$aws/provisioning-templates/{template}/provision/json"
                token = keys["certificateOwnershipToken"]
                said, answer = client.asks(topic, certificateOwnershipToken=token, parameters=parameters)
                return said, answer, keys

        right = {"CabinetId": cabinet, "SerialNumber": serial, "ActivationCode": code}
        for wrong in ({"ActivationCode": "x"}, {"SerialNumber": "SN-0"}, {"CabinetId": "cab_" + "0" * 26}):
            assert provision(**{**right, **wrong})[0] == "rejected"
        said, answer, keys = provision(**right)
        assert (said, answer["thingName"]) == ("accepted", cabinet)
        assert provision(**right)[0] == "rejected"
        identity = Identity(cabinet, keys["privateKey"], keys["certificatePem"])
        device = VirtualCabinet(identity, ["1"], broker, guarded.record["stage"], habits=QUICK)
        with device:
            device.happenings.wait_for("welcomed", timeout=60)
        known = shop.get(f"/v1/cabinets/{cabinet}").body["certificates"]
        assert known == {keys["certificateId"]: "active"}


def test_a_cabinet_is_set_up_by_its_shadow(guarded: TestStack) -> None:
    shop = a_shop(guarded)

    def seen(cabinet: str) -> Any:
        return shop.get(f"/v1/cabinets/{cabinet}/configuration", role="associate").body

    def configure(cabinet: str, version: int, **settings: Any) -> int:
        path, headers = f"/v1/cabinets/{cabinet}/configuration", {"If-Match": f'"{version}"'}
        return guarded.call("PUT", path, json=settings, role="associate", headers=headers).status

    with a_mall(shop, cabinets=2) as mall:
        cabinet, other = mall.cabinets
        first = until(lambda: (got := seen(cabinet.id)) and got["reported"]["firmware"] and got)
        assert (first["reported"]["heartbeat_seconds"], first["in_sync"]) == (5, True)
        assert configure(cabinet.id, first["version"], open="1") == 400
        assert configure(cabinet.id, first["version"] + 1) == 412
        assert configure(cabinet.id, first["version"], heartbeat_seconds=10, door_alarm_seconds=10) == 200
        configured = cabinet.happenings.wait_for("configured", timeout=30).monotonic
        now = until(lambda: (got := seen(cabinet.id)) and got["in_sync"] and got)
        assert (now["reported"]["heartbeat_seconds"], now["reported"]["door_alarm_seconds"]) == (10, 10)
        beats = cabinet.happenings.count("heartbeat")
        assert cabinet.happenings.wait_for("heartbeat", times=beats + 1, timeout=15).monotonic - configured > 9
        # A device that speaks to another's shadow is thrown out, and nothing has become of it.
        before = seen(cabinet.id)
        mine = install(Api(guarded.record), mall.site_id, "Mine", [{"number": "1", "size": "S"}]).identity
        with a_client(Broker.of(guarded.record["mqtt"]), mine) as client:
            assert client.connects()
            assert not client.may_listen(f"$aws/things/{cabinet.id}/shadow/update/delta")
        with a_client(Broker.of(guarded.record["mqtt"]), mine) as client:
            assert client.connects()
            client.says(f"$aws/things/{cabinet.id}/shadow/update", state={"desired": {"heartbeat_seconds": 120}})
            assert client.was_thrown_out()
        assert seen(cabinet.id) == before
        assert [one.happenings.count("commanded") for one in (cabinet, other)] == [0, 0]


def test_a_cabinet_that_polls_is_set_up_and_forgotten(guarded: TestStack) -> None:
    shop = a_shop(guarded)
    with a_mall(shop, cabinets=0) as mall:
        body = {"name": "Polls", "serial_number": f"SN-{uuid4().hex}", "transport": "https"}
        made = shop.post(
            f"/v1/locker-sites/{mall.site_id}/cabinets", {**body, "compartments": [{"number": "1", "size": "S"}]}
        )
        path = f"/v1/cabinets/{made.body['id']}"
        token = shop.post(f"{path}/tokens", {}).body["token"]

        def says(**reported: Any) -> list[dict[str, Any]]:
            said = {"channel": "shadow", "message": {"state": {"reported": reported}}}
            answer = guarded.call("POST", f"{path}/messages", json=said, headers={"Cabinet-Token": token})
            assert answer.status == 200, answer
            told: list[dict[str, Any]] = answer.body["messages"]
            return told

        assert says(heartbeat_seconds=60, firmware="p1") == []
        set_up = guarded.call(
            "PUT",
            f"{path}/configuration",
            json={"heartbeat_seconds": 90},
            role="associate",
            headers={"If-Match": '"1"'},
        )
        assert (set_up.status, set_up.body["in_sync"]) == (200, False)
        [told] = says(firmware="p2")
        assert (told["channel"], told["message"]["state"]["heartbeat_seconds"]) == ("delta", 90)
        assert says(**told["message"]["state"]) == []
        shown = shop.get(f"{path}/configuration").body
        assert (shown["in_sync"], shown["reported"]["firmware"]) == (True, "p2")
        assert shop.post(f"{path}/retirements", {"reason": "moved"}).status == 200
        assert shop.get(f"{path}/configuration").body["version"] == 0
        iot = guarded.client("iot-data")
        with pytest.raises(iot.exceptions.ResourceNotFoundException):
            iot.get_thing_shadow(thingName=made.body["id"])


def test_a_certificate_is_changed_over_and_the_old_one_revoked(guarded: TestStack) -> None:
    shop = a_shop(guarded)
    with a_mall(shop) as mall:
        path, key = f"/v1/cabinets/{mall.cabinet.id}", new_key()
        [old] = shop.get(path).body["certificates"]
        made = shop.post(f"{path}/certificates", {"csr": signing_request(key, mall.cabinet.id)})
        assert made.status == 201, made
        broker = Broker.of(guarded.record["mqtt"])
        mall.cabinet.stop()
        assert shop.post(f"{path}/certificates/{old}/revocations", None).status == 204
        mall.cabinet.start()
        mall.cabinet.happenings.wait_for("unreachable", timeout=60)
        mall.cabinet.stop()
        fresh = Identity(mall.cabinet.id, key, made.body["certificate_pem"])
        with VirtualCabinet(fresh, ["1", "2", "3", "4", "5"], broker, guarded.record["stage"], habits=QUICK) as device:
            device.happenings.wait_for("welcomed", timeout=60)
        states = shop.get(path).body["certificates"]
        assert states == {old: "revoked", made.body["certificate_id"]: "active"}
