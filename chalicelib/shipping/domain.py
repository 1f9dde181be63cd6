"""Shipping methods: where they go, what they charge, when they arrive. Pure values and rules."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any

from chalicelib.core.errors import Fault, Invalid, RuleBroken
from chalicelib.core.money import Money

ELSEWHERE = "*"
"""Among the countries of a zone: all that no zone of the method names."""

MONDAY_TO_FRIDAY = (1, 2, 3, 4, 5)
"""Days of the week as ISO 8601 counts them."""

_DAY = timedelta(days=1)
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


class MethodFaulty(RuleBroken):
    code = "shipping_method_faulty"
    title = "The shipping method contradicts itself"


class ShippingUnavailable(RuleBroken):
    """The method is not offered for these goods; the fault's code says why."""

    code = "shipping_unavailable"
    title = "These goods cannot be shipped so"


class Reason(StrEnum):
    """Why a method is not offered."""

    UNKNOWN = "method_unknown"
    PAUSED = "method_paused"
    CHANNEL = "channel_not_served"
    COUNTRY = "country_not_served"
    CURRENCY = "currency_not_priced"
    WEIGHT = "too_heavy"


@dataclass(frozen=True, slots=True)
class Band:
    """What goods of up to so many grams cost to send, in minor units; None: whatever they weigh."""

    up_to_grams: int | None
    amount: int


@dataclass(frozen=True, slots=True)
class Tariff:
    """Charges in a currency, by weight, lightest band first; one band without a bound is a flat charge.

    Nothing is charged for goods of `free_from` (minor units, after discounts) or more. Tax is in the charge where it is in prices.
    """

    currency: str
    bands: tuple[Band, ...]
    free_from: int | None = None

    def band(self, weight_grams: int) -> Band | None:
        """The first band that takes the weight, or None when all are too light."""
        fits = (band for band in self.bands if band.up_to_grams is None or weight_grams <= band.up_to_grams)
        return next(fits, None)


@dataclass(frozen=True, slots=True)
class Zone:
    """Countries (ISO 3166-1, or `ELSEWHERE`) with the same tariffs and the same way: so many working days."""

    name: str
    countries: tuple[str, ...]
    transit_days_min: int
    transit_days_max: int
    tariffs: tuple[Tariff, ...]

    def tariff(self, currency: str) -> Tariff | None:
        """The tariff in a currency, or None."""
        return next((tariff for tariff in self.tariffs if tariff.currency == currency), None)


@dataclass(frozen=True, slots=True)
class ShippingMethod:
    """A way to send goods. `names` by language (BCP 47).

    What is ordered after `cutoff` (`HH:MM`, UTC) counts as ordered the next day. Goods are handled and carried on `weekdays` but
    for `closed_days`; `handling_days` such days pass before they leave.
    """

    code: str
    names: Mapping[str, str]
    carrier: str
    channels: tuple[str, ...]
    zones: tuple[Zone, ...]
    tax_category: str = "standard"
    active: bool = True
    handling_days: int = 0
    cutoff: str | None = None
    weekdays: tuple[int, ...] = MONDAY_TO_FRIDAY
    closed_days: tuple[date, ...] = ()
    version: int = 1

    def zone(self, country: str) -> Zone | None:
        """The zone that names the country, else the one for elsewhere, else None."""
        named = next((zone for zone in self.zones if country in zone.countries), None)
        return named or next((zone for zone in self.zones if ELSEWHERE in zone.countries), None)

    def name_in(self, language: str) -> str:
        """The name in a language, in its main form (`en` for `en-GB`), in English, or in whichever there is."""
        wanted = (language, language.partition("-")[0], "en", *self.names)
        return next(self.names[one] for one in wanted if one in self.names)


@dataclass(frozen=True, slots=True)
class Consignment:
    """Goods to be sent: their weight, and what they cost after discounts in minor units of `currency`."""

    country: str
    channel: str
    currency: str
    weight_grams: int
    goods_total: int


@dataclass(frozen=True, slots=True)
class Option:
    """A method as it is offered for some goods: they arrive on `promised_from` at the earliest, `promised_by` at the latest.

    `why` says which zone and which rule made the charge.
    """

    code: str
    name: str
    carrier: str
    charge: Money
    tax_category: str
    promised_from: date
    promised_by: date
    why: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NotOffered:
    """A method that is not offered, and why, for a person."""

    code: str
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """All methods for some goods: what is offered, cheapest first, and what is not."""

    options: tuple[Option, ...]
    not_offered: tuple[NotOffered, ...]


def explain(
    methods: Iterable[ShippingMethod], goods: Consignment, at: datetime, *, cutoff: str | None, language: str
) -> Explanation:
    """What each method makes of goods ordered at `at`. `cutoff`: of the locations they leave from (`HH:MM`, UTC)."""
    found = [offer(method, goods, at, cutoff=cutoff, language=language) for method in methods]
    offered = [one for one in found if isinstance(one, Option)]
    offered.sort(key=lambda one: (one.charge.amount, one.promised_by, one.code))
    return Explanation(tuple(offered), tuple(one for one in found if isinstance(one, NotOffered)))


