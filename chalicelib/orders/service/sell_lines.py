"""Who sells the lines of an order or a quote: the retailer out of its own stock, or suppliers by their offers.

What nobody but the retailer offers costs no read. Where there are offers, a second batch read tells of the suppliers: whether they
sell, ship there and keep their promises, and what they have.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.catalog import service as catalog
from chalicelib.core import clock
from chalicelib.core.errors import Conflict, Fault
from chalicelib.core.table import find_many
from chalicelib.fulfilment import service as fulfilment
from chalicelib.fulfilment.service import OWN, Candidate, SellerChoice, SellerPart
from chalicelib.inventory import service as inventory
from chalicelib.ledger import service as ledger
from chalicelib.listings import service as listings
from chalicelib.listings.service import Offer
from chalicelib.orders import store
from chalicelib.orders.domain import Allocation
from chalicelib.orders.domain.sourcing import SourcingRules
from chalicelib.orders.service.price_order import Found, LineRequest, PriceRequest
from chalicelib.routing import service as routing
from chalicelib.suppliers import service as suppliers
from chalicelib.suppliers.service import Seller


class SellerCannotSupply(Conflict):
    """A seller that was asked for by name has no offer, too few units, or does not ship there; `shortages` says what it has `left` to
    sell there."""

    code = "seller_cannot_supply"
    title = "This seller cannot supply it"

    @classmethod
    def of(cls, lines: Mapping[int, LineRequest], left: Mapping[int, int]) -> "SellerCannotSupply":
        """The error of these lines, by their numbers (from 1), of which their sellers have so many units."""
        faults = [
            Fault(f"/lines/{number - 1}/seller", cls.code, f"{line.seller} does not sell {line.sku} now.")
            for number, line in lines.items()
        ]
        shortages = [
            {"sku": line.sku, "seller": line.seller, "wanted": line.quantity, "left": left.get(number, 0)}
            for number, line in lines.items()
        ]
        return cls(faults[0].detail, faults=faults, shortages=shortages)


@dataclass(frozen=True, slots=True)
class Selling:
    """Who sells which line, by line id; lines that are not named are the retailer's. `found` is what was read, for pricing.

    `short`: what a unit would cost (minor units) of lines that suppliers offer, but have not enough of. `supplier_units`: what each
    supplier of a SKU has, by (SKU, supplier).
    """

    found: Found
    choices: Mapping[str, SellerChoice] = field(default_factory=dict)
    short: Mapping[str, int] = field(default_factory=dict)
    supplier_units: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @property
    def prices(self) -> dict[str, int]:
        """What a unit of each line costs that is offered by suppliers, in minor units."""
        return {**{line_id: choice.unit_price for line_id, choice in self.choices.items()}, **self.short}

    def check_enough(self, lines: Sequence[LineRequest]) -> None:
        """Raise `StockTooLow` when suppliers, who alone sell a line, have not enough of it."""
        wanted = {line.sku: line for number, line in enumerate(lines, start=1) if str(number) in self.short}
        if wanted:
            raise inventory.StockTooLow.of(
                [{"sku": sku, "wanted": line.quantity, "left": self._left(sku)} for sku, line in wanted.items()]
            )

    def _left(self, sku: str) -> int:
        return sum(units for (one, _), units in self.supplier_units.items() if one == sku)

    def own_units(self, line_id: str, ordered: int) -> int:
        """Units of the line that the retailer sells itself."""
        choice = self.choices.get(line_id)
        if choice is None:
            return ordered
        return sum(part.units for part in choice.parts if part.candidate.seller == OWN)

    @property
    def allocations(self) -> list[Allocation]:
        """The units that suppliers sell, with what was agreed with them."""
        return [
            Allocation(line_id, part.candidate.seller, part.units, terms=part.candidate.terms)
            for line_id, choice in self.choices.items()
            for part in choice.parts
            if part.candidate.seller != OWN
        ]

    @property
    def reasons(self) -> list[dict[str, Any]]:
        """Why each line is sold by whom."""
        return [{"line_id": line_id, **reason} for line_id, choice in self.choices.items() for reason in choice.reasons]


def offer_keys(request: PriceRequest) -> list[tuple[Any, str, str]]:
    """What `sell_lines` needs to have found, for the caller's batch read."""
    return listings.offer_keys(dict.fromkeys(line.sku for line in request.lines))


def sell_lines(
    request: PriceRequest,
    found: Found,
    *,
    country: str | None,
    region: str | None = None,
    only_own: bool = False,
    fresh: bool = False,
) -> Selling:
    """Choose who sells each line, out of a batch read with `offer_keys` and the catalogue's. Lines whose price staff set are the
    retailer's; so are those that nobody offers, or that nobody has enough of: what is short is found out where units are planned.
    Lines that name their seller come first: they can have nobody else's units.

    `country` and `region` are where it goes to, as far as that is known. With `only_own` nobody else is asked. Raises
    `SellerCannotSupply` for a line whose seller was named and has not enough of it to sell.
    """
    offers = {} if only_own else listings.offers_from(found, dict.fromkeys(line.sku for line in request.lines))
    offers = {sku: by_sku for sku, by_sku in offers.items() if by_sku}
    if not _sold_on(request.channel, offers):
        _check_named(request, {}, {})
        return Selling(found)
    market = _Market.read(request, offers, found, country=country, region=region, fresh=fresh)
    there = market.supplier_units()
    choices: dict[int, SellerChoice] = {}
    short: dict[str, int] = {}
    left: dict[int, int] = {}
    for number, line in _named_first(request.lines):
        if line.sku not in offers or line.unit_price is not None:
            continue
        candidates = market.candidates(line)
        choice = fulfilment.choose_sellers(line.quantity, candidates)
        left[number] = choice.left
        if choice.parts:
            choices[number] = choice
            market.take(line.sku, choice)
        elif candidates and all(one.seller != OWN for one in candidates):
            short[str(number)] = min(one.price for one in candidates)
    _check_named(request, choices, left)
    return Selling(market.found, {str(number): choices[number] for number in sorted(choices)}, short, there)


