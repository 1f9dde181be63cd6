"""The simulator is worth what it finds: each guard that is taken away is missed within some hundred histories."""

from __future__ import annotations

import pytest

from tests.simulation.bugs import BUGS, Bug
from tests.simulation.schedule import run

WITHIN = 400
"""Histories in which each of them shows; most show in the first twenty."""
SEEN = {
    "cancelled_payment_left_open": 57,
    "cancelled_without_its_version": 111,
    "coupon_condition_dropped": 60,
    "coupon_slot_condition_dropped": 129,
    "expiry_ignored": 228,
    "order_version_condition_dropped": 82,
    "refund_key_random": 118,
    "refunded_more_than_paid": 167,
    "return_version_condition_dropped": 61,
    "stock_read_then_written": 89,
}
"""Where those that take longer were seen last. It only saves time: what does not show there is looked for from the first on."""


@pytest.mark.slow
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_found(bug: Bug) -> None:
    seeds = [*filter(None, [SEEN.get(bug.__name__)]), *range(WITHIN)]
    with bug():
        found = next((history for history in map(run, seeds) if history.failure is not None), None)
    assert found is not None, f"{bug.__doc__} Nobody noticed in {WITHIN} histories."
    assert "TypeError" not in str(found.failure), "the bug itself is planted wrongly"
    # Without the bug, the same history holds.
    assert run(found.seed).failure is None
