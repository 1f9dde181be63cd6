"""Cases come and go with their subjects, in the transactions of the contexts that these belong to."""

from collections.abc import Callable, Sequence
from datetime import datetime

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import AisleError, Conflict, Stale
from chalicelib.core.findings import Finding
from chalicelib.core.table import Transaction
from chalicelib.reviews import events, store
from chalicelib.reviews.domain import case as life
from chalicelib.reviews.domain.case import MAX_FINDINGS, Case, Subject, SubjectType, case_id
from chalicelib.reviews.domain.deadlines import gravest, gravest_first

_MOST_TITLE = 200


class NewerCase(Conflict):
    code = "newer_case"
    title = "A newer version came to review"


def open_case(
    tx: Transaction,
    *,
    subject_type: str,
    subject_id: str,
    subject_version: int,
    supplier_id: str | None,
    title: str,
    findings: Sequence[Finding],
    by: Principal,
) -> str:
    """Ask a person to decide on a version of a subject: adds the case and ReviewOpened to the caller's transaction, up to seven
    writes, and returns the case's id.

    Opening again is harmless: a version that is under review, or was approved or rejected, keeps its case, nothing is added, and
    the token of a workflow that waits for it is completed with what was decided. A version that was to be validated again, was
    withdrawn, or was done without a decision (`supersede`), gets another case. A case of an older version is superseded.

    `title` is for reviewers, up to 200 characters and nothing personal: lists show it. The 200 gravest findings are kept.
    Raises `NewerCase` when a newer version came to review. At commit raises `CaseExists` when the same version was opened at the
    same moment: done, as far as the review goes, so read and go on; `Stale` when a reviewer or another version was quicker: read
    and try again.
    """
    subject = Subject(SubjectType(subject_type), subject_id, subject_version)
    latest = store.latest_of(subject_type, subject_id)
    if latest and latest.subject_version > subject_version:
        raise NewerCase(f"Version {latest.subject_version} of {subject_type} {subject_id} came to review.")
    before = store.get_case(latest.case_id) if latest else None
    again = latest is not None and latest.subject_version == subject_version
    if before is not None and again and not before.may_reopen:
        return before.id
    now = clock.now()
    made = _made(subject, supplier_id, title, findings, latest.round + 1 if latest and again else 1, now)
    store.add_case(tx, made)
    store.add_findings(tx, made.id, gravest_first(findings)[:MAX_FINDINGS])
    store.point(tx, made, instead_of=latest)
    if before is not None and before.is_open:
        _supersede(tx, before, made.id, by)
    events.review_opened(tx, made, by)
    return made.id


def _made(
    subject: Subject, supplier_id: str | None, title: str, findings: Sequence[Finding], round: int, now: datetime
) -> Case:
    deadlines = store.get_deadlines()
    severity = gravest(findings)
    due_at = deadlines.due(subject.type, severity, now)
    return Case(
        id=case_id(subject.type, subject.id, subject.version, round),
        subject=subject,
        title=title[:_MOST_TITLE],
        severity=severity,
        opened_at=now,
        due_at=due_at,
        escalates_at=due_at,
        escalation_hours=deadlines.escalation_hours,
        supplier_id=supplier_id,
        findings=len(findings),
        round=round,
    )


def _supersede(tx: Transaction, before: Case, successor_id: str | None, by: Principal) -> None:
    after = life.supersede(before, clock.now())
    store.change_case(tx, before, after)
    events.review_superseded(tx, after, successor_id, by)


def withdraw(
    tx: Transaction, subject_type: str, subject_id: str, by: Principal, *, error: Callable[[str], AisleError] = Stale
) -> None:
    """Close the open case of a subject that was withdrawn, in the caller's transaction (up to three writes); nothing to close is
    fine. Its workflow is told `superseded`: there is nothing left to do. At commit raises `error` when a reviewer or another
    version was quicker: read and try again."""
    before = _open_one(tx, subject_type, subject_id, error)
    if before is not None:
        after = life.withdraw(before, clock.now())
        store.change_case(tx, before, after, error)
        events.review_withdrawn(tx, after, by)


def supersede(tx: Transaction, subject_type: str, subject_id: str, by: Principal) -> None:
    """Close the open case of what was done after all, by itself or by being tried again, in the caller's transaction (up to three
    writes): nobody has to decide it any more. Raises `Stale` as `withdraw`; nothing to close is fine, so this is safe to repeat."""
    before = _open_one(tx, subject_type, subject_id, Stale)
    if before is not None:
        _supersede(tx, before, None, by)


def _open_one(tx: Transaction, subject_type: str, subject_id: str, error: Callable[[str], AisleError]) -> Case | None:
    """The open case of a subject; None when there is none, nor will be at commit."""
    latest = store.latest_of(subject_type, subject_id)
    before = store.get_case(latest.case_id) if latest else None
    if before is not None and before.is_open:
        return before
    store.check_latest(tx, subject_type, subject_id, latest, error)
    return None
