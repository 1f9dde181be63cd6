"""Authorise a return: the units are taken from all other returns of their order, in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.catalog import service as catalog
from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Contended, Fault, Forbidden, RuleBroken, Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.table import Transaction, find_many
from chalicelib.orders.service import Order
from chalicelib.returns import events, store
from chalicelib.returns.domain import eligibility
from chalicelib.returns.domain.eligibility import BY_GRACE, FACTS, Breach, Candidate, Rule, Situation
from chalicelib.returns.domain.model import Agreement, Exchange, Remedy, Replacement, Return, ReturnLine, return_id
from chalicelib.returns.domain.policy import Condition, PaidBy, Policy, Reason
from chalicelib.returns.domain.sellers import Part
from chalicelib.returns.service.sellers import destinations, sellers_of
from chalicelib.returns.service.situation import candidates_of, is_staff, situation_of, standing_of

_ATTEMPTS = 5


class ReturnNotAllowed(RuleBroken):
    """Lines that may not come back as asked; each fault's code is the rule that decided."""

    code = "return_not_allowed"
    title = "This may not be returned"


class AccountNeeded(RuleBroken):
    """Store credit and exchanges are kept for a customer: a guest's order is claimed first, or refunded."""

    code = "account_needed"
    title = "The order belongs to no customer"


class ExchangeMismatch(RuleBroken):
    """What is asked for in exchange does not go with what comes back; each fault says how."""

    code = "exchange_mismatch"
    title = "The exchange does not go with the return"


@dataclass(frozen=True, slots=True)
class AnnouncedLine:
    """Units of an order line that shall come back, and why."""

    line_id: str
    quantity: int
    reason: Reason
    condition: Condition | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Announcement:
    """A return as asked for; each line once. `card` pays what a replacement costs more. `channel`: through which it comes back,
    by default that of the order. `waive_for`: why the staff does not hold the rules against it."""

    lines: Sequence[AnnouncedLine]
    remedy: Remedy = Remedy.REFUND
    replacements: Sequence[Replacement] = ()
    card: str | None = None
    channel: str | None = None
    waive_for: str | None = None


def announce_return(
    order_id: str,
    wanted: Announcement,
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Return], Answer],
) -> Answer:
    """Authorise units of an order to come back, for its customer or the staff; each unit is in one return at most, and goes back to
    who shipped it.

    Raises `ReturnNotAllowed` with the rule for each line, `AccountNeeded`, `ExchangeMismatch`, `OffersRefused` for a replacement
    that is not sold, `NotFound` for another's order, `Forbidden` when a customer waives rules.
    """
    staff = is_staff(by)
    if wanted.waive_for is not None and not staff:
        fault = Fault("/waive_for", "forbidden", "Leave it out.")
        raise Forbidden("Rules are waived by the staff.", faults=[fault])
    for _ in range(_ATTEMPTS):
        standing = standing_of(order_id, by)
        order, tally = standing.order, standing.tally
        asked = {one.line_id for one in wanted.lines}
        candidates = candidates_of(standing, (line for line in order.lines if line.id in asked))
        now = situation_of(order, wanted.channel)
        waived = _checked(wanted, candidates, now)
        _check_exchange(order, wanted)
        parts = sellers_of(order, tally, {one.line_id: one.quantity for one in wanted.lines})
        value = _authorised(order, tally.returns + 1, wanted, candidates, now, waived, parts)
        final = answer(value)
        tx = Transaction()
        store.add_return(tx, value, wanted.card)
        store.change_tally(tx, tally.announce({one.line_id: one.quantity for one in wanted.lines}))
        store.list_for_suppliers(tx, value)
        events.return_authorised(tx, value, by)
        once.record(tx, final)
        try:
            tx.commit()
        except Stale:
            continue
        observability.count("ReturnsAuthorised")
        return final
    raise Contended(f"Returns of order {order_id} kept changing.")


