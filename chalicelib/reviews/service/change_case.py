"""How a person's command changes a case: read, move, write, all of it again when another was quicker."""

from collections.abc import Callable

from chalicelib.core.errors import Contended, NotFound, Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.table import Transaction
from chalicelib.reviews import store
from chalicelib.reviews.domain.case import Case

_ATTEMPTS = 8

Move = Callable[[Case, Transaction], "Case | None"]
"""Makes the next version of a case and adds what belongs to it to the transaction, or answers None: nothing changes."""


def must_find(case_id: str) -> Case:
    """The case as it is now. Raises `NotFound`."""
    case = store.get_case(case_id)
    if case is None:
        raise NotFound(f"There is no review case {case_id}.")
    return case


def change(case_id: str, move: Move, *, once: Idempotency, answer: Callable[[Case], Answer]) -> Answer:
    """Carry out a command of a person, once per idempotency key.

    Raises `NotFound`, `Contended`, what `move` raises, and what others' conditions in the transaction raise while the case itself
    is as it was read.
    """
    for _ in range(_ATTEMPTS):
        before = must_find(case_id)
        tx = Transaction()
        after = move(before, tx)
        if after is not None:
            store.change_case(tx, before, after)
        final = answer(after or before)
        once.record(tx, final)
        try:
            tx.commit()
        except Stale:
            if must_find(case_id).version == before.version:
                raise
            continue
        return final
    raise Contended(f"Case {case_id} kept changing.")
