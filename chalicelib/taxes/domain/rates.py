"""Which rate applies, and what tax it makes of an amount."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from chalicelib.core.errors import Fault, Invalid, RuleBroken
from chalicelib.core.money import tax_on_top, tax_within

STANDARD = "standard"
"""The category whose rate applies to every category that has none of its own."""

UNTAXED = frozenset({"zero", "exempt"})
"""Categories that bear no tax anywhere: taxed at nothing, and outside the tax."""

EU = frozenset("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split())
"""The member states (ISO 3166-1); a test holds them to those whose VAT numbers are checked."""

_COUNTRY = re.compile(r"[A-Z]{2}")
_JURISDICTION = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_CATEGORY = re.compile(r"[a-z][a-z0-9_-]{0,31}")


class CategoryUntaxed(RuleBroken):
    code = "tax_category_untaxed"
    title = "This tax category bears no tax anywhere"


class NotInEu(RuleBroken):
    code = "not_in_eu"
    title = "The reverse charge is between member states of the EU"


class PeriodTwice(RuleBroken):
    code = "tax_period_twice"
    title = "Two rates begin on one day"


@dataclass(frozen=True, slots=True)
class RatePeriod:
    """A rate in basis points (2000 is 20 %) from a day on, in UTC."""

    valid_from: date
    rate_bps: int


@dataclass(frozen=True, slots=True)
class TaxRate:
    """The rates of a tax category in a jurisdiction, a country (`GB`) or a region of one (`US-CA`, ISO 3166-2), by day."""

    jurisdiction: str
    category: str
    periods: tuple[RatePeriod, ...]
    version: int = 1

    def on(self, day: date) -> int | None:
        """The rate on a day, in basis points; None before the first one."""
        begun = [period for period in self.periods if period.valid_from <= day]
        return max(begun, key=lambda period: period.valid_from).rate_bps if begun else None


@dataclass(frozen=True, slots=True)
class CountryTaxes:
    """How orders to a country are taxed. Version 0: nobody has said, so prices include tax as they always did.

    `reverse_charge`: businesses with a VAT number of such countries account for the tax of what goes there themselves. Set it
    for the member states other than the one that goods leave from (Directive 2006/112/EC, article 138).
    """

    country: str
    prices_include_tax: bool = True
    reverse_charge: bool = False
    version: int = 0


@dataclass(frozen=True, slots=True)
class TaxRules:
    """What applies to an order: rates (basis points) by category, None where the caller's own stands in.

    `included`: amounts hold the tax. `reverse_charge`: none is due, as the customer accounts for it.
    """

    jurisdiction: str
    rates: Mapping[str, int | None]
    included: bool = True
    reverse_charge: bool = False


@dataclass(frozen=True, slots=True)
class Taxable:
    """An amount (minor units, after discounts) of a tax category. `own_bps`: its rate where none is kept."""

    category: str
    amount: int
    own_bps: int


@dataclass(frozen=True, slots=True)
class Assessed:
    """The tax of an amount at a rate. `included`: the amount holds it; else it comes on top.

    `relief` is to be taken off the amount: it holds a tax, at the rate `relieved_bps`, that is not due.
    """

    rate_bps: int
    tax: int
    included: bool
    relief: int = 0
    relieved_bps: int = 0


@dataclass(frozen=True, slots=True)
class TaxTable:
    """All rates by jurisdiction and category, and the countries somebody has settled, by country."""

    rates: Mapping[tuple[str, str], TaxRate] = field(default_factory=dict)
    countries: Mapping[str, CountryTaxes] = field(default_factory=dict)

    @classmethod
    def of(cls, rates: Iterable[TaxRate], countries: Iterable[CountryTaxes]) -> "TaxTable":
        """The table of these."""
        return cls({(one.jurisdiction, one.category): one for one in rates}, {one.country: one for one in countries})

    def country(self, country: str) -> CountryTaxes:
        """What was settled for a country, or what goes without saying."""
        return self.countries.get(country, CountryTaxes(country))

    def rules(
        self, country: str, region: str | None, categories: Iterable[str], day: date, *, buyer: str | None = None
    ) -> TaxRules:
        """What applies to goods for a region of a country on a day; `buyer`: country of the business that buys, if one does.

        A region with rates of its own is a territory of its own; what it does not say, the country does. A category without a
        rate is taxed as `standard`.
        """
        here = self.country(country)
        part = jurisdiction_of(country, region)
        ours = part if any(at == part and rate.on(day) is not None for (at, _), rate in self.rates.items()) else country
        return TaxRules(
            jurisdiction=ours,
            rates={category: self._rate((ours, country), category, day) for category in categories},
            included=here.prices_include_tax,
            reverse_charge=buyer is not None and here.reverse_charge and self.country(buyer).reverse_charge,
        )

    def _rate(self, jurisdictions: Sequence[str], category: str, day: date) -> int | None:
        if category in UNTAXED:
            return 0
        for jurisdiction in jurisdictions:
            for name in (category, STANDARD):
                rate = self.rates.get((jurisdiction, name))
                bps = rate.on(day) if rate else None
                if bps is not None:
                    return bps
        return None


def jurisdiction_of(country: str, region: str | None) -> str:
    """`US-CA` for the region `CA`, `ca` or `US-CA` of `US` (ISO 3166-2); the country when the region is no such code."""
    code = (region or "").strip().upper().removeprefix(f"{country}-")
    joined = f"{country}-{code}"
    return joined if _JURISDICTION.fullmatch(joined) else country


def country_of_vat_number(number: str) -> str:
    """The country that a VAT number names: its first two letters, where `EL` is Greece."""
    prefix = number[:2]
    return "GR" if prefix == "EL" else prefix


def tax_of_line(amount: int, rate_bps: int, *, included: bool) -> int:
    """The tax of an amount in minor units, within it or on top of it, rounded half away from zero once for the line."""
    return tax_within(amount, rate_bps) if included else tax_on_top(amount, rate_bps)


def assess(rules: TaxRules, lines: Iterable[Taxable]) -> list[Assessed]:
    """The tax of each line under the rules, in their order. The line is charged `amount - relief`, and its tax on top unless
    it is included."""
    return [_assessed(rules, line) for line in lines]


def _assessed(rules: TaxRules, line: Taxable) -> Assessed:
    kept = rules.rates[line.category]
    rate_bps = line.own_bps if kept is None else kept
    tax = tax_of_line(line.amount, rate_bps, included=rules.included)
    if not rules.reverse_charge:
        return Assessed(rate_bps, tax, rules.included)
    if not rules.included:
        return Assessed(0, 0, included=False)
    return Assessed(0, 0, included=True, relief=tax, relieved_bps=rate_bps)


# ---- what an administrator may say --------------------------------------------------------------------------------------


def checked_jurisdiction(text: str) -> str:
    """The code of a country, or of a region of one. Raises `Invalid`."""
    return _checked(_JURISDICTION, text, "/jurisdiction", "a country (GB) or a region of one (US-CA)")


def checked_country(text: str) -> str:
    """The code of a country. Raises `Invalid`."""
    return _checked(_COUNTRY, text, "/country", "a country (ISO 3166-1 alpha-2)")


def checked_category(text: str) -> str:
    """A tax category that rates can be kept for. Raises `Invalid`, and `CategoryUntaxed` for `zero` and `exempt`."""
    if text in UNTAXED:
        raise CategoryUntaxed(f"{text} is never taxed; use another category for a rate.")
    return _checked(_CATEGORY, text, "/category", "a tax category (a-z, 0-9, _ and -)")


def _checked(pattern: re.Pattern[str], text: str, pointer: str, what: str) -> str:
    if pattern.fullmatch(text) is None:
        raise Invalid(f"{text[:40]!r} is not {what}.", faults=[Fault(pointer, "unknown_shape", f"Give {what}.")])
    return text


def checked_periods(periods: Iterable[RatePeriod]) -> tuple[RatePeriod, ...]:
    """The periods by day. Raises `PeriodTwice`."""
    by_day = tuple(sorted(periods, key=lambda period: period.valid_from))
    days = [period.valid_from for period in by_day]
    if len(set(days)) < len(days):
        raise PeriodTwice("Each valid_from is named once.", faults=[Fault("/periods", PeriodTwice.code, "")])
    return by_day


def checked_reverse_charge(country: str, reverse_charge: bool) -> bool:
    """Whether businesses of a country account for the tax themselves. Raises `NotInEu`."""
    if reverse_charge and country not in EU:
        fault = Fault("/reverse_charge", NotInEu.code, "Leave it false.")
        raise NotInEu(f"{country} is no member state of the EU.", faults=[fault])
    return reverse_charge
