"""What the marketplace's books are told of goods that came back, where goods of suppliers were among what was ordered."""

from collections.abc import Sequence

from chalicelib.core.table import Transaction
from chalicelib.ledger import service as ledger
from chalicelib.ledger.service import BackLine, RefundAsked
from chalicelib.payments.service import Payment
from chalicelib.returns.domain.model import Return
from chalicelib.returns.domain.refunds import Refund, Share


def book_refund(
    tx: Transaction, payment: Payment, key: str, refund: Refund, shares: Sequence[Share], seller: str | None
) -> None:
    """Units came back for good to who had shipped them: what was booked when they left is taken back, and the refund is owed to the
    customer, also where it pays for a replacement."""
    if not payment.booked or not shares:
        return
    asked = RefundAsked(
        order_id=payment.order_id,
        key=key,
        currency=payment.currency,
        amount=refund.amount,
        lines=[BackLine(one.line_id, one.units, one.charged, one.fee, seller) for one in shares],
        postage=refund.shipping,
        postage_tax=refund.tax - sum(one.tax for one in shares),
        withheld=refund.withheld,
    )
    ledger.book_refund_asked(tx, asked, ledger.sales_of(payment.order_id))


def book_forgone(tx: Transaction, payment: Payment, value: Return, worth: int) -> None:
    """Of what an exchange was booked to give back only `worth` (minor units) is left: the rest was given back meanwhile."""
    forgone = value.refund.amount - worth
    if payment.booked and forgone:
        ledger.book_refund_forgone(tx, payment.order_id, value.id, forgone, payment.currency)
