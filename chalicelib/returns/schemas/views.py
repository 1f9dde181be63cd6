"""Returns as callers see them."""

from chalicelib.core.schemas import View
from chalicelib.returns.domain.model import (
    ExchangeState,
    Inspection,
    Remedy,
    Return,
    ReturnLine,
    ReturnStatus,
)
from chalicelib.returns.domain.policy import Condition, Reason
from chalicelib.returns.schemas.policies import ReasonView
from chalicelib.returns.service import LineOptions


class RefundView(View):
    """What is paid back (minor units): `amount` = goods − discount + shipping − fee − withheld. `tax` is within goods and shipping;
    `withheld` was refunded before, apart from returns."""

    amount: int
    goods: int
    discount: int
    tax: int
    shipping: int
    fee: int
    withheld: int


class AgreementView(View):
    """What was agreed when the line was announced; it holds, whatever becomes of the policy."""

    policy_id: str
    policy_version: int
    prepaid: bool
    fee_bps: int
    shares_postage: bool
    withdrawn: bool


class ReturnLineView(View):
    """Units of an order line that come back to a `seller` (a supplier's id, or null for us): of `quantity`, `expected` are on their way, `waiting` (by location) are to be inspected,
    the others were restocked, written off, refused or given up. `extra` ones came unannounced."""

    line_id: str
    sku: str
    seller: str | None
    quantity: int
    reason: Reason
    condition: Condition | None
    note: str | None
    agreement: AgreementView
    expected: int
    received: int
    waiting: dict[str, int]
    restocked: int
    written_off: int
    refused: int
    given_up: int
    extra: int

    @classmethod
    def of(cls, line: ReturnLine) -> "ReturnLineView":
        return cls(
            line_id=line.line_id,
            sku=line.sku,
            seller=line.seller,
            quantity=line.quantity,
            reason=line.reason,
            condition=line.condition,
            note=line.note,
            agreement=AgreementView.of(line.agreement),
            expected=line.expected,
            received=line.received,
            waiting=dict(line.waiting),
            restocked=line.restocked,
            written_off=line.written_off,
            refused=line.refused,
            given_up=line.given_up,
            extra=line.extra,
        )


class InspectedLineView(View):
    line_id: str
    restocked: int
    written_off: int
    refused: int
    note: str | None


class InspectionView(View):
    """What an inspection found, and what it pays back; `to`: original, store_credit or exchange."""

    at: str
    location_id: str
    lines: list[InspectedLineView]
    refund: RefundView
    to: str

    @classmethod
    def of(cls, one: Inspection) -> "InspectionView":
        return cls(
            at=one.at,
            location_id=one.location_id,
            lines=[InspectedLineView.of(line) for line in one.lines],
            refund=RefundView.of(one.refund),
            to="store_credit" if one.to.startswith("credit:") else one.to,
        )


class LabelView(View):
    carrier: str
    reference: str
    prepaid: bool


class DestinationView(View):
    """Where units of a `seller` (a supplier's id, or null for us) are sent, and the label for it, once there is one. `address` is null where
    none is known."""

    seller: str | None
    name: str
    address: dict[str, str | None] | None
    label: LabelView | None


class ReplacementView(View):
    line_id: str
    sku: str
    quantity: int


class ExchangeView(View):
    """What the goods are exchanged for; `credit` (minor units) pays for the order `order_id`, the `difference` is refunded."""

    wanted: list[ReplacementView]
    state: ExchangeState
    order_id: str | None
    credit: int
    difference: int
    reason: str | None


class ReturnView(View):
    """A return as it stands. `status` follows from the counters of its lines; `refund` is what all inspections pay back. Each line goes
    to the destination of its seller; `label` is that of a return with one destination."""

    id: str
    order_id: str
    status: ReturnStatus
    version: int
    customer_id: str | None
    currency: str
    channel: str
    announced_at: str
    send_by: str
    dropped_at: str | None
    resolution: Remedy
    lines: list[ReturnLineView]
    exchange: ExchangeView | None
    waived: dict[str, list[str]]
    waived_for: str | None
    send_to: list[DestinationView]
    label: LabelView | None
    inspections: list[InspectionView]
    refund: RefundView

    @classmethod
    def of(cls, value: Return) -> "ReturnView":
        return cls(
            id=value.id,
            order_id=value.order_id,
            status=value.status,
            version=value.version,
            customer_id=value.customer_id,
            currency=value.currency,
            channel=value.channel,
            announced_at=value.announced_at,
            send_by=value.send_by,
            dropped_at=value.dropped_at,
            resolution=value.remedy,
            lines=[ReturnLineView.of(line) for line in value.lines],
            exchange=ExchangeView.of(value.exchange) if value.exchange else None,
            waived={line_id: list(rules) for line_id, rules in value.waived.items()},
            waived_for=value.waived_for,
            send_to=[DestinationView.of(one) for one in value.send_to],
            label=LabelView.of(value.label) if value.label else None,
            inspections=[InspectionView.of(one) for one in value.inspections],
            refund=RefundView.of(value.refund),
        )


class ReturnSummary(View):
    """A return in a list; `refunded` in minor units."""

    id: str
    order_id: str
    status: ReturnStatus
    resolution: Remedy
    announced_at: str
    customer_id: str | None
    units: int
    refunded: int
    currency: str


class LineOptionsView(View):
    """What of an order line can be announced now: `returnable` units, or the rule (`code`) that keeps all of it; and for each
    reason the terms and the last day, or the rule against it. Days count from `delivered_on`, when the last goods arrived."""

    line_id: str
    sku: str
    name: str
    shipped: int
    returnable: int
    code: str | None
    words: str | None
    policy_id: str
    policy_version: int
    delivered_on: str | None
    reasons: list[ReasonView]

    @classmethod
    def of(cls, one: LineOptions) -> "LineOptionsView":
        policy = one.candidate.policy
        return cls(
            line_id=one.line.id,
            sku=one.line.sku,
            name=one.line.name,
            shipped=one.line.shipped,
            returnable=one.candidate.returnable,
            code=str(one.breach.rule) if one.breach else None,
            words=one.breach.words if one.breach else None,
            policy_id=policy.id,
            policy_version=policy.version,
            delivered_on=one.delivered_on.isoformat() if one.delivered_on else None,
            reasons=[ReasonView.of(option) for option in one.options],
        )
