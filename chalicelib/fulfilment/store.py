"""Fulfilments in the table.

| item | pk | sk | gsi1 | gsi2 |
|---|---|---|---|---|
| fulfilment | ORDER#<order> | FULFILMENT#<n> | FULFILMENTS#<location>#<status> / <id> | WAITING#<shard> / <sku>#<location>#<id>, while it waits |
| carrier's word | ORDER#<order> | TRACKING#<n>#<hash> | | |
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, cast

from pynamodb.attributes import BinarySetAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.core.errors import AisleError, Conflict, Stale
from chalicelib.core.keys import key, shard
from chalicelib.core.table import Item, Json, RawItem, Transaction, fields_of, find
from chalicelib.fulfilment.domain import (
    OPEN,
    Fulfilment,
    FulfilmentLine,
    FulfilmentStatus,
    OutOfTurn,
    TrackingCode,
    TrackingEvent,
    order_of,
)

SHARDS = 4
"""Index partitions of what waits for stock."""


class FulfilmentItem(Item):
    """pk = ORDER#<order id>, sk = FULFILMENT#<n>. `tokens` are the parked task tokens, each encrypted by KMS."""

    version = NumberAttribute()
    status = UnicodeAttribute()
    document = Json()
    tokens = BinarySetAttribute(null=True, legacy_encoding=False)


class TrackingItem(Item):
    """pk = ORDER#<order id>, sk = TRACKING#<n>#<hash of the carrier's id>."""

    document = Json()


class AlreadyTracked(Conflict):
    code = "already_tracked"
    title = "The carrier said this before"


def add_tracking(tx: Transaction, fulfilment_id: str, event: TrackingEvent) -> None:
    """Keep a carrier's word. `AlreadyTracked` at commit when it is known."""
    order_id, number = order_of(fulfilment_id)
    name = sha256(event.id.encode()).hexdigest()[:32]
    item = TrackingItem(key("ORDER", order_id), key("TRACKING", number, name), document=fields_of(event))
    tx.create(item, lambda _: AlreadyTracked("It stands in the parcel's history."))


def tracking_of(fulfilment_id: str) -> list[TrackingEvent]:
    """What the carrier said of a parcel, in the order in which it happened."""
    order_id, number = order_of(fulfilment_id)
    rows = TrackingItem.query(key("ORDER", order_id), TrackingItem.sk.startswith(key("TRACKING", number) + "#"))
    events = [TrackingEvent(**{**row.document, "code": TrackingCode(row.document["code"])}) for row in rows]
    return sorted(events, key=lambda event: (event.at, event.id))


def fulfilment_key(fulfilment_id: str) -> tuple[type[Item], str, str]:
    order_id, number = order_of(fulfilment_id)
    return FulfilmentItem, key("ORDER", order_id), key("FULFILMENT", number)


def _line(line: FulfilmentLine) -> dict[str, Any]:
    return {name: value for name, value in fields_of(line).items() if name != "terms" or value is not None}


def _attributes(fulfilment: Fulfilment) -> dict[str, Any]:
    document = {**fields_of(fulfilment), "lines": [_line(line) for line in fulfilment.lines]}
    for kept_apart in ("version", "status"):
        del document[kept_apart]
    for name in ("held", "whereabouts", "promised_on", "pickup", "handing_over"):
        if not document[name]:
            del document[name]
    return {
        "version": fulfilment.version,
        "status": str(fulfilment.status),
        "document": document,
        "gsi1pk": key("FULFILMENTS", fulfilment.location_id, fulfilment.status),
        "gsi1sk": fulfilment.id,
        "summary": {
            "order_id": fulfilment.order_id,
            "location_id": fulfilment.location_id,
            "status": fulfilment.status,
            **({"promised_on": fulfilment.promised_on} if fulfilment.promised_on else {}),
        },
        **_place_in_line(fulfilment),
    }


def _place_in_line(fulfilment: Fulfilment) -> dict[str, str | None]:
    """Where one stands that waits; one that waited before stands nowhere, and all others never did."""
    if fulfilment.promised_on is None:
        return {}
    if fulfilment.status is not FulfilmentStatus.WAITING:
        return {"gsi2pk": None, "gsi2sk": None}
    sku = fulfilment.lines[0].sku
    # Ids sort by the time of their orders.
    return {"gsi2pk": _line_pk(sku, fulfilment.location_id), "gsi2sk": key(sku, fulfilment.location_id, fulfilment.id)}


