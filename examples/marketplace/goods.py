"""Files of products as suppliers send them, and what becomes of their rows."""

import csv
import io
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import urllib3

from examples.marketplace.catalogue import Fields
from examples.marketplace.suppliers import Trader, until

COLUMNS = (
    "supplier_sku",
    "title",
    "description",
    "brand",
    "category_id",
    "gtin",
    "price.GBP",
    "tax_rate_bps",
    "handling_days",
    "on_hand",
    "attributes.style",
)

RANGES = {
    0: {"furniture", "housewares", "homedecor", "seasonal", "floral", "groceries", "food service", "salty snacks"},
    1: {"apparel", "accessories", "footwear", "jewelry", "beauty", "cold dispensed", "hot dispensed"},
}
"""What the first two suppliers sell; the third sells the rest."""

SHARED = 20
"""So many of the first supplier's goods have a GTIN, and are sold by the third one as well."""

Row = dict[str, str]


def seller_of(product: Fields) -> int:
    """Which of the three suppliers sells a product of the data set."""
    return next((number for number, sold in RANGES.items() if product["category"] in sold), 2)


def row_of(product: Fields, brand: str, category_id: str) -> Row:
    """The row of a product; prices are the data set's, taken for pounds."""
    return {
        "supplier_sku": product["id"],
        "title": product["name"],
        "description": product["description"],
        "brand": brand,
        "category_id": category_id,
        "price.GBP": str(round(float(product["price"]) * 100)),
        "tax_rate_bps": "2000",
        "handling_days": "2",
        "on_hand": product["current_stock"],
        "attributes.style": product["style"],
    }


def gtin(run: str, number: int) -> str:
    """A GTIN-13 of the range that is for use within a company (GS1 prefix 20), of this run alone."""
    digits = f"20{int(sha256(run.encode()).hexdigest(), 16) % 10**7:07d}{number:03d}"
    weighed = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-weighed % 10}"


def shared(rows: Sequence[Row], run: str) -> tuple[list[Row], list[Row]]:
    """The first supplier's rows, some with a GTIN, and those rows as another sells them: a little dearer."""
    marked = [{**row, "gtin": gtin(run, number)} if number < SHARED else row for number, row in enumerate(rows)]
    others = [
        {**row, "supplier_sku": f"X-{row['supplier_sku']}", "price.GBP": str(int(row["price.GBP"]) * 102 // 100)}
        for row in marked[:SHARED]
    ]
    return marked, others


def with_errors(rows: Sequence[Row]) -> tuple[list[Row], int]:
    """The rows with new prices and units, and errors planted into some; how many those are."""
    changed = [
        {**row, "price.GBP": str(int(row["price.GBP"]) + 1), "on_hand": str(int(row["on_hand"]) + 1)} for row in rows
    ]
    faults: list[Row] = [
        {"title": ""},
        {"price.GBP": "cheap"},
        {"price.GBP": "-5"},
        {"category_id": "cat_nowhere"},
        {"gtin": "5012345678901"},
        {"brand": "Somebody Else's"},
        {"on_hand": "many"},
    ]
    for number, fault in enumerate(faults):
        place = number * len(changed) // len(faults)
        changed[place] = {**changed[place], **fault}
    return changed, len(faults)


def sent(trader: Trader, rows: Sequence[Row], key: str) -> Mapping[str, Any]:
    """Upload rows as a file of products, and wait until each has been taken; the feed as it ended."""
    content = file_of(rows)
    announced = trader.api.post(
        f"/v1/suppliers/{trader.id}/feeds",
        {
            "kind": "products",
            "format": "csv",
            "filename": "products.csv",
            "bytes": len(content),
            "sha256": sha256(content).hexdigest(),
        },
        key=key,
    ).body
    upload = announced["upload"]
    form = [*upload["fields"].items(), ("file", ("products.csv", content, "text/csv"))]
    answer = urllib3.request("POST", upload["url"], fields=form)
    if answer.status >= 300:
        raise RuntimeError(f"the upload was refused: {answer.status} {answer.data[:300]!r}")
    path = f"/v1/suppliers/{trader.id}/feeds/{announced['id']}"
    trader.api.post(f"{path}/completions", {}, key=f"{key}-done")
    ended: Mapping[str, Any] = until(
        f"The feed of {trader.name}",
        lambda: (feed := trader.api.get(path))["status"] in ("finished", "refused", "failed", "cancelled") and feed,
        seconds=600,
    )
    return ended


def file_of(rows: Sequence[Row]) -> bytes:
    """A file of products, as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
