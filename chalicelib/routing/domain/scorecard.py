"""How well a supplier keeps its word: counters of a month, and one number of them."""

from collections.abc import Iterable, Mapping

COUNTERS = (
    "offered",
    "accepted",
    "partial",
    "rejected",
    "silent",
    "late_answers",
    "misbehaved",
    "cancelled_after_acceptance",
    "shipped",
    "shipped_late",
    "units_asked",
    "units_refused",
)

ENOUGH = 20
"""Allocations that were decided before a supplier is rated at all; until then it has the best rating."""

BEST = 100

_WEIGHTS = {
    "partial": 40,
    "rejected": 100,
    "silent": 200,
    "late_answers": 20,
    "misbehaved": 50,
    "cancelled_after_acceptance": 150,
    "shipped_late": 60,
}
"""What each is worth against it, in hundredths of an allocation."""


def total(months: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """The counters of several months together."""
    counted = dict.fromkeys(COUNTERS, 0)
    for month in months:
        for name in COUNTERS:
            counted[name] += month.get(name, 0)
    return counted


def rating(counted: Mapping[str, int]) -> int:
    """From 0 to 100: 100 less the weighted faults for each hundred allocations that were decided. A rejection counts once, silence
    twice, a cancellation after acceptance one and a half times, a parcel that left late 0.6, nonsense 0.5, a partial acceptance 0.4, an
    answer after the deadline 0.2. Newcomers have 100."""
    decided = sum(counted.get(name, 0) for name in ("accepted", "partial", "rejected", "silent"))
    if decided < ENOUGH:
        return BEST
    faults = sum(weight * counted.get(name, 0) for name, weight in _WEIGHTS.items())
    return max(0, BEST - faults // decided)
