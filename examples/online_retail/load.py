"""What a shop needs before its first order: catalogue, locations, opening stock. And stock movements without a sale.

Each is asked for under a key that follows from the file, so repeating a load changes nothing.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import quote

from examples.online_retail.api import Api, Problem
from examples.online_retail.journal import Journal
from examples.online_retail.mapping import MAIN, OVERFLOW, VAT_BPS, Opening, Product, StockMovement

RECEIPT_LINES = 40
"""The most that one receipt holds."""

IMPORT_ROWS = 3 * RECEIPT_LINES
"""Whole receipts, so that `in_scope` cuts neither an import nor a receipt."""

IMPORT_ATTEMPTS = 5
MOVE_ATTEMPTS = 5

LOCATIONS = (
    {"id": MAIN, "name": "Main warehouse", "priority": 1},
    {"id": OVERFLOW, "name": "Overflow warehouse", "priority": 2},
)
_T = TypeVar("_T")


class LoadFailed(Exception):
    """The system does not hold what the replay needs."""


def chunks(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    """Consecutive runs of at most `size` items; the same prefix of items gives the same runs."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def load(
    api: Api,
    journal: Journal,
    file_id: str,
    products: Sequence[Product],
    openings: Sequence[Opening],
    *,
    clients: int,
    on_step: Callable[[], None],
) -> None:
    """Make the locations, import the catalogue, receive the opening stock."""
    open_locations(api)
    categories = make_categories(api, sorted({product.category for product in products}))
    with ThreadPoolExecutor(clients, thread_name_prefix="loader") as pool:
        for step in (_import_steps(api, file_id, products, categories), _receipt_steps(api, file_id, openings)):
            for done in [pool.submit(_once, journal, key, work, on_step) for key, work in step]:
                done.result()


def steps(products: Sequence[Product], openings: Sequence[Opening]) -> int:
    """How many steps `load` takes."""
    return sum(1 for _ in _import_chunks(products)) + sum(1 for _ in _receipts(openings))


def _once(journal: Journal, key: str, work: Callable[[], None], on_step: Callable[[], None]) -> None:
    if journal.get("loaded", key) is None:
        work()
        journal.write("loaded", key)
    on_step()


def open_locations(api: Api) -> None:
    """Make the two locations, or find them made."""
    for location in LOCATIONS:
        body = {
            **location,
            "type": "warehouse",
            "channels": ["web"],
            "address": {"line1": "1 Mill Lane", "city": "Leeds", "country": "GB"},
        }
        try:
            api.post("/v1/inventory/locations", body, key=f"online-retail-location-{location['id']}")
        except Problem as problem:
            if problem.status != 409:
                raise


def make_categories(api: Api, names: Sequence[str]) -> dict[str, str]:
    """Make the categories, or find them made. Returns their ids by name."""
    ids = {}
    for name in names:
        try:
            made = api.post("/v1/categories", {"name": name.capitalize(), "slug": name}, key=f"online-retail-{name}")
            ids[name] = made.body["id"]
        except Problem as problem:
            if problem.code != "slug_taken":
                raise
    if len(ids) < len(names):
        ids.update({one["slug"]: one["id"] for one in api.listed("/v1/categories") if one["slug"] in names})
    return ids


def _import_chunks(products: Sequence[Product]) -> Iterator[Sequence[Product]]:
    return chunks(products, IMPORT_ROWS)


def _import_steps(
    api: Api, file_id: str, products: Sequence[Product], categories: Mapping[str, str]
) -> Iterator[tuple[str, Callable[[], None]]]:
    for number, run in enumerate(_import_chunks(products)):
        rows = [catalogue_row(product, categories[product.category]) for product in run]
        key = f"online-retail-catalogue-{file_id}-{number}"
        yield key, lambda key=key, rows=rows: import_rows(api, key, rows)  # type: ignore[misc]


def import_rows(api: Api, key: str, rows: Sequence[dict[str, Any]]) -> None:
    """Import the rows; those that the system put off are sent again. Raises `LoadFailed` for those it refuses."""
    for attempt in range(IMPORT_ATTEMPTS):
        payload = "\n".join(json.dumps(row, separators=(",", ":")) for row in rows).encode()
        headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": f"{key}-{attempt}"}
        results = api.call("POST", "/v1/catalog/imports", payload, headers).body["rows"]
        refused = [result for result in results if result["outcome"] == "refused"]
        if refused:
            raise LoadFailed(f"The catalogue refused {len(refused)} rows, the first: {refused[0]}")
        rows = [rows[result["line"] - 1] for result in results if result["outcome"] == "deferred"]
        if not rows:
            return
    raise LoadFailed(f"The catalogue put {len(rows)} rows off, {IMPORT_ATTEMPTS} times over.")


