"""A desk at which cases are reviewed, over the API of the whole application in memory."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from app import app
from chalicelib.core import clock, outbox
from chalicelib.core.auth import Principal, system
from chalicelib.core.http import answer
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.table import Transaction
from chalicelib.reviews import service
from chalicelib.reviews.service import Case
from tests.conftest import Reply, request
from tests.unit.reviews.builders import ANNA, START, a_finding

WORKFLOW = system("suppliers")


class Told:
    """Workflows that keep what they are told; told the same again they mind nothing."""

    def __init__(self) -> None:
        self.outputs: list[tuple[str, Any]] = []
        self.failing: set[str] = set()

    def seal(self, token: str) -> bytes:
        return b"sealed:" + token.encode()

    def complete_sealed(self, sealed: bytes, output: Any) -> None:
        self.complete(sealed.removeprefix(b"sealed:").decode(), output)

    def complete(self, token: str, output: Any) -> None:
        if token in self.failing:
            raise RuntimeError("Step Functions did not answer")
        self.outputs.append((token, output))

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        return [(token, output["outcome"]) for token, output in self.outputs]


class Desk:
    """Cases, and those who review them."""

    def __init__(self) -> None:
        self.told = Told()

    def opened(self, id: str = "sup_1", version: int = 1, type: str = "supplier", **fields: Any) -> str:
        """The id of the case of a subject, opened in a transaction of its own."""
        tx = Transaction()
        case_id = self.opens(tx, id, version, type, **fields)
        if len(tx):
            tx.commit()
        return case_id

    def opens(self, tx: Transaction, id: str, version: int = 1, type: str = "supplier", **fields: Any) -> str:
        given = {
            "subject_type": type,
            "subject_id": id,
            "subject_version": version,
            "supplier_id": None,
            "title": f"{type} {id}",
            "findings": [a_finding()],
            "by": WORKFLOW,
            **fields,
        }
        return service.open_case(tx, **given)

    def withdrawn(self, id: str = "sup_1", type: str = "supplier") -> None:
        tx = Transaction()
        service.withdraw(tx, type, id, WORKFLOW)
        tx.commit()

    def call(
        self,
        method: str,
        path: str,
        by: Principal | None = ANNA,
        json: Any = None,
        key: str | None = None,
        **headers: str,
    ) -> Reply:
        sent = {"Idempotency-Key": key or uuid4().hex, **{name.replace("_", "-"): one for name, one in headers.items()}}
        return request(app, method, path, json=json, by=by, headers=sent)

    def does(self, case_id: str, what: str, by: Principal | None = ANNA, key: str | None = None, **body: Any) -> Reply:
        """`does(id, "comments", text="…")`"""
        return self.call("POST", f"/v1/review-cases/{case_id}/{what}", by=by, json=body or None, key=key)

    def decides(self, case_id: str, decision: str = "approve", by: Principal | None = ANNA, **fields: Any) -> Reply:
        """Decide at the version that the case is at, unless another is given."""
        version = fields.pop("expected_version", None) or self.read(case_id)["version"]
        body = {"decision": decision, "reason": "Looked at", "expected_version": version}
        return self.does(case_id, "decisions", by=by, **body, **fields)

    def read(self, case_id: str, by: Principal = ANNA) -> Any:
        reply = self.call("GET", f"/v1/review-cases/{case_id}", by=by)
        assert reply.status == 200, reply
        return reply.json

    def lists(self, by: Principal | None = ANNA, **query: Any) -> Reply:
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        return self.call("GET", f"/v1/review-cases?{asked}", by=by)

    def ids(self, **query: Any) -> list[str]:
        reply = self.lists(**query)
        assert reply.status == 200, reply
        return [one["id"] for one in reply.json["items"]]

    def keeps(self, case_id: str, token: str) -> None:
        service.keep_token(case_id, token, WORKFLOW, workflow=self.told)

    def completes(self, case_id: str) -> None:
        service.complete(case_id, workflow=self.told)

    def events(self, case_id: str) -> list[tuple[str, int]]:
        return [(one.type, one.aggregate.version) for one in outbox.timeline(f"CASE#{case_id}")]


@pytest.fixture
def desk(table: Any) -> Iterator[Desk]:
    """A desk on a Monday morning."""
    with clock.at(START):
        yield Desk()


def later(**since_start: float) -> Any:
    """The clock, so much after the start."""
    return clock.at(START + timedelta(**since_start))


def once() -> Idempotency:
    """A key that nobody used before, for calls of the service."""
    return Idempotency.of("test", uuid4().hex, b"")


def show(case: Case) -> Answer:
    return answer(200, version=case.version)