def offer(
    method: ShippingMethod, goods: Consignment, at: datetime, *, cutoff: str | None, language: str
) -> Option | NotOffered:
    """The method for these goods, or why not."""
    if not method.active:
        return NotOffered(method.code, Reason.PAUSED, "The method is paused.")
    if goods.channel not in method.channels:
        return NotOffered(method.code, Reason.CHANNEL, f"It does not serve channel {goods.channel}.")
    zone = method.zone(goods.country)
    if zone is None:
        return NotOffered(method.code, Reason.COUNTRY, f"No zone of it holds {goods.country}.")
    tariff = zone.tariff(goods.currency)
    if tariff is None:
        return NotOffered(method.code, Reason.CURRENCY, f"Zone {zone.name} has no tariff in {goods.currency}.")
    band = tariff.band(goods.weight_grams)
    if band is None:
        heaviest = tariff.bands[-1].up_to_grams
        return NotOffered(
            method.code, Reason.WEIGHT, f"{goods.weight_grams} g are more than {heaviest} g, the most in {zone.name}."
        )
    amount, rule = _charged(tariff, band, goods.goods_total)
    earliest, latest = promise(method, zone, at, cutoff=_earlier(method.cutoff, cutoff))
    return Option(
        code=method.code,
        name=method.name_in(language),
        carrier=method.carrier,
        charge=Money(amount, goods.currency),
        tax_category=method.tax_category,
        promised_from=earliest,
        promised_by=latest,
        why={"zone": zone.name, **rule},
    )


def _charged(tariff: Tariff, band: Band, goods_total: int) -> tuple[int, dict[str, Any]]:
    if tariff.free_from is not None and goods_total >= tariff.free_from:
        return 0, {"rule": "free_from", "free_from": tariff.free_from}
    if band.up_to_grams is None and len(tariff.bands) == 1:
        return band.amount, {"rule": "flat"}
    return band.amount, {"rule": "weight_band", "up_to_grams": band.up_to_grams}


def _earlier(*cutoffs: str | None) -> str | None:
    return min((cutoff for cutoff in cutoffs if cutoff is not None), default=None)


def earliest_cutoff(cutoffs: Iterable[str | None]) -> str | None:
    """Of several places that goods may leave from, the cutoff that holds wherever they do."""
    return _earlier(*cutoffs)


# ---- dates --------------------------------------------------------------------------------------------------------------


def promise(method: ShippingMethod, zone: Zone, at: datetime, *, cutoff: str | None) -> tuple[date, date]:
    """The first and the last day on which goods ordered at `at` arrive. Days are counted in UTC."""
    moment = at.astimezone(UTC)
    late = cutoff is not None and moment.time() > time.fromisoformat(cutoff)
    begins = _working(method, 0, from_=moment.date() + _DAY if late else moment.date())
    leaves = _working(method, method.handling_days, from_=begins)
    return (
        _working(method, zone.transit_days_min, from_=leaves),
        _working(method, zone.transit_days_max, from_=leaves),
    )


def _working(method: ShippingMethod, days: int, *, from_: date) -> date:
    """The day on which so many working days have passed, or the first working day for none."""
    working = _working_days(method, from_)
    for _ in range(days):
        next(working)
    return next(working)


def _working_days(method: ShippingMethod, day: date) -> Iterator[date]:
    while True:
        if day.isoweekday() in method.weekdays and day not in method.closed_days:
            yield day
        day += _DAY


# ---- what an administrator may say --------------------------------------------------------------------------------------


def check_method(method: ShippingMethod) -> None:
    """Raise `MethodFaulty` with every contradiction: heavier never costs less, and no country or currency has two answers.

    Raises `Invalid` for what is no code.
    """
    if _CODE.fullmatch(method.code) is None:
        fault = Fault("/code", "unknown_shape", "Give a-z, 0-9, _ and -, up to 32 of them.")
        raise Invalid(f"{method.code[:40]!r} is no code of a method.", faults=[fault])
    faults = [*_doubled(method), *(fault for index, zone in enumerate(method.zones) for fault in _faults(index, zone))]
    if faults:
        raise MethodFaulty(" ".join(fault.detail for fault in faults[:3]), faults=faults)


def _doubled(method: ShippingMethod) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, zone in enumerate(method.zones):
        doubled = sorted(seen.intersection(zone.countries))
        if doubled or len(set(zone.countries)) < len(zone.countries):
            names = ", ".join(doubled) or "a country"
            yield Fault(f"/zones/{index}/countries", "country_twice", f"{zone.name}: {names} is named twice.")
        seen.update(zone.countries)


def _faults(index: int, zone: Zone) -> Iterator[Fault]:
    at = f"/zones/{index}"
    if zone.transit_days_max < zone.transit_days_min:
        yield Fault(f"{at}/transit_days_max", "days_reversed", f"{zone.name}: the latest day is before the earliest.")
    currencies = [tariff.currency for tariff in zone.tariffs]
    if len(set(currencies)) < len(currencies):
        yield Fault(f"{at}/tariffs", "currency_twice", f"{zone.name}: two tariffs in one currency.")
    for number, tariff in enumerate(zone.tariffs):
        if not _is_rising(tariff.bands):
            detail = f"{zone.name}: bands rise in weight, never fall in amount, and only the last has no bound."
            yield Fault(f"{at}/tariffs/{number}/bands", "bands_not_rising", detail)


def _is_rising(bands: Sequence[Band]) -> bool:
    if any(band.up_to_grams is None for band in bands[:-1]):
        return False
    bounds = [band.up_to_grams for band in bands if band.up_to_grams is not None]
    amounts = [band.amount for band in bands]
    return all(one < other for one, other in pairwise(bounds)) and amounts == sorted(amounts)
