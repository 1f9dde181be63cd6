"""Pickups in the table."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.core.errors import AisleError, Conflict, Contended
from chalicelib.core.keys import key, shard
from chalicelib.core.table import Item, Json, RawItem, Transaction, fields_of, find
from chalicelib.lockers.domain.cabinets import Size, Temperature
from chalicelib.lockers.domain.packing import Package
from chalicelib.lockers.domain.pickups import Pickup, PickupStatus, Place, PlaceState
from chalicelib.lockers.domain.sites import HoldPolicy, OnExpiry

SHARDS = 4
"""Index partitions of what waits for a compartment."""


class PickupItem(Item):
    """pk = PICKUP#<id>, sk = PICKUP."""

    version = NumberAttribute()
    status = UnicodeAttribute()
    document = Json()


class PickupMoved(Contended):
    """Another changed the pickup at this moment."""

    code = "pickup_moved"


class PickupExists(Conflict):
    """Not a failure: the fulfilment has its pickup."""

    code = "pickup_exists"
    title = "There is a pickup for this"


def pickup_pk(pickup_id: str) -> str:
    return key("PICKUP", pickup_id)


def pickup_key(pickup_id: str) -> tuple[type[Item], str, str]:
    return PickupItem, pickup_pk(pickup_id), "PICKUP"


def _item(pickup: Pickup) -> PickupItem:
    document = {
        **fields_of(pickup),
        "packages": [fields_of(package) for package in pickup.packages],
        "places": [fields_of(place) for place in pickup.places],
        "hold": fields_of(pickup.hold),
    }
    del document["version"], document["status"]
    waits = pickup.status is PickupStatus.WAITLISTED
    return PickupItem(
        pickup_pk(pickup.id),
        "PICKUP",
        version=pickup.version,
        status=str(pickup.status),
        document={name: value for name, value in document.items() if value is not None},
        gsi1pk=key("PICKUPS", pickup.site_id, pickup.status),
        gsi1sk=pickup.id,
        gsi2pk=key("WAITLIST", shard(pickup.site_id, SHARDS)) if waits else None,
        gsi2sk=key(pickup.site_id, pickup.id) if waits else None,
        summary={
            "order_id": pickup.order_id,
            "compartments": [place.label for place in pickup.places],
            "expires_at": pickup.expires_at,
            "reason": pickup.reason,
        },
    )


def _pickup(item: PickupItem) -> Pickup:
    stored: dict[str, Any] = dict(item.document)
    hold = stored["hold"]
    return Pickup(
        **{
            **stored,
            "packages": tuple(_package(one) for one in stored["packages"]),
            "places": tuple(_place(one) for one in stored["places"]),
            "hold": HoldPolicy(**{**hold, "on_expiry": OnExpiry(hold["on_expiry"])}),
            "fulfilment_id": stored.get("fulfilment_id"),
            "status": PickupStatus(item.status),
            "version": int(item.version),
        }
    )


def _package(stored: Mapping[str, Any]) -> Package:
    outer = stored["outer_mm"]
    kinds = {"size": Size(stored["size"]), "temperature": Temperature(stored["temperature"])}
    return Package(**{**stored, **kinds, "outer_mm": (outer[0], outer[1], outer[2]) if outer else None})


def _place(stored: Mapping[str, Any]) -> Place:
    return Place(
        **{**stored, "package_ids": tuple(stored["package_ids"]), "state": PlaceState(stored["state"])},
    )


def add_pickup(tx: Transaction, pickup: Pickup) -> None:
    """Write a new pickup. `PickupExists` at commit."""
    tx.create(_item(pickup), lambda _: PickupExists(f"There is a pickup {pickup.id}."))


def change_pickup(tx: Transaction, pickup: Pickup) -> None:
    """Write the next version of a pickup; `PickupMoved` at commit when another was quicker: of a pickup that races its expiry,
    its cancellation or another with the same code, exactly one wins."""

    def moved(raw: RawItem | None) -> AisleError:
        return PickupMoved(f"The pickup is not at version {pickup.version - 1} any more.")

    tx.put(_item(pickup), PickupItem.version == pickup.version - 1, moved)


def get_pickup(pickup_id: str, *, consistent: bool = True) -> Pickup | None:
    """The pickup, or None."""
    item = find(PickupItem, pickup_pk(pickup_id), "PICKUP", consistent=consistent)
    return _pickup(item) if item else None


def in_batch(found: Mapping[tuple[str, str], Item], pickup_id: str) -> Pickup | None:
    """The pickup out of a batch read with `pickup_key`."""
    item = found.get((pickup_pk(pickup_id), "PICKUP"))
    return _pickup(cast(PickupItem, item)) if item else None


def pickups_at(site_id: str, status: str, after: str | None, count: int) -> list[dict[str, Any]]:
    """Summaries of a site's pickups in a status, oldest first."""
    condition = PickupItem.gsi1sk > after if after else None
    rows = PickupItem.by_owner.query(key("PICKUPS", site_id, status), condition, limit=count)
    return [{"id": row.gsi1sk, "site_id": site_id, "status": status, **row.summary} for row in rows]


def waitlist(site_id: str | None = None) -> Iterator[tuple[str, str]]:
    """Site and id of pickups that wait for a compartment, those of a site in the order of their orders."""
    numbers = [shard(site_id, SHARDS)] if site_id else [str(number) for number in range(SHARDS)]
    mine = PickupItem.gsi2sk.startswith(site_id + "#") if site_id else None
    for number in numbers:
        for row in PickupItem.by_state.query(key("WAITLIST", number), mine, page_size=100):
            site, _, waiting = str(row.gsi2sk).partition("#")
            yield site, waiting
