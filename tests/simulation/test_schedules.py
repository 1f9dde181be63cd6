"""Thousands of histories, each under its own weather. A seed that fails is played again with
`python -m tests.simulation SEED --trace`."""

from __future__ import annotations

import os

import pytest

from tests.simulation.schedule import played

HISTORIES = int(os.environ.get("AISLE_HISTORIES", "2000"))
SHARES = 50
"""Tests that they are spread over, so that all processors have some at all times."""


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_no_history_breaks_what_must_hold(share: int) -> None:
    seeds = range(share, HISTORIES, SHARES)
    broken = [f"seed {history.seed}: {history.failure}" for history in played(seeds) if history.failure is not None]
    assert not broken, "\n".join(broken)
