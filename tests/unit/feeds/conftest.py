"""Suppliers that send files, a bucket in memory, and a workflow that is carried out step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from uuid import uuid4

import boto3
import pytest

from app import app
from chalicelib.core import outbox, workflow
from chalicelib.core.auth import Principal, Role, system
from chalicelib.core.errors import Contended
from chalicelib.core.findings import Finding, Severity
from chalicelib.core.table import Transaction
from chalicelib.feeds import gateways, store
from chalicelib.feeds.domain import Feed, Row, RowResult
from chalicelib.feeds.service import use_cases
from chalicelib.feeds.service.results import results_of
from chalicelib.listings.service.use_cases import RowOutcome, Taken
from chalicelib.suppliers import store as supplier_store
from chalicelib.suppliers.service import Seller, SupplierStatus
from tests.conftest import Reply, request

BUCKET = "aisle-test-feeds"
TASK = system("feeds")
ACME = "sup_01J9Z3K4M5N6P7Q8R9S0T1V2W3"
BOLT = "sup_01J9Z3K4M5N6P7Q8R9S0T1V2W4"
TYPES = {"csv": "text/csv", "jsonl": "application/x-ndjson"}


def member(name: str) -> Principal:
    """A user of a supplier."""
    return Principal("user", f"usr_{name}", roles=frozenset({Role.SUPPLIER}))


ANN, BEN = member("ann"), member("ben")


@dataclass
class FakeShelf:
    """Listings, as far as feeds go: what rows said last, by SKU. `faults` are raised, one a call, before a row is taken."""

    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    taken: list[str] = field(default_factory=list)
    faults: dict[str, list[Exception]] = field(default_factory=dict)
    stays: dict[str, RowOutcome] = field(default_factory=dict)
    """What becomes of SKUs that do not go."""
    page: int = 500
    """Listings of which is told at a time."""
    before: Callable[[str], None] | None = None
    """Called with each SKU before it is taken."""
    _lock: Any = field(default_factory=Lock)

    @contextmanager
    def taking(
        self, feed: Feed, seller: Seller, rows: Sequence[Row], by: Principal
    ) -> Iterator[Callable[[Row], RowOutcome]]:
        yield lambda row: self._take(row.supplier_sku, row.fields)

    def _take(self, sku: str, fields: dict[str, Any]) -> RowOutcome:
        if self.before:
            self.before(sku)
        with self._lock:
            self.taken.append(sku)
            if self.faults.get(sku):
                raise self.faults[sku].pop(0)
            if fields.get("title") == "bad":
                return RowOutcome(Taken.REFUSED, (Finding("/title", "bad_title", Severity.ERROR, "A bad title."),))
            known = self.held.get(sku)
            self.held[sku] = fields
        if known is None:
            return RowOutcome(Taken.CREATED, sku=f"cat-{sku}")
        return RowOutcome(Taken.UNCHANGED if known == fields else Taken.UPDATED, sku=f"cat-{sku}")

    def standing(self, feed: Feed, cursor: str | None, by: Principal) -> tuple[list[str], str | None]:
        page = [sku for sku in sorted(self.held) if sku > (cursor or "")][: self.page]
        return page, page[-1] if len(page) == self.page else None

    @contextmanager
    def letting_go(
        self, feed: Feed, seller: Seller, supplier_skus: Sequence[str], by: Principal
    ) -> Iterator[Callable[[str], RowOutcome]]:
        yield self._let_go

    def _let_go(self, supplier_sku: str) -> RowOutcome:
        if supplier_sku in self.stays:
            return self.stays[supplier_sku]
        with self._lock:
            self.held.pop(supplier_sku, None)
        return RowOutcome(Taken.UPDATED)


@dataclass
class Inbox:
    """Feeds of suppliers, over the API, and their workflow. `started` are the executions that were started, in their order;
    `running` those that have not ended."""

    files: Any
    shelf: FakeShelf = field(default_factory=FakeShelf)
    started: list[str] = field(default_factory=list)
    running: set[str] = field(default_factory=set)
    _told: set[str] = field(default_factory=set)

    # ---- suppliers

    def seller(self, id: str = ACME, who: Principal = ANN, status: SupplierStatus = SupplierStatus.APPROVED) -> None:
        seller = Seller(id, "Acme Ltd", status, "GB")
        _, pk, sk = supplier_store.supplier_key(id)
        tx = Transaction()
        tx.put(supplier_store.SupplierItem(pk, sk, version=1, status=status, seller=supplier_store.as_stored(seller)))
        supplier_store.add_member(tx, id, f"{who.kind}:{who.id}")
        tx.commit()

    # ---- the API

    def call(
        self,
        method: str,
        path: str = "",
        json: Any = None,
        *,
        by: Principal | None = ANN,
        supplier: str = ACME,
        key: str | None = None,
        **given: Any,
    ) -> Reply:
        headers = {"Idempotency-Key": key or uuid4().hex, **given.pop("headers", {})}
        return request(app, method, f"/v1/suppliers/{supplier}/feeds{path}", json=json, by=by, headers=headers, **given)

    def send(self, body: bytes, kind: str = "stock", format: str = "csv", mode: str = "upsert", **given: Any) -> str:
        """Send a small file at once."""
        path = f"?kind={kind}&mode={mode}"
        reply = self.call("POST", path, body=body, headers={"Content-Type": TYPES[format]}, **given)
        assert reply.status == 201, reply
        return str(reply.json["id"])

    def announce(self, body: bytes, kind: str = "stock", **given: Any) -> Reply:
        told = {"kind": kind, "format": "csv", "filename": "stock.csv", "bytes": len(body), **given}
        return self.call("POST", json=told)

    def read(self, feed_id: str) -> Any:
        reply = self.call("GET", f"/{feed_id}")
        assert reply.status == 200, reply
        return reply.json

    def rows(self, feed_id: str, query: str = "") -> list[Any]:
        reply = self.call("GET", f"/{feed_id}/rows{query}")
        assert reply.status == 200, reply
        items: list[Any] = reply.json["items"]
        return items

    # ---- what happens behind

    def feed(self, feed_id: str) -> Feed:
        found = store.get_feed(feed_id)
        assert found
        return found

    def results(self, feed_id: str) -> list[RowResult]:
        return list(results_of(feed_id))

    def events(self, feed_id: str) -> list[str]:
        return [event.type for event in outbox.timeline(store.feed_pk(feed_id))]

    def deliver(self, *feed_ids: str) -> None:
        """Let the consumer hear what it has not heard yet of these feeds."""
        for feed_id in feed_ids:
            for event in outbox.timeline(store.feed_pk(feed_id)):
                if event.id not in self._told and event.type != "FeedStarted":
                    self._told.add(event.id)
                    use_cases.start_next(event.data["supplier_id"], self.feed(feed_id).kind)

    def run(self, feed_id: str, **budget: float) -> str:
        """Carry out the workflow of a feed as its definition has it; how it ended."""
        self.deliver(feed_id)
        execution = self.feed(feed_id).execution
        assert execution in self.started, f"not started; {self.started}"
        while (split := use_cases.split_feed(feed_id, TASK, **budget))["outcome"] == "continue":
            pass
        if split["outcome"] == "ready":
            for lane in split["lanes"]:
                self.lane(feed_id, lane, **budget)
        if split["outcome"] in ("ready", "taken", "cancelled"):
            split = self.finish(feed_id, **budget)
        self.running.discard(execution)
        return str(split["outcome"])

    def split(self, feed_id: str) -> Any:
        """Only the first step."""
        self.deliver(feed_id)
        return use_cases.split_feed(feed_id, TASK)

    def lane(self, feed_id: str, lane: int, **budget: float) -> str:
        while True:
            told = use_cases.import_chunks(feed_id, lane, TASK, self.shelf, **budget)["outcome"]
            if told != "continue":
                return str(told)

    def finish(self, feed_id: str, **budget: float) -> Any:
        while (told := use_cases.finish_feed(feed_id, TASK, self.shelf, **budget))["outcome"] == "continue":
            pass
        return told

    def stored(self, key: str) -> bytes | None:
        return gateways.FeedFiles().read(key) if gateways.FeedFiles().size(key) is not None else None


def busy(times: int) -> list[Exception]:
    """What passes after so many tries."""
    return [Contended("Others were quicker.") for _ in range(times)]


@pytest.fixture
def inbox(table: Any, monkeypatch: pytest.MonkeyPatch) -> Inbox:
    """A supplier with nothing sent."""
    s3 = boto3.client("s3")
    if BUCKET not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    made = Inbox(s3)

    def start(machine: str, execution: str, given: dict[str, Any]) -> None:
        assert set(given) == {"feed_id", "correlation_id"}
        if execution not in made.started:
            made.started.append(execution)
            made.running.add(execution)

    monkeypatch.setattr(workflow, "start", start)
    monkeypatch.setattr(workflow, "status_of", lambda _, name: "RUNNING" if name in made.running else "FAILED")
    monkeypatch.setattr("chalicelib.feeds.service.take_rows.sleep", lambda seconds: None)
    made.seller()
    return made
