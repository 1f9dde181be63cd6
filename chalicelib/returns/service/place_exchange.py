"""Order the replacement of what came back, paid for by what it is worth; or refund that.

The order, the credit that pays for it and the return change in one transaction, so neither is there without the others. A replacement
that cannot be had leaves nothing behind but the refund.
"""

from dataclasses import replace

from chalicelib.core import observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Conflict, Contended, RuleBroken, Stale
from chalicelib.core.idempotency import Idempotency, Replay, no_answer
from chalicelib.core.table import Transaction, find_many
from chalicelib.core.tasks import Outcome
from chalicelib.orders import service as orders
from chalicelib.orders.service import Order
from chalicelib.payments import service as payments
from chalicelib.payments.service import Payment, RefundRequest, TenderRequest
from chalicelib.returns import events, store
from chalicelib.returns.domain import life
from chalicelib.returns.domain.model import ExchangeState, Return
from chalicelib.returns.service.booking import book_forgone
from chalicelib.returns.service.receive_return import must_find

_ATTEMPTS = 5


class Impossible(Exception):
    """The replacement cannot be had; `reason` is for the event."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def place_exchange(return_id: str, by: Principal) -> Outcome:
    """Order the replacement for what was accepted. Safe to repeat: it is ordered once.

    What it costs more the customer's card pays, what it costs less is refunded. Outcomes: `placed`, `fell_back` (all is refunded,
    and why), `nothing` for a return that is no exchange.
    """
    for _ in range(_ATTEMPTS):
        value = must_find(return_id)
        if value.exchange is None:
            return {"outcome": "nothing"}
        try:
            if value.exchange.state is ExchangeState.AWAITED:
                value = _decide(value, by)
            if value.exchange is not None and value.exchange.owes_difference:
                value = _owe_difference(value, by)
        except (Stale, Replay):
            continue
        return _outcome(value)
    raise Stale(f"Return {return_id} kept changing.")


def _outcome(value: Return) -> Outcome:
    exchange = value.exchange
    if exchange is None or exchange.state is ExchangeState.FELL_BACK:
        return {"outcome": "fell_back", "reason": exchange.reason if exchange else None}
    return {"outcome": "placed", "replacement_order_id": exchange.order_id}


def _decide(value: Return, by: Principal) -> Return:
    payment = _payment_of(value)
    worth = min(value.refund.amount, payment.refundable)
    try:
        return _ordered(value, payment, worth, by)
    except Impossible as error:
        return _fallen_back(value, payment, worth, error.reason, by)


def _ordered(value: Return, payment: Payment, worth: int, by: Principal) -> Return:
    """The return with its replacement ordered. Raises `Impossible`."""
    if payment.dues:
        # Credit is given for what was taken; what is still to be taken cannot pay for anything.
        raise Impossible("not_captured")
    original = orders.find_order(value.order_id)
    card = store.card_of(value.id)
    made: list[Return] = []

    def alongside(tx: Transaction, order: Order) -> None:
        credit = min(worth, order.total.amount)
        after = life.place_exchange(value, order.id, credit, worth - credit)
        store.change_return(tx, after, forget_card=True)
        if credit:
            request = RefundRequest(f"{value.id}:credit", credit, "exchange", account_of(original))
            payments.owe(tx, payment, refund=request, by=by)
        book_forgone(tx, payment, value, worth)
        events.exchange_placed(tx, after, by)
        made[:] = [after]

    try:
        request = _request_of(value, original, worth, card)
        once = Idempotency.of("returns exchange", value.id, value.id.encode())
        orders.place_order(request, by=by, once=once, answer=lambda _: no_answer(), alongside=alongside)
    except (Stale, Replay, Contended):
        raise
    except (RuleBroken, Conflict) as error:
        raise Impossible(error.code) from error
    observability.count("ExchangesPlaced")
    return made[0]


def _request_of(value: Return, original: Order, worth: int, card: str | None) -> orders.OrderRequest:
    lines = [orders.LineRequest(sku, units) for sku, units in life.replacements(value).items()]
    request = orders.OrderRequest(
        channel=original.channel,
        currency=original.currency,
        customer_id=original.customer_id,
        reference=value.id,
        lines=lines,
        charges=(),
        contact=original.contact,
        shipping_address=original.shipping_address,
        tenders=(),
    )
    total = orders.quote(request.to_price()).total.amount
    credit, rest = min(worth, total), max(0, total - worth)
    if rest and card is None:
        raise Impossible("difference_unpaid")
    tenders = [TenderRequest("store_credit", str(original.customer_id), credit)] if credit else []
    if rest:
        tenders.append(TenderRequest("card", str(card), rest))
    return replace(request, tenders=tenders)


def _fallen_back(value: Return, payment: Payment, worth: int, reason: str, by: Principal) -> Return:
    after = life.fall_back(value, reason, worth)
    tx = Transaction()
    store.change_return(tx, after, forget_card=True)
    if worth:
        payments.owe(tx, payment, refund=RefundRequest(f"{value.id}:refund", worth, "return"), by=by)
    book_forgone(tx, payment, value, worth)
    events.exchange_fell_back(tx, after, worth, by)
    tx.commit()
    observability.count("ExchangesFellBack")
    return after


def _owe_difference(value: Return, by: Principal) -> Return:
    """The return whose customer is owed what the replacement cost less. The payment takes one refund in a transaction."""
    after = life.owe_difference(value)
    difference = value.exchange.difference if value.exchange else 0
    tx = Transaction()
    store.change_return(tx, after)
    request = RefundRequest(f"{value.id}:difference", difference, "exchange")
    payments.owe(tx, _payment_of(value), refund=request, by=by)
    tx.commit()
    return after


def _payment_of(value: Return) -> Payment:
    return payments.payment_from(find_many(payments.payment_keys(value.order_id), consistent=True), value.order_id)


def account_of(order: Order) -> str:
    """Where store credit of the order's customer goes, as refunds name it."""
    return f"credit:{payments.store_credit_account(str(order.customer_id), order.currency)}"
