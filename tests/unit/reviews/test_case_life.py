"""How a case may move."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.findings import Severity
from chalicelib.core.ids import is_id
from chalicelib.reviews.domain import case as life
from chalicelib.reviews.domain.case import (
    CLAIMED_FOR,
    MAX_CHANGES,
    MAX_CORRECTIONS,
    MAX_LEVEL,
    CaseClaimed,
    CaseClosed,
    CaseOutcome,
    CaseState,
    EscalatedFully,
    SubjectType,
    TooManyChanges,
    case_id,
)
from chalicelib.reviews.domain.deadlines import Deadlines, gravest, gravest_first
from tests.unit.reviews.builders import DUE, START, a_case, a_finding

A_SECOND = timedelta(seconds=1)
OVER = START + CLAIMED_FOR


def test_a_claim_holds_for_half_an_hour():
    held = life.claim(a_case(), "anna", START)
    assert (held.holder(START), held.holder(OVER - A_SECOND), held.holder(OVER)) == ("anna", "anna", None)
    assert (held.assignee, held.version, held.changes) == ("anna", 2, 1)
    with pytest.raises(CaseClaimed) as refused:
        life.claim(held, "ben", OVER - A_SECOND)
    assert refused.value.members == {"claimed_by": "anna", "claimed_until": OVER.isoformat()}
    assert life.claim(held, "ben", OVER).holder(OVER) == "ben"


@pytest.mark.parametrize(
    "act",
    [
        lambda case, now: life.claim(case, "anna", now),
        lambda case, now: life.comment(case, "anna", now),
        lambda case, now: life.correct(case, "anna", 4, now),
    ],
    ids=["claim", "comment", "correct"],
)
def test_who_goes_on_working_goes_on_holding(act):
    held = life.claim(a_case(), "anna", START)
    at = START + timedelta(minutes=20)
    assert act(held, at).claim.until == at + CLAIMED_FOR


def test_what_others_say_prolongs_nothing():
    held = life.claim(a_case(), "anna", START)
    assert life.comment(held, "ben", OVER - A_SECOND).claim.until == OVER
    assert life.comment(held, "anna", OVER).holder(OVER) is None


@pytest.mark.parametrize(
    "act",
    [
        lambda case, who: life.claim(case, who, START),
        lambda case, who: life.release(case, who, START),
        lambda case, who: life.correct(case, who, 4, START),
        lambda case, who: life.decide(case, CaseOutcome.APPROVE, "-", who, START),
    ],
    ids=["claim", "release", "correct", "decide"],
)
def test_what_somebody_holds_others_leave_alone(act):
    held = life.claim(a_case(), "anna", START)
    with pytest.raises(CaseClaimed):
        act(held, "ben")
    assert act(held, "anna").version == 3


def test_release_gives_back_what_is_held():
    held = life.claim(a_case(), "anna", START)
    free = life.release(held, "anna", START)
    assert (free.claim, free.assignee, free.version) == (None, None, 3)
    assert life.release(free, "anna", START) is None
    assert life.release(held, "ben", OVER) is None


def test_an_assignment_ends_the_claim_of_another():
    held = life.claim(a_case(), "anna", START)
    given = life.assign(held, "ben")
    assert (given.assignee, given.claim) == ("ben", None)
    assert life.assign(held, "anna") is None


def test_a_case_escalates_by_itself_at_the_hour():
    assert life.escalate_overdue(a_case(), DUE - A_SECOND) is None
    first = life.escalate_overdue(a_case(), DUE)
    assert (first.level, first.escalates_at, first.due_at) == (1, DUE + timedelta(hours=24), DUE)
    assert life.escalate_overdue(first, DUE + timedelta(hours=24) - A_SECOND) is None
    second = life.escalate_overdue(first, DUE + timedelta(hours=24))
    assert (second.level, second.escalates_at) == (2, DUE + timedelta(hours=48))
    third = life.escalate_overdue(second, DUE + timedelta(hours=48))
    assert (third.level, third.escalates_at) == (MAX_LEVEL, None)
    assert life.escalate_overdue(third, DUE + timedelta(days=99)) is None


@pytest.mark.parametrize(("hours", "level"), [(0, 1), (23.9, 1), (24, 2), (47.9, 2), (48, 3), (999, 3)])
def test_what_was_missed_is_made_good(hours, level):
    late = life.escalate_overdue(a_case(), DUE + timedelta(hours=hours))
    assert (late.level, late.version) == (level, 2)
    assert late.escalates_at == (DUE + level * timedelta(hours=24) if level < 3 else None)


def test_somebody_may_escalate_up_to_the_highest_level():
    one = life.escalate(a_case())
    assert (one.level, one.escalates_at) == (1, DUE)
    top = life.escalate(life.escalate(one))
    assert (top.level, top.escalates_at) == (3, None)
    with pytest.raises(EscalatedFully):
        life.escalate(top)


def test_a_case_takes_so_many_changes_and_is_then_decided():
    full = a_case(changes=MAX_CHANGES)
    for act in (
        lambda: life.claim(full, "anna", START),
        lambda: life.comment(full, "anna", START),
        lambda: life.assign(full, "anna"),
    ):
        with pytest.raises(TooManyChanges):
            act()
    assert life.claim(a_case(changes=MAX_CHANGES - 1), "anna", START).changes == MAX_CHANGES
    with pytest.raises(TooManyChanges) as refused:
        life.correct(a_case(corrections=MAX_CORRECTIONS), "anna", 4, START)
    assert refused.value.members == {"limit": MAX_CORRECTIONS}
    assert life.correct(a_case(corrections=MAX_CORRECTIONS - 1), "anna", 4, START).corrected_version == 4
    assert life.decide(full, CaseOutcome.REJECT, "-", "anna", START).state is CaseState.DECIDED
    assert life.escalate(full).level == 1


@pytest.mark.parametrize(
    ("closed", "reopens"),
    [
        (life.decide(a_case(), CaseOutcome.APPROVE, "-", "anna", START), False),
        (life.decide(a_case(), CaseOutcome.REJECT, "-", "anna", START), False),
        (life.decide(a_case(), CaseOutcome.REVALIDATE, "-", "anna", START), True),
        (life.withdraw(a_case(), START), True),
        (life.supersede(a_case(), START), True),
        (a_case(), False),
    ],
    ids=["approve", "reject", "revalidate", "withdrawn", "superseded", "open"],
)
def test_which_versions_may_come_to_review_again(closed, reopens):
    assert closed.may_reopen is reopens


def test_overdue_is_what_is_open_past_its_deadline():
    assert [a_case().is_overdue(at) for at in (DUE - A_SECOND, DUE)] == [False, True]
    assert life.withdraw(a_case(), START).is_overdue(DUE) is False


def test_deadlines_go_by_type_and_severity():
    deadlines = Deadlines({SubjectType.LISTING: {Severity.ERROR: 4}})
    assert deadlines.due(SubjectType.LISTING, Severity.ERROR, START) == START + timedelta(hours=4)
    assert deadlines.due(SubjectType.LISTING, Severity.INFO, START) == START + timedelta(hours=48)
    assert deadlines.due(SubjectType.SUPPLIER, Severity.ERROR, START) == START + timedelta(hours=48)


def test_a_case_is_as_grave_as_its_gravest_finding():
    told, warned, wrong = (a_finding(severity=one) for one in (Severity.INFO, Severity.WARNING, Severity.ERROR))
    assert gravest([told, wrong, warned]) is Severity.ERROR
    assert gravest([told, warned]) is Severity.WARNING
    assert gravest([told]) is Severity.INFO
    assert gravest([]) is Severity.WARNING
    assert gravest_first([told, wrong, warned, wrong]) == [wrong, wrong, warned, told]


@given(st.text(max_size=20), st.text(max_size=20), st.integers(1, 10**9), st.integers(1, 99))
def test_the_id_of_a_case_follows_from_its_subject(type, id, version, round):
    assert is_id(case_id(type, id, version, round), "rev")
    others = {case_id(type, id, version + 1, round), case_id(type, id, version, round + 1)}
    assert case_id(type, id, version, round) not in others


STEPS = {
    "claim": life.claim,
    "release": life.release,
    "assign": lambda case, who, now: life.assign(case, who),
    "comment": life.comment,
    "correct": lambda case, who, now: life.correct(case, who, 4, now),
    "decide": lambda case, who, now: life.decide(case, CaseOutcome.APPROVE, "-", who, now),
    "escalate": lambda case, who, now: life.escalate(case),
    "overdue": lambda case, who, now: life.escalate_overdue(case, now),
    "supersede": lambda case, who, now: life.supersede(case, now),
    "withdraw": lambda case, who, now: life.withdraw(case, now),
}
WALKS = st.lists(
    st.tuples(st.sampled_from(sorted(STEPS)), st.sampled_from(["anna", "ben"]), st.integers(0, 40 * 60)), max_size=40
)


@given(WALKS)
def test_whatever_happens_a_case_closes_once_and_has_one_holder(walk):
    case, now = a_case(), START
    for what, who, minutes in walk:
        now += timedelta(minutes=minutes)
        before, holder = case, case.holder(now)
        try:
            case = STEPS[what](case, who, now) or case
        except CaseClosed:
            assert not before.is_open
        except CaseClaimed:
            assert holder not in (None, who)
        except EscalatedFully:
            assert before.level == MAX_LEVEL
        if case is before:
            continue
        assert before.is_open
        assert case.version == before.version + 1
        assert before.level <= case.level <= MAX_LEVEL
        assert (case.escalates_at is None) == (not case.is_open or case.level == MAX_LEVEL)
        assert (case.decision is None) == (case.state is not CaseState.DECIDED)
        assert (case.closed_at is None) == case.is_open
        if what in ("claim", "release", "correct", "decide"):
            assert holder in (None, who)
        assert case.due_at == DUE
