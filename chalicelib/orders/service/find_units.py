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
    """What the channel may sell of each SKU. For anybody; of a SKU that nobody ever had there is nothing, nor of our own where the
    operator's rules leave it to suppliers.

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
    ours = inventory.availability_in(found, wanted, channel)
    market = _market(wanted, channel, found)
    if market is None:
        return [Sellable(own) for own in ours]
    theirs = market.open_units()
    return [
        Sellable(own if own.sku not in theirs or market.sells_ours(own.sku) else _none_of(own), theirs.get(own.sku, 0))
        for own in ours
    ]


def _none_of(own: inventory.Availability) -> inventory.Availability:
    return inventory.Availability(own.sku, tuple((location_id, 0) for location_id, _ in own.by_location))


def _market(skus: Sequence[str], channel: str, found: Found) -> Market | None:
    """Who offers any of the SKUs there; None where nobody does."""
    offers = offers_on(channel, found, skus)
    if not offers:
        return None
    asked = PriceRequest(channel, currency="", lines=[LineRequest(sku, 1) for sku in offers])
    return Market.read(asked, offers, found, fresh=False, choosing=False)
