"""Commission: which rule holds for a sale, and what it comes to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from chalicelib.core.errors import Fault, RuleBroken
from chalicelib.core.money import round_half_up

_WHOLE = 10_000
"""All of an amount, in basis points."""


class RulesFaulty(RuleBroken):
    code = "commission_rules_faulty"
    title = "The commission rules contradict each other"


class TaxOwedBy(StrEnum):
    """Who owes the tax that customers paid on suppliers' goods. `supplier`: it is paid out to it within the price. `operator`:
    kept back, as a deemed supplier (Directive 2006/112/EC, article 14a) or a marketplace facilitator has to."""

    SUPPLIER = "supplier"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Rule:
    """What is charged on sales of a supplier, or in a category and all below it, or, naming neither, on all others.

    `rate_bps` (basis points) is of what the supplier asked, its tax included; `fixed` comes on top for each unit. `floor` and `cap`
    bound what a unit is charged. Amounts are minor units of `currency`. `tax_rate_bps` comes on the commission.
    """

    currency: str
    rate_bps: int = 0
    fixed: int = 0
    floor: int = 0
    cap: int | None = None
    tax_rate_bps: int = 0
    supplier_id: str | None = None
    category_id: str | None = None

    @property
    def scope(self) -> str:
        """What it is for, in words that name no other rule."""
        return f"{self.supplier_id or '*'}/{self.category_id or '*'}/{self.currency}"


@dataclass(frozen=True, slots=True)
class CommissionRules:
    """What the operator settled. `kept_bps`: of the commission, when goods come back. `listing_fees`: of a listing that is
    approved, by currency."""

    rules: tuple[Rule, ...] = ()
    kept_bps: int = 0
    tax_owed_by: TaxOwedBy = TaxOwedBy.SUPPLIER
    listing_fees: Mapping[str, int] = field(default_factory=dict)
    version: int = 0


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for an order from the moment it is placed, whatever the rules say later. `rule` is the scope of the rule that
    decided, None where none did. Other fields as of `Rule` and `CommissionRules`."""

    rate_bps: int = 0
    fixed: int = 0
    floor: int = 0
    cap: int | None = None
    tax_rate_bps: int = 0
    kept_bps: int = 0
    tax_owed_by: str = TaxOwedBy.SUPPLIER
    rule: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """For the order to keep, without what is as usual."""
        return {one.name: value for one in fields(self) if (value := getattr(self, one.name)) != one.default}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Terms":
        """The terms that an order kept."""
        return cls(**kept)


def checked(rules: CommissionRules) -> CommissionRules:
    """The rules, if no two are for the same and no floor is above its cap. Raises `RulesFaulty` that names each."""
    seen: dict[str, int] = {}
    faults = []
    for index, rule in enumerate(rules.rules):
        if rule.scope in seen:
            words = f"Rule {seen[rule.scope]} is for {rule.scope} already."
            faults.append(Fault(f"/rules/{index}", "same_scope", words))
        seen.setdefault(rule.scope, index)
        if rule.cap is not None and rule.cap < rule.floor:
            faults.append(Fault(f"/rules/{index}/cap", "cap_below_floor", f"It is below the floor of {rule.floor}."))
    if faults:
        raise RulesFaulty(faults[0].detail, faults=faults)
    return rules


def terms_for(rules: CommissionRules, supplier_id: str, category_path: Sequence[str], currency: str) -> Terms:
    """What holds for a sale. `category_path` leads from the root to the product's own category.

    The most specific rule wins: for supplier and category (the deepest), for the supplier, for the deepest category, for all.
    Without one there is no commission.
    """
    depth = {category: level for level, category in enumerate(category_path, start=1)}
    rule = _most_specific(
        [one for one in rules.rules if one.currency == currency and one.supplier_id in (None, supplier_id)], depth
    )
    if rule is None:
        return Terms(kept_bps=rules.kept_bps, tax_owed_by=str(rules.tax_owed_by))
    return Terms(
        rate_bps=rule.rate_bps,
        fixed=rule.fixed,
        floor=rule.floor,
        cap=rule.cap,
        tax_rate_bps=rule.tax_rate_bps,
        kept_bps=rules.kept_bps,
        tax_owed_by=str(rules.tax_owed_by),
        rule=rule.scope,
    )


def _most_specific(rules: Iterable[Rule], depth: Mapping[str, int]) -> Rule | None:
    fitting = [rule for rule in rules if rule.category_id is None or rule.category_id in depth]
    return max(
        fitting,
        key=lambda rule: (rule.supplier_id is not None, depth.get(rule.category_id or "", 0)),
        default=None,
    )


def commission_of(terms: Terms, amount: int, units: int) -> tuple[int, int]:
    """The commission on `units` for which a supplier asked `amount` (minor units), and the tax on it. Halves are rounded away from
    zero."""
    if units == 0:
        return 0, 0
    charged = round_half_up(amount * terms.rate_bps, _WHOLE) + terms.fixed * units
    charged = max(charged, terms.floor * units)
    if terms.cap is not None:
        charged = min(charged, terms.cap * units)
    return charged, round_half_up(charged * terms.tax_rate_bps, _WHOLE)


def commission_of_units(terms: Terms, unit_price: int, before: int, units: int) -> tuple[int, int]:
    """As `commission_of`, for `units` of a line of which so many were sent `before`: parcels of a line add up to what one parcel
    with all of it would have been charged."""
    charged, tax = commission_of(terms, unit_price * (before + units), before + units)
    charged_before, tax_before = commission_of(terms, unit_price * before, before)
    return charged - charged_before, tax - tax_before


def returned_of(amount: int, kept_bps: int) -> int:
    """What of a commission, or of the tax on it, is returned when all of its goods come back."""
    return amount - round_half_up(amount * kept_bps, _WHOLE)
