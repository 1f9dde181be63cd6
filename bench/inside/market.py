"""A supplier comes in, lists its goods one by one and in files, ships an order and is paid; its own system is played here."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any
from unittest.mock import patch

from bench.inside.handlers import ADMIN, SHOPPER, SUPPLIER, Handlers, request
from bench.inside.steps import TOKEN, Life

ROWS = 8
"""Of a file: what is taken side by side at a time."""

ENDPOINT = "https://orders.example.com/aisle"
BRAND = "Northwind Home"
PROFILE = {
    "trading_name": BRAND,
    "brands": [{"name": BRAND, "attestation": "owner"}],
    "legal_entity": {"name": f"{BRAND} Ltd", "registration_number": "N1234567", "country": "GB"},
    "tax_id": {"scheme": "vat", "country": "GB", "value": "GB123456782"},
    "contacts": [{"role": "primary", "name": "Grace Hopper", "email": "grace@example.com", "phone": "+442079460018"}],
    "address": {"line1": "1 Quay Street", "city": "Hull", "postal_code": "HU1 2AA", "country": "GB"},
    "service_countries": ["GB", "IE"],
    "timezone": "Europe/London",
    "default_currency": "GBP",
}
ACCOUNT = {"holder": f"{BRAND} Ltd", "country": "GB", "currency": "GBP", "iban": "GB82WEST12345698765432"}
ABOUT = (
    "This stylish mauve leather daypack combines elegance with functionality. The soft, pebbled leather exterior"
    " features a sleek curved design with gold-toned zipper accents. Perfect for everyday use, it offers ample"
    " storage while maintaining a chic, compact silhouette."
)
VERIFYING = ("correct_profile", "verify_profile", "probe_endpoint", "decide_supplier")


@dataclass(frozen=True)
class Market:
    """Steps of the marketplace: of each event the latest counts, for there is one supplier."""

    life: Life
    handlers: Handlers

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        expect: int = 200,
        claims: dict[str, str] = ADMIN,
        headers: Mapping[str, str] | None = None,
        name: str | None = None,
        query: dict[str, str] | None = None,
        **parts: str,
    ) -> Any:
        """Somebody calls the API; it is a step if it has a name."""
        event = request(method, path, body, claims=claims, parts=parts, headers=dict(headers or {}), query=query)
        if name is None:
            return self.handlers.api(event, expect)
        return self.life.step(name, "api", lambda: self.handlers.api(event, expect))

    def put(self, path: str, body: Any) -> None:
        """The operator sets what was never set."""
        self.call("PUT", path, body, headers={"If-Match": '"0"'})

    def event(self, type: str) -> dict[str, Any]:
        """The latest event of a type, as the bus delivers it."""
        pages = self.life.ledger.dynamodb.get_paginator("scan").paginate(
            TableName=self.life.ledger.table,
            FilterExpression="begins_with(sk, :event)",
            ExpressionAttributeValues={":event": {"S": "EVENT#"}},
            ConsistentRead=True,
        )
        envelopes = [json.loads(item["event"]["S"]) for page in pages for item in page["Items"]]
        return max((one for one in envelopes if one["type"] == type), key=lambda one: str(one["id"]))

    def told(self, name: str, function: str, type: str) -> None:
        """The latest event of a type, by a function's queue."""
        body = {"detail": self.event(type)}
        self.life.step(name, function, lambda: self.handlers.message(function, body))

    def message(self, name: str, function: str, body: Any) -> None:
        """A message of a function's queue."""
        self.life.step(name, function, lambda: self.handlers.message(function, body))

    def task(self, name: str | None, function: str, expect: str, **payload: Any) -> Any:
        """A task of a workflow, whose outcome must be `expect`; it is a step if it has a name."""

        def run() -> Any:
            return self.handlers.task(function, **payload)

        done = run() if name is None else self.life.step(name, function, run)
        if done["outcome"] != expect:
            raise RuntimeError(f"{expect} was expected, but the outcome is {done}")
        return done


def trade(life: Life, handlers: Handlers, order: dict[str, Any]) -> None:
    """One supplier, from applying to its first payout."""
    market = Market(life, handlers)
    market.put("/v1/listing-settings", {"channels": [order["channel"]]})
    rule = {"currency": "GBP", "rate_bps": 1500, "floor": 50, "tax_rate_bps": 2000}
    market.put("/v1/commission-rules", {"rules": [rule]})
    market.put("/v1/payout-settings", {"hold_days": 0})
    category = market.call("POST", "/v1/categories", {"name": "Bags", "slug": "bags"}, 201)["id"]
    with patch("chalicelib.core.outside.call", _Played(life)):
        supplier_id = _come_in(market)
        sku = _list(market, supplier_id, category)
        _send_files(market, supplier_id, category)
        _ship(market, supplier_id, {**order, "lines": [{"sku": sku, "quantity": 2}]})
        _pay(market)


