"""Try promotions out on a basket that nobody buys."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.catalog import service as catalog
from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.table import find_many
from chalicelib.promotions.domain import Basket, BasketLine, Discounts
from chalicelib.promotions.service.apply import evaluate, forget_promotions, promotion_keys
from chalicelib.promotions.service.define import require_reader


@dataclass(frozen=True, slots=True)
class LineToTry:
    """Units of a SKU; `unit_price` (minor units) instead of the catalogue's."""

    sku: str
    quantity: int
    unit_price: int | None = None


def try_out(basket: Basket, lines: Sequence[LineToTry], at: datetime | None, by: Principal) -> Discounts:
    """What would come off `lines` in a basket without lines, now or at a moment to come, and why. For staff; nothing is kept.

    Lines are called 1, 2, … Promotions are read anew. Raises `OffersRefused` for SKUs that are not for sale.
    """
    require_reader(by)
    skus = list(dict.fromkeys(line.sku for line in lines))
    found = find_many([*catalog.offer_keys(skus), *promotion_keys(basket.codes, basket.customer_id)])
    offers = catalog.offers(
        found,
        skus,
        basket.channel,
        basket.currency,
        pointers={line.sku: f"/lines/{index}/sku" for index, line in reversed(list(enumerate(lines)))},
        price_optional={line.sku for line in lines if line.unit_price is not None}
        - {line.sku for line in lines if line.unit_price is None},
    )
    forget_promotions()
    return evaluate(
        found,
        replace(
            basket,
            lines=tuple(_line(number, line, offers[line.sku]) for number, line in enumerate(lines, start=1)),
        ),
        at or clock.now(),
    )


def _line(number: int, line: LineToTry, offer: catalog.Offer) -> BasketLine:
    listed = offer.unit_price.amount if offer.unit_price else 0
    price = listed if line.unit_price is None else line.unit_price
    return BasketLine(str(number), line.sku, offer.product_id, line.quantity, price, offer.category_path)
