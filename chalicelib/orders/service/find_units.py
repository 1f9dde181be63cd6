"""What can be sold of a SKU, by whomever: the own stock, and what suppliers offer."""

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.catalog import service as catalog
from chalicelib.core.table import find_many
from chalicelib.inventory import service as inventory
from chalicelib.listings import service as listings
from chalicelib.orders.service.market import Market, offers_on
from chalicelib.orders.service.price_order import Found, LineRequest, PriceRequest


@dataclass(frozen=True, slots=True)
class Sellable:
    """What a channel may sell of a SKU: out of the own stock, and units of suppliers (`marketplace`) on top."""

    own: inventory.Availability
    marketplace: int = 0


def find_sellable(skus: Sequence[str], channel: str) -> list[Sellable]:
    """What the channel may sell of each SKU. For anybody; of a SKU that nobody ever had there is nothing.

    Suppliers' units count as for an order that names no seller: those of suppliers that would be asked now, on the channels that they
    sell on, new. In which currency, and where to, an offer sells is not asked.
    """
    wanted = list(dict.fromkeys(skus))
    found = find_many(
        [
            *inventory.stock_keys(wanted, [site.id for site in inventory.sourcing_locations(channel)]),
            *listings.offer_keys(wanted),
            *catalog.offer_keys(wanted),
        ]
    )
    theirs = _of_suppliers(wanted, channel, found)
    return [Sellable(own, theirs.get(own.sku, 0)) for own in inventory.availability_in(found, wanted, channel)]


def _of_suppliers(skus: Sequence[str], channel: str, found: Found) -> dict[str, int]:
    offers = offers_on(channel, found, skus)
    if not offers:
        return {}
    asked = PriceRequest(channel, currency="", lines=[LineRequest(sku, 1) for sku in offers])
    return Market.read(asked, offers, found, fresh=False, choosing=False).open_units()
