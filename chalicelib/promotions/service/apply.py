"""What orders ask of promotions: what comes off a basket, and the use of codes in the order's own transaction."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Self

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import AisleError, Conflict, Contended, Fault, RuleBroken
from chalicelib.core.keys import SEPARATOR
from chalicelib.core.table import Item, OnConflict, RawItem, Transaction
from chalicelib.promotions import domain, events, store
from chalicelib.promotions.domain import Basket, CouponCode, Discounts, Finding, Promotion, Redemption, normal_code

LISTED_FOR = timedelta(seconds=30)
"""How long a process keeps the list of promotions: a paused one may still be given for so long."""

_RELISTED_AFTER = timedelta(seconds=2)
"""How old the list has to be to be read again for a code whose promotion is not in it."""

_listed: tuple[datetime, list[Promotion]] | None = None


class CouponExhausted(Conflict):
    """Others used it up, or the same customer did elsewhere, since the basket was judged; `codes` names them."""

    code = "coupon_exhausted"
    title = "The coupon code has been used as often as it may be"

    @classmethod
    def of(cls, codes: Sequence[str]) -> Self:
        """The error for these codes."""
        return cls(f"{', '.join(codes)} cannot be used any more.", codes=list(codes))

    @classmethod
    def combine(cls, errors: Sequence[AisleError]) -> AisleError:
        return cls.of(list(dict.fromkeys(code for error in errors for code in error.members["codes"])))


class CouponRefused(RuleBroken):
    """Some codes take nothing off this basket; each has its fault, whose code is the rule that decided."""

    code = "coupon_refused"
    title = "A coupon code does not apply"


# ---- the list of promotions -------------------------------------------------------------------------------------------------


def active(channel: str, *, fresh: bool = False) -> tuple[Promotion, ...]:
    """The automatic promotions of a channel that run now, first asked first; up to 30 s old unless `fresh`."""
    now = clock.now()
    listed = _live(now, timedelta() if fresh else LISTED_FOR)
    running = [
        promotion
        for promotion in listed
        if not promotion.by_code
        and (not promotion.channels or channel in promotion.channels)
        and (promotion.starts_at is None or promotion.starts_at <= now)
        and (promotion.ends_at is None or now < promotion.ends_at)
    ]
    return tuple(sorted(running, key=lambda promotion: promotion.order))


def _live(now: datetime, at_most: timedelta) -> list[Promotion]:
    global _listed
    if _listed is not None and timedelta() <= now - _listed[0] < at_most:
        return _listed[1]
    promotions = store.live_promotions(now)
    _listed = (now, promotions)
    return promotions


def forget_promotions() -> None:
    """Read the list anew next time; after a change, and between tests."""
    global _listed
    _listed = None


# ---- judging a basket -------------------------------------------------------------------------------------------------------


def promotion_keys(codes: Iterable[str], customer_id: str | None) -> list[tuple[type[Item], str, str]]:
    """What `evaluate` needs to have found, for the caller's batch read: a key for each code, and one if there are codes."""
    wanted = _readable(codes)
    if not wanted:
        return []
    uses = [store.uses_key(customer_id)] if customer_id is not None else []
    return [*(store.code_key(code) for code in wanted), *uses]


def evaluate(found: Mapping[tuple[str, str], Item], basket: Basket, at: datetime) -> Discounts:
    """What comes off the basket at a moment, and why, out of a batch read with `promotion_keys`.

    The promotions are up to 30 s old, each code's counter is as read. Codes that do not count are no error here: their reason
    stands in the trace (`check_codes` makes it one).
    """
    codes = store.codes_in(found, _readable(basket.codes))
    promotions = _live(clock.now(), LISTED_FOR)
    if _lacks(promotions, codes.values()):
        promotions = _live(clock.now(), _RELISTED_AFTER)
    slots = store.slots_in(found, basket.customer_id) if basket.customer_id is not None else frozenset()
    return domain.evaluate(promotions, codes, slots, basket, at)


def _readable(codes: Iterable[str]) -> list[str]:
    """The codes in normal form that could be in the table at all."""
    return [code for code in dict.fromkeys(map(normal_code, codes)) if code and SEPARATOR not in code]


def _lacks(promotions: Iterable[Promotion], codes: Iterable[CouponCode]) -> bool:
    return not {code.promotion_id for code in codes} <= {promotion.id for promotion in promotions}


def check_codes(discounts: Discounts, codes: Sequence[str], pointer: str = "/coupons") -> None:
    """Raise `CouponRefused` that names every one of `codes` that took nothing off, and why."""
    reasons = {finding.code: finding for finding in discounts.refused_codes}
    faults = [
        Fault(f"{pointer}/{index}", reasons[normal_code(code)].rule, _words(reasons[normal_code(code)]))
        for index, code in enumerate(codes)
        if normal_code(code) in reasons
    ]
    if faults:
        raise CouponRefused(" ".join(fault.detail for fault in faults[:3]), faults=faults)


def _words(finding: Finding) -> str:
    numbers = ", ".join(f"{name} {value}" for name, value in finding.facts.items())
    return f"{finding.code}: {finding.rule.replace('_', ' ')}{f' ({numbers})' if numbers else ''}."


# ---- use and give back ------------------------------------------------------------------------------------------------------


def redeem(tx: Transaction, discounts: Discounts, order_id: str, by: Principal) -> None:
    """Add to the order's transaction that it uses the codes that took something off.

    Nothing without codes; else one action for each bounded code, one if the customer's uses are bounded, and two. At commit
    `CouponExhausted` when a bound is reached, `Contended` when the same customer was using the same promotion elsewhere.
    """
    redemptions = discounts.redemptions
    if not redemptions:
        return
    for one in redemptions:
        if one.bounded:
            store.count_use(tx, one.code, _used_up(one.code))
    slots = _slots(redemptions)
    if discounts.customer_id is not None and slots:
        store.take_slots(tx, discounts.customer_id, slots, _meanwhile)
    store.add_redemptions(tx, order_id, redemptions, discounts.customer_id)
    events.coupon_redeemed(tx, order_id, redemptions, by)


def give_back(tx: Transaction, order_id: str, by: Principal) -> None:
    """Add to the transaction that ends an order (refused, wholly cancelled) that its codes can be used again.

    Reads what the order used, so it is for orders that have coupons. Nothing when there is nothing, or it was given back before;
    of two at once only one commits, the other gets `Conflict`.
    """
    kept = store.get_redemptions(order_id)
    if kept is None or kept.given_back:
        return
    store.end_redemptions(tx, order_id)
    for one in kept.redemptions:
        if one.bounded:
            store.uncount_use(tx, one.code, _never_used)
    slots = _slots(kept.redemptions)
    if kept.customer_id is not None and slots:
        store.free_slots(tx, kept.customer_id, slots, _never_used)
    events.coupon_given_back(tx, order_id, kept.redemptions, by)


def _slots(redemptions: Iterable[Redemption]) -> list[str]:
    return [one.slot for one in redemptions if one.slot is not None]


def _used_up(code: str) -> OnConflict:
    return lambda _: CouponExhausted.of([code])


def _meanwhile(raw: RawItem | None) -> AisleError:
    return Contended("The customer has used a coupon code of the same promotion at the same moment.")


def _never_used(raw: RawItem | None) -> AisleError:
    return Conflict("The coupon code was not counted as used.")
