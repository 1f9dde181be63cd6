"""The walk through the promotions. Its rules are told in `domain/__init__.py`."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.promotions.domain.basket import (
    Basket,
    BasketLine,
    Discounts,
    Finding,
    LineDiscount,
    Redemption,
    Rule,
)
from chalicelib.promotions.domain.definition import CouponCode, Promotion, normal_code
from chalicelib.promotions.domain.rewards import Cut, Refusal, Remainder, cut


@dataclass(frozen=True, slots=True)
class _Candidate:
    promotion: Promotion
    code: CouponCode | None = None
    slot: str | None = None

    def finding(self, rule: Rule, facts: Mapping[str, object] | None = None, made: Cut | None = None) -> Finding:
        return Finding(
            rule,
            self.promotion.id,
            self.promotion.name,
            self.code.code if self.code else None,
            made.goods if made else 0,
            made.shipping if made else 0,
            facts or {},
        )


def evaluate(
    promotions: Iterable[Promotion],
    codes: Mapping[str, CouponCode],
    slots: AbstractSet[str],
    basket: Basket,
    at: datetime,
) -> Discounts:
    """What the promotions take off the basket at a moment, and why.

    `promotions` are the active ones, those that need a code too; `codes` what is known of the basket's codes, in normal form;
    `slots` the customer's uses of bounded promotions, as `Redemption.slot` names them.
    """
    known = {promotion.id: promotion for promotion in promotions}
    by_code, refused = _presented(basket, codes, known, slots)
    automatic = [_Candidate(promotion) for promotion in known.values() if not promotion.by_code]
    till = _Till.of(basket)
    for candidate in sorted([*automatic, *by_code], key=lambda candidate: candidate.promotion.order):
        till.offer(candidate, at)
    return till.discounts(refused)


# ---- codes ----------------------------------------------------------------------------------------------------------------


def _presented(
    basket: Basket, codes: Mapping[str, CouponCode], known: Mapping[str, Promotion], slots: AbstractSet[str]
) -> tuple[list[_Candidate], list[Finding]]:
    """The promotions that the basket's codes bring in, one code each, and the codes that bring none, with the reason."""
    candidates: dict[str, _Candidate] = {}
    refused = []
    for text in sorted({normal_code(text) for text in basket.codes}):
        judged = _judged(text, codes.get(text), known, slots, basket.customer_id)
        if isinstance(judged, _Candidate) and judged.promotion.id in candidates:
            judged = judged.finding(Rule.CODE_OF_SAME_PROMOTION, {"code": _code_of(candidates[judged.promotion.id])})
        if isinstance(judged, _Candidate):
            candidates[judged.promotion.id] = judged
        else:
            refused.append(judged)
    return list(candidates.values()), refused


def _code_of(candidate: _Candidate) -> str | None:
    return candidate.code.code if candidate.code else None


def _judged(
    text: str, code: CouponCode | None, known: Mapping[str, Promotion], slots: AbstractSet[str], customer_id: str | None
) -> _Candidate | Finding:
    if code is None:
        return Finding(Rule.CODE_UNKNOWN, code=text)
    promotion = known.get(code.promotion_id)
    if promotion is None or not promotion.by_code:
        return Finding(Rule.CODE_NOT_ACTIVE, code.promotion_id, code=text)
    candidate = _Candidate(promotion, code)
    if not code.enabled:
        return candidate.finding(Rule.CODE_DISABLED)
    if code.is_used_up:
        return candidate.finding(Rule.CODE_USED_UP, {"most": code.most, "used": code.used})
    if promotion.per_customer is None:
        return candidate
    if customer_id is None:
        return candidate.finding(Rule.CODE_NEEDS_CUSTOMER)
    used = sum(slot.startswith(f"{promotion.id}:") for slot in slots)
    if used >= promotion.per_customer:
        return candidate.finding(Rule.CODE_USED_BY_CUSTOMER, {"most": promotion.per_customer, "used": used})
    names = (f"{promotion.id}:{number}" for number in range(promotion.per_customer))
    return _Candidate(promotion, code, next(name for name in names if name not in slots))


# ---- whether a promotion is for this basket ---------------------------------------------------------------------------------


def _why_not(promotion: Promotion, basket: Basket, at: datetime) -> Refusal | None:
    """What keeps the promotion from the basket, whatever the others do."""
    if promotion.starts_at is not None and at < promotion.starts_at:
        return Refusal(Rule.NOT_STARTED)
    if promotion.ends_at is not None and at >= promotion.ends_at:
        return Refusal(Rule.ENDED)
    if promotion.channels and basket.channel not in promotion.channels:
        return Refusal(Rule.OTHER_CHANNEL)
    if promotion.segments and promotion.segments.isdisjoint(basket.segments):
        return Refusal(Rule.NOT_IN_SEGMENT)
    return _below_threshold(promotion, basket)


