"""Review cases for tests, as small as the test needs them."""

from datetime import UTC, datetime, timedelta

from chalicelib.core.auth import Principal, Role
from chalicelib.core.findings import Finding, Severity
from chalicelib.reviews import store
from chalicelib.reviews.domain.case import Case, Subject, SubjectType

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DUE = START + timedelta(hours=48)

ANNA = Principal("user", "usr_anna", roles=frozenset({Role.ADMIN}))
BEN = Principal("user", "usr_ben", roles=frozenset({Role.ADMIN}))


def case_of(type: str, id: str) -> Case | None:
    """The last case of a subject, or None."""
    latest = store.latest_of(type, id)
    return store.get_case(latest.case_id) if latest else None


def a_finding(field: str = "/name", severity: Severity = Severity.WARNING, **fields) -> Finding:
    return Finding(field, "brand_known", severity, "Nobody knows it", **fields)


def a_case(**fields) -> Case:
    given = {
        "id": "rev_01J00000000000000000000000",
        "subject": Subject(SubjectType.SUPPLIER, "sup_1", 3),
        "title": "Acme Ltd",
        "severity": Severity.WARNING,
        "opened_at": START,
        "due_at": DUE,
        "escalates_at": DUE,
        "escalation_hours": 24,
        **fields,
    }
    return Case(**given)
