"""Routes of payments."""

from chalice.app import Response

from chalicelib.core import clock, http
from chalicelib.core.auth import system
from chalicelib.core.errors import Forbidden, NotFound, RuleBroken
from chalicelib.core.http import Routes
from chalicelib.core.idempotency import Answer
from chalicelib.core.money import Money
from chalicelib.core.paging import Page
from chalicelib.orders import service as orders
from chalicelib.payments import service
from chalicelib.payments.domain import (
    Account,
    AccountVoid,
    CodeInvalid,
    Payment,
    PaymentOutOfTurn,
    RefundExceedsPaid,
)
from chalicelib.payments.gateways.stripe import SignatureInvalid
from chalicelib.payments.schemas import (
    GiftCardCode,
    GiftCardView,
    GrantStoreCredit,
    IssuedGiftCardView,
    IssueGiftCard,
    PaymentView,
    RequestRefund,
    StoreCreditView,
    TopUpGiftCard,
    VoidGiftCard,
)

routes = Routes(__name__, "payments")


class NoCustomer(RuleBroken):
    code = "no_customer"
    title = "The order has no customer"


@routes.endpoint(
    "GET",
    "/v1/orders/{order_id}/payment",
    summary="Read the payment of an order",
    answers={200: PaymentView},
    scopes=["orders.read"],
)
def read_payment(order_id: str) -> Response:
    """For staff: what is held, due, taken and given back, by each tender."""
    payment = service.read_payment(order_id, http.caller())
    return http.ok(PaymentView.of(payment), version=payment.version)


@routes.endpoint(
    "POST",
    "/v1/orders/{order_id}/refunds",
    summary="Refund part of an order's payment",
    body=RequestRefund,
    answers={202: PaymentView},
    scopes=["payments.refund"],
    idempotent=True,
    raises=[Forbidden, RefundExceedsPaid, PaymentOutOfTurn, NoCustomer],
)
def request_refund(order_id: str) -> Response:
    """Goodwill by staff, beside what cancellations and returns give back. The money goes back after this answer; the
    payment's `refunds` tell how far it has come."""
    wanted = http.body(RequestRefund)
    return http.once(
        lambda once: service.request_refund(
            order_id,
            wanted.amount,
            wanted.reason,
            credit_to=(lambda: _customer_of(order_id)) if wanted.to == "store_credit" else None,
            by=http.caller(),
            once=once,
            answer=_accepted,
        )
    )


def _customer_of(order_id: str) -> str:
    customer_id = orders.contact_of(order_id).customer_id
    if customer_id is None:
        raise NoCustomer("A guest has no store credit; refund to the tenders.")
    return customer_id


def _accepted(payment: Payment) -> Answer:
    location = f"/v1/orders/{payment.order_id}/payment"
    return http.answer(202, PaymentView.of(payment), version=payment.version, location=location)


# ---- gift cards ---------------------------------------------------------------------------------------------------------


@routes.endpoint(
    "POST",
    "/v1/gift-cards",
    summary="Issue a gift card",
    body=IssueGiftCard,
    answers={201: IssuedGiftCardView},
    scopes=["payments.credit"],
    idempotent=True,
    raises=[Forbidden],
)
def issue_gift_card() -> Response:
    """For staff. The code is in this answer and nowhere else: not even in the answer to a repetition of the request, so
    when this one is lost, void the card by its id and issue another."""
    wanted = http.body(IssueGiftCard)

    def issued(card: Account, code: str | None) -> Answer:
        view = IssuedGiftCardView(**_card(card).model_dump(), code=code)
        return http.answer(201, view, location=f"/v1/gift-cards/{card.holder}")

    amount = Money(wanted.amount, wanted.currency)
    return http.once(
        lambda once: service.issue_gift_card(amount, wanted.expires_on, by=http.caller(), once=once, answer=issued)
    )


@routes.endpoint(
    "POST",
    "/v1/gift-cards/balance",
    summary="Ask what is on a gift card",
    body=GiftCardCode,
    answers={200: GiftCardView},
    public=True,
    raises=[CodeInvalid],
)
def read_gift_card_balance() -> Response:
    """For whoever knows the code. It is a POST so that the code stands in no URL, and thus in no log; it changes nothing."""
    return http.ok(_card(service.gift_card_by_code(http.body(GiftCardCode).code)))


