"""Which rate applies, and what tax it makes."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import Invalid
from chalicelib.core.money import share_of_units
from chalicelib.taxes import domain
from chalicelib.taxes.domain import Assessed, CountryTaxes, RatePeriod, Taxable, TaxRules
from tests.unit.taxes.builders import TODAY, a_rate, a_table

AMOUNTS = st.integers(-(10**12), 10**12)
RATES = st.integers(0, 10_000)


@pytest.mark.parametrize(
    ("day", "rate"), [("2010-12-31", 1750), ("2011-01-03", 1750), ("2011-01-04", 2000), ("2026-01-31", 2000)]
)
def test_the_rate_of_a_day_is_the_last_that_began(day, rate):
    table = a_table(a_rate("GB", "standard", ("2011-01-04", 2000), ("2010-01-01", 1750)))
    assert table.rules("GB", None, ["standard"], date.fromisoformat(day)).rates == {"standard": rate}


def test_before_the_first_rate_and_where_none_is_kept_nothing_is_known():
    table = a_table(a_rate())
    assert table.rules("GB", None, ["standard"], date(2011, 1, 3)).rates == {"standard": None}
    rules = table.rules("FR", None, ["standard", "books"], TODAY)
    assert rules == TaxRules("FR", {"standard": None, "books": None}, included=True)


def test_a_category_without_a_rate_is_taxed_as_standard_and_some_never_are():
    table = a_table(a_rate(), a_rate("GB", "energy", ("2011-01-04", 500)))
    assert table.rules("GB", None, ["energy", "books", "zero", "exempt"], TODAY).rates == {
        "energy": 500,
        "books": 2000,
        "zero": 0,
        "exempt": 0,
    }
    assert a_table().rules("GB", None, ["zero"], TODAY).rates == {"zero": 0}


def test_a_region_with_rates_is_a_territory_of_its_own():
    table = a_table(
        a_rate("ES", "standard", ("2012-09-01", 2100)),
        a_rate("ES", "books", ("2012-09-01", 400)),
        a_rate("ES", "food", ("2012-09-01", 1000)),
        a_rate("ES-CN", "standard", ("2020-01-01", 700)),
        a_rate("ES-CN", "food", ("2020-01-01", 0)),
        a_rate("ES-ML", "standard", ("2030-01-01", 400)),
        a_rate("ES-CE", "food", ("2020-01-01", 100)),
    )

    def rules(region):
        return table.rules("ES", region, ["standard", "books", "food"], TODAY)

    assert (rules("CN").jurisdiction, rules("CN").rates) == ("ES-CN", {"standard": 700, "books": 700, "food": 0})
    assert rules(" es-cn ") == rules("CN")
    mainland = {"standard": 2100, "books": 400, "food": 1000}
    for region in (None, "", "MD", "Canarias", "ML"):  # the rates of Melilla have not begun
        assert (rules(region).jurisdiction, rules(region).rates) == ("ES", mainland)
    assert (rules("CE").jurisdiction, rules("CE").rates) == ("ES-CE", {**mainland, "food": 100})


@pytest.mark.parametrize(
    ("destination", "buyer", "reverse"),
    [("DE", "DE", True), ("DE", "FR", True), ("DE", "NL", False), ("NL", "DE", False), ("DE", None, False)],
)
def test_businesses_account_for_tax_between_countries_that_say_so(destination, buyer, reverse):
    """The shop is in the Netherlands."""
    table = a_table(*(CountryTaxes(country, reverse_charge=country != "NL") for country in ("DE", "FR", "NL")))
    assert table.rules(destination, None, [], TODAY, buyer=buyer).reverse_charge is reverse


def test_lines_are_taxed_by_their_category_within_or_on_top():
    rates = {"standard": 2000, "books": None, "zero": 0}
    lines = [Taxable("standard", 1200, 999), Taxable("books", 1050, 500), Taxable("zero", 700, 2000)]
    assert domain.assess(TaxRules("GB", rates), lines) == [
        Assessed(2000, 200, included=True),
        Assessed(500, 50, included=True),
        Assessed(0, 0, included=True),
    ]
    assert domain.assess(TaxRules("US", rates, included=False), lines) == [
        Assessed(2000, 240, included=False),
        Assessed(500, 53, included=False),
        Assessed(0, 0, included=False),
    ]


def test_the_reverse_charge_takes_the_tax_off_prices_that_include_it():
    rates = {"standard": 2000}
    lines = [Taxable("standard", 1200, 0)]
    assert domain.assess(TaxRules("DE", rates, reverse_charge=True), lines) == [
        Assessed(0, 0, included=True, relief=200, relieved_bps=2000)
    ]
    net = TaxRules("DE", rates, included=False, reverse_charge=True)
    assert domain.assess(net, lines) == [Assessed(0, 0, False, relief=0)]


@given(AMOUNTS, RATES)
def test_net_and_tax_are_gross_whichever_way_a_price_is_meant(net, rate):
    on_top = domain.tax_of_line(net, rate, included=False)
    assert domain.tax_of_line(net + on_top, rate, included=True) == on_top


@given(AMOUNTS, RATES, st.booleans())
def test_the_reverse_charge_and_the_tax_leave_the_same_net_amount(amount, rate, included):
    lines = [Taxable("standard", amount, 0)]
    [taxed] = domain.assess(TaxRules("DE", {"standard": rate}, included=included), lines)
    [free] = domain.assess(TaxRules("DE", {"standard": rate}, included=included, reverse_charge=True), lines)
    assert amount - free.relief == amount - (taxed.tax if included else 0)


@given(AMOUNTS, RATES, st.booleans(), st.lists(st.integers(0, 1000), min_size=1, max_size=20).filter(any))
def test_the_tax_of_units_adds_up_to_the_tax_of_their_line(amount, rate, included, parcels):
    tax, units, taken, so_far = domain.tax_of_line(amount, rate, included=included), sum(parcels), 0, 0
    for taking in parcels:
        so_far += share_of_units(tax, units, taken, taking)
        taken += taking
    assert so_far == tax


@given(st.integers(0, 10**12), RATES, RATES, st.booleans())
def test_a_higher_rate_is_never_less_tax(amount, one, other, included):
    low, high = sorted((one, other))
    taxes = [domain.tax_of_line(amount, rate, included=included) for rate in (low, high)]
    assert 0 <= taxes[0] <= taxes[1] <= amount


@pytest.mark.parametrize(
    ("region", "jurisdiction"),
    [("CA", "US-CA"), ("us-ca", "US-CA"), ("California", "US"), (None, "US"), ("", "US"), ("-", "US"), ("GB-CA", "US")],
)
def test_a_region_counts_when_it_is_a_code(region, jurisdiction):
    assert domain.jurisdiction_of("US", region) == jurisdiction


def test_what_is_no_jurisdiction_category_or_period_is_refused():
    for text in ("gb", "GBR", "GB-", "GB-ABCD", "GB#X", ""):
        with pytest.raises(Invalid):
            domain.checked_jurisdiction(text)
    for text in ("US-CA", "gb", ""):
        with pytest.raises(Invalid):
            domain.checked_country(text)
    for text in ("Books", "1st", "a" * 33, "a#b", ""):
        with pytest.raises(Invalid):
            domain.checked_category(text)
    with pytest.raises(domain.CategoryUntaxed):
        domain.checked_category("exempt")
    day = date(2026, 1, 1)
    with pytest.raises(domain.PeriodTwice):
        domain.checked_periods([RatePeriod(day, 1), RatePeriod(day, 1)])
    with pytest.raises(domain.NotInEu):
        domain.checked_reverse_charge("GB", True)
    assert domain.checked_reverse_charge("GB", False) is False
