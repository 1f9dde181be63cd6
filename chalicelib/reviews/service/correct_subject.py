"""Reviewers correct what they review: the context that owns it writes it, in the case's own transaction."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.table import Transaction
from chalicelib.reviews import events, store
from chalicelib.reviews.domain import case as life
from chalicelib.reviews.domain.case import Case
from chalicelib.reviews.service.access import require_reviewer
from chalicelib.reviews.service.change_case import change
from chalicelib.reviews.store import Corrected


class StageCorrection(Protocol):
    """The owner of a subject: adds the corrected subject to the transaction and returns the version that makes of it. Raises
    `Stale` (at once or at commit) unless it is at `expected_version`, and its own errors for a value that cannot be."""

    def __call__(
        self,
        tx: Transaction,
        subject_id: str,
        changes: Sequence[tuple[str, Any]],
        by: Principal,
        *,
        expected_version: int | None,
    ) -> int: ...


def correct_subject(
    case_id: str,
    changes: Sequence[tuple[str, Any]],
    *,
    expected_subject_version: int,
    owner_of: Callable[[str], StageCorrection],
    by: Principal,
    once: Idempotency,
    answer: Callable[[Case], Answer],
) -> Answer:
    """Give fields (JSON pointers) of the subject other values, and keep with the case who did. `owner_of` names the owner of a type
    of subject. Whoever holds the case may, or anybody while nobody does.

    Raises `NotFound`, `CaseClosed`, `CaseClaimed`, `TooManyChanges`, `Stale` when the subject is at another version than the
    reviewer saw, and what the owner raises.
    """
    who = require_reviewer(by)

    def move(case: Case, tx: Transaction) -> Case:
        now = clock.now()
        life.correct(case, who, expected_subject_version, now)  # refused before its owner is asked
        stage = owner_of(case.subject.type)
        version = stage(tx, case.subject.id, changes, by, expected_version=expected_subject_version)
        after = life.correct(case, who, version, now)
        store.add_correction(tx, case_id, Corrected(who, clock.rfc3339(now), tuple(changes), version))
        events.review_corrected(tx, after, [field for field, _ in changes], by)
        return after

    return change(case_id, move, once=once, answer=answer)
