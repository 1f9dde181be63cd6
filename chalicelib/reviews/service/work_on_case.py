"""Reviewers at work: whose the case is, for now and altogether, and what they have to say of it."""

from collections.abc import Callable

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.table import Transaction
from chalicelib.reviews import events, store
from chalicelib.reviews.domain import case as life
from chalicelib.reviews.domain.case import Case
from chalicelib.reviews.service.access import require_reviewer
from chalicelib.reviews.service.change_case import change
from chalicelib.reviews.store import Comment

Show = Callable[[Case], Answer]


def claim_case(case_id: str, *, by: Principal, once: Idempotency, answer: Show) -> Answer:
    """Hold a case for half an hour, or for half an hour more. Of two at once one gets it.

    Raises `NotFound`, `CaseClosed`, `CaseClaimed` that names who has it, `TooManyChanges`.
    """
    who = require_reviewer(by)

    def move(case: Case, tx: Transaction) -> Case:
        now = clock.now()
        after = life.claim(case, who, now)
        if case.holder(now) is None:
            events.review_claimed(tx, after, by)
        return after

    return change(case_id, move, once=once, answer=answer)


def release_case(case_id: str, *, by: Principal, once: Idempotency, answer: Show) -> Answer:
    """Give a case back that one holds; one that nobody holds stays as it is. Raises as `claim_case`."""
    who = require_reviewer(by)

    def move(case: Case, tx: Transaction) -> Case | None:
        after = life.release(case, who, clock.now())
        if after is not None:
            events.review_released(tx, after, by)
        return after

    return change(case_id, move, once=once, answer=answer)


def assign_case(case_id: str, assignee: str, *, by: Principal, once: Idempotency, answer: Show) -> Answer:
    """Make a case somebody's work; whoever else holds it does so no longer. `assignee` is the id of a user or client, which is not
    looked up. Raises `NotFound`, `CaseClosed`, `TooManyChanges`."""
    require_reviewer(by)

    def move(case: Case, tx: Transaction) -> Case | None:
        after = life.assign(case, assignee)
        if after is not None:
            events.review_assigned(tx, after, by)
        return after

    return change(case_id, move, once=once, answer=answer)


def comment_on_case(case_id: str, text: str, *, by: Principal, once: Idempotency, answer: Show) -> Answer:
    """Keep what a reviewer has to say of an open case, whoever holds it. Raises `NotFound`, `CaseClosed`, `TooManyChanges`."""
    who = require_reviewer(by)

    def move(case: Case, tx: Transaction) -> Case:
        now = clock.now()
        after = life.comment(case, who, now)
        store.add_comment(tx, case_id, Comment(who, clock.rfc3339(now), "comment", text))
        return after

    return change(case_id, move, once=once, answer=answer)