class _Played:
    """The supplier's system, in the place of the network: refuses what is not signed, and accepts every order."""

    def __init__(self, life: Life) -> None:
        self._life = life

    def __call__(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], *, seconds: float | None = None
    ) -> Any:
        from chalicelib.core.outside import Reply  # late: settings are read at import

        self._life.outside.append(f"supplier:{method}")
        if "webhook-signature" not in headers:
            return Reply(401, {}, b"")
        if method == "GET":
            return Reply(404, {}, b"")
        answer = {"decision": "accepted", "supplier_reference": "A-17"}
        return Reply(200, {"content-type": "application/json"}, json.dumps(answer).encode())


def _come_in(market: Market) -> str:
    market.life.part_of = "onboarding"
    body = {"profile": PROFILE, "attestations": ["terms"]}
    made = market.call("POST", "/v1/suppliers", body, 202, SUPPLIER, name="apply as a supplier")
    market.told("start onboarding", "suppliers-on-supplier-submitted", "SupplierSubmitted")
    given = {"supplier_id": made["id"], "version": market.event("SupplierSubmitted")["aggregate"]["version"]}
    for task, expect in zip(VERIFYING, ("unchanged", "verified", "none", "approved"), strict=True):
        market.task(task.replace("_", " "), "suppliers-tasks", expect, task=task, **given)
    _connect(market, made["id"])
    return str(made["id"])


def _connect(market: Market, supplier_id: str) -> None:
    """Name a bank account and an endpoint, both of which are verified; nothing of this is counted."""
    path = "/v1/suppliers/{supplier_id}"
    given: dict[str, Any] = {"claims": SUPPLIER, "supplier_id": supplier_id}

    def at() -> dict[str, str]:
        return {"If-Match": f'"{market.call("GET", path, **given)["version"]}"'}

    market.call("PUT", f"{path}/bank-account", ACCOUNT, 202, headers=at(), **given)
    market.call("POST", f"{path}/endpoint-secrets", {}, 201, **given)
    market.call("PATCH", path, {"endpoint_url": ENDPOINT}, 202, headers=at(), **given)
    version = market.event("SupplierSubmitted")["aggregate"]["version"]
    for task, expect in zip(VERIFYING, ("unchanged", "verified", "verified", "approved"), strict=True):
        market.task(None, "suppliers-tasks", expect, task=task, supplier_id=supplier_id, version=version)


def _list(market: Market, supplier_id: str, category: str) -> str:
    market.life.part_of = "listing"
    path = "/v1/suppliers/{supplier_id}/listings"
    given: dict[str, Any] = {"claims": SUPPLIER, "supplier_id": supplier_id}
    warm = {**_product(category), "supplier_sku": "BENCH-0", "gtin": "4006381333931"}
    market.call("POST", path, warm, 202, **given)
    market.task(None, "listings-tasks", "published", **_check(market))  # keeps what a warm function keeps
    market.call("POST", path, _product(category), 202, name="register a listing", **given)
    market.told("start its check", "listings-on-listing-submitted", "ListingSubmitted")
    published = market.task("check and publish a listing", "listings-tasks", "published", **_check(market))
    market.told("serve who waits for it", "orders-on-units-missing", "StockCounted")
    market.life.part_of = "update"
    price = {"prices": {"GBP": 15499}, "as_of": _now()}
    one = {**given, "supplier_sku": "BENCH-1"}
    market.call("PUT", f"{path}/{{supplier_sku}}/price", price, name="set a listing's price", **one)
    stock = {"on_hand": 900, "as_of": _now()}
    market.call("PUT", f"{path}/{{supplier_sku}}/stock", stock, name="set a listing's stock", **one)
    return str(published["sku"])


def _product(category: str) -> dict[str, Any]:
    return {
        "supplier_sku": "BENCH-1",
        "title": "Mauve Leather Daypack",
        "description": ABOUT,
        "brand": BRAND,
        "category_id": category,
        "gtin": "5012345678900",
        "prices": {"GBP": 14999},
        "tax_rate_bps": 2000,
        "handling_days": 2,
        "on_hand": 1000,
        "attributes": {"style": "backpack"},
    }


def _check(market: Market) -> dict[str, Any]:
    """The input of the task that checks what was submitted last."""
    about = market.event("ListingSubmitted")["aggregate"]
    return {"task": "check_listing", "listing_id": about["id"], "version": about["version"], "decided": None}


def _send_files(market: Market, supplier_id: str, category: str) -> None:
    """Three of one kind: new rows, the same with other prices and units, and just the same."""
    market.life.part_of = "feed"
    rows = [
        {
            "supplier_sku": f"FILE-{number}",
            "title": f"Mauve Leather Daypack {number}",
            "description": ABOUT,
            "brand": BRAND,
            "category_id": category,
            "price.GBP": 14999,
            "tax_rate_bps": 2000,
            "handling_days": 2,
            "on_hand": 10,
            "attributes.style": "backpack",
        }
        for number in range(ROWS)
    ]
    changed = [{**row, "price.GBP": 15499, "on_hand": 11} for row in rows]
    for what, sent in (("new rows", rows), ("changed rows", changed), ("rows that say nothing new", changed)):
        _send_file(market, supplier_id, sent, what)


