"""Cabinets and their compartments in the table."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.core import clock
from chalicelib.core.errors import AisleError, Conflict, Stale
from chalicelib.core.keys import key, shard
from chalicelib.core.table import Item, Json, RawItem, Transaction, fields_of, find
from chalicelib.lockers.domain.cabinets import (
    Activation,
    Cabinet,
    CabinetStatus,
    Compartment,
    CompartmentStatus,
    CompartmentTaken,
    Connection,
    Reach,
    Size,
    Temperature,
    Transport,
)


class CabinetItem(Item):
    """pk = CABINET#<id>, sk = CABINET."""

    version = NumberAttribute()
    document = Json()


SHARDS = 8
"""Index partitions of the cabinets that are online."""

SEEN_WITHIN = timedelta(minutes=5)
"""How exactly the index knows when a cabinet was last heard of: each heartbeat would cost a write there otherwise."""


class ConnectionItem(Item):
    """pk = CABINET#<id>, sk = CONNECTION. Apart from the cabinet, because each heartbeat writes it; in the index until it
    is lost, under the five minutes in which it was heard of."""

    document = Json()
    at = UnicodeAttribute()


class SerialItem(Item):
    """pk = SERIAL#<number>, sk = SERIAL: a device is one cabinet."""

    cabinet_id = UnicodeAttribute()


class CompartmentItem(Item):
    """pk = CABINET#<id>, sk = COMPARTMENT#<number>."""

    version = NumberAttribute()
    status = UnicodeAttribute()
    pickup_id = UnicodeAttribute(null=True)


class SerialTaken(Conflict):
    code = "serial_number_taken"
    title = "A cabinet has this serial number"


def cabinet_pk(cabinet_id: str) -> str:
    return key("CABINET", cabinet_id)


def _cabinet_item(cabinet: Cabinet) -> CabinetItem:
    document = fields_of(cabinet)
    del document["id"], document["version"]
    document["activation"] = fields_of(cabinet.activation) if cabinet.activation else None
    return CabinetItem(
        cabinet_pk(cabinet.id),
        "CABINET",
        version=cabinet.version,
        document=document,
        gsi1pk=key("CABINETS", cabinet.site_id),
        gsi1sk=cabinet.id,
        summary={"name": cabinet.name, "status": cabinet.status, "transport": cabinet.transport},
    )


def add_cabinet(tx: Transaction, cabinet: Cabinet) -> None:
    """Write a new cabinet and take its serial number. `SerialTaken` at commit."""
    tx.create(_cabinet_item(cabinet), lambda _: Stale("This cabinet exists."))
    serial = SerialItem(key("SERIAL", cabinet.serial_number), "SERIAL", cabinet_id=cabinet.id)
    tx.create(serial, lambda _: SerialTaken(f"Serial number {cabinet.serial_number} is in use."))


def change_cabinet(tx: Transaction, cabinet: Cabinet) -> None:
    """Write the next version of a cabinet; `Stale` at commit when it is at another."""

    def stale(raw: RawItem | None) -> AisleError:
        return Stale(f"The cabinet is not at version {cabinet.version - 1} any more.")

    tx.put(_cabinet_item(cabinet), CabinetItem.version == cabinet.version - 1, stale)


def get_cabinet(cabinet_id: str, *, consistent: bool = False) -> Cabinet | None:
    """The cabinet, or None."""
    item = find(CabinetItem, cabinet_pk(cabinet_id), "CABINET", consistent=consistent)
    if item is None:
        return None
    stored = item.document
    kinds = {
        "transport": Transport(stored["transport"]),
        "status": CabinetStatus(stored["status"]),
        "activation": Activation(**stored["activation"]) if stored["activation"] else None,
    }
    return Cabinet(**{**stored, **kinds, "id": cabinet_id, "version": int(item.version)})


def free_serial(tx: Transaction, serial_number: str) -> None:
    """Let the device with a serial number be another cabinet."""
    item = SerialItem(key("SERIAL", serial_number), "SERIAL")
    tx.delete(item, SerialItem.pk.exists(), lambda _: Stale("The serial number is free already."))


def blocked_cabinets(site_id: str) -> set[str]:
    """Ids of a site's cabinets that get nothing new. Read from the index: a moment old."""
    rows = CabinetItem.by_owner.query(key("CABINETS", site_id), page_size=100)
    return {str(row.gsi1sk) for row in rows if row.summary["status"] != CabinetStatus.ACTIVE}


def cabinets_of(site_id: str, after: str | None, count: int) -> list[dict[str, Any]]:
    """Summaries of a site's cabinets by id."""
    condition = CabinetItem.gsi1sk > after if after else None
    rows = CabinetItem.by_owner.query(key("CABINETS", site_id), condition, limit=count)
    return [{"id": row.gsi1sk, "site_id": site_id, **row.summary} for row in rows]


# ---- the line -----------------------------------------------------------------------------------------------------------


def get_connection(cabinet_id: str) -> Connection:
    """What is known of a cabinet's line."""
    item = find(ConnectionItem, cabinet_pk(cabinet_id), "CONNECTION", consistent=True)
    return Connection(**item.document) if item else Connection()


