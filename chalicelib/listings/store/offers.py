"""The offers of a SKU, together: each order line of the SKU reads them at once."""

from collections.abc import Mapping
from typing import cast

from pynamodb.attributes import NumberAttribute

from chalicelib.core.errors import Contended
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, Transaction, find
from chalicelib.listings.domain.listing import listing_id
from chalicelib.listings.domain.offers import Offer, OfferBook


class OfferBookItem(Item):
    """pk = OFFERS#<sku>, sk = OFFERS. Each offer is a short array, in the order of `_FIELDS`, without what is usual at its end."""

    version = NumberAttribute()
    offers = Json()


_FIELDS = (
    "supplier_id",
    "supplier_sku",
    "prices",
    "handling_days",
    "condition",
    "min_quantity",
    "max_quantity",
    "paused",
)
_USUAL = ("new", 1, None, False)


def book_key(sku: str) -> tuple[type[Item], str, str]:
    """Where the SKU's offers are, for a batch read."""
    return OfferBookItem, key("OFFERS", sku), "OFFERS"


def book_in(found: Mapping[tuple[str, str], Item], sku: str) -> OfferBook:
    """The SKU's offers out of a batch read; an empty book where there never were any."""
    item = cast(OfferBookItem | None, found.get((key("OFFERS", sku), "OFFERS")))
    if item is None:
        return OfferBook(sku)
    return OfferBook(sku, tuple(_offer(sku, stored) for stored in item.offers), int(item.version))


def get_book(sku: str) -> OfferBook:
    """The SKU's offers as the last finished write left them."""
    item = find(OfferBookItem, key("OFFERS", sku), "OFFERS", consistent=True)
    return book_in({(item.pk, item.sk): item}, sku) if item else OfferBook(sku)


def put_book(tx: Transaction, after: OfferBook) -> None:
    """Write the next version of a book. `Contended` at commit when another was quicker."""
    item = OfferBookItem(
        key("OFFERS", after.sku), "OFFERS", version=after.version, offers=[_stored(offer) for offer in after.offers]
    )
    before = after.version - 1
    as_read = OfferBookItem.version == before if before else OfferBookItem.pk.does_not_exist()
    tx.put(item, as_read, lambda _: Contended(f"The offers of {after.sku} changed."))


def _stored(offer: Offer) -> list[object]:
    stored = [getattr(offer, name) for name in _FIELDS]
    usual = list(_USUAL)
    while usual and stored[-1] == usual[-1]:
        stored.pop()
        usual.pop()
    return stored


def _offer(sku: str, stored: list[object]) -> Offer:
    missing = len(_FIELDS) - len(stored)
    whole = [*stored, *_USUAL[len(_USUAL) - missing :]]
    given = dict(zip(_FIELDS, whole, strict=True))
    return Offer(sku=sku, listing_id=listing_id(str(given["supplier_id"]), str(given["supplier_sku"])), **given)  # type: ignore[arg-type]
