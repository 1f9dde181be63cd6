"""A marketplace in memory: the whole application on moto's table, with a workflow that runs when it is told to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import boto3
import pytest
from standardwebhooks import Webhook

from app import app
from chalicelib.core import outbox, outside
from chalicelib.core.auth import Principal, Role, system
from chalicelib.core.findings import Finding
from chalicelib.core.outside import CallFailed, Failure
from chalicelib.core.table import Transaction
from chalicelib.suppliers import consumers, tasks
from chalicelib.suppliers.gateways import onboarding, secrets
from chalicelib.suppliers.service import run_onboarding
from tests.conftest import ADMIN, Reply, request
from tests.unit.suppliers.builders import a_profile

WORKFLOW = system("suppliers")
MACHINE = Principal("machine", "client-operator", scopes=frozenset({"suppliers.write"}))


def a_user(id: str = "usr_alice") -> Principal:
    """Somebody with the role supplier."""
    return Principal("user", id, roles=frozenset({Role.SUPPLIER}))


ALICE, BOB = a_user("usr_alice"), a_user("usr_bob")


@dataclass
class Reviews:
    """The cases that were opened, and the tokens that wait for them."""

    cases: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    withdrawn: list[tuple[str, str]] = field(default_factory=list)

    def open_case(
        self, tx: Transaction, *, subject_type: str, subject_id: str, subject_version: int, findings: Any, **more: Any
    ) -> str:
        review_id = f"rev_{subject_type}.{subject_id}.{subject_version}"
        self.cases[review_id] = {"findings": list(findings), "subject_version": subject_version, **more}
        return review_id

    def keep_token(self, review_id: str, task_token: str, by: Principal) -> None:
        self.tokens[review_id] = task_token

    def withdraw(self, tx: Transaction, subject_type: str, subject_id: str, by: Principal, **more: Any) -> None:
        self.withdrawn.append((subject_type, subject_id))

    @property
    def latest(self) -> dict[str, Any]:
        return list(self.cases.values())[-1]

    def rules(self) -> set[str]:
        """The rules that the latest case says were broken."""
        found: list[Finding] = self.latest["findings"]
        return {finding.rule for finding in found}


@dataclass
class Endpoint:
    """A supplier's own API. It answers as docs/supplier-api.md has it, unless told otherwise."""

    secret: str = ""
    unsigned: int = 401
    known: int = 404
    dead: bool = False
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def call(self, method: str, url: str, body: Any, headers: dict[str, str], *, seconds: float) -> outside.Reply:
        self.calls.append((url, dict(headers)))
        if self.dead:
            raise CallFailed(Failure.CONNECT, "shop.example.com: refused")
        if "webhook-signature" not in headers:
            return outside.Reply(self.unsigned, {}, b"")
        try:
            Webhook(self.secret).verify(b"{}" if body else b"", {**headers})
        except Exception as error:
            status = self.known if "JSON" in str(error) or isinstance(error, ValueError) else 401
            return outside.Reply(status, {}, b"")
        return outside.Reply(self.known, {}, b"")