def _checked(wanted: Announcement, candidates: Mapping[str, Candidate], now: Situation) -> dict[str, tuple[str, ...]]:
    """The rules that are waived, by line id. Raises `ReturnNotAllowed` for those that are not."""
    faults: list[Fault] = []
    waived: dict[str, tuple[str, ...]] = {}
    for index, one in enumerate(wanted.lines):
        found = _breaches(one, candidates.get(one.line_id), now)
        held = [breach for breach in found if wanted.waive_for is None or breach.rule in FACTS]
        faults += [Fault(f"/lines/{index}", str(breach.rule), breach.words) for breach in held]
        if found and not held:
            waived[one.line_id] = tuple(str(breach.rule) for breach in found)
    if faults:
        raise ReturnNotAllowed(" ".join(fault.detail for fault in faults[:3]), faults=faults)
    return waived


def _breaches(one: AnnouncedLine, candidate: Candidate | None, now: Situation) -> list[Breach]:
    if candidate is None:
        return [Breach(Rule.UNKNOWN_LINE, f"The order has no line {one.line_id}.")]
    return eligibility.breaches(candidate, one.quantity, one.reason, one.condition, now)


def _check_exchange(order: Order, wanted: Announcement) -> None:
    if wanted.remedy is not Remedy.REFUND and order.customer_id is None:
        raise AccountNeeded(f"{wanted.remedy} is for a customer's account, and order {order.id} has none.")
    if wanted.remedy is not Remedy.EXCHANGE:
        return
    left = {one.line_id: one.quantity for one in wanted.lines}
    faults = []
    for index, one in enumerate(wanted.replacements):
        if left.get(one.line_id, 0) < one.quantity:
            words = f"{left.get(one.line_id, 0)} units of line {one.line_id} are left to exchange."
            faults.append(Fault(f"/resolution/exchange/{index}", ExchangeMismatch.code, words))
        left[one.line_id] = left.get(one.line_id, 0) - one.quantity
    if faults:
        raise ExchangeMismatch(faults[0].detail, faults=faults)
    skus = list(dict.fromkeys(one.sku for one in wanted.replacements))
    pointers = {one.sku: f"/resolution/exchange/{index}/sku" for index, one in enumerate(wanted.replacements)}
    catalog.offers(find_many(catalog.offer_keys(skus)), skus, order.channel, order.currency, pointers=pointers)


def _authorised(
    order: Order,
    number: int,
    wanted: Announcement,
    candidates: Mapping[str, Candidate],
    now: Situation,
    waived: Mapping[str, tuple[str, ...]],
    parts: Mapping[str, Sequence[Part]],
) -> Return:
    skus = {line.id: line.sku for line in order.lines}
    moment = clock.now()
    days = max(candidates[one.line_id].policy.send_within_days for one in wanted.lines)
    return Return(
        id=return_id(order.id, number),
        order_id=order.id,
        customer_id=order.customer_id,
        currency=order.currency,
        channel=now.channel,
        announced_at=clock.rfc3339(moment),
        send_by=clock.rfc3339(moment + timedelta(days=days)),
        remedy=wanted.remedy,
        lines=tuple(
            ReturnLine(
                line_id=one.line_id,
                sku=skus[one.line_id],
                quantity=part.units,
                reason=one.reason,
                agreement=_agreement(candidates[one.line_id].policy, one.reason, now),
                condition=one.condition,
                note=one.note,
                seller=part.seller,
                supplier_sku=part.supplier_sku,
            )
            for one in wanted.lines
            for part in parts[one.line_id]
        ),
        send_to=destinations(order, [part.seller for one in wanted.lines for part in parts[one.line_id]]),
        exchange=Exchange(tuple(wanted.replacements)) if wanted.remedy is Remedy.EXCHANGE else None,
        waived=waived,
        waived_for=wanted.waive_for if waived else None,
    )


def _agreement(policy: Policy, reason: Reason, now: Situation) -> Agreement:
    terms = policy.terms.get(reason, BY_GRACE)
    return Agreement(
        policy_id=policy.id,
        policy_version=policy.version,
        prepaid=terms.shipping_paid_by is PaidBy.MERCHANT,
        fee_bps=terms.restocking_fee_bps,
        shares_postage=terms.refunds_shipping,
        withdrawn=eligibility.is_withdrawal(policy, now),
    )
