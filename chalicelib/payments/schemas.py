"""What callers see of payments."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from chalicelib.core.schemas import Schema, View
from chalicelib.payments.domain import (
    Account,
    Payment,
    PaymentState,
    Refund,
    RefundStatus,
    Tender,
    TenderStatus,
    TenderType,
)

MAX_AMOUNT = 100_000_000_00
"""A hundred million of the major unit, as for orders."""

Amount = Annotated[int, Field(ge=1, le=MAX_AMOUNT, description="Minor units")]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=200)]


Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Code = Annotated[str, StringConstraints(min_length=16, max_length=40)]
LastDay = Annotated[date, Field(strict=False, description="The last day it is good for (UTC)")]


class IssueGiftCard(Schema):
    """A new gift card."""

    amount: Amount
    currency: Currency
    expires_on: LastDay | None = None


class GiftCardCode(Schema):
    """The code on a gift card; case, spaces and hyphens do not matter."""

    code: Code


class TopUpGiftCard(Schema):
    """More money for a gift card, and a later last day if need be."""

    amount: Amount
    expires_on: LastDay | None = None


class VoidGiftCard(Schema):
    """Why a gift card is made worthless."""

    reason: Reason


class GrantStoreCredit(Schema):
    """Money for a customer to spend."""

    amount: Amount
    currency: Currency
    reason: Reason


class GiftCardView(View):
    """A gift card without its code."""

    id: str
    status: Literal["active", "expired", "void"]
    currency: str
    balance: int
    expires_on: date | None

    @classmethod
    def on(cls, card: Account, today: date) -> "GiftCardView":
        """The card as it is worth today."""
        expired = card.expires_on is not None and card.expires_on < today
        return cls(
            id=card.holder,
            status="void" if card.void else "expired" if expired else "active",
            currency=card.currency,
            balance=card.balance,
            expires_on=card.expires_on,
        )


class IssuedGiftCardView(GiftCardView):
    """A new gift card; `code` is told this once, and null when the request is repeated."""

    code: str | None


class StoreCreditView(View):
    """What a customer has to spend in a currency."""

    currency: str
    balance: int


class RequestRefund(Schema):
    """Goodwill: money back beyond what cancellations and returns give back themselves."""

    amount: Amount
    reason: Reason
    to: Literal["original", "store_credit"] = Field(
        default="original", description="The tenders, the card first; or the store credit of the order's customer"
    )


class TenderView(View):
    """One means of payment and its share; amounts in minor units of the payment's currency."""

    id: str
    type: TenderType
    status: TenderStatus
    amount: int
    authorised: int
    captured: int
    voided: int
    refunded: int

    @classmethod
    def within(cls, payment: Payment, tender: Tender) -> "TenderView":
        """The tender without the provider's references."""
        return cls.model_construct(
            id=tender.id,
            type=tender.type,
            status=tender.status,
            amount=tender.amount,
            authorised=tender.authorised,
            captured=tender.captured,
            voided=tender.voided,
            refunded=payment.refunded_of(tender.id),
        )


class RefundView(View):
    """Money asked back and how far that has come."""

    key: str
    status: RefundStatus
    amount: int
    refunded: int
    reason: str
    to: str = Field(description="`original`: the tenders, the card first; or `credit:` and a stored value account")

    @classmethod
    def of(cls, refund: Refund, /) -> "RefundView":
        """The refund as a whole."""
        return cls.model_construct(
            key=refund.key,
            status=refund.status,
            amount=refund.amount,
            refunded=refund.refunded,
            reason=refund.reason,
            to=refund.to,
        )


class DisputeView(View):
    """A customer's bank takes money back."""

    id: str
    amount: int
    status: str = Field(description="The provider's word")


class PaymentView(View):
    """The payment of an order; amounts in minor units of `currency`."""

    order_id: str
    status: PaymentState
    currency: str
    amount: int = Field(description="What the order costs, so what is to be authorised")
    authorised: int
    captured: int
    voided: int
    refunded: int = Field(description="What was given back after it was captured")
    reason: str | None = Field(description="Why it was declined or given back")
    dues: dict[str, int] = Field(description="What is to be captured, by the fulfilment that shipped it")
    captures: dict[str, int] = Field(description="What was captured, likewise")
    tenders: list[TenderView] = Field(description="Stored value first, the card last")
    refunds: list[RefundView]
    disputes: list[DisputeView]
    final: bool = Field(description="Nothing more will fall due")
    version: int

    @classmethod
    def of(cls, payment: Payment, /) -> "PaymentView":
        """The payment without its tokens and the providers' references."""
        return cls.model_construct(
            order_id=payment.order_id,
            status=payment.state,
            currency=payment.currency,
            amount=payment.amount,
            authorised=payment.authorised,
            captured=payment.captured,
            voided=payment.voided,
            refunded=payment.refunded,
            reason=payment.reason,
            dues=payment.dues,
            captures=payment.captures,
            tenders=[TenderView.within(payment, tender) for tender in payment.tenders],
            refunds=[RefundView.of(refund) for refund in payment.refunds],
            disputes=[DisputeView(id=id, amount=one.amount, status=one.status) for id, one in payment.disputes.items()],
            final=payment.final,
            version=payment.version,
        )
