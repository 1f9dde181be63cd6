"""A review case, and how it may move: open, held by a reviewer for a while, decided, superseded or withdrawn.

A claim that has lapsed is one that is not there: nothing has to run for that.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from chalicelib.core.errors import Conflict, RuleBroken
from chalicelib.core.findings import Severity

CLAIMED_FOR = timedelta(minutes=30)
"""How long a claim holds after the last thing its holder did with the case."""

MAX_LEVEL = 3
"""The highest level of escalation."""

MAX_CHANGES = 500
"""What people may do with one case; decisions, escalations and what its subject does come on top."""

MAX_CORRECTIONS = 50
"""How often one case may be corrected."""

MAX_FINDINGS = 200
"""Findings kept with a case; the gravest where there are more."""

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class SubjectType(StrEnum):
    """What cases are about. `allocation`: what a supplier was to ship and will not; `parked`: a step that was given up."""

    SUPPLIER = "supplier"
    LISTING = "listing"
    ALLOCATION = "allocation"
    PARKED = "parked"


LAPSING = frozenset({SubjectType.ALLOCATION})
"""Cases while which a customer waits for goods or money."""


class CaseState(StrEnum):
    """`open` until a reviewer decides, a newer version of the subject takes its place or nothing is left to decide (`superseded`), or
    the subject is withdrawn."""

    OPEN = "open"
    DECIDED = "decided"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class CaseOutcome(StrEnum):
    """`revalidate`: let the validators look at the corrected subject again."""

    APPROVE = "approve"
    REJECT = "reject"
    REVALIDATE = "revalidate"


class CaseClosed(Conflict):
    code = "case_closed"
    title = "The case is closed"


class CaseClaimed(Conflict):
    code = "case_claimed"
    title = "Another reviewer works on the case"


class EscalatedFully(Conflict):
    code = "escalated_fully"
    title = "The case is at the highest level"


class TooManyChanges(RuleBroken):
    code = "too_many_changes"
    title = "The case takes no more changes"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is reviewed: a kind of thing, its id, and the version that was validated."""

    type: SubjectType
    id: str
    version: int


@dataclass(frozen=True, slots=True)
class Claim:
    """Who works on the case, and until when nobody else does."""

    by: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of the case, by whom, when and why."""

    outcome: CaseOutcome
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Case:
    """`due_at`: until when it is to be decided. `escalates_at`: when it goes up a level by itself, None at the highest.
    `assignee`: whose work it is, also while nobody holds it. `corrected_version`: what corrections made of the subject's version.
    `findings`: how many there were; `round`: how often this version of the subject came to review."""

    id: str
    subject: Subject
    title: str
    severity: Severity
    opened_at: datetime
    due_at: datetime
    escalates_at: datetime | None
    escalation_hours: int
    supplier_id: str | None = None
    findings: int = 0
    round: int = 1
    state: CaseState = CaseState.OPEN
    level: int = 0
    assignee: str | None = None
    claim: Claim | None = None
    decision: Decision | None = None
    closed_at: datetime | None = None
    corrections: int = 0
    corrected_version: int | None = None
    changes: int = 0
    version: int = 1

    @property
    def is_open(self) -> bool:
        """Whether a decision is awaited."""
        return self.state is CaseState.OPEN

    def holder(self, now: datetime) -> str | None:
        """Who works on it now, if anybody."""
        return self.claim.by if self.is_open and self.claim and now < self.claim.until else None

    def is_overdue(self, now: datetime) -> bool:
        """Whether it should have been decided by now."""
        return self.is_open and self.due_at <= now

    @property
    def may_reopen(self) -> bool:
        """Whether the version of the subject may come to review again, as long as there is no newer one: what was approved or rejected
        stays so."""
        if self.state is CaseState.DECIDED:
            return self.decision is not None and self.decision.outcome is CaseOutcome.REVALIDATE
        return not self.is_open


def case_id(type: str, id: str, version: int, round: int) -> str:
    """The id of a case follows from its subject: opening it again names the same case. It has the shape of every other id."""
    digest = sha256("\n".join([type, id, str(version), str(round)]).encode()).digest()
    number = int.from_bytes(digest[:16], "big")
    return "rev_" + "".join(_CROCKFORD[number >> 5 * place & 31] for place in range(25, -1, -1))


def claim(case: Case, who: str, now: datetime) -> Case:
    """The case held by `who`, or by `who` for longer. Raises `CaseClosed`, `CaseClaimed`, `TooManyChanges`."""
    _check_free(case, who, now)
    return _worked_on(replace(case, claim=Claim(who, now + CLAIMED_FOR), assignee=who))


def release(case: Case, who: str, now: datetime) -> Case | None:
    """The case held by nobody; None when nobody holds it. Raises `CaseClosed`, `CaseClaimed` when another does."""
    _check_free(case, who, now)
    if case.holder(now) is None:
        return None
    return _worked_on(replace(case, claim=None, assignee=None))


def assign(case: Case, assignee: str) -> Case | None:
    """The case as somebody's work, which ends the claim of anybody else; None when it is theirs already.
    Raises `CaseClosed`, `TooManyChanges`."""
    _check_open(case)
    if case.assignee == assignee:
        return None
    return _worked_on(replace(case, assignee=assignee, claim=None))


def comment(case: Case, who: str, now: datetime) -> Case:
    """The case with one more comment; whoever holds it goes on holding it. Raises `CaseClosed`, `TooManyChanges`."""
    _check_open(case)
    return _worked_on(_kept_up(case, who, now))


def correct(case: Case, who: str, subject_version: int, now: datetime) -> Case:
    """The case whose subject is at another version by the reviewer's hand. Raises as `claim`."""
    _check_free(case, who, now)
    if case.corrections >= MAX_CORRECTIONS:
        raise TooManyChanges(f"A case is corrected {MAX_CORRECTIONS} times at most.", limit=MAX_CORRECTIONS)
    held = _kept_up(case, who, now)
    return _worked_on(replace(held, corrections=case.corrections + 1, corrected_version=subject_version))