def catalogue_row(product: Product, category_id: str) -> dict[str, Any]:
    """A row of the bulk import: a product of one variant."""
    return {
        "product_ref": f"uci-{product.sku}",
        "sku": product.sku,
        "title": product.name,
        "name": product.name,
        "category_id": category_id,
        "status": "active",
        "tax_rate_bps": VAT_BPS,
        "prices": [{"channel": "web", "currency": "GBP", "amount": product.price}] if product.price else [],
    }


def _receipts(openings: Sequence[Opening]) -> Iterator[tuple[str, list[dict[str, Any]], int]]:
    for number, run in enumerate(chunks(openings, RECEIPT_LINES)):
        for location in (MAIN, OVERFLOW):
            units = {one.sku: one.main if location == MAIN else one.overflow for one in run}
            lines = [{"sku": sku, "quantity": quantity} for sku, quantity in units.items() if quantity]
            if lines:
                yield location, lines, number


def _receipt_steps(api: Api, file_id: str, openings: Sequence[Opening]) -> Iterator[tuple[str, Callable[[], None]]]:
    for location, lines, number in _receipts(openings):
        key = f"online-retail-opening-{file_id}-{location}-{number}"
        body = {"location_id": location, "lines": lines}
        yield key, lambda key=key, body=body: _receive(api, key, body)  # type: ignore[misc]


def _receive(api: Api, key: str, body: dict[str, Any]) -> None:
    api.post("/v1/inventory/receipts", body, key=key)


def in_scope(everything: Sequence[_T], needed: set[str], sku_of: Callable[[_T], str]) -> Sequence[_T]:
    """The whole receipts' worth of SKUs, in the file's order, that a replay needs: its keys do not depend on how far
    the replay goes, so a longer one continues a shorter one."""
    last = max((index for index, one in enumerate(everything) if sku_of(one) in needed), default=-1)
    return everything[: -(-(last + 1) // IMPORT_ROWS) * IMPORT_ROWS]


def move_stock(api: Api, movement: StockMovement) -> None:
    """Book a movement without a sale; what an earlier call booked of it, by its reference, is not booked again.

    Finds go to the main location. What is written off is taken from the overflow, else from the main location, or from
    both when neither holds all of it. Raises `Problem` when it is not there.
    """
    for attempt in range(1, MOVE_ATTEMPTS + 1):
        left = movement.delta - _booked(api, movement)
        try:
            for place, units in _places(api, movement.sku, left):
                _adjust(api, movement, place, units, key=f"{movement.key}-{place}-{left}")
            return
        except Problem as problem:  # sold while this looked around
            if problem.code != "stock_too_low" or attempt == MOVE_ATTEMPTS:
                raise


def _booked(api: Api, movement: StockMovement) -> int:
    past = api.listed(f"/v1/inventory/stock/{quote(movement.sku)}/movements")
    return sum(one["quantity"] for one in past if one["reference"] == movement.reference)


def _places(api: Api, sku: str, delta: int) -> list[tuple[str, int]]:
    """Where to book how much of what is left of a movement."""
    wanted = -delta
    if wanted <= 0:
        return [(MAIN, delta)] if delta else []
    free = {row["location_id"]: row["available"] for row in api.listed(f"/v1/inventory/stock/{quote(sku)}")}
    overflow, main = free.get(OVERFLOW, 0), free.get(MAIN, 0)
    if overflow >= wanted:
        return [(OVERFLOW, delta)]
    if overflow == 0 or main >= wanted or overflow + main < wanted:
        return [(MAIN, delta)]
    return [(OVERFLOW, -overflow), (MAIN, overflow - wanted)]


def _adjust(api: Api, movement: StockMovement, place: str, units: int, *, key: str) -> None:
    body = {
        "location_id": place,
        "reason": movement.reason,
        "reference": movement.reference,
        "lines": [{"sku": movement.sku, "quantity": units}],
    }
    api.post("/v1/inventory/adjustments", body, key=key)


def stock_on_hand(api: Api) -> dict[str, Counter[str]]:
    """What the system says is on its shelves: `on_hand`, `available` and `reserved` per SKU over both locations."""
    stock: dict[str, Counter[str]] = {}
    for location in (MAIN, OVERFLOW):
        for row in api.listed("/v1/inventory/stock", location=location):
            counters = {name: row[name] for name in ("on_hand", "available", "reserved")}
            stock.setdefault(row["sku"], Counter()).update(counters)
    return stock
