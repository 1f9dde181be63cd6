"""Cases, and which is the last of a subject."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.core import clock
from chalicelib.core.errors import AisleError, Conflict, Stale
from chalicelib.core.findings import Severity
from chalicelib.core.keys import key, shard
from chalicelib.core.table import Item, Json, RawItem, Transaction, fields_of, find
from chalicelib.reviews.domain.case import Case, CaseOutcome, CaseState, Claim, Decision, Subject, SubjectType

SHARDS = 2
"""Index partitions of what escalates: people look at cases, so there are never many."""


class CaseExists(Conflict):
    code = "case_exists"
    title = "This version came to review at the same moment"


class CaseItem(Item):
    """pk = CASE#<id>, sk = CASE. `state` and `version` stand beside the document for conditions."""

    version = NumberAttribute()
    state = UnicodeAttribute()
    document = Json()


class AssigneeItem(Item):
    """pk = CASE#<id>, sk = ASSIGNEE. Of an open case that is somebody's work."""


class SubjectItem(Item):
    """pk = CASE#SUBJECT#<type>#<id>, sk = SUBJECT. The case of its highest version that came to review."""

    case_id = UnicodeAttribute()
    subject_version = NumberAttribute()
    round = NumberAttribute()


@dataclass(frozen=True, slots=True)
class Latest:
    """The case of the highest version of a subject that came to review, and how often that version did."""

    case_id: str
    subject_version: int
    round: int


def case_pk(case_id: str) -> str:
    return key("CASE", case_id)


def _subject_pk(type: str, id: str) -> str:
    return key("CASE", "SUBJECT", type, id)


def position(case: Case) -> str:
    """Where a case stands in every list: by its deadline."""
    return key(clock.rfc3339(case.due_at), case.id)


def _time(moment: datetime | None) -> str | None:
    return clock.rfc3339(moment) if moment else None


def _moment(stored: str | None) -> datetime | None:
    return datetime.fromisoformat(stored) if stored else None


def _document(case: Case) -> dict[str, Any]:
    claim, decision = case.claim, case.decision
    fields = fields_of(case) | {
        "subject": fields_of(case.subject),
        "opened_at": _time(case.opened_at),
        "due_at": _time(case.due_at),
        "escalates_at": _time(case.escalates_at),
        "closed_at": _time(case.closed_at),
        "claim": {"by": claim.by, "until": _time(claim.until)} if claim else None,
        "decision": fields_of(decision) | {"at": _time(decision.at)} if decision else None,
    }
    del fields["id"], fields["state"], fields["version"]
    return fields


def summary_of(case: Case) -> dict[str, Any]:
    """What lists show of a case, enough to tell whether its claim holds when it is read."""
    claim = case.claim
    return {
        "subject": fields_of(case.subject),
        "supplier_id": case.supplier_id,
        "title": case.title,
        "severity": case.severity,
        "state": case.state,
        "level": case.level,
        "opened_at": _time(case.opened_at),
        "due_at": _time(case.due_at),
        "assignee": case.assignee,
        "claim": {"by": claim.by, "until": _time(claim.until)} if claim else None,
        "outcome": case.decision.outcome if case.decision else None,
        "findings": case.findings,
        "version": case.version,
    }


def _item(case: Case) -> CaseItem:
    place = (case.state, case.subject.type, str(case.level))
    item = CaseItem(
        case_pk(case.id),
        "CASE",
        version=case.version,
        state=case.state,
        document=_document(case),
        gsi2pk=key("CASES", *place),
        gsi2sk=position(case),
        summary=summary_of(case),
    )
    if case.supplier_id:
        item.gsi1pk, item.gsi1sk = key("CASES", "SUPPLIER", case.supplier_id, *place), position(case)
    if case.escalates_at:
        item.gsi3pk = key("DUE", "CASE", shard(case.id, SHARDS))
        item.gsi3sk = key(clock.rfc3339(case.escalates_at), case.id)
    return item


def _case(item: CaseItem) -> Case:
    stored = dict(item.document)
    subject, claim, decision = stored.pop("subject"), stored.pop("claim"), stored.pop("decision")
    for name in ("opened_at", "due_at", "escalates_at", "closed_at"):
        stored[name] = _moment(stored[name])
    return Case(
        **{**stored, "severity": Severity(stored["severity"])},
        id=item.pk.partition("#")[2],
        version=int(item.version),
        state=CaseState(item.state),
        subject=Subject(SubjectType(subject["type"]), subject["id"], subject["version"]),
        claim=Claim(claim["by"], datetime.fromisoformat(claim["until"])) if claim else None,
        decision=_decision(decision) if decision else None,
    )


def _decision(stored: dict[str, Any]) -> Decision:
    at = datetime.fromisoformat(stored["at"])
    return Decision(CaseOutcome(stored["outcome"]), stored["reason"], stored["by"], at)


def get_case(case_id: str) -> Case | None:
    """The case as it is now, or None."""
    item = find(CaseItem, case_pk(case_id), "CASE", consistent=True)
    return _case(item) if item else None


def add_case(tx: Transaction, case: Case) -> None:
    """Write a new case. Raises `CaseExists` at commit when there is one of this id."""
    tx.create(_item(case), lambda _: CaseExists(f"Case {case.id} was opened at the same moment.", case_id=case.id))


def change_case(tx: Transaction, before: Case, after: Case, error: Callable[[str], AisleError] = Stale) -> None:
    """Write the next version. Raises `error` at commit when another was quicker; it names no case, for suppliers may read it."""

    def stale(raw: RawItem | None) -> AisleError:
        return error("Somebody worked on the review at the same moment.")

    tx.put(_item(after), CaseItem.version == before.version, stale)
    assigned = AssigneeItem(case_pk(after.id), "ASSIGNEE")
    if after.is_open and after.assignee:
        place = (after.assignee, after.subject.type, str(after.level))
        assigned.gsi1pk, assigned.gsi1sk = key("CASES", "ASSIGNEE", *place), position(after)
        assigned.summary = summary_of(after)
        tx.put(assigned)
    elif before.assignee:
        tx.delete(assigned, AssigneeItem.pk.exists(), stale)


def latest_of(type: str, id: str) -> Latest | None:
    """The last case of a subject, or None."""
    item = find(SubjectItem, _subject_pk(type, id), "SUBJECT", consistent=True)
    return Latest(item.case_id, int(item.subject_version), int(item.round)) if item else None


def point(tx: Transaction, case: Case, *, instead_of: Latest | None) -> None:
    """The subject's last case is this one from now on. Raises `Stale` at commit when another was opened meanwhile; when it was this
    one, `add_case` has an error of its own."""
    before = SubjectItem.case_id == instead_of.case_id if instead_of else SubjectItem.pk.does_not_exist()
    item = SubjectItem(
        _subject_pk(case.subject.type, case.subject.id),
        "SUBJECT",
        case_id=case.id,
        subject_version=case.subject.version,
        round=case.round,
    )
    tx.put(
        item,
        before,
        lambda _: Stale(f"Another version of {case.subject.type} {case.subject.id} came to review at the same moment."),
    )


def check_latest(
    tx: Transaction, type: str, id: str, latest: Latest | None, error: Callable[[str], AisleError] = Stale
) -> None:
    """Raise `error` at commit unless the subject's last case is still this one, or still none."""
    as_read = SubjectItem.case_id == latest.case_id if latest else SubjectItem.pk.does_not_exist()
    item = SubjectItem(_subject_pk(type, id), "SUBJECT")
    tx.check(item, as_read, lambda _: error(f"A version of {type} {id} came to review at the same moment."))
