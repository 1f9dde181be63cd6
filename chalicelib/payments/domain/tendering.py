"""Opening a payment: who pays which part."""

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.core.errors import RuleBroken
from chalicelib.payments.domain.payment import Payment, Tender, TenderType

MAX_TENDERS = 5
"""Tenders of one payment: it stays one small item, and one workflow step can ask for all of them."""


class TendersMismatch(RuleBroken):
    code = "tenders_mismatch"
    title = "The tenders do not add up to the total"


@dataclass(frozen=True, slots=True)
class TenderRequest:
    """A means of payment as asked for, with its share in minor units; None stands for the rest.

    `token` is a payment method at the card provider, a gift card's code, or whose store credit it is.
    """

    type: str
    token: str
    amount: int | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """A tender to be: `gateway` is who holds the money, `token` what is shown to it."""

    type: TenderType
    gateway: str
    token: str | None
    amount: int


def shares_of(total: int, requests: Sequence[TenderRequest]) -> list[int]:
    """What each request pays, in minor units. Raises `TendersMismatch` unless they add up to `total`, each positive.

    At most one leaves its amount open and pays the rest, which may then be nothing.
    """
    given = sum(request.amount or 0 for request in requests)
    open_ended = sum(request.amount is None for request in requests)
    rest = total - given
    if (
        len(requests) > MAX_TENDERS
        or open_ended > 1
        or any(one.amount is not None and one.amount <= 0 for one in requests)
    ):
        raise TendersMismatch(
            f"Give 1 to {MAX_TENDERS} tenders with positive amounts; one of them may leave its amount out.", left=rest
        )
    if rest < 0 or (rest > 0 and not open_ended):
        raise TendersMismatch(f"The tenders differ from the total of {total} by {rest} (minor units).", left=rest)
    return [rest if request.amount is None else request.amount for request in requests]


def opened(
    order_id: str, currency: str, amount: int, shares: Sequence[Share], *, booked: bool = False
) -> tuple[Payment, list[str | None]]:
    """The payment of a new order, and the token of each of its tenders; stored value comes first, the card last."""
    kinds = list(TenderType)
    ranked = sorted((share for share in shares if share.amount), key=lambda share: kinds.index(share.type))
    tenders = tuple(
        Tender(str(number), share.type, share.gateway, share.amount) for number, share in enumerate(ranked, start=1)
    )
    return Payment(order_id, currency, amount, tenders, booked=booked), [share.token for share in ranked]
