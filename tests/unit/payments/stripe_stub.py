"""A Stripe that keeps idempotency keys, captures in parts and loses answers on request; shapes as its API reference shows
them (docs.stripe.com/api), reduced to what is read."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Json = dict[str, Any]
DECLINED = {"pm_declined": "insufficient_funds", "pm_stolen": "stolen_card"}


class Problem(Exception):
    """What Stripe answers instead."""

    def __init__(self, status: int, **error: Any) -> None:
        self.status, self.error = status, error


@dataclass
class StripeStub:
    """`lose` holds paths (their ends) whose next answer is lost after it was carried out; `fail` those answered 500."""

    multicapture: bool = False
    searchable: bool = True
    lose: list[str] = field(default_factory=list)
    fail: list[str] = field(default_factory=list)
    intents: dict[str, Json] = field(default_factory=dict)
    charges: dict[str, Json] = field(default_factory=dict)
    refunds: list[Json] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""
    _kept: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def forget_keys(self) -> None:
        """A day goes by."""
        self._kept.clear()

    def answer(self, method: str, path: str, given: Json, key: str | None) -> tuple[int, Json]:
        """The answer to a request; to one with a key that was used, the answer of then."""
        self.requests.append((method, path))
        known = self._kept.get(key) if key else None
        if known and known[0] != (path, given):
            return 400, {"error": {"type": "idempotency_error", "message": "other parameters"}}
        if known:
            return known[1]
        try:
            made = 200, json.loads(json.dumps(self._carry_out(method, path.removeprefix("/v1/"), given)))
        except Problem as problem:
            made = problem.status, {"error": problem.error}
        if key:
            self._kept[key] = ((path, given), made)
        return made

    def _carry_out(self, method: str, path: str, given: Json) -> Json:
        if path == "payment_intents":
            return self._create(given)
        if path == "payment_intents/search":
            if not self.searchable:
                raise Problem(400, type="invalid_request_error", message="not in your country")
            [wanted] = re.findall(r"'aisle_key'\]:'([^']*)'", given["query"])
            found = [one for one in self.intents.values() if one["metadata"].get("aisle_key") == wanted]
            return {"object": "search_result", "data": found[:1]}
        if path == "refunds":
            if method == "GET":
                return {"object": "list", "data": [one for one in self.refunds if one["charge"] == given["charge"]]}
            return self._refund(given)
        _, intent_id, *action = path.split("/")
        if intent_id not in self.intents:
            raise Problem(404, type="invalid_request_error", code="resource_missing", param="intent")
        intent = self.intents[intent_id]
        return getattr(self, f"_{action[0]}")(intent, given) if action else intent

    def _create(self, given: Json) -> Json:
        if given["payment_method"] == "pm_none":
            raise Problem(400, type="invalid_request_error", code="resource_missing", param="payment_method")
        if given["amount"] < 30:
            raise Problem(400, type="invalid_request_error", code="amount_too_small", param="amount")
        number = next(self._numbers)
        intent = {
            "id": f"pi_{number}",
            "object": "payment_intent",
            "status": "requires_confirmation",
            "amount_capturable": 0,
            "amount_received": 0,
            "latest_charge": None,
            "last_payment_error": None,
            **given,
        }
        self.intents[intent["id"]] = intent
        return intent

    def _confirm(self, intent: Json, given: Json) -> Json:
        if intent["status"] != "requires_confirmation":
            raise Problem(400, type="invalid_request_error", code="payment_intent_unexpected_state")
        method = intent["payment_method"]
        if method == "pm_sca":
            intent["status"] = "requires_action"
            return intent
        if method in DECLINED:
            error = {"type": "card_error", "code": "card_declined", "decline_code": DECLINED[method]}
            intent.update(status="requires_payment_method", last_payment_error=error)
            raise Problem(402, **error)
        charge = {
            "id": f"ch_{next(self._numbers)}",
            "object": "charge",
            "amount_captured": 0,
            "payment_method_details": {
                "card": {"multicapture": {"status": "available" if self.multicapture else "unavailable"}}
            },
        }
        self.charges[charge["id"]] = charge
        intent.update(status="requires_capture", amount_capturable=intent["amount"], latest_charge=charge)
        return intent

    def _capture(self, intent: Json, given: Json) -> Json:
        if intent["status"] != "requires_capture":
            raise Problem(400, type="invalid_request_error", code="payment_intent_unexpected_state")
        amount = given["amount_to_capture"]
        if amount > intent["amount_capturable"]:
            raise Problem(400, type="invalid_request_error", code="amount_too_large")
        last = given.get("final_capture", "true") == "true"
        intent["amount_received"] += amount
        intent["amount_capturable"] = 0 if last else intent["amount_capturable"] - amount
        intent["latest_charge"]["amount_captured"] += amount
        intent["metadata"].update(given.get("metadata", {}))
        if last:
            intent["status"] = "succeeded"
        return intent

    def _cancel(self, intent: Json, given: Json) -> Json:
        if intent["status"] in ("canceled", "succeeded"):
            raise Problem(400, type="invalid_request_error", code="payment_intent_unexpected_state")
        intent.update(status="succeeded" if intent["amount_received"] else "canceled", amount_capturable=0)
        return intent

    def _refund(self, given: Json) -> Json:
        charge = self.charges[given["charge"]]
        done = sum(one["amount"] for one in self.refunds if one["charge"] == given["charge"])
        if done + given["amount"] > charge["amount_captured"]:
            raise Problem(400, type="invalid_request_error", code="charge_already_refunded")
        refund = {"id": f"re_{next(self._numbers)}", "object": "refund", "status": "succeeded", **given}
        self.refunds.append(refund)
        return refund


@contextmanager
def serving(stub: StripeStub) -> Iterator[StripeStub]:
    """The stub behind a port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            split = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            given = _unflattened(parse_qsl(split.query or self.rfile.read(length).decode()))
            if any(split.path.endswith(end) for end in stub.fail):
                self._send(500, {"error": {"type": "api_error", "message": "down"}})
                return
            status, body = stub.answer(self.command, split.path, given, self.headers.get("Idempotency-Key"))
            lost = next((end for end in stub.lose if split.path.endswith(end)), None)
            if lost:
                stub.lose.remove(lost)
                self.close_connection = True
                return
            self._send(status, body)

        def _send(self, status: int, body: Json) -> None:
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.send_header("Stripe-Should-Retry", "false")
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stub.url = f"http://127.0.0.1:{server.server_port}"
        yield stub
        server.shutdown()


def _unflattened(pairs: list[tuple[str, str]]) -> Json:
    """`metadata[k]=v` as nested fields; numbers as numbers."""
    given: Json = {}
    for name, value in pairs:
        *path, last = re.findall(r"[^\[\]]+", name)
        within = given
        for part in path:
            within = within.setdefault(part, {})
        within[last] = int(value) if value.isdigit() and not path else value
    return given
