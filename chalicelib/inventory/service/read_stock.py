"""Reading stock: what can be sold, what is there, and how it came to be."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import NotFound
from chalicelib.core.paging import Page, page_of
from chalicelib.core.table import Item, find_many
from chalicelib.inventory import store
from chalicelib.inventory.domain import Backorder, Movement, Stock, StockLine, is_name
from chalicelib.inventory.service.manage_locations import read_location, sourcing_locations
from chalicelib.inventory.service.split_stock import line_keys


@dataclass(frozen=True, slots=True)
class Availability:
    """Units of a SKU that a channel may sell: by location, first choice first; and what it may sell before it is there."""

    sku: str
    by_location: tuple[tuple[str, int], ...]
    backorders: Mapping[str, Backorder] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Units over all locations."""
        return sum(units for _, units in self.by_location)

    @property
    def backorderable(self) -> int:
        """Units that may be sold before they are there, over all locations."""
        return sum(one.units for one in self.backorders.values())

    @property
    def days(self) -> int | None:
        """Within how many days the first of them is promised."""
        return min((one.days for one in self.backorders.values()), default=None)


def stock_keys(skus: Iterable[str], locations: Iterable[str]) -> list[tuple[type[Item], str, str]]:
    """Where the counters of every SKU at every location id are, for `core.table.find_many`."""
    sites = list(locations)
    return line_keys(StockLine(sku, location_id, 0) for sku in skus for location_id in sites)


def levels(
    found: Mapping[tuple[str, str], Item], skus: Iterable[str], locations: Iterable[str], channel: str
) -> dict[tuple[str, str], int]:
    """Units that the channel may sell by (SKU, location id), out of a batch read with `stock_keys`; never below zero."""
    sites = list(locations)
    return {
        (sku, location_id): store.in_batch(found, sku, location_id).sellable(channel)
        for sku in skus
        for location_id in sites
    }


def backorders(
    found: Mapping[tuple[str, str], Item], skus: Iterable[str], locations: Iterable[str], channel: str
) -> dict[tuple[str, str], Backorder]:
    """What the channel may sell before it is there by (SKU, location id), out of a batch read with `stock_keys`; only where
    there is any."""
    sites = list(locations)
    stock = {(sku, site): store.in_batch(found, sku, site) for sku in skus for site in sites}
    return {
        at: Backorder(units, one.policy.backorder_days)
        for at, one in stock.items()
        if (units := one.backorderable(channel))
    }


def availability(skus: Sequence[str], channel: str) -> list[Availability]:
    """What the channel may sell of each SKU. For anybody; a SKU that was never stocked has none."""
    wanted = list(dict.fromkeys(skus))
    sites = [location.id for location in sourcing_locations(channel)]
    return availability_in(find_many(stock_keys(wanted, sites)), wanted, channel)


def availability_in(found: Mapping[tuple[str, str], Item], wanted: Sequence[str], channel: str) -> list[Availability]:
    """As `availability`, out of a batch read with `stock_keys` of the channel's `sourcing_locations`."""
    sites = [location.id for location in sourcing_locations(channel)]
    sellable, later = levels(found, wanted, sites, channel), backorders(found, wanted, sites, channel)
    return [
        Availability(
            sku,
            tuple((site, sellable[sku, site]) for site in sites),
            {site: later[sku, site] for site in sites if (sku, site) in later},
        )
        for sku in wanted
    ]


def stock_of_sku(sku: str, by: Principal) -> list[Stock]:
    """The counters at every location that ever had the SKU, for staff. Raises `NotFound` when none had."""
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="inventory.write")
    stock = store.stock_of(sku) if is_name(sku) else []
    if not stock:
        raise NotFound(f"There was never any stock of {sku}.")
    return stock


def stock_at_location(location_id: str, limit: int, cursor: str | None, by: Principal) -> Page[Stock]:
    """The counters of the SKUs at a location, by SKU, for staff. Raises `NotFound`."""
    read_location(location_id, by)
    return page_of(
        f"stock at {location_id}",
        limit,
        cursor,
        lambda after, count: store.stock_at(location_id, after, count),
        lambda stock: stock.sku,
    )


def movements_of(sku: str, limit: int, cursor: str | None, by: Principal) -> Page[Movement]:
    """Every change of a SKU's units on hand, oldest first, for staff."""
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="inventory.write")
    if not is_name(sku):
        raise NotFound(f"There was never any stock of {sku}.")
    return page_of(
        f"movements {sku}",
        limit,
        cursor,
        lambda after, count: store.movements(sku, after, count),
        lambda movement: movement.id,
    )
