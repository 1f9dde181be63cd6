"""Devices that customers have their messages pushed to."""

from collections.abc import Callable

from chalicelib.core import clock
from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import Conflict, Fault, Forbidden, NotFound, RuleBroken, Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.table import Transaction
from chalicelib.notifications import gateways, store
from chalicelib.notifications.store import Device

MAX_DEVICES = 10
"""Devices of one customer; each is one more message per event. Two registered at once may make it eleven, which does no harm."""


class PushUnavailable(Conflict):
    code = "push_unavailable"
    title = "This shop does not push to devices"


class TooManyDevices(RuleBroken):
    code = "too_many_devices"
    title = f"A customer has at most {MAX_DEVICES} devices"


class TokenRefused(RuleBroken):
    code = "push_token_refused"
    title = "The push service does not know this token"


def register_device(token: str, *, by: Principal, once: Idempotency, answer: Callable[[Device], Answer]) -> Answer:
    """Push to the device with this token from now on. It belongs to who registered it last: whoever had it before hears no more.

    Raises `PushUnavailable`, `TokenRefused`, `TooManyDevices`, `Contended`.
    """
    customer_id = _own(by)
    if not gateways.can_push():
        raise PushUnavailable("Messages reach you in other ways.")
    id = store.device_id(token)
    known = store.devices_of(customer_id)
    if len(known) >= MAX_DEVICES and id not in {device.id for device in known}:
        raise TooManyDevices(f"There are {len(known)} devices; remove one first.", limit=MAX_DEVICES)
    device = Device(id, customer_id, _endpoint(token), clock.rfc3339(clock.now()))
    final = answer(device)
    tx = Transaction()
    store.put_device(tx, device, store.whose_device(id))
    once.record(tx, final)
    tx.commit()
    return final


def _endpoint(token: str) -> str:
    try:
        return gateways.create_endpoint(token)
    except gateways.Undeliverable as error:
        raise TokenRefused(
            f"The push service says: {error.code}.",
            faults=[Fault("/token", TokenRefused.code, "Send the token that the app was given on this device.")],
        ) from None


def list_devices(by: Principal) -> list[Device]:
    """One's own devices."""
    return store.devices_of(_own(by))


def remove_device(id: str, *, expected_version: int, by: Principal) -> None:
    """Push to it no more. Raises `NotFound`, `Stale` for a version that it never had."""
    for device in store.devices_of(_own(by)):
        if device.id == id:
            if device.version != expected_version:
                raise Stale(f"The device is at version {device.version}.", version=device.version)
            forget_device(device)
            return
    raise NotFound(f"There is no device {id}.")


def devices_of(customer_id: str) -> list[Device]:
    """The devices of a customer, for those who act for the system."""
    return store.devices_of(customer_id)


def forget_customer(customer_id: str) -> None:
    """Let go of what is kept of a customer. What was sent is kept under their id, without words, until it is 30 days old."""
    for device in store.devices_of(customer_id):
        forget_device(device)


def forget_device(device: Device) -> None:
    """Undo of `register_device`; safe to repeat."""
    gateways.delete_endpoint(device.endpoint)
    tx = Transaction()
    store.remove_device(tx, device)
    tx.commit()


def _own(by: Principal) -> str:
    by.require(Role.SHOPPER, Role.ASSOCIATE, Role.ADMIN)
    if by.kind != "user":
        raise Forbidden("Only a signed-in user has devices.")
    return by.id
