"""Time passes, and processes take turns, in the order that was agreed; the way round the hub changes nothing of it."""

from datetime import UTC, datetime

import pytest

from tests.simulation import kernel as kernels
from tests.simulation.kernel import Kernel, Stuck


@pytest.fixture
def kernel():
    return Kernel(1, datetime(2026, 1, 1, tzinfo=UTC), registers=[])


def paces(kernel, seen, name, *pauses):
    def walk():
        for pause in pauses:
            kernel.pause(pause)
            seen.append((round(kernel.seconds(), 3), name))

    return walk


@pytest.mark.parametrize("straight", [True, False])
def test_who_asked_first_goes_first_at_the_same_moment(kernel, monkeypatch, straight):
    if not straight:
        monkeypatch.setattr(Kernel, "_nobody_before", lambda self, seconds: False)
    seen = []
    kernel.spawn("a", paces(kernel, seen, "a", 2, 2, 2))
    kernel.spawn("b", paces(kernel, seen, "b", 1, 1, 1, 1))
    kernel.run()
    assert seen == [(1, "b"), (2, "a"), (2, "b"), (3, "b"), (4, "a"), (4, "b"), (6, "a")]


def test_a_bounded_run_ends_in_the_middle_of_a_pause(kernel):
    seen = []
    kernel.spawn("a", paces(kernel, seen, "a", 4, 4, 4))
    kernel.run(for_seconds=9)
    assert (seen, kernel.seconds()) == ([(4, "a"), (8, "a")], 9)
    kernel.run()
    assert (seen[-1], kernel.seconds()) == ((12, "a"), 12)


def test_a_failure_ends_the_world_at_the_next_pause(kernel):
    seen = []

    def walk():
        kernel.pause(1)
        kernel.fail(RuntimeError("it broke"))
        kernel.pause(1)
        seen.append("went on")

    kernel.spawn("a", walk)
    with pytest.raises(RuntimeError, match="it broke"):
        kernel.run()
    assert not seen


def test_a_world_that_never_rests_is_stuck(kernel, monkeypatch):
    monkeypatch.setattr(kernels, "_MOST_STEPS", 100)

    def walk():
        while True:
            try:
                kernel.pause(1)
            except Exception as error:
                pytest.fail(f"the process was told: {error}")

    kernel.spawn("a", walk)
    with pytest.raises(Stuck):
        kernel.run()
