"""Goods come back, or do not: receipts, cancellation, expiry."""

from collections.abc import Callable, Mapping

from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import Contended, NotFound, Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.table import Transaction
from chalicelib.inventory import service as inventory
from chalicelib.orders import service as orders
from chalicelib.returns import events, store
from chalicelib.returns.domain import life
from chalicelib.returns.domain.model import Return
from chalicelib.returns.service.sellers import seller_at
from chalicelib.returns.service.situation import is_staff, read_tally
from chalicelib.suppliers import service as suppliers

_ATTEMPTS = 5


def receive_return(
    return_id: str,
    location_id: str,
    units: Mapping[str, int],
    *,
    complete: bool,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Return], Answer],
) -> Answer:
    """Record that units by line id came to a location; with `complete` no more will, and what is missing is free again. What a supplier
    shipped the staff receives in its stead, by its id as the location.

    Units beyond those announced are noted as extra. Raises `NotFound`, `LocationUnknown`, `ReturnClosed`, `NotInReturn`,
    `MoreThanShipped`, `NothingCame`.
    """
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="returns.write")
    inventory.check_location(location_id, "/location_id")
    return _receive(return_id, location_id, units, complete=complete, by=by, once=once, answer=answer)


def receive_own(
    supplier_id: str,
    return_id: str,
    units: Mapping[str, int],
    *,
    complete: bool,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Return], Answer],
) -> Answer:
    """As `receive_return`, for a supplier: units that it shipped came to it. `answer` is given its part of the return.

    Raises `NotFound`, also for a return without units of it.
    """
    must_be_theirs(supplier_id, return_id, by)
    return _receive(
        return_id,
        supplier_id,
        units,
        complete=complete,
        by=by,
        once=once,
        answer=lambda after: answer(after.of_seller(supplier_id)),
    )


def _receive(
    return_id: str,
    location_id: str,
    units: Mapping[str, int],
    *,
    complete: bool,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Return], Answer],
) -> Answer:
    seller = seller_at(location_id)
    for _ in range(_ATTEMPTS):
        before = must_find(return_id)
        after, arrived = life.receive(before, location_id, seller, units, _possible(before), complete=complete)
        given_up = {
            new.line_id: new.given_up - old.given_up
            for old, new in zip(before.lines, after.lines, strict=True)
            if new.given_up > old.given_up
        }
        tx = Transaction()
        store.change_return(tx, after)
        if given_up:
            store.change_tally(tx, read_tally(after.order_id).give_up(given_up))
        events.return_received(tx, after, location_id, arrived, complete, by)
        if after.is_closed:
            events.return_settled(tx, after, by)
        final = answer(after)
        once.record(tx, final)
        try:
            tx.commit()
        except Stale:
            continue
        return final
    raise Contended(f"Return {return_id} kept changing.")


def check_awaited(return_id: str, by: Principal) -> None:
    """Raise `NotFound`, also for another's return, and `ReturnClosed` unless goods of it are expected."""
    by.require(Role.SHOPPER, Role.ASSOCIATE, Role.ADMIN, scope="returns.write")
    life.check_awaited(visible(return_id, by))


def note_dropped_off(return_id: str, moment: str) -> None:
    """Keep that a parcel of a return lies in a locker since a moment (RFC 3339): it is not given up as long as it may lie there, nor
    called off. Safe to repeat. Raises `NotFound`."""
    for _ in range(_ATTEMPTS):
        dropped = life.drop_off(must_find(return_id), moment)
        if dropped is None:
            return
        tx = Transaction()
        store.change_return(tx, dropped)
        try:
            tx.commit()
        except Stale:
            continue
        return
    raise Contended(f"Return {return_id} kept changing.")


def _possible(value: Return) -> dict[str, int]:
    """Units of each line that the customer can have sent with this return: shipped, and not back by another."""
    order = orders.find_order(value.order_id)
    possible = {line.id: line.shipped - line.returned for line in order.lines}
    for line in value.lines:
        possible[line.line_id] += line.accepted
    return possible


def cancel_return(return_id: str, expected_version: int, by: Principal) -> Return:
    """Call a return off before any of it came, for its customer or the staff: the units can be announced again.

    Raises `NotFound`, `Stale` when it is at another version, `ReturnClosed`, `GoodsCame`.
    """
    by.require(Role.SHOPPER, Role.ASSOCIATE, Role.ADMIN, scope="returns.write")
    before = visible(return_id, by)
    if before.version != expected_version:
        raise Stale(f"The return is at version {before.version}.", version=before.version)
    for _ in range(_ATTEMPTS):
        after, units = life.cancel(before)
        tx = Transaction()
        store.change_return(tx, after)
        store.change_tally(tx, read_tally(after.order_id).give_up(units))
        events.return_cancelled(tx, after, units, by)
        try:
            tx.commit()
        except Stale:
            # Another return of the order may have moved the tally; this return must be as the caller saw it.
            if must_find(return_id).version != expected_version:
                raise
            continue
        return after
    raise Stale(f"Returns of order {before.order_id} kept changing.")


def expire_return(return_id: str, by: Principal) -> Return:
    """Give up what did not come in time. Safe to repeat: what nothing is missing of stays as it is."""
    for _ in range(_ATTEMPTS):
        after, units = life.expire(must_find(return_id))
        if not units:
            return after
        tx = Transaction()
        store.change_return(tx, after)
        store.change_tally(tx, read_tally(after.order_id).give_up(units))
        events.return_expired(tx, after, units, by)
        try:
            tx.commit()
        except Stale:
            continue
        return after
    raise Stale(f"Return {return_id} kept changing.")


def visible(return_id: str, by: Principal) -> Return:
    """The return, for its customer and the staff. Raises `NotFound`, also for another's."""
    value = must_find(return_id)
    if not is_staff(by) and orders.find_order(value.order_id).customer_id != by.id:
        raise NotFound(f"There is no return {return_id}.")
    return value


def must_be_theirs(supplier_id: str, return_id: str, by: Principal) -> Return:
    """What of a return a supplier shipped, for itself and the operator. Raises `NotFound`, also when that is nothing."""
    suppliers.require_access(supplier_id, by)
    value = must_find(return_id).of_seller(supplier_id)
    if not value.lines:
        raise NotFound(f"There is no return {return_id}.")
    return value


def must_find(return_id: str) -> Return:
    """The return as it is now. Raises `NotFound`."""
    found = store.get_return(return_id)
    if found is None:
        raise NotFound(f"There is no return {return_id}.")
    return found.value