def _below_threshold(promotion: Promotion, basket: Basket) -> Refusal | None:
    threshold = promotion.threshold
    if not threshold.goods and not threshold.units:
        return None
    counted = [line for line in basket.lines if threshold.of.holds(line) and promotion.counts(line)]
    if threshold.goods:
        needed = threshold.goods.get(basket.currency)
        if needed is None:
            return Refusal(Rule.OTHER_CURRENCY)
        goods = sum(line.amount for line in counted)
        if goods < needed:
            return Refusal(Rule.GOODS_BELOW_THRESHOLD, {"needed": needed, "has": goods})
    units = sum(line.quantity for line in counted)
    if units < threshold.units:
        return Refusal(Rule.UNITS_BELOW_THRESHOLD, {"needed": threshold.units, "has": units})
    return None


# ---- the walk ---------------------------------------------------------------------------------------------------------------


def _canonical(line: BasketLine) -> tuple[object, ...]:
    """An order of lines that does not depend on how they were sent; the id comes last, for lines that are alike."""
    return line.sku, line.unit_price, line.quantity, line.product_id, line.category_path, line.id


@dataclass(slots=True)
class _Till:
    """What is left of the basket while one promotion after the other takes its part."""

    basket: Basket
    lines: Sequence[BasketLine]
    left: list[int]
    shipping_left: int | None
    taken: list[list[tuple[str, int]]]
    trace: list[Finding] = field(default_factory=list)
    redemptions: list[Redemption] = field(default_factory=list)
    applied: list[Promotion] = field(default_factory=list)

    @classmethod
    def of(cls, basket: Basket) -> "_Till":
        lines = sorted(basket.lines, key=_canonical)
        return cls(basket, lines, [line.amount for line in lines], basket.shipping_charge, [[] for _ in lines])

    def offer(self, candidate: _Candidate, at: datetime) -> None:
        """Let the promotion take its part, if it may; the trace says what became of it."""
        promotion = candidate.promotion
        result = _why_not(promotion, self.basket, at) or self._cut(promotion)
        if isinstance(result, Refusal):
            self.trace.append(candidate.finding(result.rule, result.facts))
            return
        before = self._in_the_way(promotion)
        if before is not None:
            rule, other = before
            self.trace.append(candidate.finding(rule, {"promotion_id": other.id}))
            return
        self._take(candidate, result)

    def _cut(self, promotion: Promotion) -> Cut | Refusal:
        made = cut(promotion, self.lines, Remainder(self.left, self.shipping_left), self.basket.currency)
        if isinstance(made, Cut) and not made.goods and not made.shipping:
            return Refusal(Rule.NOTHING_LEFT)
        return made

    def _in_the_way(self, promotion: Promotion) -> tuple[Rule, Promotion] | None:
        """The promotion that applied before and does not let this one follow."""
        for earlier in self.applied:
            if earlier.exclusive:
                return Rule.EXCLUDED, earlier
            if earlier.stops:
                return Rule.STOPPED, earlier
        if promotion.exclusive and self.applied:
            return Rule.NOT_ALONE, self.applied[0]
        return None

    def _take(self, candidate: _Candidate, made: Cut) -> None:
        promotion = candidate.promotion
        for index, amount in made.by_line.items():
            if amount:
                self.left[index] -= amount
                self.taken[index].append((promotion.id, amount))
        if self.shipping_left is not None:
            self.shipping_left -= made.shipping
        self.applied.append(promotion)
        facts = {} if made.units is None else {"units": made.units}
        self.trace.append(candidate.finding(Rule.APPLIED, facts, made))
        if candidate.code:
            bounded = candidate.code.most is not None
            amount = made.goods + made.shipping
            self.redemptions.append(Redemption(candidate.code.code, promotion.id, amount, bounded, candidate.slot))

    def discounts(self, refused: Sequence[Finding]) -> Discounts:
        """What was taken, in the order of the basket's own lines."""
        by_id = {
            line.id: LineDiscount(line.id, line.amount, line.amount - self.left[index], tuple(self.taken[index]))
            for index, line in enumerate(self.lines)
        }
        return Discounts(
            tuple(by_id[line.id] for line in self.basket.lines),
            (self.basket.shipping_charge or 0) - (self.shipping_left or 0),
            (*self.trace, *refused),
            tuple(self.redemptions),
            self.basket.customer_id,
        )
