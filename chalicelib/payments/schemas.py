"""What callers see of payments."""

from chalicelib.core.http import View
from chalicelib.payments.domain import Payment, PaymentStatus


class PaymentView(View):
    """The payment of an order; amounts in minor units. `dues` is what is to be captured, by fulfilment."""

    order_id: str
    status: PaymentStatus
    currency: str
    amount: int
    authorised: int
    captured: int
    voided: int
    reason: str | None
    dues: dict[str, int]
    captures: dict[str, int]
    version: int

    @classmethod
    def of(cls, payment: Payment) -> "PaymentView":
        return cls(**{name: getattr(payment, name) for name in cls.model_fields})
