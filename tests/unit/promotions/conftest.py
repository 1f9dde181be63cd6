"""Each test has no memory of another's promotions."""

from collections.abc import Iterator

import pytest

from chalicelib.promotions import service


@pytest.fixture(autouse=True)
def no_remembered_promotions() -> Iterator[None]:
    service.forget_promotions()
    yield
    service.forget_promotions()
