"""The decision."""

from collections.abc import Callable

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.table import Transaction
from chalicelib.reviews import events
from chalicelib.reviews.domain import case as life
from chalicelib.reviews.domain.case import Case, CaseOutcome
from chalicelib.reviews.service.access import require_reviewer
from chalicelib.reviews.service.change_case import change


def decide_case(
    case_id: str,
    outcome: CaseOutcome,
    reason: str,
    *,
    expected_version: int,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Case], Answer],
) -> Answer:
    """Decide a case at the version that the reviewer saw, once and for all: for whoever holds it, or anybody while nobody does. The
    workflows that wait go on when ReviewDecided has come to them.

    Raises `NotFound`, `CaseClosed`, also when another decided at the same moment, `CaseClaimed`, and `Stale` when something was
    commented, corrected or escalated since.
    """
    who = require_reviewer(by)

    def move(case: Case, tx: Transaction) -> Case:
        after = life.decide(case, outcome, reason, who, clock.now())
        if case.version != expected_version:
            raise Stale(f"The case is at version {case.version}.", version=case.version)
        events.review_decided(tx, after, by)
        return after

    return change(case_id, move, once=once, answer=answer)
