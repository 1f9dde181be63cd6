"""Who sells the lines of an order or a quote: the retailer out of its own stock, or suppliers by their offers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.catalog import service as catalog
from chalicelib.core.errors import Conflict, Fault
from chalicelib.core.table import find_many
from chalicelib.fulfilment import service as fulfilment
from chalicelib.fulfilment.service import OWN, SellerChoice, SellerPart
from chalicelib.inventory import service as inventory
from chalicelib.listings import service as listings
from chalicelib.orders.domain import Allocation
from chalicelib.orders.service.market import Market, offers_on
from chalicelib.orders.service.price_order import Found, LineRequest, PriceRequest


class SellerCannotSupply(Conflict):
    """A seller that was asked for by name has no offer, too few units, or does not ship there; `shortages` says what it has `left` to
    sell there."""

    code = "seller_cannot_supply"
    title = "This seller cannot supply it"

    @classmethod
    def of(cls, lines: Mapping[int, LineRequest], left: Mapping[str, int]) -> "SellerCannotSupply":
        """The error of these lines, by their numbers (from 1), of which their sellers have so many units left, by line id."""
        faults = [
            Fault(f"/lines/{number - 1}/seller", cls.code, f"{line.seller} does not sell {line.sku} now.")
            for number, line in lines.items()
        ]
        shortages = [
            {"sku": line.sku, "seller": line.seller, "wanted": line.quantity, "left": left.get(str(number), 0)}
            for number, line in lines.items()
        ]
        return cls(faults[0].detail, faults=faults, shortages=shortages)


@dataclass(frozen=True, slots=True)
class Selling:
    """Who sells which line, by line id; lines that are not named are the retailer's. `found` is what was read, for pricing.

    `short`: what a unit would cost (minor units) of lines that only suppliers may sell, and have not enough of; None where it would
    be the catalogue's price. `supplier_units`: what those who would be asked for a line have left for it, by line id. `not_ours`: lines
    of which the retailer sells nothing, because it has no price, the operator's rules leave it out, or another is named.
    """

    found: Found
    choices: Mapping[str, SellerChoice] = field(default_factory=dict)
    short: Mapping[str, int | None] = field(default_factory=dict)
    supplier_units: Mapping[str, int] = field(default_factory=dict)
    not_ours: Collection[str] = ()

    @property
    def prices(self) -> dict[str, int]:
        """What a unit of each line costs that is offered by suppliers, in minor units."""
        offered = {line_id: price for line_id, price in self.short.items() if price is not None}
        return {**{line_id: choice.unit_price for line_id, choice in self.choices.items()}, **offered}

    def check_enough(self, lines: Sequence[LineRequest]) -> None:
        """Raise `StockTooLow` when suppliers, who alone may sell a line, have not enough of it."""
        wanted = {
            line.sku: {"sku": line.sku, "wanted": line.quantity, "left": self.supplier_units[str(number)]}
            for number, line in enumerate(lines, start=1)
            if str(number) in self.short
        }
        if wanted:
            raise inventory.StockTooLow.of(list(wanted.values()))

    def own_units(self, line_id: str, ordered: int) -> int:
        """Units of the line that the retailer sells itself."""
        choice = self.choices.get(line_id)
        if choice is None:
            return 0 if line_id in self.not_ours else ordered
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
    only_own: bool = False,
    fresh: bool = False,
) -> Selling:
    """Choose who sells each line, out of a batch read with `offer_keys` and the catalogue's. Lines whose price staff set are the
    retailer's; so are those that no supplier offers, whatever the rules, or that nobody has enough of, unless the rules leave the
    retailer out: what is short is found out where units are planned. Lines that name their seller come first: they can have nobody
    else's units.

    With `only_own` nobody else is asked. Raises
    `SellerCannotSupply` for a line whose seller was named and has not enough of it to sell.
    """
    offers = {} if only_own else offers_on(request.channel, found, [line.sku for line in request.lines])
    if not offers:
        _check_named(request, {}, {}, {})
        return Selling(found)
    market = Market.read(request, offers, found, fresh=fresh)
    choices: dict[int, SellerChoice] = {}
    short: dict[str, int | None] = {}
    left: dict[str, int] = {}
    not_ours: set[str] = set()
    for number, line in _named_first(request.lines):
        if line.sku not in offers or line.unit_price is not None:
            continue
        candidates = market.candidates(line)
        choice = fulfilment.choose_sellers(line.quantity, candidates)
        ours = sum(max(0, one.units) for one in candidates if one.seller == OWN)
        left[str(number)] = choice.left - ours
        if all(one.seller != OWN for one in candidates):
            not_ours.add(str(number))
        if choice.parts:
            choices[number] = choice
            market.take(line.sku, choice)
        elif str(number) in not_ours and (candidates or not market.sells_ours(line.sku)):
            short[str(number)] = min((one.price for one in candidates), default=None)
    _check_named(request, choices, left, short)
    return Selling(market.found, {str(number): choices[number] for number in sorted(choices)}, short, left, not_ours)


def _named_first(lines: Sequence[LineRequest]) -> list[tuple[int, LineRequest]]:
    """The lines with their numbers, those that name their seller before the others."""
    return sorted(enumerate(lines, start=1), key=lambda one: one[1].seller is None)


def replacements(request: PriceRequest, paid: Sequence[int], *, without: Collection[str]) -> list[Sequence[SellerPart]]:
    """Suppliers for units that were sold before, a list for each line of the request: as many as they have, and those first who would
    be chosen for an order. `paid` is what the customer pays for a unit of each line (minor units), `without` are suppliers that are
    not asked."""
    found = find_many([*offer_keys(request), *catalog.offer_keys(line.sku for line in request.lines)], consistent=True)
    offers = {
        sku: kept
        for sku, by_sku in offers_on(request.channel, found, [line.sku for line in request.lines]).items()
        if (kept := tuple(one for one in by_sku if one.supplier_id not in without))
    }
    if not offers:
        return [() for _ in request.lines]
    market = Market.read(request, offers, found, fresh=True)
    return [market.replace(line, market.rules.dearest(price)) for line, price in zip(request.lines, paid, strict=True)]


def _check_named(
    request: PriceRequest, choices: Collection[int], left: Mapping[str, int], short: Collection[str]
) -> None:
    """Of the retailer's own stock, what is not there may still come: only the rules make it unable."""
    unable = {
        number: line
        for number, line in enumerate(request.lines, start=1)
        if line.seller is not None and number not in choices and (line.seller != OWN or str(number) in short)
    }
    if unable:
        raise SellerCannotSupply.of(unable, left)
