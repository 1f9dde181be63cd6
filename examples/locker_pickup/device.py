"""The cabinet at the site: a virtual one, with a certificate of its own for as long as it is switched on."""

import signal
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from examples.locker_pickup.pickup import Late
from examples.online_retail.api import Api, Problem, Unreachable
from examples.online_retail.stack import NoStack, Stack
from infra.local.lockers.cabinet import VirtualCabinet
from infra.local.lockers.identity import Identity, new_key, signing_request
from infra.local.lockers.line import Broker
from infra.local.lockers.machine import Habits

CLOSES_AFTER = 1.0
"""Seconds until whoever opened a door closes it."""

STOP_WITHIN = 2.0


def broker_of(stack: Stack) -> Broker:
    """The broker that cabinets of a stack dial. Raises `NoStack`."""
    if stack.mqtt is None:
        raise NoStack("This system has no MQTT broker: virtual cabinets need `make up` with EMULATOR=ministack.")
    try:
        return Broker.of(stack.mqtt)
    except OSError as error:
        raise NoStack(f"The system's MQTT broker does not answer ({error}): run `make up`.") from None


@contextmanager
def switched_on(api: Api, stack: Stack, cabinet: Mapping[str, Any], patience: float) -> Iterator[VirtualCabinet]:
    """A cabinet on the line, over mutual TLS; its keypad waits for the system rather than decide by itself. Raises `Late` unless the
    system greets it within `patience` seconds. At the end its plug is pulled and its certificate revoked."""
    broker = broker_of(stack)
    key, id = new_key(), cabinet["id"]
    issued = api.post(
        f"/v1/cabinets/{id}/certificates",
        {"csr": signing_request(key, id)},
        key=f"locker-pickup-{uuid.uuid4()}",
    ).body
    device = VirtualCabinet(
        Identity(id, key, issued["certificate_pem"]),
        [one["number"] for one in cabinet["compartments"]],
        broker,
        stack.stage,
        habits=Habits(closes_after=CLOSES_AFTER, answer_within=patience),
    )
    try:
        _dial(device, patience)
        yield device
    finally:
        with _undisturbed():
            device.stop(STOP_WITHIN)
            with suppress(Problem, Unreachable):  # without the system the certificate opens nothing
                api.call("POST", f"/v1/cabinets/{id}/certificates/{issued['certificate_id']}/revocations")


def _dial(device: VirtualCabinet, patience: float) -> None:
    try:
        device.start().happenings.wait_for("welcomed", timeout=patience)
    except TimeoutError as error:
        raise Late(f"the cabinet was not greeted: {error}") from None


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C would only leave things behind."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
