"""Suppliers on the deployed system, each with a system of its own that speaks the Order Acceptance API."""

import json
from pathlib import Path

import pytest

from examples.marketplace.__main__ import main
from infra.local.testing import TestStack


@pytest.fixture
def record(stack: TestStack, tmp_path: Path) -> Path:
    """The record of the system, as the examples read it."""
    path = tmp_path / "stack.json"
    path.write_text(json.dumps(stack.record))
    return path


def test_suppliers_come_in_list_their_goods_ship_an_order_between_them_and_the_books_balance(
    record: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All nine steps: one supplier clean, one corrected, one reviewed; files sent twice; a refusal and its reallocation."""
    code = main(["run", "--record", str(record), "--products", "60"])
    told = capsys.readouterr().out
    assert code == 0, told
    for words in ("corrected /contacts/0/", "approved by a reviewer", "said no", "is the sum of its postings"):
        assert words in " ".join(told.split()), told
