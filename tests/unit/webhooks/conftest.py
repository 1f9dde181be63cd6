"""Each test has an empty table, no memory of another's webhooks, and an even temper of chance."""

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.webhooks import service
from tests.unit.webhooks.builders import World


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
