"""Verdicts, and the page that is written from them."""

from pathlib import Path

import pytest

from bench.report import BEGIN, END, Figure, Target, markdown, number, write_into


@pytest.mark.parametrize(
    ("target", "value", "reached"),
    [
        (None, 1, None),
        (Target("≤", 2), 2, True),
        (Target("≤", 2), 2.01, False),
        (Target("≥", 25), 24.9, False),
        (Target("=", 0), 0, True),
        (Target("<", 128), 128, False),
    ],
)
def test_a_target_is_reached_or_not(target: Target | None, value: float, reached: bool | None) -> None:
    assert Figure("p", "n", value, target=target).reached is reached


@pytest.mark.parametrize(
    ("value", "shown"), [(1.0, "1"), (0.1234, "0.123"), (41, "41"), (1234.5, "1,234"), (99.96, "100")]
)
def test_three_digits_are_enough(value: float, shown: str) -> None:
    assert number(value) == shown


def test_a_reason_is_given_only_where_a_target_is_missed() -> None:
    missed = Figure("p", "a", 3, "ms", Target("≤", 2), "how", "why")
    met = Figure("p", "b", 1, "ms", Target("≤", 2), "how", "why")
    assert markdown([missed, met], {"on": "x"}).splitlines()[-2:] == [
        "| a | 3 ms | ≤ 2 | not reached | how; why |",
        "| b | 1 ms | ≤ 2 | reached | how |",
    ]


def test_the_page_keeps_what_surrounds_the_tables(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    for _ in range(2):
        write_into(page, "new")
    assert page.read_text() == f"before\n{BEGIN}\n\nnew\n{END}\nafter\n"
