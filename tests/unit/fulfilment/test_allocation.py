"""The allocation engine: its rules one by one, and what holds for every order and stock."""

from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.fulfilment.allocation import (
    Assignment,
    Demand,
    Plan,
    Reason,
    Rules,
    Shortage,
    Site,
    allocate,
)

SITES = [Site("leeds", 1), Site("york", 2), Site("hull", 3), Site("bath", 4)]


def demands(*lines: tuple[str, int]) -> list[Demand]:
    return [Demand(str(number), sku, quantity) for number, (sku, quantity) in enumerate(lines, start=1)]


def levels(**by_site: dict[str, int]) -> dict[tuple[str, str], int]:
    return {(sku, site): units for site, skus in by_site.items() for sku, units in skus.items()}


def placed(plan: Plan) -> list[tuple[str, str, int]]:
    return [(one.line_id, one.location_id, one.quantity) for one in plan.assignments]


def rules_of(plan: Plan) -> set[str]:
    return {reason.rule for reason in plan.reasons}


# ---- the rules ----------------------------------------------------------------------------------------------------------


def test_one_location_ships_all_although_better_ones_have_most_of_it():
    plan = allocate(
        demands(("A", 2), ("B", 1)), levels(leeds={"A": 9}, york={"A": 1, "B": 9}, hull={"A": 2, "B": 1}), SITES
    )
    assert plan == Plan(
        (Assignment("1", "A", "hull", 2), Assignment("2", "B", "hull", 1)), (), (Reason("one_location", "hull", 3, 3),)
    )


def test_of_several_that_have_everything_the_best_priority_ships():
    plan = allocate(demands(("A", 2)), levels(bath={"A": 50}, york={"A": 2}, hull={"A": 9}), SITES)
    assert plan.reasons == (Reason("one_location", "york", 2, 2),)


def test_of_equal_priorities_the_one_with_most_of_the_goods_ships():
    sites = [Site("leeds", 1), Site("york", 1), Site("hull", 2)]
    plan = allocate(demands(("A", 2)), levels(leeds={"A": 3, "B": 90}, york={"A": 4}, hull={"A": 99}), sites)
    assert placed(plan) == [("1", "york", 2)]


def test_of_equal_priorities_and_stock_the_first_name_ships():
    sites = [Site("york", 1), Site("leeds", 1)]
    assert placed(allocate(demands(("A", 2)), levels(leeds={"A": 3}, york={"A": 3}), sites)) == [("1", "leeds", 2)]


def test_two_locations_ship_rather_than_three_better_ones():
    plan = allocate(
        demands(("A", 1), ("B", 1), ("C", 1)),
        levels(leeds={"A": 1}, york={"B": 1}, hull={"C": 1}, bath={"B": 1, "C": 1}),
        SITES,
    )
    assert placed(plan) == [("1", "leeds", 1), ("2", "bath", 1), ("3", "bath", 1)]
    assert plan.reasons == (Reason("fewest_locations", "leeds", 1, 1), Reason("fewest_locations", "bath", 2, 4))


def test_a_line_stays_whole_although_splitting_it_would_spare_a_location():
    plan = allocate(
        demands(("A", 4), ("B", 1), ("C", 1)),
        levels(leeds={"A": 2, "B": 1}, york={"A": 2, "C": 1}, hull={"A": 4}),
        SITES,
    )
    assert placed(plan) == [("1", "hull", 4), ("2", "leeds", 1), ("3", "york", 1)]


def test_a_line_that_no_location_holds_is_split_over_as_few_as_can_be():
    plan = allocate(demands(("A", 5)), levels(leeds={"A": 1}, york={"A": 2}, hull={"A": 3}, bath={"A": 2}), SITES)
    assert placed(plan) == [("1", "hull", 3), ("1", "york", 2)]
    assert plan.reasons == (Reason("split_lines", "york", 2, 2), Reason("split_lines", "hull", 3, 3))


def test_only_the_line_that_must_be_split_is():
    plan = allocate(
        demands(("A", 5), ("B", 3)), levels(leeds={"A": 3, "B": 1}, york={"A": 2, "B": 2}, hull={"B": 3}), SITES
    )
    assert placed(plan) == [("1", "leeds", 3), ("1", "york", 2), ("2", "hull", 3)]


def test_lines_of_one_sku_share_its_stock():
    plan = allocate(demands(("A", 3), ("A", 3)), levels(leeds={"A": 5}, york={"A": 3}), SITES)
    assert placed(plan) == [("1", "leeds", 3), ("2", "york", 3)]


def test_lines_of_one_sku_are_packed_so_that_none_is_split():
    # First fit would put 4 at leeds, 3 at york, and leave 2 and 1 for two halves; 4 and 1, 3 and 2 are whole.
    plan = allocate(demands(("A", 2), ("A", 4), ("A", 3), ("A", 1)), levels(leeds={"A": 5}, york={"A": 5}), SITES)
    assert sorted(placed(plan)) == [("1", "york", 2), ("2", "leeds", 4), ("3", "york", 3), ("4", "leeds", 1)]


def test_shortages_name_what_all_lines_want_and_all_locations_have_and_nothing_is_assigned():
    plan = allocate(demands(("A", 2), ("B", 1), ("A", 2)), levels(leeds={"A": 2, "B": 1}, york={"A": 1}), SITES)
    assert plan == Plan((), (Shortage("A", 4, 3),), ())


def test_locations_that_are_not_offered_do_not_count():
    plan = allocate(demands(("A", 2)), levels(leeds={"A": 1}, paris={"A": 9}), SITES)
    assert plan.shortages == (Shortage("A", 2, 1),)