def _line_pk(sku: str, location_id: str) -> str:
    return key("WAITING", shard(key(sku, location_id), SHARDS))


def fulfilment_from(item: FulfilmentItem) -> Fulfilment:
    stored = dict(item.document)
    return Fulfilment(
        **{**stored, "lines": tuple(FulfilmentLine(**line) for line in stored["lines"])},
        status=FulfilmentStatus(item.status),
        version=int(item.version),
    )


def add(tx: Transaction, fulfilment: Fulfilment) -> None:
    """Write a new fulfilment."""
    _, pk, sk = fulfilment_key(fulfilment.id)
    tx.create(FulfilmentItem(pk, sk, **_attributes(fulfilment)), lambda _: Stale("This fulfilment exists."))


def change(tx: Transaction, fulfilment: Fulfilment) -> None:
    """Write the next version; the parked tokens stay. Raises `Stale` at commit when another was quicker."""

    def stale(raw: RawItem | None) -> AisleError:
        return Stale(f"The fulfilment is not at version {fulfilment.version - 1} any more.")

    _, pk, sk = fulfilment_key(fulfilment.id)
    actions = [
        getattr(FulfilmentItem, name).remove() if value is None else getattr(FulfilmentItem, name).set(value)
        for name, value in _attributes(fulfilment).items()
    ]
    tx.update(FulfilmentItem(pk, sk), actions, FulfilmentItem.version == fulfilment.version - 1, stale)


def park_token(fulfilment_id: str, token: bytes) -> None:
    """Keep the encrypted task token while the fulfilment is open, beside those before it.

    Which of several attempts waits cannot be told: one that its caller gave up may come by after the next. Raises
    `OutOfTurn` when the fulfilment was answered already.
    """
    tx = Transaction()
    _, pk, sk = fulfilment_key(fulfilment_id)
    tx.update(
        FulfilmentItem(pk, sk),
        [FulfilmentItem.tokens.add({token})],
        FulfilmentItem.status.is_in(*(str(status) for status in sorted(OPEN))),
        lambda _: OutOfTurn("The fulfilment is not open any more."),
    )
    tx.commit()


def get(fulfilment_id: str, *, consistent: bool = False) -> tuple[Fulfilment, Collection[bytes]] | None:
    """The fulfilment and its parked tokens, or None."""
    _, pk, sk = fulfilment_key(fulfilment_id)
    item = find(FulfilmentItem, pk, sk, consistent=consistent)
    return (fulfilment_from(item), item.tokens or ()) if item else None


def in_batch(found: Mapping[tuple[str, str], Item], fulfilment_id: str) -> Fulfilment | None:
    """The fulfilment out of a batch read with `fulfilment_key`."""
    _, pk, sk = fulfilment_key(fulfilment_id)
    item = found.get((pk, sk))
    return fulfilment_from(cast(FulfilmentItem, item)) if item else None


def at_location(location_id: str, status: str, after: str | None, count: int) -> list[dict[str, Any]]:
    """Summaries of a location's fulfilments in a status, oldest first."""
    condition = FulfilmentItem.gsi1sk > after if after else None
    rows = FulfilmentItem.by_owner.query(key("FULFILMENTS", location_id, status), condition, limit=count)
    return [{"id": row.gsi1sk, **row.summary} for row in rows]


@dataclass(frozen=True, slots=True)
class Place:
    """A fulfilment in the line for a SKU at a location."""

    sku: str
    location_id: str
    fulfilment_id: str
    promised_on: str


def _place(row: Item) -> Place:
    sku, location_id, waiting = str(row.gsi2sk).split("#")
    return Place(sku, location_id, waiting, row.summary["promised_on"])


def in_line(sku: str, location_id: str) -> Iterator[Place]:
    """Who waits for a SKU at a location, in the order in which the orders were placed."""
    mine = FulfilmentItem.gsi2sk.startswith(key(sku, location_id) + "#")
    for row in FulfilmentItem.by_state.query(_line_pk(sku, location_id), mine, page_size=25):
        yield _place(row)


def all_in_line() -> Iterator[Place]:
    """Who waits for anything anywhere; those who wait for the same stand together, in their order."""
    for number in range(SHARDS):
        for row in FulfilmentItem.by_state.query(key("WAITING", str(number)), page_size=500):
            yield _place(row)
