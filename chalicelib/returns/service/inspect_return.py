"""Inspect what came back: return, order, stock and money, all at once."""

from collections.abc import Callable, Mapping, Sequence

from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import Contended, Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.table import Transaction, find_many
from chalicelib.inventory import service as inventory
from chalicelib.orders import service as orders
from chalicelib.orders.service import Order
from chalicelib.payments import service as payments
from chalicelib.payments.service import RefundRequest
from chalicelib.returns import events, store
from chalicelib.returns.domain import life
from chalicelib.returns.domain.life import Finding, line_of
from chalicelib.returns.domain.model import InspectedLine, Inspection, Remedy, Return
from chalicelib.returns.domain.refunds import Back, Postage, PostageTally, Refund, Share, Sold, refund_of
from chalicelib.returns.domain.tally import Tally
from chalicelib.returns.service.booking import book_refund
from chalicelib.returns.service.place_exchange import account_of
from chalicelib.returns.service.receive_return import must_be_theirs, must_find
from chalicelib.returns.service.sellers import seller_at

_ATTEMPTS = 8
EXCHANGE = "exchange"
"""Where the worth of goods goes that are exchanged: it pays for the replacement, once that is ordered."""


def inspect_return(
    return_id: str,
    findings: Sequence[Finding],
    location_id: str | None,
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Return], Answer],
) -> Answer:
    """Decide on units that came: they are on the shelf, written off, or go back to the customer, and what was paid for those
    accepted is owed to the customer, all in one transaction.

    `location_id` may be left out while all units wait at one. Raises `NotFound`, `NotInReturn`, `NotReceived`, `LocationNeeded`.
    """
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="returns.write")
    return _inspect_at(return_id, findings, location_id, by=by, once=once, answer=answer)


def inspect_own(
    supplier_id: str,
    return_id: str,
    findings: Sequence[Finding],
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Return], Answer],
) -> Answer:
    """As `inspect_return`, for a supplier: of units that came to it. `answer` is given its part of the return.

    Raises `NotFound`, also for a return without units of it.
    """
    must_be_theirs(supplier_id, return_id, by)
    return _inspect_at(
        return_id,
        findings,
        supplier_id,
        by=by,
        once=once,
        answer=lambda after: answer(after.of_seller(supplier_id)),
    )


def _inspect_at(
    return_id: str,
    findings: Sequence[Finding],
    location_id: str | None,
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Return], Answer],
) -> Answer:
    for _ in range(_ATTEMPTS):
        before = must_find(return_id)
        at = life.inspecting_at(before, location_id)
        tx = Transaction()
        try:
            after = _inspect(tx, before, at, findings, by)
            final = answer(after)
            once.record(tx, final)
            tx.commit()
        except Stale:
            continue
        observability.count("ReturnsInspected")
        return final
    raise Contended(f"Return {return_id} kept changing.")


def _inspect(tx: Transaction, before: Return, location_id: str, findings: Sequence[Finding], by: Principal) -> Return:
    seller = seller_at(location_id)
    inspected, lines = life.inspect(before, location_id, seller, findings)
    found = find_many([store.tally_key(before.order_id), *payments.payment_keys(before.order_id)], consistent=True)
    tally = store.tally_in(found, before.order_id)
    payment = payments.payment_from(found, before.order_id)
    order = orders.find_order(before.order_id)
    accepted = {line.line_id: units for line in lines if (units := line.restocked + line.written_off)}
    _refuse_overtaken(order, tally, lines)
    refund, shares, postage = worth_of(order, tally.postage, before, seller, accepted)
    refund = refund.within(payment.refundable)
    to = _destination(before, order)
    inspection = Inspection(clock.rfc3339(clock.now()), location_id, lines, refund, to, seller)
    after = life.note_inspection(inspected, inspection, shares)
    store.change_return(tx, after)
    store.change_tally(tx, _settled(tally, lines, accepted, postage))
    if accepted:
        orders.record_returned(tx, order, accepted)
        _take_back(tx, after, location_id, lines, by)
    key = f"{after.id}:{len(after.inspections)}"
    book_refund(tx, payment, key, refund, shares, seller)
    if refund.amount and to != EXCHANGE:
        payments.owe(tx, payment, refund=RefundRequest(key, refund.amount, "return", to), by=by)
    events.return_inspected(tx, after, inspection, by)
    if after.is_closed:
        events.return_settled(tx, after, by)
    return after


def _refuse_overtaken(order: Order, tally: Tally, lines: Sequence[InspectedLine]) -> None:
    """Both are read after the return: another inspection of the same units may be in them, and not in the return."""
    backable = {line.id: line.shipped - line.returned for line in order.lines}
    for line in lines:
        accepted = line.restocked + line.written_off
        if accepted > backable[line.line_id] or accepted + line.refused > tally.of(line.line_id).open:
            raise Stale("The same units were inspected meanwhile.")


def worth_of(
    order: Order, postage: PostageTally, value: Return, seller: str | None, accepted: Mapping[str, int]
) -> tuple[Refund, tuple[Share, ...], PostageTally]:
    """What accepted units of a seller, by line id, are worth on the terms that were agreed for them."""
    charges = [charge for charge in order.charges if charge.amount > 0]
    back = []
    for line_id, units in accepted.items():
        line = line_of(value, line_id, seller)
        agreed = line.agreement
        back.append(Back(line_id, units, agreed.fee_bps, agreed.shares_postage, agreed.withdrawn, line.charged))
    return refund_of(
        [
            Sold(one.id, one.ordered, one.shipped, one.open, one.returned, one.charged, one.discount, one.tax)
            for one in order.lines
        ],
        Postage(sum(charge.amount for charge in charges), sum(charge.tax for charge in charges)),
        postage,
        back,
    )


def _destination(value: Return, order: Order) -> str:
    if value.remedy is Remedy.EXCHANGE:
        return EXCHANGE
    return account_of(order) if value.remedy is Remedy.STORE_CREDIT else "original"


def _settled(tally: Tally, lines: Sequence[InspectedLine], accepted: Mapping[str, int], postage: PostageTally) -> Tally:
    refused = {line.line_id: line.refused for line in lines if line.refused}
    return tally.settle(accepted, refused, postage)


def _take_back(tx: Transaction, value: Return, location_id: str, lines: Sequence[InspectedLine], by: Principal) -> None:
    skus = {line.line_id: line.sku for line in value.lines}
    units = [
        inventory.ReturnedUnits(skus[line.line_id], location_id, line.restocked, line.written_off)
        for line in lines
        if line.restocked or line.written_off
    ]
    inventory.take_back(tx, units, reference=value.id, by=by)