def _send_file(market: Market, supplier_id: str, rows: list[dict[str, Any]], what: str) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    counts = what == "new rows"  # what a file costs beside its rows is counted once

    def named(name: str) -> str | None:
        return name if counts else None

    sent: dict[str, Any] = {"headers": {"Content-Type": "text/csv"}, "query": {"kind": "products"}}
    path, name = "/v1/suppliers/{supplier_id}/feeds", named("send a file")
    feed = market.call("POST", path, text.getvalue(), 201, SUPPLIER, name=name, supplier_id=supplier_id, **sent)
    given = {"feed_id": feed["id"]}
    if counts:
        market.told("start its import", "feeds-on-feed-received", "FeedReceived")
    market.task(named("look a file through"), "feeds-tasks", "ready", task="split_feed", **given)
    # Rows are taken in threads; what goes over the wire is told apart only if there is one of them.
    with patch.object(import_module("chalicelib.feeds.service.take_rows"), "WORKERS", 1):
        market.task(f"take {ROWS} {what}", "feeds-tasks", "taken", task="import_chunks", lane=0, **given)
    market.task(named("finish a file"), "feeds-tasks", "finished", task="finish_feed", **given)


def _ship(market: Market, supplier_id: str, order: dict[str, Any]) -> None:
    market.life.part_of = "routed order"
    market.call("POST", "/v1/orders", order, 202, SHOPPER)  # keeps what a warm function keeps
    whole = "of a supplier's goods"
    order_id = market.call("POST", "/v1/orders", order, 202, SHOPPER, name=f"place an order {whole}")["id"]
    market.told(f"start the workflow {whole}", "orders-on-order-placed", "OrderPlaced")
    of = {"order_id": order_id}
    market.task(f"authorise the payment {whole}", "payments-tasks", "authorised", task="authorise_payment", **of)
    confirmed = market.task(f"confirm an order {whole}", "orders-tasks", "confirmed", task="confirm_order", **of)
    [part] = [one["fulfilment_id"] for one in confirmed["fulfilments"]]
    _notify(market, "OrderConfirmed")
    market.told(f"book the tax {whole}", "taxes-on-order-event", "OrderConfirmed")
    sending = {"task": "dispatch_fulfilment", "fulfilment_id": part, "task_token": TOKEN}
    market.task("hand an order to the supplier", "fulfilment-tasks", "dispatched", **sending, **of)
    asked = {"type": "shipment", "fulfilment_id": part, **of, "location_id": supplier_id, "correlation_id": "bench"}
    market.message("begin routing", "routing-on-request", asked)
    about = {"allocation_id": part, **of}
    import_module("chalicelib.suppliers.gateways.secrets").forget()  # as a function that calls the supplier anew
    market.task("ask the supplier", "routing-tasks", "accepted", task="offer_order", **about)
    market.told("take note of its answer", "routing-on-answered", "OrderAcceptedBySupplier")
    market.task("have its answer take effect", "routing-tasks", "settled", task="settle_allocation", **about)
    _deliver(market, supplier_id, part, of)


def _deliver(market: Market, supplier_id: str, part: str, of: dict[str, str]) -> None:
    path = "/v1/suppliers/{supplier_id}/orders/{allocation_id}"
    given: dict[str, Any] = {"claims": SUPPLIER, "supplier_id": supplier_id, "allocation_id": part}
    parcel = {"tracking": {"carrier": "Bench Parcels", "number": "BP123456789GB"}}
    market.call("POST", f"{path}/shipments", parcel, name="the supplier ships", **given)
    market.told("complete the task of its parcel", "fulfilment-on-fulfilment-shipped", "FulfilmentShipped")
    _notify(market, "FulfilmentShipped")
    capture = {"task": "capture_payment", "fulfilment_id": part, **of}
    market.task("capture the payment of its parcel", "payments-tasks", "captured", **capture)
    arrived = {"id": "BP-1", "code": "delivered", "at": _now()}
    market.call("POST", f"{path}/tracking-events", arrived, 201, name="its carrier delivers", **given)
    _notify(market, "FulfilmentDelivered")


def _notify(market: Market, type: str) -> None:
    market.told(f"notify of {type} of a supplier's parcel", "notifications-on-order-event", type)


def _pay(market: Market) -> None:
    market.life.part_of = "payout"
    run = market.call("POST", "/v1/payout-runs", {"currency": "GBP"}, 202, name="start a payout run")
    market.told("start its workflow", "ledger-on-payout-run-started", "PayoutRunStarted")
    given = {"run_id": run["id"]}
    market.task("pay a supplier", "ledger-tasks", "all", task="pay_chunk", after=None, unpaid=[], **given)
    market.task("finish a payout run", "ledger-tasks", "finished", task="finish_run", unpaid=[], **given)


def _now() -> str:
    return datetime.now(UTC).isoformat()
