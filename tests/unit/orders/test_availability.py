"""What can be sold at all: the own stock, and what suppliers have on top."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core import clock
from chalicelib.core.table import Item, Transaction
from chalicelib.listings.service import use_cases as listings
from chalicelib.orders import service
from chalicelib.routing.domain.health import Health
from chalicelib.routing.store import items as routing
from chalicelib.suppliers.domain import SupplierStatus
from tests.integration.orders.conftest import Shop
from tests.unit.orders.marketplace import Market, line


@pytest.fixture
def market(shop: Shop) -> Market:
    listings.forget_settings()
    return Market(shop)


def units(market: Market, *skus: str, channel: str = "web") -> list[tuple[int, int]]:
    """Own units and suppliers' of each SKU, as anybody is told."""
    query = "&".join(f"sku={sku}" for sku in skus)
    reply = market.shop.call("GET", f"/v1/availability?{query}&channel={channel}", by=None)
    assert reply.status == 200, reply.text
    assert [one["sku"] for one in reply.json["items"]] == list(skus)
    return [(one["available"], one["marketplace"]) for one in reply.json["items"]]


def test_what_suppliers_have_stands_beside_what_is_ours(market: Market) -> None:
    first, second = market.supplier(), market.supplier()
    market.shop.sells("MUG", leeds=4)
    market.shop.sells("POT", leeds=3)
    market.lists("LAMP")
    market.offers("MUG", first, 800, 5)
    market.offers("LAMP", first, 700, 6)
    market.offers("LAMP", second, 900, 7)
    assert units(market, "MUG", "POT", "LAMP", "NONE") == [(4, 5), (3, 0), (0, 13), (0, 0)]


def test_what_is_told_can_be_ordered_and_is_then_gone(market: Market) -> None:
    supplier = market.supplier()
    market.offers(market.lists("LAMP"), supplier, 700, 6)
    assert market.order(line("LAMP", 7)).code == "stock_too_low"
    assert market.order(line("LAMP", 6)).status == 202
    assert units(market, "LAMP") == [(0, 0)]


def test_suppliers_units_count_on_their_channels_only(market: Market) -> None:
    market.offers(market.lists("LAMP"), market.supplier(), 700, 6)
    assert units(market, "LAMP", channel="pos") == [(0, 0)]
    offers = "/v1/variants/LAMP/offers"
    assert market.shop.call("GET", f"{offers}?channel=pos", by=None).json["items"] == []
    assert len(market.shop.call("GET", offers, by=None).json["items"]) == 1


@pytest.mark.parametrize("status", [SupplierStatus.SUSPENDED, SupplierStatus.OFFBOARDED])
def test_who_may_not_sell_has_nothing(market: Market, status: SupplierStatus) -> None:
    market.offers(market.lists("LAMP"), market.supplier(status=status), 700, 6)
    market.offers("LAMP", market.supplier(), 900, 2)
    assert units(market, "LAMP") == [(0, 2)]


@pytest.mark.parametrize("offer", [{"paused": True}, {"condition": "used"}])
def test_what_nobody_is_sold_unasked_does_not_count(market: Market, offer: dict[str, Any]) -> None:
    market.offers(market.lists("LAMP"), market.supplier(), 700, 6, **offer)
    assert units(market, "LAMP") == [(0, 0)]
    assert market.order(line("LAMP")).status in (409, 422)


def test_who_has_fewer_than_it_sells_at_once_has_nothing(market: Market) -> None:
    market.offers(market.lists("LAMP"), market.supplier(), 700, 3, min_quantity=5)
    market.offers("LAMP", market.supplier(), 900, 6, min_quantity=5)
    assert units(market, "LAMP") == [(0, 6)]


def test_whom_the_rules_leave_out_has_nothing(market: Market) -> None:
    supplier = market.supplier()
    market.offers(market.lists("LAMP"), supplier, 700, 6)
    market.offers("LAMP", market.supplier(), 900, 2)
    market.shop.sells("MUG", leeds=4)
    market.shop.sells("POT", leeds=3)
    market.offers("MUG", supplier, 800, 5)
    assert market.rules({"seller": supplier, "excluded": True}).status == 200
    assert units(market, "LAMP", "MUG") == [(0, 2), (4, 0)]
    assert market.rules({"seller": "own", "excluded": True}, version=1).status == 200
    # What nobody offers is ours to sell, whatever the rules say.
    assert units(market, "LAMP", "MUG", "POT") == [(0, 8), (0, 5), (3, 0)]


def test_whose_endpoint_rests_has_nothing_until_it_is_over(market: Market) -> None:
    supplier = market.supplier()
    market.offers(market.lists("LAMP"), supplier, 700, 6)
    tx = Transaction()
    until = clock.now() + timedelta(minutes=5)
    routing.put_health(tx, Health(supplier, failures=5, resting_until=until, version=1))
    tx.commit()
    assert units(market, "LAMP") == [(0, 0)]
    with clock.at(until):
        assert units(market, "LAMP") == [(0, 6)]


def test_what_suppliers_do_not_offer_costs_one_read_and_what_they_do_two(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    market.shop.sells("MUG", leeds=4)
    market.offers(market.lists("LAMP"), market.supplier(), 700, 6)
    service.find_sellable(["MUG", "LAMP"], "web")
    pages: list[int] = []
    read = Item._batch_get_page

    def counted(keys: list[Any], **more: Any) -> Any:
        pages.append(len(keys))
        return read(keys, **more)

    monkeypatch.setattr(Item, "_batch_get_page", counted)
    assert [one.marketplace for one in service.find_sellable(["MUG"], "web")] == [0]
    assert pages == [3]  # the counters, the offers, the variant
    assert [one.marketplace for one in service.find_sellable(["LAMP"], "web")] == [6]
    assert pages[1:] == [3, 5]  # their counters, ours (there are none), the supplier, its endpoint, the rules
