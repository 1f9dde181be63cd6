"""What the tests of routing are made of: a supplier with an endpoint that does as it is told, and an order that it is asked to ship."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from chalicelib.core import clock, outbox
from chalicelib.core.auth import Principal, Role, system
from chalicelib.core.keys import key
from chalicelib.core.outside import CallFailed, Failure, Reply
from chalicelib.core.table import Transaction, find_many
from chalicelib.orders import service as orders
from chalicelib.payments import service as payments
from chalicelib.routing.domain.allocation import Allocation
from chalicelib.routing.service import use_cases
from chalicelib.routing.service.use_cases import Ways
from chalicelib.routing.store import items as store
from chalicelib.suppliers import store as suppliers
from tests.integration.orders.conftest import WORKFLOW, Shop

SUPPLIER_ID = "sup_01J9Z3K4M5N6P7Q8R9S0T1V2W3"
OTHER_ID = "sup_01J9Z3K4M5N6P7Q8R9S0T1V2W4"
MEMBER = Principal("user", "usr_member", roles=frozenset({Role.SUPPLIER}))
STRANGER = Principal("user", "usr_stranger", roles=frozenset({Role.SUPPLIER}))
ROUTING = system("routing")
SECRET = "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"
OLD_SECRET = "whsec_" + "b2xkLW9sZC1vbGQtb2xkLW9sZC1vbGQtb2xk"

ACCEPTED = {"decision": "accepted", "supplier_reference": "A-17"}
REJECTED = {"decision": "rejected", "reason": "out_of_stock"}
LATER = {"decision": "later"}


def partial(**units: int) -> dict[str, Any]:
    """`partial(line_1=2)`."""
    lines = [{"line_id": name.removeprefix("line_"), "quantity": count} for name, count in units.items()]
    return {"decision": "partial", "lines": lines, "reason": "out_of_stock"}


@dataclass(frozen=True)
class Base:
    """Where a supplier takes orders."""

    url: str
    secrets: tuple[str, ...] = (SECRET,)
    bearer_token: str | None = None


@dataclass(frozen=True)
class Asked:
    """A call that came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Saying = Callable[[Asked], Reply] | Reply | CallFailed


def says(document: Any, status: int = 200, **headers: str) -> Reply:
    """An answer; `retry_after="60"` becomes a header."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def silent(kind: Failure = Failure.TIMEOUT) -> CallFailed:
    return CallFailed(kind, "nobody there")


@dataclass
class Endpoint:
    """A supplier's endpoint without a wire: says what it is told, step by step; the last repeats. What no script is for is a time-out."""

    script: dict[str, list[Saying]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    base: Base | None = field(default_factory=lambda: Base("https://orders.example.com/aisle/"))

    def on(self, what: str, *sayings: Saying) -> Endpoint:
        """`what` is offer, status, cancellation or change."""
        self.script[what] = list(sayings)
        return self

    def calls(self, what: str) -> list[Asked]:
        return [one for one in self.asked if _kind(one) == what]

    def __call__(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], *, seconds: float | None = None
    ) -> Reply:
        one = Asked(method, url.removeprefix("https://orders.example.com/aisle"), headers, body or b"")
        self.asked.append(one)
        waiting = self.script.get(_kind(one), [])
        saying: Saying = silent() if not waiting else waiting.pop(0) if len(waiting) > 1 else waiting[0]
        said = saying(one) if callable(saying) else saying
        if isinstance(said, CallFailed):
            raise said
        return said

    @property
    def ways(self) -> Ways:
        return Ways(lambda _: self.base, self)


def _kind(one: Asked) -> str:
    tail = one.path.rpartition("/")[2]
    if one.method == "GET":
        return "status"
    return {"orders": "offer", "cancellations": "cancellation", "changes": "change"}[tail]


class Told:
    """A workflow that keeps what it is told."""

    def __init__(self) -> None:
        self.outputs: list[tuple[str, str]] = []

    def seal(self, token: str) -> bytes:
        return b"sealed:" + token.encode()

    def complete_sealed(self, sealed: bytes, output: dict[str, Any]) -> None:
        self.complete(sealed.removeprefix(b"sealed:").decode(), output)

    def complete(self, token: str, output: dict[str, Any]) -> None:
        self.outputs.append((token, output["outcome"]))