def decide(case: Case, outcome: CaseOutcome, reason: str, who: str, now: datetime) -> Case:
    """The case decided. Raises `CaseClosed`, and `CaseClaimed` when another holds it."""
    _check_free(case, who, now)
    return _closed(case, CaseState.DECIDED, now, Decision(outcome, reason, who, now))


def supersede(case: Case, now: datetime) -> Case:
    """The case closed in favour of one of a newer version, or because nothing is left to decide. Raises `CaseClosed`."""
    _check_open(case)
    return _closed(case, CaseState.SUPERSEDED, now)


def withdraw(case: Case, now: datetime) -> Case:
    """The case closed because its subject is withdrawn. Raises `CaseClosed`."""
    _check_open(case)
    return _closed(case, CaseState.WITHDRAWN, now)


def escalate(case: Case) -> Case:
    """The case a level higher, because somebody asked for it. Raises `CaseClosed`, `EscalatedFully`."""
    _check_open(case)
    if case.level >= MAX_LEVEL:
        raise EscalatedFully(f"The case is at level {MAX_LEVEL}, and there is none above.")
    return _at_level(case, case.level + 1, case.escalates_at)


def escalate_overdue(case: Case, now: datetime) -> Case | None:
    """The case a level higher for each time that passed since it was to be, None when that is yet to come or it is closed."""
    if not case.is_open or case.escalates_at is None or now < case.escalates_at:
        return None
    interval = timedelta(hours=case.escalation_hours)
    times = 1 + (now - case.escalates_at) // interval
    return _at_level(case, min(MAX_LEVEL, case.level + times), case.escalates_at + times * interval)


LAPSED = "Nobody decided in time."


def lapse(case: Case, escalated: Case, who: str, now: datetime) -> Case | None:
    """The case rejected, because it is one of `LAPSING` and came to the highest level without a decision; None for any other.
    `escalated` is what it would be else."""
    if case.subject.type not in LAPSING or escalated.level < MAX_LEVEL:
        return None
    return _closed(case, CaseState.DECIDED, now, Decision(CaseOutcome.REJECT, LAPSED, who, now))


def _at_level(case: Case, level: int, next_at: datetime | None) -> Case:
    goes_on = level < MAX_LEVEL or case.subject.type in LAPSING
    return replace(case, level=level, escalates_at=next_at if goes_on else None, version=case.version + 1)


def _closed(case: Case, state: CaseState, now: datetime, decision: Decision | None = None) -> Case:
    return replace(
        case,
        state=state,
        claim=None,
        decision=decision,
        closed_at=now,
        escalates_at=None,
        version=case.version + 1,
    )


def _kept_up(case: Case, who: str, now: datetime) -> Case:
    return replace(case, claim=Claim(who, now + CLAIMED_FOR)) if case.holder(now) == who else case


def _worked_on(case: Case) -> Case:
    if case.changes >= MAX_CHANGES:
        raise TooManyChanges(f"A case takes {MAX_CHANGES} changes; decide it.", limit=MAX_CHANGES)
    return replace(case, changes=case.changes + 1, version=case.version + 1)


def _check_open(case: Case) -> None:
    if not case.is_open:
        raise CaseClosed(f"Case {case.id} is {case.state}.", state=str(case.state))


def _check_free(case: Case, who: str, now: datetime) -> None:
    _check_open(case)
    holder = case.holder(now)
    if holder is not None and holder != who and case.claim is not None:
        until = case.claim.until.isoformat()
        raise CaseClaimed(f"{holder} works on it until {until}.", claimed_by=holder, claimed_until=until)
