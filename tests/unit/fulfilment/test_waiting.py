"""The workflow waits for the warehouse, and is told whichever of its attempts it is that waits."""

from typing import Any

import pytest

from chalicelib.core.auth import system
from chalicelib.core.table import Transaction
from chalicelib.fulfilment import service, store
from chalicelib.fulfilment.domain import Fulfilment, FulfilmentLine, FulfilmentStatus

FULFILMENT = "ful_01K00000000000000000000000_1"
LINES = (FulfilmentLine("1", "MUG", 2),)


class Warehouse:
    def __init__(self) -> None:
        self.asked: list[str] = []

    def request_shipment(self, fulfilment: Fulfilment) -> None:
        self.asked.append(fulfilment.id)


class Workflow:
    """Notes what it is told; sealing turns a token round."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def seal(self, token: str) -> bytes:
        return token[::-1].encode()

    def complete_sealed(self, sealed: bytes, output: dict[str, Any]) -> None:
        self.complete(sealed.decode()[::-1], output)

    def complete(self, token: str, output: dict[str, Any]) -> None:
        self.told.append((token, output["outcome"]))


@pytest.fixture
def requested(table: Any) -> Fulfilment:
    tx = Transaction()
    order, _ = service.order_of(FULFILMENT)
    [made] = service.create(tx, order, [service.Parcel("leeds", LINES)], {"city": "Leeds"})
    tx.commit()
    return made


def shipped(fulfilment: Fulfilment, units: int) -> Fulfilment:
    tx = Transaction()
    changed = service.ship(tx, fulfilment, {"1": units}, None, system("test"))
    tx.commit()
    return changed


def test_a_dispatch_that_comes_late_does_not_silence_the_one_that_waits(requested: Fulfilment) -> None:
    warehouse, workflow = Warehouse(), Workflow()

    # The first attempt was given up by its caller and parks its token after the second.
    for token in ("second", "first"):
        status = service.dispatch(FULFILMENT, token, warehouse=warehouse, workflow=workflow)  # type: ignore[arg-type]
        assert status is FulfilmentStatus.REQUESTED
    shipped(requested, 1)
    service.complete(FULFILMENT, workflow=workflow)  # type: ignore[arg-type]

    assert sorted(workflow.told) == [("first", "shipped"), ("second", "shipped")]
    assert warehouse.asked == [FULFILMENT, FULFILMENT]


def test_nobody_is_told_before_the_warehouse_has_answered(requested: Fulfilment) -> None:
    workflow = Workflow()
    service.dispatch(FULFILMENT, "token", warehouse=Warehouse(), workflow=workflow)  # type: ignore[arg-type]
    service.complete(FULFILMENT, workflow=workflow)  # type: ignore[arg-type]
    assert workflow.told == []


def test_a_dispatch_after_the_answer_is_told_at_once_and_keeps_no_token(requested: Fulfilment) -> None:
    warehouse, workflow = Warehouse(), Workflow()
    shipped(requested, 0)

    status = service.dispatch(FULFILMENT, "token", warehouse=warehouse, workflow=workflow)  # type: ignore[arg-type]

    assert (status, workflow.told, warehouse.asked) == (FulfilmentStatus.SHORT, [("token", "short")], [])
    found = store.get(FULFILMENT, consistent=True)
    assert found is not None
    assert list(found[1]) == []


def test_tokens_stay_when_the_fulfilment_changes(requested: Fulfilment) -> None:
    workflow = Workflow()
    service.dispatch(FULFILMENT, "token", warehouse=Warehouse(), workflow=workflow)  # type: ignore[arg-type]
    tx = Transaction()
    packed = service.pack(tx, requested, system("test"))
    tx.commit()
    shipped(packed, 2)
    service.complete(FULFILMENT, workflow=workflow)  # type: ignore[arg-type]
    assert workflow.told == [("token", "shipped")]
