"""The simulator is worth what it finds: each guard that is taken away is missed within a few hundred histories."""

from __future__ import annotations

import pytest

from tests.simulation.bugs import BUGS, Bug
from tests.simulation.schedule import run

WITHIN = 400
"""Histories in which each of them shows; most show in the first ten."""


@pytest.mark.slow
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_found(bug: Bug) -> None:
    with bug():
        found = next((history for history in map(run, range(WITHIN)) if history.failure is not None), None)
    assert found is not None, f"{bug.__doc__} Nobody noticed in {WITHIN} histories."
    # Without the bug, the same history holds.
    assert run(found.seed).failure is None
