"""Listings for their suppliers and the operator, and offers for anybody and for orders."""

from dataclasses import dataclass
from typing import Any

from chalicelib.catalog import service as catalog
from chalicelib.core.auth import Principal
from chalicelib.core.paging import Page, page_of
from chalicelib.core.table import find_many
from chalicelib.inventory import service as inventory
from chalicelib.listings.domain.listing import Listing, ListingStatus, Terms
from chalicelib.listings.domain.offers import Offer, OfferOnSale, cheapest_first
from chalicelib.listings.service.access import known, must_find_own
from chalicelib.listings.service.on_sale import settings_now
from chalicelib.listings.store import items as store
from chalicelib.suppliers import service as suppliers


@dataclass(frozen=True, slots=True)
class ListingFile:
    """A listing with its terms, and its offer once it has one."""

    listing: Listing
    terms: Terms
    offer: Offer | None


def read_listing(supplier_id: str, supplier_sku: str, by: Principal) -> ListingFile:
    """The listing, for its supplier and the operator. Raises `NotFound`, `Forbidden`."""
    known(supplier_id, by)
    listing, terms = must_find_own(supplier_id, supplier_sku)
    offer = store.get_book(listing.sku).of(supplier_id) if listing.sku else None
    return ListingFile(listing, terms, offer if offer and offer.supplier_sku == supplier_sku else None)


def list_listings(
    supplier_id: str, status: ListingStatus | None, limit: int, cursor: str | None, by: Principal
) -> Page[dict[str, Any]]:
    """One page of a supplier's listings (in a status) by its own SKUs, for itself and the operator."""
    known(supplier_id, by)
    return page_of(
        f"listings {supplier_id} {status}",
        limit,
        cursor,
        lambda after, count: store.listings_of(supplier_id, status, after, count),
        lambda summary: summary["supplier_sku"],
    )


def offers_of(sku: str, channel: str, currency: str | None, by: Principal) -> list[OfferOnSale]:
    """Who sells a SKU on a channel, the cheapest first where a currency is asked for, with what it may sell of each. For anybody.

    Raises `NotFound` for what the catalogue does not show.
    """
    catalog.get_variant(sku, by=by)
    if channel not in settings_now().channels:
        return []
    offers = cheapest_first(store.get_book(sku).on_sale, currency)
    sellers = [offer.supplier_id for offer in offers]
    found = find_many([*suppliers.seller_keys(sellers), *inventory.stock_keys([sku], sellers)])
    levels = inventory.levels(found, [sku], sellers, channel)
    shown = []
    for offer in offers:
        seller = suppliers.seller_from(found, offer.supplier_id)
        if seller is not None and seller.sells:
            shown.append(OfferOnSale(offer, seller.name, levels[sku, offer.supplier_id]))
    return shown
