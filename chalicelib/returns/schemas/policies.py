"""Return policies as callers keep and read them."""

from typing import Self

from pydantic import Field, model_validator

from chalicelib.core.schemas import Schema, View
from chalicelib.returns.domain.eligibility import Option
from chalicelib.returns.domain.policy import (
    FAULTS,
    Condition,
    InForce,
    PaidBy,
    Policy,
    Reason,
    Scope,
    Terms,
    words,
)
from chalicelib.returns.schemas.fields import ACondition, APayer, AReason, Bps, Channel, Id, Sku, Text
from chalicelib.returns.service import Explanation


class ScopeBody(Schema):
    """What a policy is for: any of these SKUs, products and categories (with all below them), or everything where none are
    named; bought in any of these channels, or in all. The closest policy decides: SKU, product, nearest category, everything."""

    skus: list[Sku] = Field(default_factory=list, max_length=100)
    products: list[Id] = Field(default_factory=list, max_length=100)
    categories: list[Id] = Field(default_factory=list, max_length=100)
    channels: list[Channel] = Field(default_factory=list, max_length=20)


class TermsBody(Schema):
    """On which terms a reason is accepted. `window_days` count from the delivery."""

    window_days: int = Field(ge=0, le=3_650)
    conditions: list[ACondition] = Field(
        default_factory=lambda: list(Condition), min_length=1, max_length=len(Condition)
    )
    shipping_paid_by: APayer
    restocking_fee_bps: Bps = 0
    refunds_shipping: bool = Field(
        default=False, description="The goods' share of the original postage comes back with them"
    )


class PolicyBody(Schema):
    """A return policy. Reasons without terms are not accepted; goods on final sale come back for faults only."""

    name: Text
    scope: ScopeBody = Field(default_factory=ScopeBody)
    terms: dict[AReason, TermsBody] = Field(max_length=len(Reason))
    final_sale: bool = False
    return_channels: list[Channel] = Field(
        default_factory=list, max_length=20, description="Through which goods come back; none named: any"
    )
    send_within_days: int = Field(default=14, ge=1, le=90, description="After the authorisation")
    withdrawal_days: int = Field(
        default=14,
        ge=0,
        le=365,
        description="When all goods of an order are announced so soon after the delivery and come back, its postage does too",
    )

    @model_validator(mode="after")
    def _faults_cost_nothing(self) -> Self:
        charged = sorted(
            reason for reason, terms in self.terms.items() if terms.restocking_fee_bps and reason in FAULTS
        )
        if charged:
            raise ValueError(f"no fee is taken for {', '.join(charged)}")
        return self

    def as_policy(self) -> Policy:
        """The policy; the service gives it its id and version."""
        return Policy(
            id="",
            name=self.name,
            scope=Scope(
                tuple(self.scope.skus),
                tuple(self.scope.products),
                tuple(self.scope.categories),
                tuple(self.scope.channels),
            ),
            terms={reason: _terms(terms) for reason, terms in self.terms.items()},
            final_sale=self.final_sale,
            return_channels=tuple(self.return_channels),
            send_within_days=self.send_within_days,
            withdrawal_days=self.withdrawal_days,
        )


def _terms(body: TermsBody) -> Terms:
    return Terms(
        body.window_days,
        tuple(body.conditions),
        body.shipping_paid_by,
        body.restocking_fee_bps,
        body.refunds_shipping,
    )


class PolicyVersionQuery(Schema):
    """Which version; the one in force without."""

    version: int | None = Field(default=None, ge=1, le=999_999, strict=False)


class PolicyQuery(Schema):
    """Goods, and the channel they are bought in."""

    sku: Sku
    channel: Channel = "web"


class ScopeView(View):
    skus: list[str]
    products: list[str]
    categories: list[str]
    channels: list[str]


class TermsView(View):
    """The terms of a reason, and in words."""

    window_days: int
    conditions: list[Condition]
    shipping_paid_by: PaidBy
    restocking_fee_bps: int
    refunds_shipping: bool
    words: str

    @classmethod
    def of(cls, terms: Terms) -> "TermsView":
        return cls(
            window_days=terms.window_days,
            conditions=list(terms.conditions),
            shipping_paid_by=terms.shipping_paid_by,
            restocking_fee_bps=terms.restocking_fee_bps,
            refunds_shipping=terms.refunds_shipping,
            words=words(terms),
        )


class PolicyView(View):
    """A version of a policy. It held from `since` on, before `until`; the one in force has no end. The one in the code, `default`,
    decides where no other does, and always held."""

    id: str
    version: int
    name: str
    scope: ScopeView
    terms: dict[Reason, TermsView]
    final_sale: bool
    return_channels: list[str]
    send_within_days: int
    withdrawal_days: int
    since: str | None
    until: str | None

    @classmethod
    def of(cls, one: InForce) -> "PolicyView":
        policy = one.policy
        return cls(
            id=policy.id,
            version=policy.version,
            name=policy.name,
            scope=ScopeView.of(policy.scope),
            terms={reason: TermsView.of(terms) for reason, terms in policy.terms.items()},
            final_sale=policy.final_sale,
            return_channels=list(policy.return_channels),
            send_within_days=policy.send_within_days,
            withdrawal_days=policy.withdrawal_days,
            since=one.since,
            until=one.until,
        )


class ReasonView(View):
    """What the policy says of a reason: its terms, or the rule (`code`) that keeps goods from coming back for it. `until` is the
    last day (UTC) on which they can be announced, null while the days do not count yet."""

    reason: Reason
    accepted: bool
    code: str | None
    words: str
    until: str | None
    terms: TermsView | None

    @classmethod
    def of(cls, option: Option) -> "ReasonView":
        return cls(
            reason=option.reason,
            accepted=option.breach is None,
            code=str(option.breach.rule) if option.breach else None,
            words=option.words,
            until=option.until.isoformat() if option.until else None,
            terms=TermsView.of(option.terms) if option.terms else None,
        )


class ExplanationView(View):
    """On which terms goods that are bought now could come back."""

    sku: str
    channel: str
    policy_id: str
    policy_version: int
    name: str
    final_sale: bool
    return_channels: list[str]
    send_within_days: int
    withdrawal_days: int
    reasons: list[ReasonView]

    @classmethod
    def of(cls, explained: Explanation) -> "ExplanationView":
        policy = explained.policy
        return cls(
            sku=explained.goods.sku,
            channel=explained.channel,
            policy_id=policy.id,
            policy_version=policy.version,
            name=policy.name,
            final_sale=policy.final_sale,
            return_channels=list(policy.return_channels),
            send_within_days=policy.send_within_days,
            withdrawal_days=policy.withdrawal_days,
            reasons=[ReasonView.of(option) for option in explained.options],
        )
