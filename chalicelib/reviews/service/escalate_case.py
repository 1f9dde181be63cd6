"""Cases go up a level: because a reviewer asks for it, or because they are overdue."""

from collections.abc import Callable
from time import monotonic

from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.table import Transaction
from chalicelib.reviews import events, store
from chalicelib.reviews.domain import case as life
from chalicelib.reviews.domain.case import Case
from chalicelib.reviews.service.access import require_reviewer
from chalicelib.reviews.service.change_case import change
from chalicelib.reviews.store import Comment


def escalate_case(
    case_id: str, reason: str, *, by: Principal, once: Idempotency, answer: Callable[[Case], Answer]
) -> Answer:
    """Take an open case a level up; the reason stands among its comments. Raises `NotFound`, `CaseClosed`, `EscalatedFully`."""
    who = require_reviewer(by)

    def move(case: Case, tx: Transaction) -> Case:
        after = life.escalate(case)
        store.add_comment(tx, case_id, Comment(who, clock.rfc3339(clock.now()), "escalation", reason))
        events.review_escalated(tx, after, "asked", by)
        return after

    return change(case_id, move, once=once, answer=answer)


def escalate_overdue(by: Principal, *, within: float) -> dict[str, int]:
    """Take every case a level up whose time has come, each in a transaction of its own, for at most `within` seconds; then count
    what is overdue. While one of `LAPSING` is undecided a customer waits: at the highest level it is rejected.

    Safe to run twice and at once: a step counts for the version that was read. Returns how many were `escalated`, `settled` by
    others meanwhile, `failed` (and are tried again next time), are `overdue`, and are `left` for want of time (1 stands for some).
    """
    by.require()
    until = monotonic() + within
    outcome = {"escalated": 0, "settled": 0, "failed": 0, "left": 0}
    for case_id in store.due_cases(clock.now()):
        if monotonic() >= until:
            outcome["left"] = 1
            break
        try:
            outcome["escalated" if _look(case_id, by) else "settled"] += 1
        except Stale:
            outcome["settled"] += 1
        except Exception:
            # One that cannot be looked at must not keep the others from it.
            observability.log.exception("a case could not be escalated", case_id=case_id)
            outcome["failed"] += 1
    overdue = store.count_overdue(clock.now())
    if overdue:
        observability.count("ReviewsOverdue", overdue)
    return {**outcome, "overdue": overdue}


def _look(case_id: str, by: Principal) -> bool:
    before = store.get_case(case_id)
    after = life.escalate_overdue(before, clock.now()) if before else None
    if before is None or after is None:
        return False
    tx = Transaction()
    lapsed = life.lapse(before, after, by.id, clock.now())
    if lapsed is not None:
        store.change_case(tx, before, lapsed)
        events.review_decided(tx, lapsed, by)
    else:
        store.change_case(tx, before, after)
        events.review_escalated(tx, after, "overdue", by)
    tx.commit()
    return True
