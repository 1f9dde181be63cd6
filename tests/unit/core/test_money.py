import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.money import Money, round_half_up, share_of_units, split, tax_on_top, tax_within

AMOUNTS = st.integers(-(10**13), 10**13)
WEIGHTS = st.lists(st.integers(0, 10**10), min_size=1, max_size=60).filter(any)


@given(AMOUNTS, WEIGHTS)
def test_shares_add_up(total, weights):
    assert sum(split(total, weights)) == total


@given(AMOUNTS, WEIGHTS)
def test_each_share_is_within_one_unit_of_its_proportion(total, weights):
    whole = sum(weights)
    for share, weight in zip(split(total, weights), weights, strict=True):
        assert abs(share * whole - total * weight) < whole


@given(AMOUNTS, WEIGHTS)
def test_what_weighs_nothing_gets_nothing(total, weights):
    shares = split(total, weights)
    assert all(share == 0 for share, weight in zip(shares, weights, strict=True) if weight == 0)


def test_ties_go_to_the_earlier():
    assert split(100, [1, 1, 1]) == [34, 33, 33]
    assert split(-100, [1, 1, 1]) == [-34, -33, -33]


def test_there_must_be_something_to_share_by():
    assert split(0, [0, 0]) == [0, 0]
    with pytest.raises(ValueError, match="all weights are zero"):
        split(1, [0, 0])
    with pytest.raises(ValueError, match="negative"):
        split(1, [2, -1])


@given(AMOUNTS, st.lists(st.integers(0, 1000), min_size=1, max_size=20))
def test_takings_add_up_to_the_line_in_whatever_parcels(total, parcels):
    units, taken, sum_so_far = sum(parcels), 0, 0
    for taking in parcels:
        sum_so_far += share_of_units(total, units, taken, taking)
        taken += taking
    assert sum_so_far == (total if units else 0)


@pytest.mark.parametrize("asked", [(10, 3, 2, 2), (10, 3, -1, 1), (10, 3, 1, -1)])
def test_no_more_units_are_taken_than_there_are(asked):
    with pytest.raises(ValueError, match="cannot take"):
        share_of_units(*asked)


@pytest.mark.parametrize(
    ("gross", "rate", "tax"), [(1200, 2000, 200), (1299, 2000, 217), (-1200, 2000, -200), (999, 0, 0), (3, 10_000, 2)]
)
def test_the_tax_inside_a_gross_amount(gross, rate, tax):
    assert tax_within(gross, rate) == tax


@pytest.mark.parametrize(
    ("net", "rate", "tax"), [(1000, 2000, 200), (1083, 2000, 217), (-1000, 2000, -200), (999, 0, 0), (1, 5_000, 1)]
)
def test_the_tax_on_top_of_a_net_amount(net, rate, tax):
    assert tax_on_top(net, rate) == tax


@given(AMOUNTS, st.integers(0, 100_000))
def test_the_tax_put_on_top_is_the_tax_found_within(net, rate):
    tax = tax_on_top(net, rate)
    assert tax_within(net + tax, rate) == tax


@pytest.mark.parametrize(("half", "rounded"), [(5, 3), (-5, -3), (4, 2), (3, 2), (0, 0)])
def test_halves_round_away_from_zero(half, rounded):
    assert round_half_up(half, 2) == rounded


def test_currencies_do_not_mix():
    assert Money(1, "GBP") + Money(2, "GBP") - Money(4, "GBP") == Money(-1, "GBP")
    assert Money(3, "GBP") * 2 == Money(6, "GBP")
    with pytest.raises(ValueError, match="GBP and EUR"):
        Money(1, "GBP") + Money(1, "EUR")
