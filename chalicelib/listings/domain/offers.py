"""Offers: who sells a SKU of the catalogue, and for what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.core.errors import Conflict

MAX_OFFERS = 40
"""Offers of one SKU: its book is one item, and each order line of the SKU reads it."""


class TooManyOffers(Conflict):
    code = "too_many_offers"
    title = "The SKU has no room for more offers"


@dataclass(frozen=True, slots=True)
class Offer:
    """An approved listing on sale: one supplier, one SKU. `prices`: minor units by currency, tax included. It leaves within
    `handling_days` days. A paused one keeps its place and is not sold."""

    sku: str
    supplier_id: str
    supplier_sku: str
    listing_id: str
    prices: Mapping[str, int]
    handling_days: int
    condition: str = "new"
    min_quantity: int = 1
    max_quantity: int | None = None
    paused: bool = False

    def takes(self, quantity: int) -> bool:
        """Whether so many units may be bought at once."""
        return self.min_quantity <= quantity and (self.max_quantity is None or quantity <= self.max_quantity)


@dataclass(frozen=True, slots=True)
class OfferBook:
    """All offers of a SKU, at most one of a supplier."""

    sku: str
    offers: tuple[Offer, ...] = ()
    version: int = 0

    def of(self, supplier_id: str) -> Offer | None:
        """The supplier's offer, if it has one."""
        return next((offer for offer in self.offers if offer.supplier_id == supplier_id), None)

    def with_offer(self, offer: Offer) -> "OfferBook":
        """The book with this offer in place of the supplier's. Raises `TooManyOffers`."""
        others = [one for one in self.offers if one.supplier_id != offer.supplier_id]
        if len(others) >= MAX_OFFERS:
            raise TooManyOffers(f"{self.sku} has {len(others)} offers.", limit=MAX_OFFERS)
        return replace(self, offers=(*others, offer), version=self.version + 1)

    def without(self, supplier_id: str) -> "OfferBook":
        """The book without the supplier's offer."""
        others = tuple(one for one in self.offers if one.supplier_id != supplier_id)
        return replace(self, offers=others, version=self.version + 1)

    @property
    def on_sale(self) -> tuple[Offer, ...]:
        """Those that are not paused."""
        return tuple(offer for offer in self.offers if not offer.paused)


def offer_of(
    listing_id: str, sku: str, document: Mapping[str, Any], prices: Mapping[str, int], *, paused: bool
) -> Offer:
    """The offer that a published document makes."""
    supplier_id, _, supplier_sku = listing_id.partition(":")
    return Offer(
        sku=sku,
        supplier_id=supplier_id,
        supplier_sku=supplier_sku,
        listing_id=listing_id,
        prices=dict(prices),
        handling_days=document["handling_days"],
        condition=document.get("condition", "new"),
        min_quantity=document.get("min_quantity") or 1,
        max_quantity=document.get("max_quantity"),
        paused=paused,
    )


@dataclass(frozen=True, slots=True)
class OfferOnSale:
    """An offer as anybody may see it, with the units there are of it."""

    offer: Offer
    supplier_name: str
    available: int


def cheapest_first(offers: Sequence[Offer], currency: str | None) -> list[Offer]:
    """Those with a price in the currency, the cheapest first; all of them by supplier without one."""
    if currency is None:
        return sorted(offers, key=lambda offer: offer.supplier_id)
    priced = [offer for offer in offers if currency in offer.prices]
    return sorted(priced, key=lambda offer: (offer.prices[currency], offer.handling_days, offer.supplier_id))
