"""Feeds on the real shelf: what files say becomes of listings, their prices and stock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest

from chalicelib.core.table import Transaction
from chalicelib.feeds.service.use_cases import Listings
from chalicelib.inventory import service as inventory
from chalicelib.listings.domain.images import ImageCheck, ImageState
from chalicelib.listings.domain.settings import ListingSettings
from chalicelib.listings.service import use_cases
from chalicelib.listings.store import items as listings_store
from chalicelib.suppliers import store as supplier_store
from chalicelib.suppliers.service import find_seller
from tests.conftest import ADMIN
from tests.unit.feeds.builders import AS_OF, csv_file, jsonl_file, stock_file
from tests.unit.feeds.conftest import ACME, TASK, Inbox

COLUMNS = (
    "supplier_sku",
    "title",
    "description",
    "brand",
    "category_id",
    "price.GBP",
    "tax_rate_bps",
    "weight_grams",
    "handling_days",
    "attributes.colour",
    "on_hand",
)


class _Web:
    def look(self, url: str) -> ImageCheck:
        return ImageCheck(ImageState.IMAGE, "png", 800, 600)


@pytest.fixture
def shop(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    """The inbox of a supplier that may sell the brand Acme, with the marketplace behind it."""
    use_cases.forget_settings()
    inventory.forget_locations()
    monkeypatch.setattr("chalicelib.listings.service.assess.Web", _Web)
    seller = find_seller(ACME)
    assert seller
    _, pk, sk = supplier_store.supplier_key(ACME)
    item = supplier_store.SupplierItem.get(pk, sk)
    item.seller = supplier_store.as_stored(replace(seller, brands=("acme",)))
    tx = Transaction()
    tx.put(item)
    tx.commit()
    inbox.shelf = Listings()  # type: ignore[assignment]
    yield inbox
    use_cases.forget_settings()
    inventory.forget_locations()


def category(inbox: Inbox) -> str:
    from app import app
    from tests.conftest import request

    headers = {"Idempotency-Key": "c"}
    reply = request(app, "POST", "/v1/categories", json={"name": "Mugs", "slug": "mugs"}, by=ADMIN, headers=headers)
    return str(reply.json["id"])


def products(category_id: str, *skus: str, title: str = "Mug", price: Any = 899) -> bytes:
    rows = [
        (sku, f"{title} {sku}", f"A mug that is {sku}.", "Acme", category_id, price, 2000, 350, 2, "red", 5)
        for sku in skus
    ]
    return csv_file(COLUMNS, rows)


def terms(sku: str) -> Any:
    found = listings_store.get_both(f"{ACME}:{sku}")
    assert found
    return found[1]


def test_products_prices_and_stock_of_a_supplier(shop: Inbox) -> None:
    mugs = category(shop)
    first = shop.send(products(mugs, "A", "B", "C"), "products")
    assert shop.run(first) == "finished"
    counts = shop.read(first)["progress"]["counts"]
    assert counts == {"created": 3}, shop.rows(first)
    assert terms("A").prices == {"GBP": 899}
    assert terms("A").on_hand == 5

    again = shop.send(products(mugs, "A", "B", "C"), "products")
    shop.run(again)
    assert shop.read(again)["progress"]["counts"] == {"unchanged": 3}

    later = shop.feed(again).received_at
    header = ("supplier_sku", "currency", "amount", "as_of")
    prices = shop.send(csv_file(header, [("A", "GBP", 950, later), ("A", "EUR", 1100, later)]), "prices")
    shop.run(prices)
    assert shop.read(prices)["progress"]["done"] == 2
    assert terms("A").prices == {"GBP": 950, "EUR": 1100}, shop.rows(prices)

    stock = shop.send(stock_file(("A", 7, later or ""), ("NONE", 1)))
    shop.run(stock)
    outcomes = {row["supplier_sku"]: row["outcome"] for row in shop.rows(stock)}
    assert outcomes == {"A": "updated", "NONE": "refused"}
    assert terms("A").on_hand == 7


def test_an_older_count_changes_nothing(shop: Inbox) -> None:
    mugs = category(shop)
    shop.run(shop.send(products(mugs, "A"), "products"))
    older = shop.send(stock_file(("A", 99, AS_OF)))
    shop.run(older)
    assert shop.read(older)["progress"]["counts"] == {"unchanged": 1}
    assert terms("A").on_hand == 5


def test_stock_that_a_file_does_not_name_is_none(shop: Inbox) -> None:
    mugs = category(shop)
    skus = [f"M{number}" for number in range(6)]
    shop.run(shop.send(products(mugs, *skus), "products"))
    now = shop.feed(shop.send(products(mugs, *skus), "products")).received_at or ""
    feed_id = shop.send(stock_file(*[(sku, 3, now) for sku in skus[:5]]), mode="replace")
    assert shop.run(feed_id) == "finished", shop.read(feed_id)
    assert [terms(sku).on_hand for sku in skus] == [3] * 5 + [0]


def test_products_that_a_file_does_not_name_are_withdrawn(shop: Inbox) -> None:
    mugs = category(shop)
    skus = [f"M{number}" for number in range(6)]
    shop.run(shop.send(products(mugs, *skus), "products"))
    feed_id = shop.send(products(mugs, *skus[:5]), "products", mode="replace")
    assert shop.run(feed_id) == "finished"
    found = listings_store.get_both(f"{ACME}:M5")
    assert found
    assert found[0].status == "withdrawn"
    assert shop.read(feed_id)["progress"]["counts"] == {"unchanged": 5, "withdrawn": 1}
    # Withdrawn ones need not be named the next time.
    again = shop.send(products(mugs, *skus[:5]), "products", mode="replace")
    shop.deliver(feed_id)
    assert shop.run(again) == "finished"
    assert shop.read(again)["missing"] == 0


def test_what_was_registered_or_withdrawn_since_the_file_came_stays_so(shop: Inbox) -> None:
    mugs = category(shop)
    shop.run(shop.send(products(mugs, "A", "B", "C", "D", "E", "F"), "products"))
    waits = shop.send(products(mugs, "A", "B", "C", "D", "E"), "products", mode="replace")
    seller = find_seller(ACME)
    assert seller
    for sku in ("A", "B"):
        assert use_cases.take_withdrawal_row(seller, sku, by=TASK).outcome == "updated"
    version = listings_store.get_both(f"{ACME}:F")[0].version  # type: ignore[index]
    use_cases.change_listing(ACME, "F", {"title": "A better mug"}, expected_version=version, by=ADMIN)
    assert shop.run(waits) == "finished"
    seen = shop.read(waits)
    assert (seen["missing"], seen["progress"]["counts"]) == (0, {"unchanged": 5})
    said = {row["supplier_sku"]: row["code"] for row in shop.rows(waits)}
    assert said == {"A": "newer_known", "B": "newer_known", "C": None, "D": None, "E": None}
    stand = {sku: str(listings_store.get_both(f"{ACME}:{sku}")[0].status) for sku in "ABF"}  # type: ignore[index]
    assert stand == {"A": "withdrawn", "B": "withdrawn", "F": "published"}


def test_a_row_that_is_misshapen_fails_no_other(shop: Inbox) -> None:
    mugs = category(shop)
    good = {"category_id": mugs, "prices": {"GBP": 899}, "tax_rate_bps": 2000, "handling_days": 2, "brand": "Acme"}
    rows = [
        {**good, "supplier_sku": "A ", "title": "Mug A", "tax_category": " Reduced", "attributes": {"fit": None}},
        {**good, "supplier_sku": "B", "title": "Mug B", "images": [None]},
        {**good, "supplier_sku": "C", "title": "Mug C", "attributes": {"fit": 2.5}},
    ]
    feed_id = shop.send(jsonl_file(rows), "products", "jsonl")
    assert shop.run(feed_id) == "finished"
    assert shop.read(feed_id)["progress"]["counts"] == {"created": 2, "refused": 1}, shop.rows(feed_id)
    found = listings_store.get_both(f"{ACME}:A")
    assert found
    assert (found[0].published or {}).get("tax_category") == "reduced"
    assert "attributes" not in (found[0].published or {})


def limit(most: int) -> None:
    tx = Transaction()
    listings_store.change_settings(
        tx, ListingSettings(max_listings=most, version=1 + listings_store.read_settings().version)
    )
    tx.commit()
    use_cases.forget_settings()


def places(shop: Inbox) -> list[tuple[str, Any]]:
    """The supplier's counter, and what is held of it."""
    found = boto3.client("dynamodb").query(
        TableName="aisle-test",
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"LISTING#PLACES#{ACME}"}},
    )
    return [(one["sk"]["S"], one.get("taken", {}).get("N")) for one in found["Items"]]


