"""A small stand-in for the deployed system: the API over HTTP, and the queue of shipment requests."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit


class FakeTokens:
    """Tokens that are renewed by count."""

    def __init__(self) -> None:
        self.renewals = 0

    def token(self, role: str) -> str:
        return f"{role}-{self.renewals}"

    def renew(self, role: str, refused: str) -> str:
        if refused == self.token(role):
            self.renewals += 1
        return self.token(role)


class FakeQueue:
    """What the warehouse uses of SQS: a queue of requests, and the answers that were sent."""

    def __init__(self) -> None:
        self.waiting: list[dict[str, Any]] = []
        self.sent: list[dict[str, Any]] = []
        self.deleted: list[str] = []
        self.put_back: dict[str, int] = {}
        self._changed = Condition()
        self._count = 0

    def put(self, body: Any) -> None:
        with self._changed:
            self._count += 1
            text = body if isinstance(body, str) else json.dumps(body)
            self.waiting.append({"MessageId": f"m{self._count}", "ReceiptHandle": f"r{self._count}", "Body": text})
            self._changed.notify()

    def receive_message(self, **_: Any) -> dict[str, Any]:
        with self._changed:
            if not self.waiting:
                self._changed.wait(0.05)
            taken, self.waiting = self.waiting[:10], self.waiting[10:]
            return {"Messages": taken} if taken else {}

    def delete_message(self, **given: Any) -> None:
        self.deleted.append(given["ReceiptHandle"])

    def change_message_visibility(self, **given: Any) -> None:
        self.put_back[given["ReceiptHandle"]] = given["VisibilityTimeout"]

    def send_message(self, **given: Any) -> None:
        self.sent.append({**json.loads(given["MessageBody"]), "delay": given["DelaySeconds"]})


class FakeSystem:
    """Orders, stock, fulfilments, payments and returns in memory, idempotent by key like the real one. Two locations, the first first."""

    def __init__(self) -> None:
        self.queue = FakeQueue()
        self.calls: list[tuple[str, str]] = []
        self.effects: Counter[str] = Counter()
        self.orders: dict[str, dict[str, Any]] = {}
        self.on_hand: dict[tuple[str, str], int] = {}
        self.locations: list[str] = []
        self.movements: list[dict[str, Any]] = []
        self.skus: dict[str, dict[str, Any]] = {}
        self.answer_first: list[tuple[int, Any, dict[str, str]]] = []
        self.valid_token: str | None = None
        self.skim = 0
        """Pence that every order's total is too low by."""
        self.voids = True
        """Whether what is not captured of a card is let go in the end."""
        self.captures_late = 0
        """How often a payment is read before its capture shows."""
        self.returns: dict[str, dict[str, Any]] = {}
        self.payments: dict[str, dict[str, int]] = {}
        self.parts: dict[str, dict[str, Any]] = {}

        self._by_key: dict[tuple[str, str], tuple[bytes, int, Any]] = {}
        self._lock = Condition()

    def handle(self, method: str, url: str, headers: Any, raw: bytes) -> tuple[int, Any, dict[str, str]]:
        with self._lock:
            parts = urlsplit(url)
            self.calls.append((method, parts.path))
            if self.answer_first:
                return self.answer_first.pop(0)
            if self.valid_token is not None and headers["Authorization"] != f"Bearer {self.valid_token}":
                return 401, {"message": "The incoming token has expired"}, {}
            if method == "GET":
                return 200, self._get(parts.path, parse_qs(parts.query)), {}
            at = (parts.path, headers["Idempotency-Key"])
            if at in self._by_key:
                payload, status, body = self._by_key[at]
                if payload != raw:
                    return 422, {"code": "idempotency_key_reused", "retryable": False}, {}
                return status, body, {"Idempotent-Replayed": "true"}
            status, body = self._post(parts.path, raw)
            if status < 300:
                self.effects[parts.path] += 1
                self._by_key[at] = (raw, status, body)
            return status, body, {}

    def _get(self, path: str, query: dict[str, list[str]]) -> Any:
        if path.endswith("/payment"):
            return self._payment(path.split("/")[3])
        if path.startswith("/v1/orders/"):
            return self.orders[path.rpartition("/")[2]]
        if path.startswith("/v1/fulfilments/"):
            return self.parts[path.split("/")[3]]
        if path.endswith("/movements"):
            sku = path.split("/")[4]
            return {"items": [one for one in self.movements if one["sku"] == sku], "next_cursor": None}
        if path.startswith("/v1/inventory/stock/"):
            sku = path.split("/")[4]
            items = [{"location_id": at, "available": units} for (of, at), units in self.on_hand.items() if of == sku]
            return {"items": items, "next_cursor": None}
        location = query["location"][0] if "location" in query else path.split("/")[4]
        rows = sorted((sku, units) for (sku, where), units in self.on_hand.items() if where == location)
        start = int(query.get("cursor", ["0"])[0])
        page = rows[start : start + 100]
        items = [{"sku": sku, "on_hand": units, "available": units, "reserved": 0} for sku, units in page]
        return {"items": items, "next_cursor": str(start + 100) if len(rows) > start + 100 else None}

    def _post(self, path: str, raw: bytes) -> tuple[int, Any]:
        if path == "/v1/catalog/imports":
            rows = [json.loads(line) for line in raw.splitlines()]
            self.skus.update({row["sku"]: row for row in rows})
            return 200, {"rows": [{"line": n, "outcome": "created"} for n, _ in enumerate(rows, start=1)]}
        body = json.loads(raw)
        _, _, kind, id_, what, *_ = [*path.split("/"), "", ""]
        if kind == "fulfilments":
            return self._answer(id_, body)
        if kind == "orders" and what:
            return {"cancellations": self._cancel, "returns": self._announce, "refunds": self._refund}[what](id_, body)
        if kind == "returns":
            return {"receipts": self._came, "inspections": self._inspect}[what](id_, body)
        return {
            "/v1/categories": self._category,
            "/v1/inventory/locations": self._location,
            "/v1/inventory/receipts": self._receive,
            "/v1/inventory/adjustments": self._adjust,
            "/v1/orders": self._order,
        }[path](body)

    def _category(self, body: dict[str, Any]) -> tuple[int, Any]:
        return 201, {"id": f"cat_{body['slug']}"}

    def _location(self, body: dict[str, Any]) -> tuple[int, Any]:
        if body["id"] in self.locations:
            return 409, {"code": "conflict", "retryable": False}
        self.locations.append(body["id"])
        return 201, body

    def _receive(self, body: dict[str, Any]) -> tuple[int, Any]:
        for line in body["lines"]:
            at = (line["sku"], body["location_id"])
            self.on_hand[at] = self.on_hand.get(at, 0) + line["quantity"]
        return 201, {}

    def _adjust(self, body: dict[str, Any]) -> tuple[int, Any]:
        [line] = body["lines"]
        at = (line["sku"], body["location_id"])
        if self.on_hand.get(at, 0) + line["quantity"] < 0:
            return 409, {"code": "stock_too_low", "retryable": False}
        self.on_hand[at] = self.on_hand.get(at, 0) + line["quantity"]
        self.movements.append({**line, "location_id": body["location_id"], "reference": body["reference"]})
        return 201, {}

    def _order(self, body: dict[str, Any]) -> tuple[int, Any]:
        order_id = f"ord_{len(self.orders) + 1:05}"
        lines, parts = [], dict[str, list[dict[str, Any]]]()
        for number, wanted in enumerate(body["lines"], start=1):
            left = wanted["quantity"]
            for location in self.locations:
                take = min(left, self.on_hand.get((wanted["sku"], location), 0))
                if take:
                    self.on_hand[wanted["sku"], location] -= take
                    left -= take
                    parts.setdefault(location, []).append(
                        {"line_id": str(number), "sku": wanted["sku"], "quantity": take}
                    )
            assert not left, f"{wanted['sku']} is short by {left}"
            counters = {"ordered": wanted["quantity"], "shipped": 0, "delivered": 0, "cancelled": 0, "returned": 0}
            lines.append({"id": str(number), "sku": wanted["sku"], "price": wanted["unit_price"], **counters})
        total = sum(line["quantity"] * line["unit_price"] for line in body["lines"])
        total += sum(charge["amount"] for charge in body["charges"]) - self.skim
        order = {
            "id": order_id,
            "status": "confirmed" if parts else "delivered",
            "charges": body["charges"],
            "reference": body["reference"],
            "total": {"amount": total, "currency": "GBP"},
            "lines": lines,
            "fulfilments": [{"id": f"ful_{order_id}_{n}", "status": "requested"} for n, _ in enumerate(parts, start=1)],
            "refusal": None,
        }
        self.orders[order_id] = order
        self.payments[order_id] = {"captured": 0 if parts else total, "refunded": 0}
        for number, (location, wanted) in enumerate(parts.items(), start=1):
            request = {"fulfilment_id": f"ful_{order_id}_{number}", "order_id": order_id, "location_id": location}
            noted = [{**line, "cancelled": 0} for line in wanted]
            self.parts[request["fulfilment_id"]] = {**request, "status": "requested", "lines": noted}
            self.queue.put({**request, "lines": wanted, "address": {}, "correlation_id": "c"})
        return 202, order

    def _answer(self, fulfilment_id: str, body: dict[str, Any]) -> tuple[int, Any]:
        part, counter = self.parts[fulfilment_id], body["type"]
        order = self.orders[part["order_id"]]
        left = {line["line_id"]: line["quantity"] - line["cancelled"] for line in part["lines"]}
        if any(line["quantity"] > left[line["line_id"]] for line in body["lines"]):
            return 422, {"code": "more_than_requested", "retryable": False}
        for wanted in body["lines"]:
            line = order["lines"][int(wanted["line_id"]) - 1]
            line[counter] += wanted["quantity"]
            if counter == "shipped":
                self.payments[order["id"]]["captured"] += line["price"] * wanted["quantity"]
        if counter == "shipped" and not order.pop("charged", False):
            self.payments[order["id"]]["captured"] += sum(one["amount"] for one in order["charges"]) - self.skim
        order["charged"] = True
        part["status"] = counter
        self._decide(order)
        return 200, {}

    def _decide(self, order: dict[str, Any]) -> None:
        kept = [(line["ordered"] - line["cancelled"], line) for line in order["lines"]]
        if not any(units for units, _ in kept):
            order["status"] = "cancelled"
        elif all(line["delivered"] == units for units, line in kept):
            whole = all(line["returned"] == units for units, line in kept)
            order["status"] = "returned" if whole else "delivered"

    def _payment(self, order_id: str) -> dict[str, Any]:
        if self.captures_late:
            self.captures_late -= 1
            return {"authorised": 0, "captured": 0, "voided": 0, "refunded": 0, "dues": {"ful": 1}, "refunds": []}
        payment, order = self.payments[order_id], self.orders[order_id]
        left = order["total"]["amount"] - payment["captured"]
        voided = left if self.voids and order["status"] in ("delivered", "returned", "cancelled") else 0
        sums = {**payment, "authorised": order["total"]["amount"], "voided": voided}
        return {**sums, "dues": {}, "refunds": [{"amount": payment["refunded"]}]}

    def _cancel(self, order_id: str, body: dict[str, Any]) -> tuple[int, Any]:
        order, amount = self.orders[order_id], 0
        parts = [self.parts[note["id"]] for note in reversed(order["fulfilments"])]
        for wanted in body["lines"]:
            line, left = order["lines"][int(wanted["line_id"]) - 1], wanted["quantity"]
            line["cancelled"] += left
            amount += left * line["price"]
            for part in parts:
                for noted in part["lines"] if part["status"] == "requested" else ():
                    if noted["line_id"] == line["id"]:
                        units = min(left, noted["quantity"] - noted["cancelled"])
                        noted["cancelled"] += units
                        left -= units
                        self.on_hand[noted["sku"], part["location_id"]] += units
            if left:
                return 409, {"code": "not_cancellable", "retryable": False}
        for part in parts:
            if all(line["quantity"] == line["cancelled"] for line in part["lines"]):
                part["status"] = "cancelled"
        self._decide(order)
        return 201, {"id": "can_1", "amount": amount}

    def _announce(self, order_id: str, body: dict[str, Any]) -> tuple[int, Any]:
        made = {"id": f"ret_{len(self.returns) + 1}", "order_id": order_id, "waiting": {}}
        for wanted in body["lines"]:
            line = self.orders[order_id]["lines"][int(wanted["line_id"]) - 1]
            if wanted["quantity"] > line["delivered"] - line["returned"]:
                return 422, {"code": "return_not_allowed", "retryable": False}
        self.returns[made["id"]] = made
        return 201, made

    def _came(self, return_id: str, body: dict[str, Any]) -> tuple[int, Any]:
        self.returns[return_id]["waiting"] = {line["line_id"]: line["quantity"] for line in body["lines"]}
        return 200, self.returns[return_id]

    def _inspect(self, return_id: str, body: dict[str, Any]) -> tuple[int, Any]:
        made, worth, postage = self.returns[return_id], 0, 0
        order = self.orders[made["order_id"]]
        payment = self.payments[order["id"]]
        for wanted in body["lines"]:
            assert made["waiting"].pop(wanted["line_id"]) == wanted["quantity"]
            line = order["lines"][int(wanted["line_id"]) - 1]
            line["returned"] += wanted["quantity"]
            worth += wanted["quantity"] * line["price"]
            self.on_hand[line["sku"], body["location_id"]] += wanted["quantity"]
        self._decide(order)
        if order["status"] == "returned":
            postage = sum(one["amount"] for one in order["charges"])
        amount = min(worth + postage, payment["captured"] - payment["refunded"])
        payment["refunded"] += amount
        return 200, {"refund": {"amount": amount, "shipping": postage, "withheld": worth + postage - amount}}

    def _refund(self, order_id: str, body: dict[str, Any]) -> tuple[int, Any]:
        payment = self.payments[order_id]
        if body["amount"] > payment["captured"] - payment["refunded"]:
            return 422, {"code": "refund_exceeds_paid", "retryable": False}
        payment["refunded"] += body["amount"]
        return 202, payment


@contextmanager
def serving(system: FakeSystem) -> Iterator[str]:
    """The system behind a real socket; yields its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet per answer: else each waits for a delayed ACK

        def _serve(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body, headers = system.handle(self.command, self.path, self.headers, raw)
            payload = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(payload))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = do_PUT = _serve  # noqa: N815 (http.server names them)

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
