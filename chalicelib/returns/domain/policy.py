"""Return policies: data that says what may come back, until when and on which terms, and that explains itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a customer sends something back."""

    CHANGED_MIND = "changed_mind"
    DOES_NOT_FIT = "does_not_fit"
    WRONG_ITEM = "wrong_item"
    DAMAGED = "damaged"
    DEFECTIVE = "defective"
    NOT_AS_DESCRIBED = "not_as_described"
    LATE = "late"


FAULTS = frozenset(Reason) - {Reason.CHANGED_MIND, Reason.DOES_NOT_FIT}
"""Reasons that lie with the shop. A final sale keeps only the others out, and no fee is taken for these."""


class Condition(StrEnum):
    """How the customer has the goods."""

    UNOPENED = "unopened"
    OPENED = "opened"
    USED = "used"
    BROKEN = "broken"


class PaidBy(StrEnum):
    """Who pays for the way back. What the shop pays for has a prepaid label."""

    MERCHANT = "merchant"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms a reason is accepted.

    `window_days` count from the delivery. `restocking_fee_bps` are basis points of what the goods cost, `refunds_shipping`: the
    goods' share of the original postage comes back with them.
    """

    window_days: int
    conditions: tuple[Condition, ...]
    shipping_paid_by: PaidBy
    restocking_fee_bps: int = 0
    refunds_shipping: bool = False


@dataclass(frozen=True, slots=True)
class Goods:
    """What is bought: its categories are its own first, then those above it."""

    sku: str
    product_id: str
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """What a policy is for: any of these goods, or all where none are named, bought in any of these channels, or in all."""

    skus: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()

    def rank(self, goods: Goods, channel: str) -> tuple[int, int, int] | None:
        """How closely it fits, the closest being the greatest: SKU, product, nearest category, everything; and of equals those
        that name the channel. None when it does not apply."""
        if self.channels and channel not in self.channels:
            return None
        named = int(bool(self.channels))
        if goods.sku in self.skus:
            return 3, 0, named
        if goods.product_id in self.products:
            return 2, 0, named
        depths = [depth for depth, category in enumerate(goods.categories) if category in self.categories]
        if depths:
            return 1, -min(depths), named
        return None if self.skus or self.products or self.categories else (0, 0, named)


@dataclass(frozen=True, slots=True)
class Policy:
    """A version of a return policy; never changed, only followed by the next.

    `terms` holds the accepted reasons. Goods on `final_sale` come back for faults only. `return_channels` (all where none are
    named) take goods back. After the authorisation goods have `send_within_days` to arrive. When all goods of an order come back
    that were announced within `withdrawal_days` of the delivery, its postage is refunded (Directive 2011/83/EU, articles 9 and 13).
    """

    id: str
    name: str
    scope: Scope
    terms: Mapping[Reason, Terms]
    final_sale: bool = False
    return_channels: tuple[str, ...] = ()
    send_within_days: int = 14
    withdrawal_days: int = 14
    version: int = 1

    def accepts_in(self, channel: str) -> bool:
        """Whether goods may come back through this channel."""
        return not self.return_channels or channel in self.return_channels


@dataclass(frozen=True, slots=True)
class InForce:
    """A version of a policy and when it holds (RFC 3339): from `since` on, or always, and before `until`, or for ever."""

    policy: Policy
    since: str | None
    until: str | None = None

    def at(self, moment: str) -> bool:
        """Whether it holds at this moment."""
        return (self.since is None or self.since <= moment) and (self.until is None or moment < self.until)


_AS_SOLD = (Condition.UNOPENED, Condition.OPENED)
_PLEASED = Terms(30, _AS_SOLD, PaidBy.CUSTOMER)
_OURS = Terms(60, tuple(Condition), PaidBy.MERCHANT, refunds_shipping=True)
_GUARANTEE = Terms(730, tuple(Condition), PaidBy.MERCHANT, refunds_shipping=True)

DEFAULT = Policy(
    id="default",
    name="Thirty days, and two years for what is faulty",
    scope=Scope(),
    terms={
        Reason.CHANGED_MIND: _PLEASED,
        Reason.DOES_NOT_FIT: _PLEASED,
        Reason.WRONG_ITEM: _OURS,
        Reason.DAMAGED: _OURS,
        Reason.LATE: _OURS,
        # The legal guarantee: Directive (EU) 2019/771, article 10.
        Reason.DEFECTIVE: _GUARANTEE,
        Reason.NOT_AS_DESCRIBED: _GUARANTEE,
    },
)
"""What holds where no policy says otherwise."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The policies that held at a moment, from which those of goods are found."""

    policies: tuple[Policy, ...] = ()

    @property
    def name_categories(self) -> bool:
        """Whether any policy goes by category, so that categories are worth reading."""
        return any(policy.scope.categories for policy in self.policies)

    def policy_for(self, goods: Goods, channel: str) -> Policy:
        """The policy that fits closest; of those that fit alike the one made last."""
        ranked = [
            (rank, policy.id, policy)
            for policy in self.policies
            if (rank := policy.scope.rank(goods, channel)) is not None
        ]
        return max(ranked, key=lambda one: one[:2])[2] if ranked else DEFAULT


def rules_at(versions: Iterable[InForce], moment: str) -> Rules:
    """The rules that held at a moment (RFC 3339): what was promised at purchase is kept, whatever changed since."""
    return Rules(tuple(one.policy for one in versions if one.at(moment)))


def words(terms: Terms) -> str:
    """The terms for a person, in English."""
    way = "we pay for the way back" if terms.shipping_paid_by is PaidBy.MERCHANT else "you pay for the way back"
    parts = [f"Within {terms.window_days} days of the delivery", way]
    if set(terms.conditions) != set(Condition):
        parts.append(f"the goods {' or '.join(terms.conditions)}")
    if terms.restocking_fee_bps:
        parts.append(f"{terms.restocking_fee_bps / 100:g} % of the price is kept")
    if terms.refunds_shipping:
        parts.append("with its share of the postage")
    return "; ".join(parts) + "."
