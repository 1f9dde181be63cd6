"""Validated products per second: judged alone, taken out of files, and registered one by one through the deployed local API.

But for the first, the figures are of the local cloud on this machine, as those of orders are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from statistics import median
from time import perf_counter
from typing import Any
from uuid import uuid4

from bench.ground import Ground
from bench.report import Figure
from bench.shop import Client, WentWrong, until
from bench.trade import Market, open_market
from examples.marketplace import goods
from examples.marketplace.catalogue import read_file
from examples.marketplace.suppliers import Trader

PART = "Validated products"
ROWS = 1_000
CLIENTS = 8
LISTINGS = 200
WARM_UP = 2 * CLIENTS
PATIENCE_SECONDS = 300.0


def measure(ground: Ground) -> list[Figure]:
    with open_market(ground.stack) as market:
        return [*_judged(ground), *_files(market), *_registered(ground, market)]


def _judged(ground: Ground) -> list[Figure]:
    """All products of the sample, some of which have a GTIN, and some an error."""
    brand = "Northwind Home"
    rows, _ = goods.shared([goods.row_of(product, brand, "cat_bench") for product in read_file()], "bench")
    planted, errors = goods.with_errors(rows)
    told = ground.inside("bench.inside.judging", {"file": goods.file_of(planted).decode(), "brand": brand})
    clean = told["verdicts"]["clean"]
    note = f"CPU of one process; of {len(planted):,} rows with {errors} errors {clean:,} are clean"
    return [
        Figure(PART, "corrected and held to every rule", told["rows"] / told["judging"], "products/s", note=note),
        Figure(PART, "read out of a file, looking it through before", told["rows"] / told["reading"], "rows/s"),
    ]


def _files(market: Market) -> list[Figure]:
    """Files of one supplier, one after the other."""
    trader = market.comes_in("Files")
    products = islice(read_file(), ROWS + 1)
    rows = [goods.row_of(product, market.brand(trader), market.category) for product in products]
    goods.sent(trader, [rows.pop()], uuid4().hex)  # the functions warm
    changed = [{**row, "price.GBP": str(int(row["price.GBP"]) + 1), "on_hand": "7"} for row in rows]
    return [
        _file(trader, f"a file of {ROWS:,} new products", rows, "created"),
        _file(trader, "the same with other prices and units", changed, "updated"),
        _file(trader, "the same once more", changed, "unchanged"),
    ]


def _file(trader: Trader, what: str, rows: Sequence[goods.Row], expect: str) -> Figure:
    began = perf_counter()
    feed = goods.sent(trader, rows, uuid4().hex)
    took = perf_counter() - began
    became = {outcome: count for outcome, count in feed["progress"]["counts"].items() if count}
    if feed["status"] != "finished" or became != {expect: len(rows)}:
        raise WentWrong(f"{what}: {feed['status']}, {became}")
    note = f"{took:.1f} s from its upload until it is over; all {expect}"
    return Figure(PART, what, len(rows) / took, "rows/s", note=note)


def _registered(ground: Ground, market: Market) -> list[Figure]:
    trader = market.comes_in("Listings")
    _send(ground, market, trader, WARM_UP)
    _all_published(trader, WARM_UP)
    began = perf_counter()
    latencies = _send(ground, market, trader, LISTINGS)
    accepted = perf_counter() - began
    _all_published(trader, WARM_UP + LISTINGS)
    published = perf_counter() - began
    what = f"{LISTINGS} listings registered one by one, {CLIENTS} clients"
    return [
        Figure(PART, f"{what}: accepted", LISTINGS / accepted, "listings/s", note=f"median {median(latencies):.0f} ms"),
        Figure(PART, f"{what}: published", LISTINGS / published, "listings/s", note=f"{published:.1f} s for all"),
    ]


def _send(ground: Ground, market: Market, trader: Trader, count: int) -> list[float]:
    """Register so many, each client its share; milliseconds until each was answered."""
    bodies = [market.listing(trader, uuid4().hex) for _ in range(count)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        shares = [bodies[number::CLIENTS] for number in range(CLIENTS)]
        parts = pool.map(lambda share: _register(ground, trader, share), shares)
        return [latency for part in parts for latency in part]


def _register(ground: Ground, trader: Trader, bodies: Sequence[Mapping[str, Any]]) -> list[float]:
    client, taken = Client(ground.stack, "supplier", trader.account.token("supplier")), []
    for body in bodies:
        began = perf_counter()
        status, told = client.send("POST", f"/v1/suppliers/{trader.id}/listings", json.dumps(body).encode())
        taken.append((perf_counter() - began) * 1000)
        if status != 202:
            raise WentWrong(f"a listing was not accepted: {status} {told[:200].decode(errors='replace')}")
    return taken


def _all_published(trader: Trader, count: int) -> None:
    """Wait until none is being checked any more, and see that all are published."""
    path = f"/v1/suppliers/{trader.id}/listings"
    until(lambda: not trader.api.get(path, status="submitted", limit=1)["items"], PATIENCE_SECONDS)
    published = sum(1 for _ in trader.api.listed(path, status="published"))
    if published != count:
        raise WentWrong(f"{published} of {count} listings are published")
