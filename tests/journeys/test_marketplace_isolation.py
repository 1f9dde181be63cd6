"""What one supplier sees of another: nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import pytest

from examples.marketplace.suppliers import Trader
from infra.local.testing import Answer, TestStack
from tests.journeys.market import Market, at_once, opened
from tests.journeys.test_authorisation import ACCESS, BODIES, QUERIES, ROUTES
from tests.journeys.test_marketplace_money import ships
from tests.journeys.test_marketplace_suppliers import PDF, announce
from tests.journeys.test_returns import announce as announce_return


@pytest.fixture
def market(stack: TestStack) -> Iterator[Market]:
    with opened(stack, Market) as market:
        yield market


def test_another_supplier_finds_nothing_of_it_by_any_route(market: Market) -> None:
    """With the ids that there are, and what they are at: as if they had never been."""
    mine, other = market.known("Usual Goods", "Curious Goods")
    name, sku = market.lists(mine)
    order = market.places((sku, 1))
    allocation = order["fulfilments"][0]["id"]
    market.order_of(mine, allocation, "requested")
    sent = market.places((sku, 1))
    ships(market, mine, sent)
    market.shop.reaches(sent["id"], "shipped")
    back = announce_return(market.shop, sent, 1)
    assert back.status == 201, back
    client = market.as_supplier(mine, "POST", "/members", {"client_id": f"client{uuid4().hex}"})
    assert client.status == 201, client
    feed = {"kind": "stock", "format": "csv", "filename": "stock.csv", "bytes": 10}
    ids = {
        "supplier_id": mine.id,
        "supplier_sku": name,
        "allocation_id": allocation,
        "member_id": client.body["id"],
        "feed_id": market.as_supplier(mine, "POST", "/feeds", feed).body["id"],
        "document_id": announce(market, mine, PDF).body["id"],
        "return_id": back.body["id"],
        "number": "1",
        "period": order["placed_at"][:7],
    }
    nobody = {**ids, "supplier_id": f"sup_{mine.id[4:-1]}{'1' if mine.id[-1] == '0' else '0'}"}
    kept = _all_of_it(market, mine, ids)
    routes = [route for route in ROUTES if "{supplier_id}" in route]
    assert len(routes) > 50

    def asked(route: str) -> tuple[str, int, bool]:
        answer, never = (_as_other(market, other, route, given, kept) for given in (ids, nobody))
        same = str(answer.body["detail"]).replace(mine.id, "") == str(never.body["detail"]).replace(
            nobody["supplier_id"], ""
        )
        return route, answer.status, same and answer.status == never.status

    expected = {route: (404 if "supplier" in ACCESS[route].roles else 403) for route in routes}
    seen = at_once(asked, routes)
    assert {route: status for route, status, _ in seen} == expected
    assert [route for route, _, same in seen if not same] == []
    assert _all_of_it(market, mine, ids) == kept


def _as_other(market: Market, other: Trader, route: str, ids: Mapping[str, str], kept: Mapping[str, Any]) -> Answer:
    method, path = route.split(" ")
    about = "/listings/{supplier_sku}" if "{supplier_sku}" in path else ""
    headers = {"Idempotency-Key": uuid4().hex, "If-Match": f'"{kept[about]["version"]}"'}
    return market.stack.call(
        method,
        path.format(**ids),
        json=BODIES.get(route) if method != "GET" else None,
        token=other.account.token("supplier"),
        headers=headers,
        params=QUERIES.get(route),
    )


def _all_of_it(market: Market, mine: Trader, ids: Mapping[str, str]) -> dict[str, Any]:
    paths = (
        "",
        "/listings/{supplier_sku}",
        "/orders/{allocation_id}",
        "/members",
        "/feeds/{feed_id}",
        "/documents/{document_id}",
        "/requirements",
        "/payout-settings",
        "/invoices",
    )
    seen = {path: market.as_supplier(mine, "GET", path.format(**ids)).body for path in paths}
    seen["/feeds/{feed_id}"] = {**seen["/feeds/{feed_id}"], "upload": None}  # signed anew each time
    return seen