def test_without_sites_everything_is_short():
    assert allocate(demands(("A", 2)), {}, []).shortages == (Shortage("A", 2, 0),)


def test_nothing_wanted_is_nothing_planned():
    assert allocate([], levels(leeds={"A": 1}), SITES) == Plan((), (), ())


def test_reasons_can_be_kept_as_json():
    assert allocate(demands(("A", 1)), levels(leeds={"A": 1}), SITES).reasons[0].as_dict() == {
        "rule": "one_location",
        "location_id": "leeds",
        "units": 1,
        "priority": 1,
    }


def test_beyond_the_exhaustive_search_no_location_could_be_spared():
    sites = [Site(f"s{number:02}", number) for number in range(12)]
    stock = {("A", site.id): 1 for site in sites} | {("A", "s05"): 3, ("B", "s11"): 1}
    plan = allocate(demands(("A", 2), ("B", 1)), stock, sites, Rules(exhaustive=8))
    assert placed(plan) == [("1", "s05", 2), ("2", "s11", 1)]


# ---- what always holds --------------------------------------------------------------------------------------------------

sites_and_levels = st.integers(1, 4).flatmap(
    lambda count: st.tuples(
        st.lists(st.integers(1, 3), min_size=count, max_size=count).map(
            lambda priorities: [Site("leeds york hull bath".split()[n], p) for n, p in enumerate(priorities)]
        ),
        st.dictionaries(
            st.tuples(st.sampled_from("ABC"), st.sampled_from("leeds york hull bath".split()[:count])),
            st.integers(0, 6),
        ),
    )
)
orders = st.lists(st.tuples(st.sampled_from("ABC"), st.integers(1, 5)), min_size=1, max_size=4).map(
    lambda lines: demands(*lines)
)


@given(orders, sites_and_levels)
def test_everything_is_assigned_exactly_if_there_is_enough_and_never_more_than_there_is(wanted, stock):
    sites, have = stock
    plan = allocate(wanted, have, sites)

    total = {sku: sum(one.quantity for one in wanted if one.sku == sku) for sku in "ABC"}
    enough = all(sum(have.get((sku, site.id), 0) for site in sites) >= units for sku, units in total.items())
    assert bool(plan.assignments) == enough
    assert bool(plan.shortages) != enough
    if enough:
        for line in wanted:
            parts = [one for one in plan.assignments if one.line_id == line.line_id]
            assert sum(one.quantity for one in parts) == line.quantity
            assert all(one.quantity > 0 and one.sku == line.sku for one in parts)
            assert len({one.location_id for one in parts}) == len(parts)
    for (sku, site), units in have.items():
        taken = sum(one.quantity for one in plan.assignments if (one.sku, one.location_id) == (sku, site))
        assert taken <= units


@given(orders, sites_and_levels)
def test_reasons_cover_the_locations_that_ship_and_their_units(wanted, stock):
    sites, have = stock
    plan = allocate(wanted, have, sites)
    shipped: dict[str, int] = {}
    for one in plan.assignments:
        shipped[one.location_id] = shipped.get(one.location_id, 0) + one.quantity
    assert {reason.location_id: reason.units for reason in plan.reasons} == shipped


@given(orders, sites_and_levels, st.randoms())
def test_the_order_of_sites_does_not_matter(wanted, stock, random):
    sites, have = stock
    shuffled = random.sample(sites, len(sites))
    assert allocate(wanted, have, shuffled) == allocate(wanted, have, sites)


@given(orders, sites_and_levels)
def test_no_plan_splits_fewer_lines_nor_as_few_over_fewer_locations(wanted, stock):
    sites, have = stock
    plan = allocate(wanted, have, sites)
    if not plan.assignments:
        return
    lines = [one.line_id for one in plan.assignments]
    splits = sum(lines.count(line) > 1 for line in set(lines))
    count = len({one.location_id for one in plan.assignments})
    assert (splits, count) == _best_by_brute_force(wanted, have, [site.id for site in sites])


def _best_by_brute_force(wanted: list[Demand], have: dict[tuple[str, str], int], sites: list[str]) -> tuple[int, int]:
    """The fewest split lines, then the fewest locations, over every way to place each line whole or not at all."""
    best: list[tuple[int, int]] = []
    for count in range(1, len(sites) + 1):
        for chosen in combinations(sites, count):
            for places in product([*chosen, None], repeat=len(wanted)):
                left = {(sku, site): have.get((sku, site), 0) for sku in "ABC" for site in chosen}
                poured = dict.fromkeys("ABC", 0)
                for line, place in zip(wanted, places, strict=True):
                    if place is None:
                        poured[line.sku] += line.quantity
                    else:
                        left[line.sku, place] -= line.quantity
                whole = min(left.values()) >= 0
                if whole and all(sum(left[sku, site] for site in chosen) >= units for sku, units in poured.items()):
                    best.append((places.count(None), count))
    return min(best)


@pytest.mark.parametrize("lines", [1, 10, 60])
def test_a_long_order_over_eight_sites_is_planned(lines):
    sites = [Site(f"s{number}", number) for number in range(8)]
    wanted = demands(*((f"SKU{number}", 2) for number in range(lines)))
    have = {(line.sku, f"s{number % 8}"): 2 for number, line in enumerate(wanted)}
    plan = allocate(wanted, have, sites)
    assert len(plan.assignments) == lines
    assert len(plan.reasons) == min(lines, 8)
