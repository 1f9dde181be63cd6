"""What callers see of payments."""

from pydantic import Field

from chalicelib.core.schemas import View
from chalicelib.payments.domain import Payment, PaymentState


class PaymentView(View):
    """The payment of an order; amounts in minor units of `currency`."""

    order_id: str
    status: PaymentState
    currency: str
    amount: int = Field(description="What the order costs, so what is to be authorised")
    authorised: int
    captured: int
    voided: int
    reason: str | None = Field(description="Why it was declined or given back")
    dues: dict[str, int] = Field(description="What is to be captured, by the fulfilment that shipped it")
    captures: dict[str, int] = Field(description="What was captured, likewise")
    final: bool = Field(description="Nothing more will fall due")
    version: int

    @classmethod
    def of(cls, payment: Payment) -> "PaymentView":
        """The payment without its token and the provider's references."""
        return cls(
            order_id=payment.order_id,
            status=payment.state,
            currency=payment.currency,
            amount=payment.amount,
            authorised=payment.authorised,
            captured=payment.captured,
            voided=payment.voided,
            reason=payment.reason,
            dues=dict(payment.dues),
            captures={key: capture.amount for key, capture in payment.captures.items()},
            final=payment.final,
            version=payment.version,
        )