def test_rows_beyond_the_limit_say_so_and_withdrawn_ones_make_room(shop: Inbox) -> None:
    mugs = category(shop)
    limit(6)
    skus = [f"M{number}" for number in range(8)]
    first = shop.send(products(mugs, *skus), "products")
    assert shop.run(first) == "finished"
    assert shop.read(first)["progress"]["counts"] == {"created": 6, "refused": 2}
    refused = [row for row in shop.rows(first) if row["outcome"] == "refused"]
    assert {(row["code"], row["detail"]) for row in refused} == {
        ("listing_limit_reached", "The supplier has as many listings as it may: 6.")
    }
    assert places(shop) == [("PLACES", "6")]

    there = [row["supplier_sku"] for row in shop.rows(first) if row["outcome"] == "created"]
    swap = shop.send(products(mugs, *there[:5], "NEW"), "products", mode="replace")
    shop.deliver(first)
    assert shop.run(swap) == "finished"
    assert shop.read(swap)["progress"]["counts"] == {"unchanged": 5, "refused": 1, "withdrawn": 1}
    assert places(shop) == [("PLACES", "5")]
    last = shop.send(products(mugs, "NEW"), "products")
    shop.deliver(swap)
    shop.run(last)
    assert shop.read(last)["progress"]["counts"] == {"created": 1}
    assert places(shop) == [("PLACES", "6")]


def test_a_row_that_listings_refuses_says_why(shop: Inbox) -> None:
    feed_id = shop.send(products("cat_none", "A"), "products")
    shop.run(feed_id)
    (row,) = shop.rows(feed_id)
    assert row["outcome"] in ("refused", "in_review")
    assert row["findings"]
