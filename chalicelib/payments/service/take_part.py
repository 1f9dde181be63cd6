"""Payments' part in the transactions of others."""

from collections.abc import Mapping, Sequence

from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import Forbidden, NotFound
from chalicelib.core.money import Money
from chalicelib.core.settings import settings
from chalicelib.core.table import Item, Transaction
from chalicelib.payments import domain, events, store
from chalicelib.payments.domain import Payment, RefundRequest, Share, TenderRequest, TenderType, account_id
from chalicelib.payments.gateways import STORED_VALUE, codes
from chalicelib.payments.service.steps import credit


def open_payment(
    tx: Transaction,
    order_id: str,
    amount: Money,
    tenders: Sequence[TenderRequest],
    by: Principal,
    *,
    booked: bool = False,
) -> None:
    """Add the payment of a new order. An order that costs nothing needs none; one that costs something and names no
    tender will be declined. `booked`: goods of suppliers are among it, so what moves is entered in the marketplace's books.

    A gift card is named by its code, store credit by its holder: a shopper's is their own (`me`), staff and the system name
    the customer, and answer for it that the order is that customer's. Raises `TendersMismatch` when the tenders do not add
    up to the amount, `CodeInvalid`, `Forbidden` for another's store credit.
    """
    amounts = domain.shares_of(amount.amount, tenders) if tenders else [amount.amount]
    requests = tenders or [TenderRequest(TenderType.CARD, "")]
    shares = [
        _share(request, Money(part, amount.currency), by) for request, part in zip(requests, amounts, strict=True)
    ]
    payment, tokens = domain.opened(order_id, amount.currency, amount.amount, shares, booked=booked)
    store.add(tx, payment, tokens)


def _share(request: TenderRequest, amount: Money, by: Principal) -> Share:
    kind = TenderType(request.type)
    if kind is TenderType.CARD:
        return Share(kind, settings().payment_gateway, request.token or None, amount.amount)
    holder = codes.gift_card_of(request.token) if kind is TenderType.GIFT_CARD else _holder(request.token, by)
    return Share(kind, STORED_VALUE, account_id(holder, amount.currency), amount.amount)


def _holder(named: str, by: Principal) -> str:
    if by.may(Role.ASSOCIATE, Role.ADMIN, scope="orders.write") and named != "me":
        return named
    if named not in ("me", by.id):
        raise Forbidden("A shopper pays with their own store credit.")
    return by.id


def payment_keys(order_id: str) -> list[tuple[type[Item], str, str]]:
    """Where the payment is, for a batch read."""
    return [store.payment_key(order_id)]


def payment_from(found: Mapping[tuple[str, str], Item], order_id: str) -> Payment:
    """The payment out of a batch read. Raises `NotFound`."""
    payment = store.in_batch(found, order_id)
    if payment is None:
        raise NotFound(f"Order {order_id} has no payment.")
    return payment


def owe(
    tx: Transaction,
    payment: Payment,
    *,
    due: tuple[str, int] | None = None,
    refund: RefundRequest | None = None,
    final: bool = False,
    by: Principal,
) -> Payment:
    """Add ONE change of the payment to the caller's transaction: so much (minor units) is to be captured under a key (a
    fulfilment), so much given back, and with `final` nothing more will fall due.

    What is owed is carried out by the caller's workflow through the tasks `capture_payment` and `settle_payment`. Raises
    `PaymentOutOfTurn` when the payment is being given back or was declined, `RefundExceedsPaid` with what is left.

    A refund to `credit:<account id>` is credited in this very transaction as far as it was captured, the rest with the
    capture: so the caller's function writes the account (keys `CREDIT#`).
    """
    return owed(tx, payment, due=due, refund=refund, final=final, by=by)


def start_booking(tx: Transaction, payment: Payment) -> None:
    """Add to the caller's transaction that what moves from now on is entered in the marketplace's books, because a supplier steps in.
    The payment has to be `untouched`: the books would never balance of what began outside them."""
    if not payment.booked:
        store.change(tx, domain.next_version(payment, booked=True))


def close_payment(tx: Transaction, payment: Payment, reason: str) -> None:
    """Add to the caller's transaction that the payment is to be given back whole: nothing of it is authorised any more.

    The caller's workflow gives back what is held through the task `settle_payment`. A payment that is not required, or is
    being given back already, stays as it is. Raises `PaymentOutOfTurn` when something is due or captured.
    """
    if payment.tenders and not payment.closing:
        store.change(tx, domain.close(payment, reason))


def owed(
    tx: Transaction,
    payment: Payment,
    *,
    due: tuple[str, int] | None = None,
    refund: RefundRequest | None = None,
    final: bool = False,
    starts_workflow: bool = False,
    by: Principal,
) -> Payment:
    """As `owe`; `starts_workflow` has the refund's own workflow carry it out, because the caller has none."""
    after = domain.owe(payment, due=due, refund=refund, final=final)
    store.change(tx, after)
    if refund is not None and refund.amount:
        events.refund_requested(tx, after, refund, starts_workflow, by)
    credit(tx, payment, after, by)
    return after
