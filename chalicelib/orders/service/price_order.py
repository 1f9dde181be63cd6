"""What an order, a cart or a quote costs: catalogue prices, promotions, discounts, tax. The same in every channel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from chalicelib.catalog import service as catalog
from chalicelib.catalog.service import Offer
from chalicelib.core.errors import Fault, Invalid
from chalicelib.core.money import tax_within
from chalicelib.core.table import Item
from chalicelib.orders import domain
from chalicelib.orders.domain import Charge, Line, LineTax, Wanted
from chalicelib.promotions import service as promotions
from chalicelib.promotions.service import Basket, BasketLine, Discounts
from chalicelib.shipping import service as shipping
from chalicelib.shipping.service import Option
from chalicelib.taxes import service as taxes
from chalicelib.taxes.service import Taxable, TaxRules

Found = Mapping[tuple[str, str], Item]


@dataclass(frozen=True, slots=True)
class LineRequest:
    """A line as asked for; `unit_price` (gross minor units) overrides the catalogue's, for staff and machines. `seller`: who is to
    sell it (`own` or a supplier's id), where that is not left open."""

    sku: str
    quantity: int
    unit_price: int | None = None
    seller: str | None = None


@dataclass(frozen=True, slots=True)
class PriceRequest:
    """What is to be priced, and for whom. `charges` are (code, description, amount, tax rate in basis points); `offered` are unit
    prices (minor units) of lines, by line id, whose sellers were chosen."""

    channel: str
    currency: str
    lines: Sequence[LineRequest]
    customer_id: str | None = None
    charges: Sequence[tuple[str, str, int, int]] = ()
    coupons: Sequence[str] = ()
    country: str | None = None
    region: str | None = None
    postal_code: str | None = None
    vat_number: str | None = None
    shipping_method: str | None = None
    offered: Mapping[str, int] = field(default_factory=dict)

    def price_of(self, number: int) -> int | None:
        """What a unit of the line at this number (from 1) costs, if that is not the catalogue's to say."""
        line = self.lines[number - 1]
        return self.offered.get(str(number)) if line.unit_price is None else line.unit_price


@dataclass(frozen=True, slots=True)
class Priced:
    """What it costs, and what each promotion did."""

    lines: tuple[Line, ...]
    charges: tuple[Charge, ...]
    discounts: Discounts
    shipping: Option | None = None

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
    """Prices out of a batch read with `price_keys`: promotions on what the catalogue prices, then staff's discounts, then
    shipping, then tax.

    A price that staff set is final: promotions neither lower it nor count it. What shipping costs follows from the goods
    after discounts. Raises `OffersRefused` (unknown or unpriced SKUs), `TotalNegative`, `ShippingUnavailable`,
    `VatNumberInvalid`.
    """
    offers = _offers(request, found)
    charges = tuple(
        Charge(code, text, amount, bps, tax_within(amount, bps)) for code, text, amount, bps in request.charges
    )
    wanted = [
        _wanted(line, offers[line.sku], request.offered.get(str(number)))
        for number, line in enumerate(request.lines, start=1)
    ]
    basket = _basket(request, wanted, offers)
    discounts = promotions.evaluate(found, basket, at)
    option = _shipping(request, _discounted(wanted, discounts, charges), offers, at)
    if option is not None:
        discounts = promotions.evaluate(found, replace(basket, shipping_charge=option.charge.amount), at)
    lines = _discounted(wanted, discounts, charges)
    rules = _tax_rules(request, lines, offers, option, at)
    lines = domain.tax_lines(lines, _taxed(rules, [(offers[line.sku].tax_category, line) for line in lines]))
    if option is not None:
        charges = (*charges, _postage(option, discounts.shipping, lines, rules))
    return Priced(lines, charges, discounts, option)


def _discounted(wanted: Sequence[Wanted], discounts: Discounts, charges: Sequence[Charge]) -> tuple[Line, ...]:
    off = {line.line_id: line.discount for line in discounts.lines}
    return domain.price_lines(
        [replace(want, off=off.get(str(number), 0)) for number, want in enumerate(wanted, start=1)], charges
    )


def _shipping(request: PriceRequest, lines: Sequence[Line], offers: Mapping[str, Offer], at: datetime) -> Option | None:
    if request.shipping_method is None:
        return None
    if request.country is None:
        detail = "What shipping costs depends on the country."
        raise Invalid(detail, faults=[Fault("/country", "missing", detail)])
    return shipping.option_for(
        request.shipping_method,
        request.country,
        request.channel,
        request.currency,
        sum(offers[line.sku].weight_grams * line.ordered for line in lines),
        sum(line.amount - line.discount for line in lines),
        at,
    )


def _postage(option: Option, off: int, lines: Sequence[Line], rules: TaxRules | None) -> Charge:
    # Where no rate is kept for it, postage is taxed as the goods it goes with, at the highest of their rates.
    own_bps = max((line.tax_rate_bps for line in lines), default=0)
    net = option.charge.amount - off
    [tax] = _assessed(rules, [Taxable(option.tax_category, net, own_bps)])
    gross = net - tax.relief + (0 if tax.included else tax.tax)
    return Charge(POSTAGE, option.name, gross, tax.rate_bps, tax.tax)


POSTAGE = "SHIPPING"
"""The code of the charge for the shipping method."""


def _offers(request: PriceRequest, found: Found) -> Mapping[str, Offer]:
    numbered = list(enumerate(request.lines, start=1))
    overridden = {line.sku for number, line in numbered if request.price_of(number) is not None}
    priced_by_catalogue = {line.sku for number, line in numbered if request.price_of(number) is None}
    # The first line of each SKU stands for it; one that needs the catalogue's price goes before those that have another.
    last_first = sorted(numbered, key=lambda one: (request.price_of(one[0]) is None, -one[0]))
    pointers = {line.sku: f"/lines/{number - 1}/sku" for number, line in last_first}
    return catalog.offers(
        found,
        list(pointers),
        request.channel,
        request.currency,
        pointers=pointers,
        price_optional=overridden - priced_by_catalogue,
    )


def _wanted(line: LineRequest, offer: Offer, offered: int | None) -> Wanted:
    listed = offer.unit_price.amount if offer.unit_price else 0
    source = _CATALOGUE
    if offered is not None:
        listed, source = offered, _OFFER
    return Wanted(
        sku=line.sku,
        product_id=offer.product_id,
        name=offer.name,
        quantity=line.quantity,
        unit_price=listed if line.unit_price is None else line.unit_price,
        price_source=source if line.unit_price is None else "override",
        tax_rate_bps=offer.tax_rate_bps,
    )


_CATALOGUE = "catalogue"
_OFFER = "offer"


def _basket(request: PriceRequest, wanted: Sequence[Wanted], offers: Mapping[str, Offer]) -> Basket:
    lines = tuple(
        BasketLine(
            str(number), want.sku, want.product_id, want.quantity, want.unit_price, offers[want.sku].category_path
        )
        for number, want in enumerate(wanted, start=1)
        if want.price_source in (_CATALOGUE, _OFFER)
    )
    return Basket(request.channel, request.currency, request.customer_id, lines, codes=tuple(request.coupons))


def _tax_rules(
    request: PriceRequest, lines: Sequence[Line], offers: Mapping[str, Offer], option: Option | None, at: datetime
) -> TaxRules | None:
    if request.country is None:
        return None
    categories = {offers[line.sku].tax_category for line in lines} | ({option.tax_category} if option else set())
    return taxes.rates(request.country, request.region, categories, at, vat_number=request.vat_number)


def _taxed(rules: TaxRules | None, lines: Sequence[tuple[str, Line]]) -> Sequence[LineTax]:
    return _assessed(
        rules, [Taxable(category, line.amount - line.discount, line.tax_rate_bps) for category, line in lines]
    )


def _assessed(rules: TaxRules | None, amounts: Sequence[Taxable]) -> Sequence[LineTax]:
    if rules is None:
        return [LineTax(one.own_bps, tax_within(one.amount, one.own_bps)) for one in amounts]
    assessed = taxes.assess(rules, amounts)
    return [LineTax(one.rate_bps, one.tax, one.included, one.relief, one.relieved_bps) for one in assessed]


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


def promised(option: Option | None) -> dict[str, str] | None:
    """How the order is sent, and when it is to arrive, as an order keeps it."""
    if option is None:
        return None
    return {
        "method": option.code,
        "name": option.name,
        "carrier": option.carrier,
        "promised_from": option.promised_from.isoformat(),
        "promised_by": option.promised_by.isoformat(),
    }
