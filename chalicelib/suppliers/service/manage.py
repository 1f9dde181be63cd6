"""What the operator decides about a supplier beside its verification."""

from chalicelib.core.auth import Principal
from chalicelib.core.errors import Contended
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.table import Transaction
from chalicelib.reviews import service as reviews
from chalicelib.suppliers import events
from chalicelib.suppliers.domain import life
from chalicelib.suppliers.domain.record import Supplier
from chalicelib.suppliers.service.access import require_operator
from chalicelib.suppliers.service.apply import Shown
from chalicelib.suppliers.service.finding import PARKED, commit_once, drop_review, must_find, now
from chalicelib.suppliers.service.location import keep_location
from chalicelib.suppliers.store import items as store


def suspend(supplier_id: str, reason: str, *, by: Principal, once: Idempotency, answer: Shown) -> Answer:
    """Let it sell nothing for the time being. Raises `NotInThisStatus` unless it is approved."""
    require_operator(by)
    before = must_find(supplier_id)
    return commit_once(
        before,
        lambda one: life.suspended(one, reason, now()),
        events.supplier_suspended,
        by=by,
        once=once,
        answer=answer,
    )


def reinstate(supplier_id: str, *, by: Principal, once: Idempotency, answer: Shown) -> Answer:
    """Undo of `suspend`. Raises `NotInThisStatus` unless it is suspended."""
    require_operator(by)
    before = must_find(supplier_id)
    return commit_once(
        before, lambda one: life.reinstated(one, now()), events.supplier_reinstated, by=by, once=once, answer=answer
    )


def offboard(supplier_id: str, reason: str, *, by: Principal, once: Idempotency, answer: Shown) -> Answer:
    """Part for good. Its brands are free again; its legal entity and tax id stay known, so that it does not come back unseen.

    Raises `NotInThisStatus` unless it is approved or suspended.
    """
    require_operator(by)
    before = must_find(supplier_id)

    def let_go(tx: Transaction, after: Supplier) -> None:
        drop_review(tx, before, by)
        reviews.withdraw(tx, PARKED, supplier_id, by, error=Contended)
        store.let_go(tx, supplier_id, sorted(set(before.claims) - set(after.claims)), Contended)

    return commit_once(
        before,
        lambda one: life.offboarded(one, reason, now()),
        events.supplier_offboarded,
        by=by,
        once=once,
        answer=answer,
        also=let_go,
    )


def reverse_correction(supplier_id: str, number: int, *, by: Principal, once: Idempotency, answer: Shown) -> Answer:
    """Put back what a correction found. It is not made again, and nothing is verified. In a profile that was approved it takes the
    names that stand there then, and lets go those that do not any more.

    Raises `NotFound`, `CorrectionOutdated` when the field holds something else by now, and `ClaimTaken` when the name is another
    supplier's by now.
    """
    require_operator(by)
    before = must_find(supplier_id)

    def tell(tx: Transaction, after: Supplier, by: Principal) -> None:
        back = [each.correction.reversed() for each in after.corrections if each.number == number]
        if before.proposed is None:
            store.claim(tx, supplier_id, sorted(set(after.claims) - set(before.claims)))
            store.let_go(tx, supplier_id, sorted(set(before.claims) - set(after.claims)), Contended)
            keep_location(tx, before, after, Contended)
            events.supplier_changed(tx, after, by)
        else:
            events.supplier_corrected(tx, after, back, by)

    return commit_once(
        before,
        lambda one: life.with_correction_reversed(one, number, now()),
        tell,
        by=by,
        once=once,
        answer=answer,
    )
