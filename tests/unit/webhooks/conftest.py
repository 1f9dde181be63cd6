"""Each test has an empty table, no memory of another's webhooks, and an even temper of chance."""

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.webhooks import service
from chalicelib.webhooks.catalogue import EVENT_TYPES
from tests.unit.webhooks.builders import OF_A, OF_B, A, B, World, acts_for


@pytest.fixture(autouse=True)
def no_remembered_webhooks() -> Iterator[None]:
    service.forget_webhooks()
    yield
    service.forget_webhooks()


@pytest.fixture(autouse=True)
def even_luck(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every wait is as long as its step of the schedule."""
    monkeypatch.setattr("chalicelib.webhooks.service.deliver.random", lambda: 0.5)


@pytest.fixture
def world(table: Any) -> World:
    return World()


@pytest.fixture
def suppliers(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of them, each with somebody who acts for it, in a marketplace with these types of events."""
    acts_for(A, OF_A)
    acts_for(B, OF_B)
    for type in (
        "aisle.ledger.CommissionRulesChanged",
        "aisle.ledger.PayoutRunFinished",
        "aisle.ledger.PayoutSent",
        "aisle.listings.ListingPublished",
        "aisle.suppliers.SupplierApproved",
        "aisle.suppliers.SupplierSentToReview",
    ):
        monkeypatch.setitem(EVENT_TYPES, type, "It happened")
