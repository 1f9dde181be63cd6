"""Charges, promises, and what a method may not say."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import Invalid
from chalicelib.core.money import Money
from chalicelib.shipping import domain
from chalicelib.shipping.domain import Band, MethodFaulty, NotOffered, Option, Reason, Tariff
from tests.unit.shipping.builders import BANDS, WEDNESDAY, a_method, a_tariff, a_zone, flat, some_goods


def offered(method=None, at=WEDNESDAY, cutoff=None, language="en", **goods):
    return domain.offer(method or a_method(), some_goods(**goods), at, cutoff=cutoff, language=language)


def test_an_option_says_what_when_and_why():
    assert offered() == Option(
        code="standard",
        name="Standard",
        carrier="Royal Mail",
        charge=Money(399, "GBP"),
        tax_category="standard",
        promised_from=date(2026, 1, 16),
        promised_by=date(2026, 1, 20),
        why={"zone": "home", "rule": "weight_band", "up_to_grams": 1000},
    )


# ---- charges ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weight", "amount"), [(0, 399), (1_000, 399), (1_001, 799), (5_000, 799), (5_001, 1499), (20_000, 1499)]
)
def test_the_first_band_that_takes_the_weight_makes_the_charge(weight, amount):
    assert offered(weight_grams=weight).charge.amount == amount


def test_goods_of_enough_worth_go_for_nothing():
    assert offered(goods_total=4_999).charge.amount == 399
    free = offered(goods_total=5_000)
    assert (free.charge, free.why) == (Money(0, "GBP"), {"zone": "home", "rule": "free_from", "free_from": 5000})
    never = a_method(zones=(a_zone(tariffs=(a_tariff(free_from=None),)),))
    assert offered(never, goods_total=10**9).charge.amount == 399


def test_a_flat_charge_takes_every_weight():
    option = offered(a_method(zones=(a_zone(tariffs=(flat(250),)),)), weight_grams=10**9)
    assert (option.charge.amount, option.why) == (250, {"zone": "home", "rule": "flat"})


def test_what_is_too_heavy_for_free_goods_is_too_heavy():
    assert offered(goods_total=5_000, weight_grams=20_001).reason is Reason.WEIGHT


bands = st.lists(st.tuples(st.integers(0, 50_000), st.integers(0, 10_000)), min_size=1, max_size=8).map(
    lambda rows: tuple(
        Band(bound, amount)
        for bound, amount in zip(
            sorted({bound for bound, _ in rows}), sorted(amount for _, amount in rows), strict=False
        )
    )
)


@given(bands, st.booleans(), st.none() | st.integers(0, 20_000), st.data())
def test_heavier_never_costs_less_and_dearer_never_costs_more(bands, open_ended, free_from, data):
    if open_ended:
        bands = (*bands[:-1], replace(bands[-1], up_to_grams=None))
    method = a_method(zones=(a_zone(tariffs=(Tariff("GBP", bands, free_from),)),))
    domain.check_method(method)
    light, heavy = sorted(data.draw(st.tuples(st.integers(0, 60_000), st.integers(0, 60_000))))
    cheap, dear = sorted(data.draw(st.tuples(st.integers(0, 30_000), st.integers(0, 30_000))))
    easy, hard = (
        offered(method, weight_grams=light, goods_total=dear),
        offered(method, weight_grams=heavy, goods_total=cheap),
    )
    if isinstance(hard, Option):
        assert isinstance(easy, Option)
        assert 0 <= easy.charge.amount <= hard.charge.amount


# ---- what is not offered ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "goods", "reason"),
    [
        ({"active": False}, {}, Reason.PAUSED),
        ({}, {"channel": "store"}, Reason.CHANNEL),
        ({}, {"country": "FR"}, Reason.COUNTRY),
        ({}, {"currency": "EUR"}, Reason.CURRENCY),
        ({}, {"weight_grams": 20_001}, Reason.WEIGHT),
    ],
)
def test_a_method_that_is_not_offered_says_why(method, goods, reason):
    found = offered(a_method(**method), **goods)
    assert isinstance(found, NotOffered)
    assert (found.code, found.reason) == ("standard", reason)


def test_a_country_is_in_the_zone_that_names_it_or_elsewhere():
    zones = (
        a_zone("*", name="elsewhere", tariffs=(flat(3_000),)),
        a_zone("FR", "DE", name="near", tariffs=(flat(900),)),
    )
    method = a_method(zones=zones)
    assert [offered(method, country=country).why["zone"] for country in ("FR", "DE", "NZ")] == [
        "near",
        "near",
        "elsewhere",
    ]


def test_all_methods_are_explained_the_cheapest_and_then_the_soonest_first():
    methods = [
        a_method("1-slow", zones=(a_zone(tariffs=(flat(300),), transit_days_max=9),)),
        a_method("b", zones=(a_zone(tariffs=(flat(300),)),)),
        a_method("paused", active=False),
        a_method("a", zones=(a_zone(tariffs=(flat(300),)),)),
        a_method("cheap", zones=(a_zone(tariffs=(flat(299),)),)),
    ]
    found = domain.explain(methods, some_goods(), WEDNESDAY, cutoff=None, language="en")
    assert [option.code for option in found.options] == ["cheap", "a", "b", "1-slow"]
    assert [(one.code, one.reason) for one in found.not_offered] == [("paused", Reason.PAUSED)]


@pytest.mark.parametrize(
    ("language", "name"),
    [("de", "Versand"), ("de-AT", "Versand"), ("en-GB", "Post"), ("en", "Standard"), ("fr", "Standard")],
)
def test_a_method_is_named_in_the_language_asked_for_or_one_near_it(language, name):
    assert offered(a_method(names={"de": "Versand", "en": "Standard", "en-GB": "Post"}), language=language).name == name
    assert a_method(names={"it": "Posta"}).name_in("de") == "Posta"


# ---- dates --------------------------------------------------------------------------------------------------------------


def promised(at, cutoff=None, **method):
    made = a_method(**method)
    found = domain.promise(made, made.zones[0], at, cutoff=cutoff)
    return tuple((day - date(2026, 1, 1)).days + 1 for day in found)  # days of January


@pytest.mark.parametrize(
    ("at", "days"),
    [
        ("2026-01-14T14:00:00Z", (16, 20)),  # Wednesday, in time
        ("2026-01-14T14:00:00.000001Z", (19, 21)),
        ("2026-01-14T15:30:00+02:00", (16, 20)),  # half past one in UTC
        ("2026-01-16T13:00:00Z", (20, 22)),  # Friday
        ("2026-01-16T15:00:00Z", (21, 23)),
        ("2026-01-17T09:00:00Z", (21, 23)),  # Saturday counts as Monday
        ("2026-01-18T23:00:00Z", (21, 23)),
        ("2026-01-31T23:59:00+01:00", (35, 37)),  # Saturday: the month does not matter
    ],
)
def test_working_days_are_counted_from_the_cutoff(at, days):
    assert promised(datetime.fromisoformat(at), cutoff="14:00") == days


def test_days_of_handling_come_before_those_on_the_way():
    assert promised(WEDNESDAY, handling_days=2) == (20, 22)
    assert promised(WEDNESDAY, zones=(a_zone(transit_days_min=0, transit_days_max=0),)) == (14, 14)


def test_closed_days_and_days_of_the_week_are_the_methods_own():
    assert promised(WEDNESDAY, closed_days=(date(2026, 1, 14), date(2026, 1, 19))) == (20, 22)
    assert promised(WEDNESDAY, weekdays=(1, 2, 3, 4, 5, 6, 7)) == (16, 18)
    assert promised(WEDNESDAY, weekdays=(7,), zones=(a_zone(transit_days_min=0, transit_days_max=1),)) == (18, 25)


def test_the_earlier_cutoff_counts_the_methods_or_the_locations():
    at = WEDNESDAY.replace(hour=13)
    assert offered(at=at).promised_from.day == 16
    assert offered(at=at, cutoff="12:00").promised_from.day == 19
    assert offered(a_method(cutoff="12:00"), at=at, cutoff="16:00").promised_from.day == 19
    assert offered(a_method(cutoff="13:00"), at=at).promised_from.day == 16
    assert domain.earliest_cutoff(["16:00", None, "09:30"]) == "09:30"
    assert domain.earliest_cutoff([None]) is domain.earliest_cutoff([]) is None


methods = st.builds(
    lambda handling, shortest, longer, weekdays, closed: a_method(
        handling_days=handling,
        zones=(a_zone(transit_days_min=shortest, transit_days_max=shortest + longer),),
        weekdays=tuple(weekdays),
        closed_days=tuple(date(2026, 1, 1) + timedelta(days=day) for day in closed),
    ),
    st.integers(0, 5),
    st.integers(0, 5),
    st.integers(0, 5),
    st.sets(st.integers(1, 7), min_size=1),
    st.sets(st.integers(0, 60), max_size=20),
)
moments = st.integers(0, 45 * 86_400).map(lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))
cutoffs = st.none() | st.times().map(lambda moment: f"{moment:%H:%M}")


@given(methods, moments, moments, cutoffs)
def test_what_is_ordered_later_is_never_promised_earlier(method, one, other, cutoff):
    earlier, later = sorted((one, other))
    before, after = (domain.promise(method, method.zones[0], at, cutoff=cutoff) for at in (earlier, later))
    assert before[0] <= before[1]
    assert (before[0] <= after[0], before[1] <= after[1]) == (True, True)
    for day in before:
        assert day >= earlier.date()
        assert day.isoweekday() in method.weekdays
        assert day not in method.closed_days


@given(methods, moments, cutoffs)
def test_the_days_between_order_and_promise_are_those_said(method, at, cutoff):
    zone = method.zones[0]
    earliest, latest = domain.promise(method, zone, at, cutoff=cutoff)
    late = cutoff is not None and at.time() > time.fromisoformat(cutoff)
    begins = at.date() + timedelta(days=1 if late else 0)
    for last, days in ((earliest, zone.transit_days_min), (latest, zone.transit_days_max)):
        between = [begins + timedelta(days=day) for day in range((last - begins).days)]
        working = [day for day in between if day.isoweekday() in method.weekdays and day not in method.closed_days]
        assert len(working) == method.handling_days + days


# ---- what a method may not say ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zones", "faults"),
    [
        ((a_zone(transit_days_min=3, transit_days_max=2),), [("/zones/0/transit_days_max", "days_reversed")]),
        ((a_zone("GB", "GB"),), [("/zones/0/countries", "country_twice")]),
        ((a_zone("GB"), a_zone("FR", "GB")), [("/zones/1/countries", "country_twice")]),
        ((a_zone("*"), a_zone("*")), [("/zones/1/countries", "country_twice")]),
        ((a_zone(tariffs=(flat(1), flat(2))),), [("/zones/0/tariffs", "currency_twice")]),
        (
            (a_zone(tariffs=(flat(1), Tariff("EUR", (Band(None, 1), Band(9, 2))))),),
            [("/zones/0/tariffs/1/bands", "bands_not_rising")],
        ),
        ((a_zone(tariffs=(a_tariff(bands=BANDS[::-1]),)),), [("/zones/0/tariffs/0/bands", "bands_not_rising")]),
        (
            (a_zone(tariffs=(a_tariff(bands=(Band(9, 1), Band(9, 2))),)),),
            [("/zones/0/tariffs/0/bands", "bands_not_rising")],
        ),
        (
            (a_zone(tariffs=(a_tariff(bands=(Band(9, 2), Band(None, 1))),)),),
            [("/zones/0/tariffs/0/bands", "bands_not_rising")],
        ),
        (
            (a_zone(transit_days_min=5), a_zone("GB", tariffs=(flat(1), flat(2)))),
            [
                ("/zones/1/countries", "country_twice"),
                ("/zones/0/transit_days_max", "days_reversed"),
                ("/zones/1/tariffs", "currency_twice"),
            ],
        ),
    ],
)
def test_every_contradiction_is_named(zones, faults):
    with pytest.raises(MethodFaulty) as refused:
        domain.check_method(a_method(zones=zones))
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == faults


@pytest.mark.parametrize("code", ["", "Standard", "a" * 33, "a#b", "-a"])
def test_what_is_no_code_is_malformed(code):
    with pytest.raises(Invalid):
        domain.check_method(a_method(code))
