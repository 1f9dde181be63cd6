"""Allocation of what is still to come: as little as possible waits, at whom promises it soonest."""

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.fulfilment.allocation import Plan, Reason, Shortage, Site, allocate
from chalicelib.fulfilment.backorders import Later, allocate_with_backorders
from tests.unit.fulfilment.test_allocation import demands, levels

SITES = [Site("leeds", 1), Site("york", 2)]


def later(**by_site: dict[str, tuple[int, int]]) -> dict[tuple[str, str], Later]:
    return {(sku, site): Later(*offer) for site, skus in by_site.items() for sku, offer in skus.items()}


def placed(plan: Plan) -> list[tuple[str, str, int, int | None]]:
    return [(one.line_id, one.location_id, one.quantity, one.days) for one in plan.assignments]


def test_what_any_set_of_locations_has_does_not_wait():
    asked, there = demands(("A", 5)), levels(leeds={"A": 2}, york={"A": 3})
    plan = allocate_with_backorders(asked, there, later(leeds={"A": (99, 1)}), SITES)
    assert plan == allocate(asked, there, SITES)


def test_only_what_is_missing_waits_and_the_last_line_first():
    plan = allocate_with_backorders(
        demands(("A", 2), ("B", 1), ("A", 3)), levels(leeds={"A": 3}, york={"B": 1}), later(york={"A": (9, 4)}), SITES
    )
    assert placed(plan) == [
        ("1", "leeds", 2, None),
        ("2", "york", 1, None),
        ("3", "leeds", 1, None),
        ("3", "york", 2, 4),
    ]
    assert plan.reasons[-1] == Reason("backordered", "york", 2, 2)


def test_it_waits_where_it_is_promised_soonest_then_at_the_best_priority():
    offers = later(leeds={"A": (9, 7)}, york={"A": (9, 3)})
    assert placed(allocate_with_backorders(demands(("A", 2)), {}, offers, SITES)) == [("1", "york", 2, 3)]
    offers = later(leeds={"A": (9, 3)}, york={"A": (9, 3)})
    assert placed(allocate_with_backorders(demands(("A", 2)), {}, offers, SITES)) == [("1", "leeds", 2, 3)]


def test_one_location_that_may_sell_all_of_it_comes_before_a_sooner_one_that_may_not():
    offers = later(leeds={"A": (5, 7)}, york={"A": (4, 3)})
    assert placed(allocate_with_backorders(demands(("A", 5)), {}, offers, SITES)) == [("1", "leeds", 5, 7)]
    assert placed(allocate_with_backorders(demands(("A", 9)), {}, offers, SITES)) == [
        ("1", "york", 4, 3),
        ("1", "leeds", 5, 7),
    ]


def test_what_can_be_had_neither_now_nor_later_is_short():
    plan = allocate_with_backorders(
        demands(("A", 6), ("B", 2)), levels(leeds={"A": 2}), later(leeds={"A": (3, 1), "B": (2, 1)}), SITES
    )
    assert plan == Plan((), (Shortage("A", 6, 5),), ())


skus = st.sampled_from("AB")
at_sites = st.dictionaries(st.tuples(skus, st.sampled_from(["leeds", "york"])), st.integers(0, 6))


@given(
    st.lists(st.tuples(skus, st.integers(1, 5)), min_size=1, max_size=4),
    at_sites,
    st.dictionaries(
        st.tuples(skus, st.sampled_from(["leeds", "york"])), st.builds(Later, st.integers(1, 6), st.integers(0, 9))
    ),
)
def test_every_line_is_assigned_within_what_is_there_and_may_be_sold(lines, there, offers):
    asked = demands(*lines)
    plan = allocate_with_backorders(asked, there, offers, SITES)
    short = {one.sku for one in plan.shortages}
    for sku in "AB":
        wanted = sum(one.quantity for one in asked if one.sku == sku)
        now = sum(there.get((sku, site.id), 0) for site in SITES)
        possible = now + sum(offers[sku, site.id].units for site in SITES if (sku, site.id) in offers)
        assert (sku in short) == (possible < wanted)
        if not plan.shortages:
            waiting = sum(one.quantity for one in plan.assignments if one.sku == sku and one.days is not None)
            assert waiting == max(0, wanted - now)
    if plan.shortages:
        assert plan.assignments == ()
        return
    for demand in asked:
        assert sum(one.quantity for one in plan.assignments if one.line_id == demand.line_id) == demand.quantity
    for sku in "AB":
        for site in SITES:
            mine = [one for one in plan.assignments if (one.sku, one.location_id) == (sku, site.id)]
            assert sum(one.quantity for one in mine if one.days is None) <= there.get((sku, site.id), 0)
            offered = offers[sku, site.id].units if (sku, site.id) in offers else 0
            assert sum(one.quantity for one in mine if one.days is not None) <= offered
