"""Suppliers by their ids, for the other use cases."""

from collections.abc import Callable

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import AisleError, Contended, NotFound, Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.ids import is_id
from chalicelib.core.table import Transaction
from chalicelib.reviews import service as reviews
from chalicelib.suppliers.domain.record import Check, Supplier
from chalicelib.suppliers.store import items as store

PARKED = "parked"
"""What review cases call an onboarding that was given up."""


def now() -> str:
    """The current moment, as it is stored."""
    return clock.rfc3339(clock.now())


def must_find(supplier_id: str) -> Supplier:
    """The supplier as it is now. Raises `NotFound`."""
    one = store.get_supplier(supplier_id) if is_id(supplier_id, "sup") else None
    if one is None:
        raise NotFound(f"There is no supplier {supplier_id}.")
    return one


def at_version(supplier_id: str, expected_version: int) -> Supplier:
    """The supplier, if it is at that version. Raises `NotFound` and `Stale`."""
    one = must_find(supplier_id)
    if one.version != expected_version:
        raise Stale(f"Supplier {supplier_id} is at version {one.version}, not {expected_version}.")
    return one


def drop_review(tx: Transaction, before: Supplier, by: Principal, error: type[AisleError] = Contended) -> None:
    """Nobody has to decide any more on what is in review: there is something newer, or nothing. Raises `error` at commit when a
    reviewer did something with the case at the same moment."""
    if before.check is Check.IN_REVIEW:
        reviews.withdraw(tx, "supplier", before.id, by, error=error)


def commit_once(
    before: Supplier,
    step: Callable[[Supplier], Supplier],
    tell: Callable[[Transaction, Supplier, Principal], None] | None,
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Supplier], Answer],
    also: Callable[[Transaction, Supplier], None] | None = None,
) -> Answer:
    """One step of a supplier's life as a command: the next version, its event, and the answer that is kept.

    Raises what `step` raises, and `Contended` when another was quicker; what `also` adds has to raise that, too.
    """
    after = step(before)
    final = answer(after)
    tx = Transaction()
    store.change_supplier(tx, after, Contended)
    if also is not None:
        also(tx, after)
    if tell is not None:
        tell(tx, after, by)
    once.record(tx, final)
    tx.commit()
    return final