@dataclass
class Market:
    """Suppliers, over the API, and the workflow that verifies them."""

    reviews: Reviews
    endpoint: Endpoint
    started: list[tuple[str, dict[str, Any]]]
    completed: list[tuple[str, dict[str, Any]]]

    def call(self, method: str, path: str, *, by: Principal = ADMIN, key: str | None = None, **more: Any) -> Reply:
        headers = {"Idempotency-Key": key or uuid4().hex, **more.pop("headers", {})}
        return request(app, method, path, by=by, headers=headers, **more)

    def apply(
        self, by: Principal = ALICE, attestations: Any = ("terms",), key: str | None = None, **changes: Any
    ) -> Reply:
        body = {"profile": a_profile(**changes), "attestations": list(attestations)}
        return self.call("POST", "/v1/suppliers", by=by, json=body, key=key)

    def applied(self, by: Principal = ALICE, **changes: Any) -> str:
        """The id of a supplier that has just applied."""
        reply = self.apply(by, **changes)
        assert reply.status == 202, reply
        supplier_id: str = reply.json["id"]
        return supplier_id

    def approved(self, by: Principal = ALICE, **changes: Any) -> str:
        """The id of one that was approved."""
        supplier_id = self.applied(by, **changes)
        assert self.run(supplier_id) == "approved", self.read(supplier_id)
        return supplier_id

    def in_review(self, by: Principal = ALICE, **changes: Any) -> str:
        """The id of one that a person has to look at."""
        supplier_id = self.applied(by, **{"trading_name": None, **changes})
        assert self.run(supplier_id) == "needs_review"
        return supplier_id

    def read(self, supplier_id: str, by: Principal = ADMIN) -> Any:
        reply = self.call("GET", f"/v1/suppliers/{supplier_id}", by=by)
        assert reply.status == 200, reply
        return reply.json

    def changed(self, supplier_id: str, by: Principal = ADMIN, version: int | None = None, **changes: Any) -> Reply:
        version = version or self.read(supplier_id)["version"]
        headers = {"If-Match": f'"{version}"'}
        return self.call("PATCH", f"/v1/suppliers/{supplier_id}", by=by, json=changes, headers=headers)

    # ---- the workflow

    def step(self, task: str, supplier_id: str, version: int | None = None, **more: Any) -> str:
        """Carry out one task; its outcome."""
        version = version or self.read(supplier_id)["submission"]
        outcome = tasks.suppliers_tasks(
            {"task": task, "supplier_id": supplier_id, "version": version, "correlation_id": "c", **more}, None
        )
        return str(outcome["outcome"])

    def verify(self, supplier_id: str, version: int | None = None) -> str:
        """From VerifyProfile to the decision; a review is opened where it needs one."""
        version = version or self.read(supplier_id)["submission"]
        for task in ("verify_profile", "probe_endpoint"):
            self.step(task, supplier_id, version)
        return self._decided(self.step("decide_supplier", supplier_id, version), supplier_id, version)

    def run(self, supplier_id: str, version: int | None = None) -> str:
        """The workflow of a submission, until it ends or waits for a person."""
        version = version or self.read(supplier_id)["submission"]
        self.step("correct_profile", supplier_id, version)
        return self.verify(supplier_id, version)

    def _decided(self, outcome: str, supplier_id: str, version: int) -> str:
        if outcome == "needs_review":
            self.step("open_review", supplier_id, version, task_token=f"token-{uuid4().hex}")
        return outcome

    def reviewer_approves(self, supplier_id: str) -> str:
        version = self.read(supplier_id)["submission"]
        return self._decided(self.step("approve_supplier", supplier_id, version), supplier_id, version)

    # ---- what left it

    def events(self, supplier_id: str) -> list[str]:
        return [event.type for event in outbox.timeline(f"SUPPLIER#{supplier_id}")]

    def event(self, supplier_id: str, type: str) -> outbox.Event:
        return [event for event in outbox.timeline(f"SUPPLIER#{supplier_id}") if event.type == type][-1]

    def deliver(self, event: outbox.Event) -> None:
        """As the queue suppliers-submitted does."""
        body = json.dumps({"detail": json.loads(event.to_json())})
        record = {"messageId": "1", "receiptHandle": "1", "body": body, "eventSourceARN": "arn:aws:sqs:eu-west-1:0:q"}
        consumers.on_supplier_submitted({"Records": [record]}, None)

    def rules(self, supplier_id: str) -> set[str]:
        """The rules that the supplier's findings name."""
        return {finding["rule"] for finding in self.read(supplier_id)["findings"]}

    def everything(self) -> str:
        """All that is in the table, as text."""
        return json.dumps(boto3.client("dynamodb").scan(TableName="aisle-test")["Items"], default=repr)


@pytest.fixture
def market(table: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Market]:
    reviews, endpoint = Reviews(), Endpoint()
    made = Market(reviews, endpoint, [], [])
    monkeypatch.setattr(run_onboarding.reviews, "open_case", reviews.open_case)
    monkeypatch.setattr(run_onboarding.reviews, "keep_token", reviews.keep_token)
    monkeypatch.setattr(run_onboarding.reviews, "withdraw", reviews.withdraw)
    monkeypatch.setattr(outside, "call", endpoint.call)
    monkeypatch.setattr(
        onboarding.workflow, "start", lambda arn, execution, given: made.started.append((execution, given))
    )
    monkeypatch.setattr(
        run_onboarding.Workflow, "complete", lambda self, token, output: made.completed.append((token, output))
    )
    storage = boto3.client("s3")
    if "aisle-test-documents" not in [bucket["Name"] for bucket in storage.list_buckets()["Buckets"]]:
        storage.create_bucket(
            Bucket="aisle-test-documents", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
    secrets.forget()
    yield made
    secrets.forget()
