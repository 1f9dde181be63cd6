"""Returns for tests, as small as the test needs them."""

from datetime import date

from chalicelib.returns.domain.eligibility import Candidate, Situation
from chalicelib.returns.domain.model import Agreement, Remedy, Return, ReturnLine
from chalicelib.returns.domain.policy import DEFAULT, Condition, PaidBy, Policy, Reason, Scope, Terms
from chalicelib.returns.domain.refunds import Sold
from chalicelib.returns.domain.tally import Counts

ORDER_ID = "ord_01J00000000000000000000000"
RETURN_ID = "ret_01J00000000000000000000000_1"
TODAY = date(2026, 3, 31)


def terms(window_days: int = 30, fee_bps: int = 0, *, shares_postage: bool = False, prepaid: bool = False) -> Terms:
    paid_by = PaidBy.MERCHANT if prepaid else PaidBy.CUSTOMER
    return Terms(window_days, (Condition.UNOPENED, Condition.OPENED), paid_by, fee_bps, shares_postage)


def a_policy(id: str = "rpl_1", *reasons: Reason, scope: Scope | None = None, **fields) -> Policy:
    accepted = reasons or (Reason.CHANGED_MIND,)
    return Policy(id, id, scope or Scope(), {reason: terms() for reason in accepted}, **fields)


def a_candidate(shipped: int = 3, counts: Counts | None = None, policy: Policy = DEFAULT) -> Candidate:
    return Candidate("1", shipped, counts or Counts(), policy)


def now(delivered_on: date | None = TODAY, today: date = TODAY, channel: str = "web") -> Situation:
    return Situation(today, delivered_on, channel)


def sold(line_id: str = "1", units: int = 3, charged: int = 1000, **fields) -> Sold:
    given = {"ordered": units, "shipped": units, "open": 0, "returned": 0, "discount": 0, "tax": 0, **fields}
    return Sold(line_id, charged=charged, **given)


def an_agreement(fee_bps: int = 0, *, shares_postage: bool = False, withdrawn: bool = True, prepaid: bool = False):
    return Agreement("default", 1, prepaid, fee_bps, shares_postage, withdrawn)


def a_line(line_id: str = "1", quantity: int = 2, sku: str | None = None, **fields) -> ReturnLine:
    given = {"reason": Reason.CHANGED_MIND, "agreement": an_agreement(), **fields}
    return ReturnLine(line_id, sku or f"SKU-{line_id}", quantity, **given)


def a_return(*lines: ReturnLine, **fields) -> Return:
    given = {
        "id": RETURN_ID,
        "order_id": ORDER_ID,
        "customer_id": "usr_shopper",
        "currency": "GBP",
        "channel": "web",
        "announced_at": "2026-03-31T09:00:00.000000Z",
        "send_by": "2026-04-14T09:00:00.000000Z",
        "remedy": Remedy.REFUND,
        **fields,
    }
    return Return(lines=lines or (a_line(),), **given)