@routes.endpoint(
    "GET",
    "/v1/gift-cards/{gift_card_id}",
    summary="Read a gift card",
    answers={200: GiftCardView},
    scopes=["payments.credit"],
)
def read_gift_card(gift_card_id: str) -> Response:
    """For staff, by the id that the card was issued under."""
    return http.ok(_card(service.read_gift_card(gift_card_id, http.caller())))


@routes.endpoint(
    "POST",
    "/v1/gift-cards/{gift_card_id}/top-ups",
    summary="Top up a gift card",
    body=TopUpGiftCard,
    answers={200: GiftCardView},
    scopes=["payments.credit"],
    idempotent=True,
    raises=[Forbidden, AccountVoid],
)
def top_up_gift_card(gift_card_id: str) -> Response:
    """For staff. An expired card is good again with a later last day."""
    wanted = http.body(TopUpGiftCard)
    return http.once(
        lambda once: service.top_up_gift_card(
            gift_card_id, wanted.amount, wanted.expires_on, by=http.caller(), once=once, answer=_shown
        )
    )


@routes.endpoint(
    "POST",
    "/v1/gift-cards/{gift_card_id}/void",
    summary="Void a gift card",
    body=VoidGiftCard,
    answers={200: GiftCardView},
    scopes=["payments.credit"],
    idempotent=True,
    raises=[Forbidden, AccountVoid],
)
def void_gift_card(gift_card_id: str) -> Response:
    """For staff: what is on it is gone, for good. Orders keep what they hold of it."""
    wanted = http.body(VoidGiftCard)
    return http.once(
        lambda once: service.void_gift_card(gift_card_id, wanted.reason, by=http.caller(), once=once, answer=_shown)
    )


def _shown(card: Account) -> Answer:
    return http.answer(200, _card(card))


def _card(card: Account) -> GiftCardView:
    return GiftCardView.on(card, clock.now().date())


# ---- store credit -------------------------------------------------------------------------------------------------------


@routes.endpoint(
    "POST",
    "/v1/customers/{customer_id}/store-credit",
    summary="Grant store credit",
    body=GrantStoreCredit,
    answers={201: StoreCreditView},
    scopes=["payments.credit"],
    idempotent=True,
    raises=[Forbidden],
)
def grant_store_credit(customer_id: str) -> Response:
    """For staff: money for a customer to spend, as often as it takes."""
    wanted = http.body(GrantStoreCredit)
    location = f"/v1/customers/{customer_id}/store-credit"
    return http.once(
        lambda once: service.grant_store_credit(
            customer_id,
            Money(wanted.amount, wanted.currency),
            wanted.reason,
            by=http.caller(),
            once=once,
            answer=lambda account: http.answer(201, StoreCreditView.of(account), location=location),
        )
    )


@routes.endpoint(
    "GET",
    "/v1/customers/{customer_id}/store-credit",
    summary="Read a customer's store credit",
    answers={200: http.list_of(StoreCreditView)},
    scopes=["payments.credit"],
)
def read_store_credit(customer_id: str) -> Response:
    """For staff: one entry per currency."""
    return _balances(service.store_credit_of(customer_id, http.caller()))


@routes.endpoint(
    "GET",
    "/v1/me/store-credit",
    summary="Read your store credit",
    answers={200: http.list_of(StoreCreditView)},
)
def read_my_store_credit() -> Response:
    """What the caller has to spend, by currency."""
    return _balances(service.my_store_credit(http.caller()))


def _balances(accounts: list[Account]) -> Response:
    return http.listed(Page(accounts, None), StoreCreditView.of)


# ---- what providers tell ------------------------------------------------------------------------------------------------


@routes.endpoint(
    "POST",
    "/v1/payments/webhooks/stripe",
    summary="Hear from Stripe",
    answers={204: None},
    public=True,
    raises=[NotFound, SignatureInvalid],
)
def hear_stripe() -> Response:
    """For Stripe, which signs what it sends: answers that went missing, disputes, refunds that came back. An event heard
    before, or one that means nothing here, is acknowledged and changes nothing."""
    service.hear_stripe(http.raw_body("application/json"), http.header("stripe-signature"), _park)
    return http.send(http.answer(204))


def _park(order_id: str, happened: str, told: str) -> None:
    orders.park_compensation(order_id, happened, told, system("stripe"), reason="provider_told")
