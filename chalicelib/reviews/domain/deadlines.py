"""Until when a case is to be decided: by what it is about, and how grave its gravest finding is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.core.findings import Finding, Severity
from chalicelib.reviews.domain.case import SubjectType

DEFAULT_HOURS = 48
"""Hours for a decision where operators have set nothing else."""

DEFAULT_HOURS_OF = {SubjectType.ALLOCATION: 24}
"""As `DEFAULT_HOURS`, where a customer waits."""

_GRAVEST_FIRST = (Severity.ERROR, Severity.WARNING, Severity.INFO)


@dataclass(frozen=True, slots=True)
class Deadlines:
    """`hours` for a decision by type of subject and severity; after them the case escalates, and again each
    `escalation_hours`."""

    hours: Mapping[SubjectType, Mapping[Severity, int]] = field(default_factory=dict)
    escalation_hours: int = 24
    version: int = 0

    def hours_for(self, type: SubjectType, severity: Severity) -> int:
        """Hours for a decision."""
        return self.hours.get(type, {}).get(severity, DEFAULT_HOURS_OF.get(type, DEFAULT_HOURS))

    def due(self, type: SubjectType, severity: Severity, opened_at: datetime) -> datetime:
        """When a case that was opened then is to be decided."""
        return opened_at + timedelta(hours=self.hours_for(type, severity))


def gravest(findings: Sequence[Finding]) -> Severity:
    """The severity of a case; a person was asked without any finding: a warning."""
    found = {finding.severity for finding in findings}
    return next((severity for severity in _GRAVEST_FIRST if severity in found), Severity.WARNING)


def gravest_first(findings: Sequence[Finding]) -> list[Finding]:
    """The findings by severity, those of one in their order."""
    return sorted(findings, key=lambda finding: _GRAVEST_FIRST.index(finding.severity))
