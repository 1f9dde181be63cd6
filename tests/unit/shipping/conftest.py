"""No test remembers the methods or locations of another."""

from collections.abc import Iterator

import pytest

from chalicelib.inventory import service as inventory
from chalicelib.shipping import service


def _forget() -> None:
    service.forget_methods()
    inventory.forget_locations()


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    _forget()
    yield
    _forget()
