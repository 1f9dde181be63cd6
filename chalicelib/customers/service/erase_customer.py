"""Forget a customer. The profile is emptied at once, in one transaction; what follows is done in steps that can be repeated."""

from time import monotonic

from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import Conflict, Contended, NotFound, Stale
from chalicelib.core.table import Transaction
from chalicelib.customers import events, store
from chalicelib.customers.domain import (
    Customer,
    CustomerState,
    Erasure,
    ErasureStep,
    Means,
    erasure,
    profile,
)
from chalicelib.customers.gateways import CognitoSignIns, SignIns
from chalicelib.customers.service.access import READ, check_concerned, is_own, must_find
from chalicelib.customers.service.profile import release
from chalicelib.notifications import service as notifications
from chalicelib.orders import service as orders

PAGE = 25
"""Orders that one step looks at: with a transaction each, a few seconds."""


def request_erasure(customer_id: str, *, expected_version: int, by: Principal) -> Erasure:
    """Empty the profile, addresses, last words of consent and proofs; free the contacts; have everything else forgotten.

    For the customer and for administrators. Asked again, whatever the version, it answers how far it has come. What was said of
    consent stays under an id that leads to nobody. Raises `NotFound`, `Stale` unless the profile is at `expected_version`.
    """
    if not is_own(customer_id, by):
        by.require(Role.ADMIN)
    before = must_find(customer_id)
    if before.state is not CustomerState.ACTIVE:
        return _must_find_erasure(customer_id)
    if before.version != expected_version:
        raise Stale(f"The profile is at version {before.version}.", version=before.version)
    after = profile.emptied(before)
    begun = _begun(before, by)
    tx = Transaction()
    store.change_customer(tx, after)
    for means in Means:
        release(tx, before, means)
    store.remove_book(tx, customer_id)
    store.remove_consents(tx, customer_id)
    store.remove_verifications(tx, customer_id)
    store.add_erasure(tx, begun)
    events.customer_erased(tx, after, by)
    tx.commit()
    observability.count("CustomersErased")
    return begun


def _begun(customer: Customer, by: Principal) -> Erasure:
    reachable = customer.email or customer.phone
    farewell = {name: getattr(customer, name) for name in ("name", "email", "phone", "language")}
    now = clock.now()
    return Erasure(
        customer.id,
        requested_at=clock.rfc3339(now),
        requested_by=by.as_actor(),
        step=ErasureStep.SIGN_IN,
        due=now,
        farewell=farewell if reachable else None,
    )


def read_erasure(customer_id: str, by: Principal) -> Erasure:
    """How far it has come, for the customer and for staff. Raises `NotFound` when nobody asked for it."""
    check_concerned(customer_id, by, READ)
    return _must_find_erasure(customer_id)


def _must_find_erasure(customer_id: str) -> Erasure:
    found = store.get_erasure(customer_id)
    if found is None:
        raise NotFound(f"Nobody asked to forget {customer_id}.")
    return found


# ---- step by step -------------------------------------------------------------------------------------------------------


def continue_erasures(by: Principal, *, within: float, sign_ins: SignIns | None = None) -> dict[str, int]:
    """Go on with every erasure that is due, for at most `within` seconds. Safe to run twice and at once.

    Returns how many steps were `done`, how many `failed` (and are tried again next time), and what is `left` for want of time
    (1 stands for some).
    """
    until = monotonic() + within
    outcome = {"done": 0, "failed": 0, "left": 0}
    through = sign_ins or CognitoSignIns()
    passed_over: set[str] = set()
    while waiting := [id for id in store.due_erasures(clock.now(), PAGE + len(passed_over)) if id not in passed_over]:
        for customer_id in waiting:
            if monotonic() >= until:
                return {**outcome, "left": 1}
            try:
                went_on = _go_on(customer_id, by, through)
            except Exception:
                # One that cannot be gone on with must not keep the others from it.
                observability.log.exception("an erasure could not be continued", customer_id=customer_id)
                outcome["failed"] += 1
                went_on = False
            outcome["done"] += went_on
            if not went_on:
                passed_over.add(customer_id)
    return outcome


def _go_on(customer_id: str, by: Principal, sign_ins: SignIns) -> bool:
    """One step. False when the index was behind and it is not due."""
    under_way = store.get_erasure(customer_id)
    if under_way is None or under_way.due is None or under_way.due > clock.now():
        return False
    if under_way.step is ErasureStep.SIGN_IN:
        _remove_sign_in(under_way, sign_ins)
    else:
        _forget_records(under_way, by)
    return True


def _remove_sign_in(under_way: Erasure, sign_ins: SignIns) -> None:
    sign_ins.remove(under_way.customer_id)
    tx = Transaction()
    store.change_erasure(tx, erasure.sign_in_removed(under_way, clock.now()))
    tx.commit()


def _forget_records(under_way: Erasure, by: Principal) -> None:
    customer_id = under_way.customer_id
    page = orders.list_for_customer(customer_id, PAGE, under_way.cursor, by)
    gone = [_forget_order(row["id"], by) for row in page.items]
    if page.next_cursor is None:
        notifications.forget_customer(customer_id)
    now = clock.now()
    after = erasure.page_done(
        under_way,
        forgotten=gone.count(True),
        waiting=gone.count(False),
        cursor=page.next_cursor,
        now=now,
        at=clock.rfc3339(now),
    )
    tx = Transaction()
    store.change_erasure(tx, after)
    if after.step is ErasureStep.DONE:
        store.change_customer(tx, profile.erased(must_find(customer_id)))
    tx.commit()


def _forget_order(order_id: str, by: Principal) -> bool:
    """False while the order is under way and needs to be told where it goes."""
    try:
        orders.forget_person(order_id, by)
    except NotFound:
        return True
    except Contended:
        raise
    except Conflict:
        return False
    return True
