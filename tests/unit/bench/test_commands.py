"""What several steps come to, and what their functions cost."""

from typing import Any

import pytest

from bench.bill import CALL_MS, MB_PER_CPU, SUPPLIER_MS, _gb_seconds, _secrets
from bench.commands import _rows, _whole, steps_of


def a_step(part_of: str = "listing", **changes: Any) -> dict[str, Any]:
    counted = {"write_units": 6, "index_write_units": 2, "read_units": 4.5, "round_trips": 3, "others": []}
    return {"function": "listings-tasks", "part_of": part_of, "cpu_ms": 10.0, **counted, **changes}


def test_a_whole_is_the_sum_of_its_steps_and_of_no_others() -> None:
    steps = {
        "a": a_step(others=["sqs:SendMessage"]),
        "b": a_step(others=["sqs:SendMessage", "kms:Encrypt"]),
        "c": a_step("payout"),
    }
    figures = _whole("a listing", steps_of(steps, "listing"))
    assert [(figure.name, figure.value, figure.note) for figure in figures] == [
        ("a listing: write units", 16, "in 2 invocations"),
        ("a listing: read units", 9.0, ""),
        ("a listing: round trips", 6, "to DynamoDB; also 1 kms:Encrypt, 2 sqs:SendMessage"),
    ]


def test_rows_of_a_file_are_told_one_by_one() -> None:
    [figure] = _rows({"take 8 new rows": a_step("feed"), "finish a file": a_step("feed")})
    assert (figure.name, figure.value) == ("a row of a file, of new rows", 1.0)
    assert figure.note == "0.375 round trips, 0.5625 RU; 8 taken at once"


@pytest.mark.parametrize(
    ("others", "waited"),
    [([], 3 * CALL_MS), (["kms:Encrypt"], 4 * CALL_MS), (["supplier:POST"], 3 * CALL_MS + SUPPLIER_MS)],
)
def test_a_function_is_paid_while_it_waits_for_a_service_and_longer_for_a_supplier(
    others: list[str], waited: float
) -> None:
    seconds = (10.0 + waited) / 1000
    assert _gb_seconds(a_step(others=others), MB_PER_CPU) == pytest.approx(seconds * MB_PER_CPU / 1024)


def test_secrets_are_paid_by_the_request() -> None:
    steps = [a_step(others=["secretsmanager:GetSecretValue", "supplier:POST"]), a_step()]
    assert [quantity for _, quantity in _secrets(steps)] == [1]
