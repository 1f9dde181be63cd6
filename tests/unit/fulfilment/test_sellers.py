from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.fulfilment.sellers import OWN, Candidate, choose_sellers

BASE = Candidate("sup_b", price=900, units=5, days=2, preference=1, distance=1, rating=80)


def sellers(choice):
    return [(part.candidate.seller, part.units) for part in choice.parts]


@pytest.mark.parametrize(
    ("criterion", "better"),
    [
        ("rule", {"preference": 0, "price": 999}),
        ("price", {"price": 899, "days": 9}),
        ("promise", {"days": 1, "units": 2}),
        ("stock", {"units": 6, "distance": 2}),
        ("distance", {"distance": 0, "rating": 1}),
        ("rating", {"rating": 81}),
    ],
)
def test_each_criterion_decides_where_those_before_it_are_equal(criterion, better):
    winner = replace(BASE, seller="sup_z", **better)
    choice = choose_sellers(2, [BASE, winner])
    assert sellers(choice) == [("sup_z", 2)]
    assert choice.reasons == ({"rule": criterion, "seller": "sup_z", "units": 2, "over": "sup_b"},)
    assert choice.unit_price == winner.price


def test_of_equals_the_first_by_name_is_taken():
    choice = choose_sellers(1, [replace(BASE, seller="sup_c"), BASE])
    assert choice.reasons == ({"rule": "name", "seller": "sup_b", "units": 1, "over": "sup_c"},)


def test_one_that_has_all_goes_before_a_cheaper_one_that_has_not():
    cheap = replace(BASE, seller="sup_cheap", price=1, units=4)
    choice = choose_sellers(5, [cheap, BASE])
    assert sellers(choice) == [("sup_b", 5)]
    assert choice.reasons == ({"rule": "only", "seller": "sup_b", "units": 5},)


def test_what_nobody_has_alone_is_shared_at_the_price_of_the_dearest():
    own = Candidate(OWN, price=950, units=2)
    choice = choose_sellers(7, [own, BASE])
    assert sellers(choice) == [(OWN, 2), ("sup_b", 5)]
    assert choice.unit_price == 950
    assert [reason["rule"] for reason in choice.reasons] == ["shared", "shared"]


def test_what_all_together_have_not_nobody_sells():
    choice = choose_sellers(9, [BASE, replace(BASE, seller="sup_c", units=3), replace(BASE, seller="sup_d", units=0)])
    assert (choice.parts, choice.left) == ((), 8)


def test_nobody_gets_a_share_below_what_it_sells_at_once():
    own, least = Candidate(OWN, price=850, units=8), replace(BASE, least=5)
    choice = choose_sellers(10, [own, least])
    assert (choice.parts, choice.left) == ((), 8)
    assert sellers(choose_sellers(13, [own, least])) == [(OWN, 8), ("sup_b", 5)]
    small = replace(BASE, seller="sup_c", units=2)
    assert sellers(choose_sellers(10, [own, least, small])) == [(OWN, 8), ("sup_c", 2)]
    assert sellers(choose_sellers(4, [least, small])) == []
    assert sellers(choose_sellers(5, [least, small])) == [("sup_b", 5)]
    assert choose_sellers(1, [replace(BASE, units=4, least=5)]).left == 0


candidates = st.lists(
    st.builds(
        Candidate,
        seller=st.sampled_from([OWN, "sup_a", "sup_b", "sup_c", "sup_d"]),
        price=st.integers(0, 3),
        units=st.integers(0, 4),
        days=st.integers(0, 2),
        preference=st.integers(0, 1),
        distance=st.integers(0, 2),
        rating=st.integers(0, 2),
    ),
    max_size=5,
    unique_by=lambda one: one.seller,
)


@given(st.integers(1, 10), candidates, st.randoms())
def test_everything_is_sold_by_somebody_who_has_it_or_nothing_is(units, given_candidates, random):
    choice = choose_sellers(units, given_candidates)
    there = sum(one.units for one in given_candidates)
    assert choice.left == there
    assert sum(part.units for part in choice.parts) == (units if there >= units else 0)
    assert all(0 < part.units <= part.candidate.units for part in choice.parts)
    assert choice.unit_price == max((part.candidate.price for part in choice.parts), default=0)
    shuffled = list(given_candidates)
    random.shuffle(shuffled)
    assert choose_sellers(units, shuffled) == choice


@given(st.integers(1, 10), candidates, st.lists(st.integers(1, 4), min_size=5, max_size=5))
def test_no_share_is_below_the_least_and_what_is_left_can_be_had(units, given_candidates, leasts):
    limited = [replace(one, least=least) for one, least in zip(given_candidates, leasts, strict=False)]
    choice = choose_sellers(units, limited)
    assert all(part.units >= part.candidate.least for part in choice.parts)
    if not choice.parts:
        assert choice.left < units
    if not choice.parts and choice.left:
        assert sum(part.units for part in choose_sellers(choice.left, limited).parts) == choice.left