def put_connection(cabinet_id: str, connection: Connection, at: str) -> bool:
    """Keep what was heard of a line at a moment; says False, and keeps what is known, when something later was heard before."""
    tx = Transaction()
    seen = None if connection.lost else connection.last_seen_at
    item = ConnectionItem(
        cabinet_pk(cabinet_id),
        "CONNECTION",
        document=fields_of(connection),
        at=at,
        gsi2pk=key("ONLINE", shard(cabinet_id, SHARDS)) if seen else None,
        gsi2sk=key(_begun(datetime.fromisoformat(seen)), cabinet_id) if seen else None,
    )
    news = ConnectionItem.pk.does_not_exist() | (ConnectionItem.at <= at)
    tx.put(item, news, lambda _: Stale("Something later was heard."))
    try:
        tx.commit()
    except Stale:
        return False
    return True


def _begun(moment: datetime) -> str:
    """When the five minutes began that a moment lies in."""
    return clock.rfc3339(moment - (moment - datetime.min.replace(tzinfo=moment.tzinfo)) % SEEN_WITHIN)


def silent_since(moment: datetime) -> Iterator[str]:
    """Ids of cabinets that are not known to be lost and were last heard of before a moment; each is among them `SEEN_WITHIN` later
    at the latest."""
    for number in range(SHARDS):
        earlier = ConnectionItem.gsi2sk < _begun(moment)
        for row in ConnectionItem.by_state.query(key("ONLINE", str(number)), earlier, page_size=100):
            yield str(row.gsi2sk).partition("#")[2]


# ---- compartments -------------------------------------------------------------------------------------------------------


def compartment_key(cabinet_id: str, number: str) -> tuple[type[Item], str, str]:
    return CompartmentItem, cabinet_pk(cabinet_id), key("COMPARTMENT", number)


def _compartment_attributes(compartment: Compartment) -> dict[str, Any]:
    summary = {
        "size": compartment.size,
        "reach": compartment.reach,
        "temperature": compartment.temperature,
        "inner_mm": compartment.inner_mm,
        "pickup_id": compartment.pickup_id,
        "reason": compartment.reason,
        "version": compartment.version,
        "site_id": compartment.site_id,
        "status": compartment.status,
    }
    return {
        "version": compartment.version,
        "status": str(compartment.status),
        "pickup_id": compartment.pickup_id,
        "summary": {name: value for name, value in summary.items() if value is not None},
        "gsi1pk": key("COMPARTMENTS", compartment.site_id, compartment.status),
        "gsi1sk": key(compartment.cabinet_id, compartment.number),
    }


def _compartment(cabinet_id: str, number: str, summary: Mapping[str, Any]) -> Compartment:
    inner = summary.get("inner_mm")
    return Compartment(
        cabinet_id=cabinet_id,
        number=number,
        site_id=summary["site_id"],
        size=Size(summary["size"]),
        reach=Reach(summary["reach"]),
        temperature=Temperature(summary["temperature"]),
        inner_mm=(inner[0], inner[1], inner[2]) if inner else None,
        status=CompartmentStatus(summary["status"]),
        pickup_id=summary.get("pickup_id"),
        reason=summary.get("reason"),
        version=summary["version"],
    )


def add_compartment(tx: Transaction, compartment: Compartment) -> None:
    """Write a new compartment."""
    kind, pk, sk = compartment_key(compartment.cabinet_id, compartment.number)
    tx.create(kind(pk, sk, **_compartment_attributes(compartment)), lambda _: Stale("This compartment exists."))


def change_compartment(tx: Transaction, compartment: Compartment) -> None:
    """Write the next version of a compartment; `CompartmentTaken` at commit when another was quicker: of two who want it exactly
    one gets it."""

    def taken(raw: RawItem | None) -> AisleError:
        return CompartmentTaken(f"Compartment {compartment.label} changed meanwhile.", compartment=compartment.label)

    _, pk, sk = compartment_key(compartment.cabinet_id, compartment.number)
    item = CompartmentItem(pk, sk, **_compartment_attributes(compartment))
    tx.put(item, CompartmentItem.version == compartment.version - 1, taken)


def get_compartment(cabinet_id: str, number: str) -> Compartment | None:
    """The compartment, or None."""
    _, pk, sk = compartment_key(cabinet_id, number)
    item = find(CompartmentItem, pk, sk, consistent=True)
    return _compartment(cabinet_id, number, item.summary) if item else None


def compartments_of(cabinet_id: str) -> list[Compartment]:
    """All of a cabinet, by number."""
    rows = CompartmentItem.query(cabinet_pk(cabinet_id), CompartmentItem.sk.startswith("COMPARTMENT#"))
    found = [_compartment(cabinet_id, str(row.sk).partition("#")[2], row.summary) for row in rows]
    return sorted(found, key=lambda one: (len(one.number), one.number))


def compartments_at(site_id: str, status: str, after: str | None = None, count: int | None = None) -> list[Compartment]:
    """A site's compartments in a status, by cabinet and number. Read from the index: a moment old."""
    condition = CompartmentItem.gsi1sk > after if after else None
    rows = CompartmentItem.by_owner.query(key("COMPARTMENTS", site_id, status), condition, limit=count)
    found = []
    for row in rows:
        cabinet_id, number = str(row.gsi1sk).split("#")
        found.append(_compartment(cabinet_id, number, row.summary))
    return found
