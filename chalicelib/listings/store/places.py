"""How many listings a supplier has: a counter, and what bulk imports hold of it."""

from dataclasses import dataclass, replace

from pynamodb.attributes import NumberAttribute

from chalicelib.core.errors import AisleError, Contended, Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, RawItem, Transaction, find
from chalicelib.listings.domain.listing import ListingLimitReached


class PlacesItem(Item):
    """pk = LISTING#PLACES#<supplier>, sk = PLACES. Places taken by listings that are not withdrawn, and by holds."""

    taken = NumberAttribute()


class HoldItem(Item):
    """pk = LISTING#PLACES#<supplier>, sk = HOLD#<ulid>. There while a batch of rows is taken."""

    version = NumberAttribute()
    document = Json()


@dataclass(frozen=True, slots=True)
class Hold:
    """Listings, by the supplier's own SKUs, that a batch registers, for which `places` are taken in advance; or that it withdraws, for
    which there are none. Each that it did names the hold, until it leaves it."""

    id: str
    supplier_skus: tuple[str, ...]
    places: int = 0
    is_leaving: bool = False
    version: int = 1

    def without(self, supplier_sku: str) -> "Hold":
        """The hold that has no part in a listing any more which it registered, with its place, or withdrew."""
        others = tuple(sku for sku in self.supplier_skus if sku != supplier_sku)
        places = self.places if self.is_leaving else self.places - 1
        return replace(self, supplier_skus=others, places=places, version=self.version + 1)


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
    tx.put(_item(supplier_id, hold))


def change_hold(tx: Transaction, supplier_id: str, after: Hold) -> None:
    """Write the next version of a hold. `Stale` at commit when it changed, or is counted."""
    tx.put(_item(supplier_id, after), HoldItem.version == after.version - 1, _counted)


def end_hold(tx: Transaction, supplier_id: str, hold: Hold) -> None:
    """Remove a hold as it was read. `Stale` at commit when it changed, or another did."""
    item = HoldItem(_pk(supplier_id), key("HOLD", hold.id))
    tx.delete(item, HoldItem.version == hold.version, _counted)


def get_hold(supplier_id: str, hold_id: str) -> Hold | None:
    """The hold, or None once it is counted."""
    item = find(HoldItem, _pk(supplier_id), key("HOLD", hold_id), consistent=True)
    return _hold(item) if item else None


def holds_of(supplier_id: str, before: str) -> list[Hold]:
    """Holds whose ids sort before this one, which is to say that they were made before it."""
    rows = HoldItem.query(
        _pk(supplier_id), HoldItem.sk.between(key("HOLD", "0"), key("HOLD", before)), consistent_read=True
    )
    return [_hold(row) for row in rows]


def _counted(_: RawItem | None) -> AisleError:
    return Stale("The places of this batch changed, or are counted.")


def _item(supplier_id: str, hold: Hold) -> HoldItem:
    document = {"supplier_skus": hold.supplier_skus, "places": hold.places, "is_leaving": hold.is_leaving}
    return HoldItem(_pk(supplier_id), key("HOLD", hold.id), version=hold.version, document=document)


def _hold(item: HoldItem) -> Hold:
    stored = item.document
    skus = tuple(stored["supplier_skus"])
    return Hold(item.sk.partition("#")[2], skus, stored["places"], stored["is_leaving"], int(item.version))
