"""The market of the SKUs of a request: who offers them, what each has left, on which terms.

What nobody but the retailer offers costs no read. Where there are offers, a second batch read tells of the suppliers: whether they
sell, ship there and keep their promises, and what they have.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.catalog import service as catalog
from chalicelib.core import clock
from chalicelib.core.table import find_many
from chalicelib.fulfilment import service as fulfilment
from chalicelib.fulfilment.service import OWN, Candidate, SellerChoice, SellerPart
from chalicelib.inventory import service as inventory
from chalicelib.ledger import service as ledger
from chalicelib.listings import service as listings
from chalicelib.listings.service import Offer
from chalicelib.orders import store
from chalicelib.orders.domain.sourcing import SourcingRules
from chalicelib.orders.service.price_order import Found, LineRequest, PriceRequest
from chalicelib.routing import service as routing
from chalicelib.suppliers import service as suppliers
from chalicelib.suppliers.service import Place, Seller


def offers_on(channel: str, found: Found, skus: Iterable[str]) -> dict[str, tuple[Offer, ...]]:
    """The offers of each SKU that has any, out of a batch read with `listings.offer_keys`; none where the operator has suppliers not
    sell on the channel."""
    offers = listings.offers_from(found, dict.fromkeys(skus))
    offers = {sku: by_sku for sku, by_sku in offers.items() if by_sku}
    return offers if offers and channel in listings.marketplace_channels() else {}


@dataclass(slots=True)
class Market:
    """Who offers the SKUs of a request, what they have left, and what was agreed with them."""

    request: PriceRequest
    offers: Mapping[str, Sequence[Offer]]
    found: Found
    sellers: Mapping[str, Seller]
    ratings: Mapping[str, int]
    rules: SourcingRules
    places: Mapping[str, Sequence[str]]
    left: dict[tuple[str, str], int]

    @classmethod
    def read(
        cls,
        request: PriceRequest,
        offers: Mapping[str, Sequence[Offer]],
        found: Found,
        *,
        fresh: bool,
        choosing: bool = True,
    ) -> "Market":
        """The market as it is now. Unless somebody is chosen, ratings and commissions are not read."""
        pairs = [(sku, offer.supplier_id) for sku, by_sku in offers.items() for offer in by_sku]
        ids = list(dict.fromkeys(supplier_id for _, supplier_id in pairs))
        sites = [site.id for site in inventory.sourcing_locations(request.channel, fresh=fresh)]
        keys = [
            *(key for sku, supplier_id in pairs for key in inventory.stock_keys([sku], [supplier_id])),
            *inventory.stock_keys(offers, sites),
            *suppliers.seller_keys(ids),
            *routing.health_keys(ids),
            store.sourcing_key(),
            *((*routing.rating_keys(ids), *ledger.rule_keys()) if choosing else ()),
        ]
        unknown = [key for key in dict.fromkeys(keys) if fresh or key[1:] not in found]
        found = {**found, **find_many(unknown, consistent=fresh)}
        sellers = {one: seller for one in ids if (seller := suppliers.seller_from(found, one)) is not None}
        now = clock.now()
        awake = {one for one, seller in sellers.items() if seller.sells and not routing.rests_from(found, one, now)}
        left = {(sku, OWN): _own_units(found, sku, sites, request.channel) for sku in offers}
        for sku, supplier_id in pairs:
            units = inventory.levels(found, [sku], [supplier_id], request.channel)[sku, supplier_id]
            left[sku, supplier_id] = units if supplier_id in awake else 0
        return cls(
            request,
            offers,
            found,
            sellers,
            routing.ratings_from(found, ids),
            store.sourcing_in(found),
            catalog.places(found, offers),
            left,
        )

    def sells_ours(self, sku: str) -> bool:
        """Whether the operator's rules let the retailer sell its own stock of a SKU."""
        return self._preference(sku, OWN) is not None

    def candidates(self, line: LineRequest) -> list[Candidate]:
        """Who could sell the line, with what they have left."""
        given = [*self._own(line), *(self._supplier(line, offer) for offer in self.offers[line.sku])]
        return [one for one in given if one is not None and line.seller in (None, one.seller)]

    def _own(self, line: LineRequest) -> list[Candidate]:
        listed = catalog.listed_price(self.found, line.sku, self.request.channel, self.request.currency)
        preference = self._preference(line.sku, OWN)
        if listed is None or preference is None:
            return []
        return [Candidate(OWN, listed, self.left[line.sku, OWN], preference=preference)]

    def _supplier(self, line: LineRequest, offer: Offer) -> Candidate | None:
        seller = self.sellers.get(offer.supplier_id)
        price = offer.prices.get(self.request.currency)
        preference = self._preference(line.sku, offer.supplier_id)
        if seller is None or price is None or preference is None or not self._goes_there(seller):
            return None
        return Candidate(
            offer.supplier_id,
            price,
            self._sellable(offer) if _is_for(line, offer) else 0,
            offer.handling_days,
            preference,
            self._distance(seller),
            self.ratings.get(offer.supplier_id, 100),
            offer.min_quantity,
            self._terms(offer, price),
        )

    def _sellable(self, offer: Offer) -> int:
        """What the supplier has left, if it is as much as it sells at once."""
        left = self.left[offer.sku, offer.supplier_id]
        return left if left >= offer.min_quantity else 0

    def _preference(self, sku: str, seller: str) -> int | None:
        """How far back the seller stands, None for one that is left out."""
        rule = self.rules.rule_for(seller, self.places.get(sku, ()))
        if rule is None:
            return 0
        return None if rule.excluded else rule.preference

    def _goes_there(self, seller: Seller) -> bool:
        return self.request.country is None or seller.serves(self.request.country)

    def _distance(self, seller: Seller) -> int:
        wanted = self.request
        return suppliers.distance(seller, Place(wanted.country or "", wanted.region, wanted.postal_code))

    def _terms(self, offer: Offer, price: int) -> dict[str, Any]:
        commission = ledger.terms_from(
            self.found,
            supplier_id=offer.supplier_id,
            category_path=tuple(self.places.get(offer.sku, ())),
            currency=self.request.currency,
        )
        return {
            "supplier_id": offer.supplier_id,
            "supplier_sku": offer.supplier_sku,
            "listing_id": offer.listing_id,
            "name": catalog.name_of(self.found, offer.sku),
            "unit_price": price,
            "currency": self.request.currency,
            "commission": commission.as_dict(),
        }

    def open_units(self) -> dict[str, int]:
        """What suppliers have of each SKU for whoever names no seller: new, as much as they sell at once, and of those whom the operator's
        rules leave out nowhere."""
        return {
            sku: sum(
                self._sellable(one)
                for one in by_sku
                if one.condition == _NEW and self._preference(sku, one.supplier_id) is not None
            )
            for sku, by_sku in self.offers.items()
        }

    def replace(self, line: LineRequest, dearest: int) -> Sequence[SellerPart]:
        """As many units of the line as suppliers have who ask no more than this for one."""
        if line.sku not in self.offers:
            return ()
        offered = [one for one in self.candidates(line) if one.seller != OWN and one.price <= dearest]
        choice = fulfilment.choose_sellers(line.quantity, offered)
        if not choice.parts and choice.left:
            choice = fulfilment.choose_sellers(choice.left, offered)
        self.take(line.sku, choice)
        return choice.parts

    def take(self, sku: str, choice: SellerChoice) -> None:
        """What a line is sold is not there for the next."""
        for part in choice.parts:
            self.left[sku, part.candidate.seller] -= part.units


_NEW = "new"


def _is_for(line: LineRequest, offer: Offer) -> bool:
    """Whether the offer takes so many units at once; what is not new is sold only to who asks for that seller."""
    return offer.takes(line.quantity) and (offer.condition == _NEW or line.seller == offer.supplier_id)


def _own_units(found: Found, sku: str, sites: Sequence[str], channel: str) -> int:
    return sum(inventory.levels(found, [sku], sites, channel).values())
