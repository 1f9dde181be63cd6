"""Devices that are pushed to."""

from dataclasses import dataclass

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core.contacts import mac
from chalicelib.core.errors import AisleError, Contended
from chalicelib.core.keys import key
from chalicelib.core.table import Item, RawItem, Transaction, find


@dataclass(frozen=True, slots=True)
class Device:
    """A device of a customer. `id` follows from its push token, `endpoint` is what SNS calls it. It
    never changes, so it stays at its first version."""

    id: str
    customer_id: str
    endpoint: str
    registered_at: str
    version: int = 1


class DeviceItem(Item):
    """pk = DEVICES#<customer>, sk = <device id>."""

    endpoint = UnicodeAttribute()
    registered_at = UnicodeAttribute()


class DeviceLockItem(Item):
    """pk = DEVICE#<device id>, sk = LOCK. Whose it is: one telephone belongs to who signed in last."""

    customer_id = UnicodeAttribute()


def device_id(token: str) -> str:
    """The id of the device with this push token: the same for the same, and of no use to get at the token."""
    return "dev_" + mac("device", token)[:32]


def devices_of(customer_id: str) -> list[Device]:
    """All devices of a customer."""
    rows = DeviceItem.query(key("DEVICES", customer_id), consistent_read=True)
    return [Device(str(row.sk), customer_id, row.endpoint, row.registered_at) for row in rows]


def whose_device(id: str) -> str | None:
    """The customer whose device it is, or None."""
    lock = find(DeviceLockItem, key("DEVICE", id), "LOCK", consistent=True)
    return lock.customer_id if lock else None


def put_device(tx: Transaction, device: Device, owner: str | None) -> None:
    """It is this customer's, and no more `owner`'s, if it was another's. Raises `Contended` at commit when that changed."""
    item = DeviceItem(
        key("DEVICES", device.customer_id), device.id, endpoint=device.endpoint, registered_at=device.registered_at
    )
    tx.put(item)
    lock = DeviceLockItem(key("DEVICE", device.id), "LOCK", customer_id=device.customer_id)
    as_read = DeviceLockItem.pk.does_not_exist() if owner is None else DeviceLockItem.customer_id == owner
    tx.put(lock, as_read, _other)
    if owner not in (None, device.customer_id):
        _forget(tx, str(owner), device.id)


def remove_device(tx: Transaction, device: Device) -> None:
    """It is nobody's. Raises `Contended` at commit when it is another's by now."""
    _forget(tx, device.customer_id, device.id)
    lock = DeviceLockItem(key("DEVICE", device.id), "LOCK")
    tx.delete(lock, DeviceLockItem.customer_id == device.customer_id, _other)


def _forget(tx: Transaction, customer_id: str, id: str) -> None:
    anything = DeviceItem.pk.exists() | DeviceItem.pk.does_not_exist()
    tx.delete(DeviceItem(key("DEVICES", customer_id), id), anything, _other)


def _other(raw: RawItem | None) -> AisleError:
    return Contended("The device was registered by another at the same moment.")
