"""What a check is, and what it may come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aisle_supplier.checks.probe import Probe


class Severity(StrEnum):
    """Whether the protocol demands it, or one would be well advised."""

    MUST = "must"
    SHOULD = "should"


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Failed(Exception):
    """The endpoint does otherwise; the message says what it did."""


class NotChecked(Exception):
    """It could not be tried; the message says why."""


Body = Callable[["Probe"], str | None]


@dataclass(frozen=True, slots=True)
class Check:
    """One sentence of the protocol, tried. `run` returns a remark or nothing, or raises `Failed` or `NotChecked`."""

    id: str
    severity: Severity
    sentence: str
    advice: str
    needs: tuple[str, ...]
    run: Body


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a check: a finding if it failed, a remark or a reason otherwise."""

    check: Check
    outcome: Outcome
    finding: str
    seconds: float

    @property
    def breaks(self) -> bool:
        """Whether it keeps the endpoint from being conformant."""
        return self.outcome is Outcome.FAILED and self.check.severity is Severity.MUST


CHECKS: dict[str, Check] = {}
"""By id, in the order in which they run."""

ANSWERS = "transport.answers"
SIGNED = "signature.valid"
ACCEPTS = "orders.accepted"


def check(
    id: str, sentence: str, advice: str, *, needs: tuple[str, ...] = (), severity: Severity = Severity.MUST
) -> Callable[[Body], Body]:
    """Make a function the check `id` of a `sentence` of the protocol. It is not run if one that it `needs` failed."""

    def register(run: Body) -> Body:
        CHECKS[id] = Check(id, severity, sentence, advice, needs, run)
        return run

    return register
