"""Events of reviews. They name things and carry no finding, title or text: those may hold what is personal."""

from collections.abc import Sequence
from typing import Any

from chalicelib.core import clock, outbox
from chalicelib.core.auth import Principal
from chalicelib.core.outbox import Aggregate
from chalicelib.core.table import Transaction
from chalicelib.reviews.domain.case import Case
from chalicelib.reviews.domain.deadlines import Deadlines
from chalicelib.reviews.store import DEADLINES_PK, case_pk

SOURCE = "reviews"


def review_opened(tx: Transaction, case: Case, by: Principal) -> None:
    """A person must decide, until `due_at`."""
    data = {"severity": str(case.severity), "findings": case.findings, "due_at": clock.rfc3339(case.due_at)}
    _publish(tx, "ReviewOpened", case, by, data)


def review_claimed(tx: Transaction, case: Case, by: Principal) -> None:
    """A reviewer works on it; prolonging that is not told."""
    until = clock.rfc3339(case.claim.until) if case.claim else None
    _publish(tx, "ReviewClaimed", case, by, {"claimed_until": until})


def review_released(tx: Transaction, case: Case, by: Principal) -> None:
    """Its reviewer has given it back."""
    _publish(tx, "ReviewReleased", case, by, {})


def review_assigned(tx: Transaction, case: Case, by: Principal) -> None:
    """It is somebody's work."""
    _publish(tx, "ReviewAssigned", case, by, {"assignee": case.assignee})


def review_corrected(tx: Transaction, case: Case, fields: Sequence[str], by: Principal) -> None:
    """A reviewer gave fields (JSON pointers) of the subject other values, which brought it to `corrected_version`."""
    _publish(tx, "ReviewCorrected", case, by, {"fields": list(fields)})


def review_escalated(tx: Transaction, case: Case, cause: str, by: Principal) -> None:
    """It went up to `level`, because it is `overdue` or somebody `asked` for it."""
    _publish(tx, "ReviewEscalated", case, by, {"cause": cause, "due_at": clock.rfc3339(case.due_at)})


def review_decided(tx: Transaction, case: Case, by: Principal) -> None:
    """`approve`, `reject` or `revalidate`. Why stays in the case."""
    outcome = str(case.decision.outcome) if case.decision else None
    _publish(tx, "ReviewDecided", case, by, {"outcome": outcome})


def review_superseded(tx: Transaction, case: Case, successor_id: str | None, by: Principal) -> None:
    """A newer version of its subject came to review, as `successor_id`; None: what it was about was done after all."""
    _publish(tx, "ReviewSuperseded", case, by, {"successor_id": successor_id})


def review_withdrawn(tx: Transaction, case: Case, by: Principal) -> None:
    """Its subject was withdrawn."""
    _publish(tx, "ReviewWithdrawn", case, by, {})


def deadlines_changed(tx: Transaction, deadlines: Deadlines, by: Principal) -> None:
    """Cases that are opened from now on have other deadlines."""
    outbox.publish(
        tx,
        pk=DEADLINES_PK,
        source=SOURCE,
        type="ReviewDeadlinesChanged",
        aggregate=Aggregate("review_deadlines", "deadlines", deadlines.version),
        by=by,
        data={"hours": deadlines.hours, "escalation_hours": deadlines.escalation_hours},
    )


def _publish(tx: Transaction, type: str, case: Case, by: Principal, data: dict[str, Any]) -> None:
    about = {
        "subject_type": str(case.subject.type),
        "subject_id": case.subject.id,
        "subject_version": case.subject.version,
        "corrected_version": case.corrected_version,
        "supplier_id": case.supplier_id,
        "level": case.level,
    }
    outbox.publish(
        tx,
        pk=case_pk(case.id),
        source=SOURCE,
        type=type,
        aggregate=Aggregate("review_case", case.id, case.version),
        by=by,
        data={**about, **data},
    )
