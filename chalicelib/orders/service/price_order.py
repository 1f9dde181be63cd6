"""What an order, a cart or a quote costs: catalogue prices, promotions, discounts, tax. The same in every channel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chalicelib.catalog import service as catalog
from chalicelib.catalog.service import Offer
from chalicelib.core.money import tax_within
from chalicelib.core.table import Item
from chalicelib.orders import domain
from chalicelib.orders.domain import Charge, Line, LineTax, Wanted
from chalicelib.promotions import service as promotions
from chalicelib.promotions.service import Basket, BasketLine, Discounts
from chalicelib.taxes import service as taxes
from chalicelib.taxes.service import Taxable

Found = Mapping[tuple[str, str], Item]


@dataclass(frozen=True, slots=True)
class LineRequest:
    """A line as asked for; `unit_price` (gross minor units) overrides the catalogue's, for staff and machines."""

    sku: str
    quantity: int
    unit_price: int | None = None


@dataclass(frozen=True, slots=True)
class PriceRequest:
    """What is to be priced, and for whom. `charges` are (code, description, amount, tax rate in basis points)."""

    channel: str
    currency: str
    lines: Sequence[LineRequest]
    customer_id: str | None = None
    charges: Sequence[tuple[str, str, int, int]] = ()
    coupons: Sequence[str] = ()
    country: str | None = None
    region: str | None = None
    vat_number: str | None = None


@dataclass(frozen=True, slots=True)
class Priced:
    """What it costs, and what each promotion did."""

    lines: tuple[Line, ...]
    charges: tuple[Charge, ...]
    discounts: Discounts

    @property
    def total(self) -> int:
        """What the customer pays, in minor units."""
        return sum(line.charged for line in self.lines) + sum(one.amount for one in self.charges if one.amount > 0)

    @property
    def tax(self) -> int:
        """The tax in the total, in minor units."""
        return sum(line.tax for line in self.lines) + sum(one.tax for one in self.charges if one.amount > 0)


def price_keys(request: PriceRequest) -> list[tuple[type[Item], str, str]]:
    """What `price` needs to have found, for the caller's batch read."""
    skus = dict.fromkeys(line.sku for line in request.lines)
    return [*catalog.offer_keys(skus), *promotions.promotion_keys(request.coupons, request.customer_id)]


def price(request: PriceRequest, found: Found, at: datetime) -> Priced:
    """Prices out of a batch read with `price_keys`: promotions on what the catalogue prices, then staff's discounts, then tax.

    A price that staff set is final: promotions neither lower it nor count it. Raises `OffersRefused` (unknown or unpriced
    SKUs), `TotalNegative`, `VatNumberInvalid`.
    """
    offers = _offers(request, found)
    charges = tuple(
        Charge(code, text, amount, bps, tax_within(amount, bps)) for code, text, amount, bps in request.charges
    )
    wanted = [_wanted(line, offers[line.sku]) for line in request.lines]
    discounts = promotions.evaluate(found, _basket(request, wanted, offers), at)
    off = {line.line_id: line.discount for line in discounts.lines}
    wanted = [replace(want, off=off.get(str(number), 0)) for number, want in enumerate(wanted, start=1)]
    lines = domain.price_lines(wanted, charges)
    return Priced(domain.tax_lines(lines, _taxed(request, lines, offers, at)), charges, discounts)


def _offers(request: PriceRequest, found: Found) -> Mapping[str, Offer]:
    pointers = {line.sku: f"/lines/{index}/sku" for index, line in reversed(list(enumerate(request.lines)))}
    overridden = {line.sku for line in request.lines if line.unit_price is not None}
    priced_by_catalogue = {line.sku for line in request.lines if line.unit_price is None}
    return catalog.offers(
        found,
        list(pointers),
        request.channel,
        request.currency,
        pointers=pointers,
        price_optional=overridden - priced_by_catalogue,
    )


def _wanted(line: LineRequest, offer: Offer) -> Wanted:
    listed = offer.unit_price.amount if offer.unit_price else 0
    return Wanted(
        sku=line.sku,
        product_id=offer.product_id,
        name=offer.name,
        quantity=line.quantity,
        unit_price=listed if line.unit_price is None else line.unit_price,
        price_source=_CATALOGUE if line.unit_price is None else "override",
        tax_rate_bps=offer.tax_rate_bps,
    )


_CATALOGUE = "catalogue"


def _basket(request: PriceRequest, wanted: Sequence[Wanted], offers: Mapping[str, Offer]) -> Basket:
    lines = tuple(
        BasketLine(
            str(number), want.sku, want.product_id, want.quantity, want.unit_price, offers[want.sku].category_path
        )
        for number, want in enumerate(wanted, start=1)
        if want.price_source == _CATALOGUE
    )
    return Basket(request.channel, request.currency, request.customer_id, lines, codes=tuple(request.coupons))


def _taxed(
    request: PriceRequest, lines: Sequence[Line], offers: Mapping[str, Offer], at: datetime
) -> Sequence[LineTax]:
    taxables = [
        Taxable(offers[line.sku].tax_category, line.amount - line.discount, line.tax_rate_bps) for line in lines
    ]
    if request.country is None:
        return [LineTax(one.own_bps, tax_within(one.amount, one.own_bps)) for one in taxables]
    rules = taxes.rates(
        request.country,
        request.region,
        {one.category for one in taxables},
        at,
        vat_number=request.vat_number,
    )
    return [LineTax(one.rate_bps, one.tax, one.included, one.relief) for one in taxes.assess(rules, taxables)]


def applied(discounts: Discounts) -> tuple[dict[str, Any], ...]:
    """What each promotion took off, and why, as an order keeps it."""
    return tuple(
        {
            "promotion_id": finding.promotion_id,
            "name": finding.name,
            "code": finding.code,
            "rule": str(finding.rule),
            "goods": finding.goods,
            "shipping": finding.shipping,
        }
        for finding in discounts.applied
    )
