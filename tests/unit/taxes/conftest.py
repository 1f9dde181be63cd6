"""No test remembers the rates of another."""

from collections.abc import Iterator

import pytest

from chalicelib.taxes import service


@pytest.fixture(autouse=True)
def no_remembered_rates() -> Iterator[None]:
    service.forget_rates()
    yield
    service.forget_rates()