@dataclass
class Market:
    """A shop where a supplier sells, and the order that it is asked to ship."""

    shop: Shop
    endpoint: Endpoint
    started: list[tuple[str, str]]
    order_id: str = ""
    part: str = ""

    def sold(self, units: int = 3, elsewhere: int = 0, sku: str = "A") -> str:
        """An order of units that the supplier has; `elsewhere` has some, too. Returns the allocation's id."""
        self.shop.sells(sku, **{SUPPLIER_ID: units, **({"leeds": elsewhere} if elsewhere else {})})
        self.order_id = self.shop.placed((sku, units))
        payments.authorise(self.order_id, WORKFLOW)
        [part] = orders.confirm_order(self.order_id, WORKFLOW)["fulfilments"]
        self.part = part["fulfilment_id"]
        return self.part

    def requested(self, units: int = 3, elsewhere: int = 0, sku: str = "A") -> str:
        """An order whose allocation is written."""
        part = self.sold(units, elsewhere, sku)
        use_cases.request_shipment(part, ROUTING, self.endpoint.ways)
        return part

    # ---- the steps of the workflow ----

    def offer(self) -> dict[str, Any]:
        return use_cases.offer_order(self.part, ROUTING, self.endpoint.ways)

    def ask(self) -> dict[str, Any]:
        return use_cases.ask_supplier(self.part, ROUTING, self.endpoint.ways)

    def settle(self) -> dict[str, Any]:
        return use_cases.settle_allocation(self.part, orders.decline_units, ROUTING)

    def tell(self, since: datetime | None = None) -> dict[str, Any]:
        return use_cases.tell_supplier(self.part, since or clock.now(), ROUTING, self.endpoint.ways)

    def recall(self) -> None:
        use_cases.recall_units(self.part, orders.decline_units, ROUTING, self.endpoint.ways)

    # ---- what there is ----

    @property
    def value(self) -> Allocation:
        found = store.get_allocation(self.part)
        assert found is not None
        return found.value

    def units(self) -> list[tuple[int, int, int, int]]:
        """Accepted, refused, recalled and shipped by line."""
        return [(line.accepted, line.refused, line.recalled, line.shipped) for line in self.value.lines]

    def wanted(self) -> list[int]:
        """Units that the fulfilment still asks of the supplier; none when it is over."""
        part = self.shop.call("GET", f"/v1/fulfilments/{self.part}").json
        if part["status"] != "requested":
            return []
        return [line["quantity"] - line["cancelled"] for line in part["lines"]]

    def events(self, type: str | None = None) -> list[Any]:
        """The types of the allocation's events; the data of those of one type."""
        found = list(outbox.timeline(key("ALLOCATION", self.part)))
        return [one.data for one in found if one.type == type] if type else [one.type for one in found]

    def health_events(self) -> list[str]:
        return [one.type for one in outbox.timeline(key("ROUTINGHEALTH", SUPPLIER_ID))]

    def counted(self) -> dict[str, int]:
        """This month's counters that are not nothing."""
        month = clock.rfc3339(clock.now())[:7]
        found = find_many(store.month_keys(SUPPLIER_ID, [month]), consistent=True)
        return {name: count for name, count in store.months_in(found, SUPPLIER_ID, [month]).items() if count}

    def log(self) -> list[tuple[str, str, str]]:
        """What was called, and what came of it, oldest first."""
        return [(call.what, call.outcome, call.reason) for call in reversed(store.calls_of(self.part))]

    def call(self, method: str, path: str, by: Principal = MEMBER, json: Any = None, key: str | None = None) -> Any:
        """A supplier's route, below its orders."""
        return self.shop.call(method, f"/v1/suppliers/{SUPPLIER_ID}/orders{path}", by=by, json=json, key=key)

    def says(self, decision: str, by: Principal = MEMBER, key: str | None = None, **body: Any) -> Any:
        """The supplier answers by our API."""
        return self.call("POST", f"/{self.part}/answers", by, {"decision": decision, **body}, key)

    def ships(self, key: str | None = None, **body: Any) -> Any:
        given = {"shipped_at": clock.rfc3339(clock.now()), **body}
        return self.call("POST", f"/{self.part}/shipments", json=given, key=key)


def joins(supplier_id: str, by: Principal) -> None:
    """A member of a supplier."""
    tx = Transaction()
    suppliers.add_member(tx, supplier_id, f"{by.kind}:{by.id}")
    tx.commit()


@contextmanager
def listening(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """A real server on this machine; yields its base URL."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer(self)

        do_GET = do_POST  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/aisle"
        server.shutdown()
