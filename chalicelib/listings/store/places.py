"""How many listings a supplier has: a counter, and what bulk imports hold of it."""

from dataclasses import dataclass

from pynamodb.attributes import NumberAttribute

from chalicelib.core.errors import AisleError, Contended, Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, RawItem, Transaction
from chalicelib.listings.domain.listing import ListingLimitReached


class PlacesItem(Item):
    """pk = LISTING#PLACES#<supplier>, sk = PLACES. Places taken by listings that are not withdrawn, and by holds."""

    taken = NumberAttribute()


class HoldItem(Item):
    """pk = LISTING#PLACES#<supplier>, sk = HOLD#<ulid>. There while a batch of rows is taken."""

    document = Json()


@dataclass(frozen=True, slots=True)
class Hold:
    """Listings, by the supplier's own SKUs, that a batch registers, for which `places` are taken in advance; or that it withdraws, for
    which there are none. Each that it did names the hold."""

    id: str
    supplier_skus: tuple[str, ...]
    places: int = 0


def _pk(supplier_id: str) -> str:
    return key("LISTING", "PLACES", supplier_id)


def take_places(tx: Transaction, supplier_id: str, count: int, limit: int) -> None:
    """Count further places (at most `limit`) as taken. `ListingLimitReached` at commit when fewer are free."""

    def full(raw: RawItem | None) -> AisleError:
        taken = int(raw["taken"]["N"]) if raw else 0
        return ListingLimitReached(f"{taken} of {limit} listings are there already.", limit=limit, taken=taken)

    enough = PlacesItem.taken.does_not_exist() | (PlacesItem.taken <= limit - count)
    tx.update(PlacesItem(_pk(supplier_id), "PLACES"), [PlacesItem.taken.add(count)], enough, full)


def free_places(tx: Transaction, supplier_id: str, count: int) -> None:
    """Count places as free again."""
    anything = PlacesItem.pk.exists() | PlacesItem.pk.does_not_exist()
    tx.update(
        PlacesItem(_pk(supplier_id), "PLACES"),
        [PlacesItem.taken.add(-count)],
        anything,
        lambda _: Contended("Places were not freed."),
    )


def add_hold(tx: Transaction, supplier_id: str, hold: Hold) -> None:
    """Write a hold."""
    document = {"supplier_skus": hold.supplier_skus, "places": hold.places}
    tx.put(HoldItem(_pk(supplier_id), key("HOLD", hold.id), document=document))


def end_hold(tx: Transaction, supplier_id: str, hold: Hold) -> None:
    """Remove a hold. `Stale` at commit when another did."""
    item = HoldItem(_pk(supplier_id), key("HOLD", hold.id))
    tx.delete(item, HoldItem.pk.exists(), lambda _: Stale("The places of this batch are counted."))


def holds_of(supplier_id: str, before: str) -> list[Hold]:
    """Holds whose ids sort before this one, which is to say that they were made before it."""
    rows = HoldItem.query(
        _pk(supplier_id), HoldItem.sk.between(key("HOLD", "0"), key("HOLD", before)), consistent_read=True
    )
    return [
        Hold(row.sk.partition("#")[2], tuple(row.document["supplier_skus"]), row.document["places"]) for row in rows
    ]