def _named_first(lines: Sequence[LineRequest]) -> list[tuple[int, LineRequest]]:
    """The lines with their numbers, those that name their seller before the others."""
    return sorted(enumerate(lines, start=1), key=lambda one: one[1].seller is None)


def replacements(
    request: PriceRequest, paid: Sequence[int], *, without: Collection[str | None]
) -> list[Sequence[SellerPart]]:
    """Suppliers for units that were sold before, a list for each line of the request: as many as they have, and those first who would
    be chosen for an order. `paid` is what the customer pays for a unit of each line (minor units), `without` are suppliers that are
    not asked."""
    found = find_many([*offer_keys(request), *catalog.offer_keys(line.sku for line in request.lines)], consistent=True)
    offers = listings.offers_from(found, dict.fromkeys(line.sku for line in request.lines))
    offers = {
        sku: kept
        for sku, by_sku in offers.items()
        if (kept := tuple(one for one in by_sku if one.supplier_id not in without))
    }
    if not _sold_on(request.channel, offers):
        return [() for _ in request.lines]
    market = _Market.read(request, offers, found, country=request.country, region=request.region, fresh=True)
    return [market.replace(line, market.rules.dearest(price)) for line, price in zip(request.lines, paid, strict=True)]


def _sold_on(channel: str, offers: Mapping[str, Sequence[Offer]]) -> bool:
    """Whether there are offers, and the operator has suppliers sell on this channel."""
    return bool(offers) and channel in listings.marketplace_channels()


def _check_named(request: PriceRequest, choices: Collection[int], left: Mapping[int, int]) -> None:
    unable = {
        number: line
        for number, line in enumerate(request.lines, start=1)
        if line.seller not in (None, OWN) and number not in choices
    }
    if unable:
        raise SellerCannotSupply.of(unable, left)


@dataclass(slots=True)
class _Market:
    """Who offers the SKUs of a request, what they have left, and what was agreed with them."""

    request: PriceRequest
    offers: Mapping[str, Sequence[Offer]]
    found: Found
    sellers: Mapping[str, Seller]
    ratings: Mapping[str, int]
    rules: SourcingRules
    places: Mapping[str, Sequence[str]]
    left: dict[tuple[str, str], int]
    country: str | None
    region: str | None

    @classmethod
    def read(
        cls,
        request: PriceRequest,
        offers: Mapping[str, Sequence[Offer]],
        found: Found,
        *,
        country: str | None,
        region: str | None,
        fresh: bool,
    ) -> "_Market":
        pairs = [(sku, offer.supplier_id) for sku, by_sku in offers.items() for offer in by_sku]
        ids = list(dict.fromkeys(supplier_id for _, supplier_id in pairs))
        sites = [site.id for site in inventory.sourcing_locations(request.channel, fresh=fresh)]
        keys = [
            *(key for sku, supplier_id in pairs for key in inventory.stock_keys([sku], [supplier_id])),
            *inventory.stock_keys(offers, sites),
            *suppliers.seller_keys(ids),
            *routing.rating_keys(ids),
            *routing.health_keys(ids),
            *ledger.rule_keys(),
            store.sourcing_key(),
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
            country,
            region,
        )

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
            self.left[line.sku, offer.supplier_id] if _is_for(line, offer) else 0,
            offer.handling_days,
            preference,
            self._distance(seller),
            self.ratings.get(offer.supplier_id, 100),
            self._terms(offer, price),
        )

    def _preference(self, sku: str, seller: str) -> int | None:
        """How far back the seller stands, None for one that is left out."""
        rule = self.rules.rule_for(seller, self.places.get(sku, ()))
        if rule is None:
            return 0
        return None if rule.excluded else rule.preference

    def _goes_there(self, seller: Seller) -> bool:
        return self.country is None or seller.serves(self.country)

    def _distance(self, seller: Seller) -> int:
        if self.country is None or seller.country == self.country:
            return 1
        return 2

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

    def supplier_units(self) -> dict[tuple[str, str], int]:
        """What each supplier has of each SKU that it offers."""
        return {at: units for at, units in self.left.items() if at[1] != OWN}

    def replace(self, line: LineRequest, dearest: int) -> Sequence[SellerPart]:
        """As many units of the line as suppliers have who ask no more than this for one."""
        if line.sku not in self.offers:
            return ()
        offered = [one for one in self.candidates(line) if one.seller != OWN and one.price <= dearest]
        units = min(line.quantity, sum(max(0, one.units) for one in offered))
        choice = fulfilment.choose_sellers(units, offered) if units else None
        if choice is None:
            return ()
        self.take(line.sku, choice)
        return choice.parts

    def take(self, sku: str, choice: SellerChoice) -> None:
        """What a line is sold is not there for the next."""
        for part in choice.parts:
            self.left[sku, part.candidate.seller] -= part.units


def _is_for(line: LineRequest, offer: Offer) -> bool:
    """Whether the offer takes so many units at once; what is not new is sold only to who asks for that seller."""
    return offer.takes(line.quantity) and (offer.condition == "new" or line.seller == offer.supplier_id)


def _own_units(found: Found, sku: str, sites: Sequence[str], channel: str) -> int:
    return sum(inventory.levels(found, [sku], sites, channel).values())
