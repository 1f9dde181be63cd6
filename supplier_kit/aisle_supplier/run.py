"""One run of the checks against an endpoint, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aisle_supplier.checks import CHECKS
from aisle_supplier.checks.limits import percentile
from aisle_supplier.checks.probe import Probe
from aisle_supplier.checks.registry import Check, Failed, NotChecked, Outcome, Result
from aisle_supplier.client import Exchange
from aisle_supplier.wire import NoAnswer


class UnknownCheck(ValueError):
    """No check has this id, and no group."""


@dataclass(slots=True)
class Report:
    """What was found so far."""

    url: str
    results: list[Result] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    interrupted: bool = False
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    def of(self, outcome: Outcome) -> list[Result]:
        """The results with this outcome."""
        return [result for result in self.results if result.outcome is outcome]

    @property
    def breaches(self) -> list[Result]:
        """What keeps the endpoint from being conformant."""
        return [result for result in self.results if result.breaks]

    @property
    def conformant(self) -> bool:
        """Whether everything that must be was found so, as far as it was tried."""
        return not self.breaches and not self.interrupted

    def percentile(self, percent: int) -> float | None:
        """Seconds that so many percent of the answered calls took at most."""
        times = sorted(exchange.seconds for exchange in self.exchanges if exchange.status)
        return percentile(times, percent) if times else None


def chosen(only: Iterable[str] = (), skip: Iterable[str] = ()) -> list[Check]:
    """The checks with these ids, or of these groups, but for others. Raises `UnknownCheck`."""
    only, skip = list(only), list(skip)
    for name in [*only, *skip]:
        if not any(_matches(name, check) for check in CHECKS.values()):
            raise UnknownCheck(f"There is no check {name!r}; --list shows those that there are.")
    return [
        check
        for check in CHECKS.values()
        if (not only or any(_matches(name, check) for name in only)) and not any(_matches(name, check) for name in skip)
    ]


def _matches(name: str, check: Check) -> bool:
    return name in (check.id, check.id.partition(".")[0])


def run(
    report: Report,
    probe: Probe,
    checks: Iterable[Check],
    *,
    begins: Callable[[Check], None] | None = None,
    ends: Callable[[Result], None] | None = None,
) -> None:
    """Try the checks one after the other, and put what comes of them into the report.

    `begins` and `ends` are told. KeyboardInterrupt ends it, with what was found so far.
    """
    try:
        for check in checks:
            if begins:
                begins(check)
            result = _result(check, probe, report)
            report.results.append(result)
            if ends:
                ends(result)
            probe.tidy()
    except KeyboardInterrupt:
        report.interrupted = True
    report.exchanges = probe.client.exchanges


def _result(check: Check, probe: Probe, report: Report) -> Result:
    outcomes = {result.check.id: result.outcome for result in report.results}
    for needed in check.needs:
        if outcomes.get(needed, Outcome.PASSED) is not Outcome.PASSED:
            return Result(check, Outcome.SKIPPED, f"{needed} {outcomes[needed]}", 0.0)
    began = time.monotonic()
    outcome, finding = _tried(check, probe)
    return Result(check, outcome, finding, time.monotonic() - began)


def _tried(check: Check, probe: Probe) -> tuple[Outcome, str]:
    try:
        return Outcome.PASSED, check.run(probe) or ""
    except NotChecked as error:
        return Outcome.SKIPPED, str(error)
    except Failed as error:
        return Outcome.FAILED, str(error)
    except NoAnswer as error:
        return Outcome.FAILED, f"no answer: {error.detail}"
