"""What of an order may be returned, until when, and the rule that forbids the rest."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from chalicelib.returns.domain.policy import FAULTS, Condition, PaidBy, Policy, Reason, Terms, words
from chalicelib.returns.domain.tally import Counts


class Rule(StrEnum):
    """What decides against a return. Those in `FACTS` nobody can waive; the others the staff can."""

    UNKNOWN_LINE = "unknown_line"
    NOT_SHIPPED = "not_shipped"
    IN_A_RETURN = "in_a_return"
    REFUSED_BEFORE = "refused_before"
    FINAL_SALE = "final_sale"
    REASON_NOT_ACCEPTED = "reason_not_accepted"
    CONDITION_NOT_ACCEPTED = "condition_not_accepted"
    CHANNEL_NOT_ACCEPTED = "channel_not_accepted"
    WINDOW_OVER = "window_over"


FACTS = frozenset({Rule.UNKNOWN_LINE, Rule.NOT_SHIPPED, Rule.IN_A_RETURN})

BY_GRACE = Terms(0, tuple(Condition), PaidBy.CUSTOMER)
"""The terms of a reason that no policy accepts, when the staff does."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that is broken, and what that means in words."""

    rule: Rule
    words: str


@dataclass(frozen=True, slots=True)
class Situation:
    """When and how goods shall come back. `delivered_on`: the day the last of the order's goods arrived, None while some are
    still to come: a withdrawal may be declared from then on (Directive 2011/83/EU, article 9)."""

    today: date
    delivered_on: date | None
    channel: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A line of an order that might come back: units shipped, what its returns hold, and its policy."""

    line_id: str
    shipped: int
    counts: Counts
    policy: Policy

    @property
    def returnable(self) -> int:
        """Units that its customer can still announce."""
        return max(0, self.shipped - self.counts.taken - self.counts.refused)


@dataclass(frozen=True, slots=True)
class Option:
    """Whether a reason is accepted now: until when (None: the days do not count yet), or what breaks it."""

    reason: Reason
    terms: Terms | None
    until: date | None
    breach: Breach | None

    @property
    def words(self) -> str:
        """The terms, or the breach, for a person."""
        if self.breach is not None:
            return self.breach.words
        return words(self.terms) if self.terms else ""


def last_day(terms: Terms, delivered_on: date | None) -> date | None:
    """The last day on which goods can be announced; all of it counts (Regulation 1182/71, article 3)."""
    return delivered_on + timedelta(days=terms.window_days) if delivered_on else None


def options(policy: Policy, now: Situation) -> list[Option]:
    """For each reason whether the policy accepts it now."""
    return [_option(policy, reason, now) for reason in Reason]


def _option(policy: Policy, reason: Reason, now: Situation) -> Option:
    terms = policy.terms.get(reason)
    breach = next(iter(_policy_breaches(policy, reason, None, now)), None)
    until = last_day(terms, now.delivered_on) if terms else None
    return Option(reason, terms, until, breach)


def units_breach(candidate: Candidate, units: int) -> Breach | None:
    """Why so many units cannot be announced, whatever the reason."""
    if not candidate.shipped:
        return Breach(Rule.NOT_SHIPPED, "It was not shipped; what was not shipped can be cancelled.")
    left = candidate.shipped - candidate.counts.taken
    if units > left:
        return Breach(Rule.IN_A_RETURN, f"{left} of {candidate.shipped} units are not in a return yet.")
    if units > candidate.returnable:
        return Breach(Rule.REFUSED_BEFORE, f"{candidate.counts.refused} units came back before and were refused.")
    return None


def breaches(
    candidate: Candidate, units: int, reason: Reason, condition: Condition | None, now: Situation
) -> list[Breach]:
    """Every rule that announcing these units would break; none when it may be. The gravest is the first."""
    of_units = units_breach(candidate, units)
    return [*([of_units] if of_units else []), *_policy_breaches(candidate.policy, reason, condition, now)]


def _policy_breaches(policy: Policy, reason: Reason, condition: Condition | None, now: Situation) -> list[Breach]:
    found = []
    if not policy.accepts_in(now.channel):
        found.append(Breach(Rule.CHANNEL_NOT_ACCEPTED, f"It comes back through {' or '.join(policy.return_channels)}."))
    if policy.final_sale and reason not in FAULTS:
        found.append(Breach(Rule.FINAL_SALE, "It was sold for good: it comes back for faults only."))
        return found
    terms = policy.terms.get(reason)
    if terms is None:
        found.append(Breach(Rule.REASON_NOT_ACCEPTED, f"{reason} is no reason to return it."))
        return found
    if condition is not None and condition not in terms.conditions:
        accepted = " or ".join(terms.conditions)
        found.append(Breach(Rule.CONDITION_NOT_ACCEPTED, f"For {reason} it comes back {accepted}, not {condition}."))
    until = last_day(terms, now.delivered_on)
    if until is not None and now.today > until:
        found.append(Breach(Rule.WINDOW_OVER, f"It could be announced until {until}."))
    return found


def is_withdrawal(policy: Policy, now: Situation) -> bool:
    """Whether the goods are announced within the policy's days of withdrawal."""
    return now.delivered_on is None or now.today <= now.delivered_on + timedelta(days=policy.withdrawal_days)


def delivered_on(shipped: int, delivered: int, open: int, last_delivery: str | None) -> date | None:
    """The day from which the days of an order count: that of its `last_delivery` (RFC 3339), once all its units are there."""
    if last_delivery is None or open or delivered < shipped:
        return None
    return date.fromisoformat(last_delivery[:10])
