"""Each test has an empty table and no memory of another's locations."""

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.inventory import service


@pytest.fixture(autouse=True)
def no_remembered_locations() -> Iterator[None]:
    service.forget_locations()
    yield
    service.forget_locations()


@pytest.fixture
def leeds(table: Any) -> str:
    """A stored location."""
    from tests.unit.inventory.builders import has_location

    return has_location("leeds")
