"""Which compartments take which packages: what is promised for whatever is free and whatever is to go in."""

from collections import Counter
from itertools import combinations_with_replacement, pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.lockers.domain.cabinets import INNER_MM, Compartment, Reach, Size, Temperature
from chalicelib.lockers.domain.packing import FILL, Package, choose, fits, is_possible
from tests.unit.lockers.builders import a_compartment, a_package

SIZES = list(Size)
EASY = {Reach.MIDDLE: 0, Reach.LOW: 1, Reach.HIGH: 2}
MEASURES = list(combinations_with_replacement((40, 80, 150, 190, 300, 380, 400, 500, 640), 3))
OF_A_SIZE = [{"size": size} for size in SIZES]
MEASURED = [{"size": Size.M, "inner_mm": measures} for measures in MEASURES[::9]]
MOSTLY_AMBIENT = [*[Temperature.AMBIENT] * 4, *Temperature]
PLACES = list(product(("cab_1", "cab_2", "cab_3"), Reach, MOSTLY_AMBIENT))


of_a_size = st.sampled_from(OF_A_SIZE)
of_any_kind = of_a_size | st.sampled_from(MEASURED)


def compartments(space=of_any_kind, max_size=8):
    """Free compartments of some cabinets, each numbered. One of a size, or with measures of its own."""
    return st.lists(st.tuples(space, st.sampled_from(PLACES)), max_size=max_size).map(
        lambda drawn: [
            a_compartment(number, cabinet=cabinet, reach=reach, temperature=temperature, **space)
            for number, (space, (cabinet, reach, temperature)) in enumerate(drawn, start=1)
        ]
    )


def packages(max_size=5, kinds=(*SIZES * 10, *MEASURES), temperatures=MOSTLY_AMBIENT):
    """Packages of a pickup, each with its id. Their size alone is known, or their measures."""
    return st.lists(
        st.tuples(st.sampled_from(kinds), st.sampled_from(temperatures)), min_size=1, max_size=max_size
    ).map(
        lambda drawn: [
            a_package(f"p{number}", kind, temperature=temperature)
            if isinstance(kind, Size)
            else a_package(f"p{number}", outer_mm=kind, temperature=temperature)
            for number, (kind, temperature) in enumerate(drawn, start=1)
        ]
    )


def takes_all(compartment: Compartment, goods: list[Package]) -> bool:
    """Whether all may lie in it together, by the rules as they are written down."""
    for one in goods:
        turned = zip(sorted(one.measures_mm), sorted(compartment.inside_mm), strict=True)
        if one.temperature is not compartment.temperature or any(out > inner for out, inner in turned):
            return False
    return len(goods) == 1 or sum(one.volume_mm3 for one in goods) <= compartment.volume_mm3 * FILL


# ---- what fits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outer_mm", "expected"),
    [
        ((190, 380, 640), True),
        ((640, 190, 380), True),
        ((380, 640, 190), True),
        ((191, 380, 640), False),
        ((640, 381, 10), False),
        ((641, 1, 1), False),
    ],
)
def test_a_package_may_be_turned_but_not_pressed(outer_mm, expected):
    assert fits(a_package(outer_mm=outer_mm), a_compartment(size=Size.M)) is expected


def test_a_package_whose_size_alone_is_known_needs_that_size():
    fitting = [[str(one) for one in SIZES if fits(a_package(size=size), a_compartment(size=one))] for size in SIZES]
    assert fitting == [["S", "M", "L", "XL"], ["M", "L", "XL"], ["L", "XL"], ["XL"]]


@pytest.mark.parametrize("needed", list(Temperature))
@pytest.mark.parametrize("kept", list(Temperature))
def test_goods_lie_at_their_temperature(needed, kept):
    assert fits(a_package(temperature=needed), a_compartment(temperature=kept)) is (needed is kept)


def test_measures_that_are_given_go_before_those_of_the_size():
    narrow = a_compartment(size=Size.XL, inner_mm=(100, 100, 100))
    assert not fits(a_package(size=Size.S), narrow)
    assert fits(a_package(size=Size.XL, outer_mm=(100, 100, 100)), narrow)
    assert narrow.volume_mm3 == 1_000_000


# ---- which are chosen ---------------------------------------------------------------------------------------------------


def labels(goods, free, **how):
    """Where each package goes, by the compartments' labels; None when there is no plan."""
    plan = choose(goods, free, **how)
    return None if plan is None else {one.compartment.label: set(one.package_ids) for one in plan}


def test_the_smallest_that_does_is_taken():
    free = [a_compartment(number, size) for number, size in enumerate(reversed(SIZES))]
    assert labels([a_package(size=Size.S)], free) == {"cab_1/3": {"p1"}}
    assert labels([a_package(size=Size.L)], free) == {"cab_1/1": {"p1"}}


def test_of_equal_ones_the_easier_to_reach():
    free = [a_compartment(number, reach=reach) for number, reach in enumerate([Reach.HIGH, Reach.LOW, Reach.MIDDLE])]
    assert labels([a_package()], free) == {"cab_1/2": {"p1"}}
    assert labels([a_package()], free[:2]) == {"cab_1/1": {"p1"}}
    assert labels([a_package()], free[:1]) == {"cab_1/0": {"p1"}}
    assert labels([a_package()], free[:1], within_reach=True) is None


def test_boxes_share_what_they_fill_to_four_fifths():
    cube = a_compartment(inner_mm=(100, 100, 100))
    halves = [a_package("p1", outer_mm=(40, 100, 100)), a_package("p2", outer_mm=(40, 100, 100))]
    assert labels(halves, [cube]) == {"cab_1/1": {"p1", "p2"}}
    assert labels([halves[0], a_package("p2", outer_mm=(41, 100, 100))], [cube]) is None
    assert labels([a_package(outer_mm=(100, 100, 100))], [cube]) == {"cab_1/1": {"p1"}}


def test_one_large_compartment_goes_before_two_small_ones():
    goods = [a_package("p1", Size.S), a_package("p2", Size.S)]
    free = [a_compartment(1, Size.S), a_compartment(2, Size.S), a_compartment(3, Size.XL), a_compartment(4, Size.L)]
    assert labels(goods, free) == {"cab_1/4": {"p1", "p2"}}


def test_one_compartment_in_another_cabinet_goes_before_two_in_this():
    goods = [a_package("p1", Size.S), a_package("p2", Size.S)]
    small = [a_compartment(number, Size.S) for number in (1, 2)]
    assert set(labels(goods, small)) == {"cab_1/1", "cab_1/2"}
    assert labels(goods, [*small, a_compartment(1, Size.XL, "cab_2")]) == {"cab_2/1": {"p1", "p2"}}


def test_two_cabinets_only_when_none_has_enough():
    goods = [a_package("p1", Size.L), a_package("p2", Size.L)]
    spread = [a_compartment(1, Size.L, "cab_1"), a_compartment(1, Size.L, "cab_2")]
    assert set(labels(goods, spread)) == {"cab_1/1", "cab_2/1"}
    larger = [a_compartment(1, Size.XL, "cab_3"), a_compartment(2, Size.XL, "cab_3", reach=Reach.HIGH)]
    assert set(labels(goods, [*spread, *larger])) == {"cab_3/1", "cab_3/2"}


def test_what_is_chilled_lies_apart():
    goods = [a_package("p1", Size.S), a_package("p2", Size.S, temperature=Temperature.CHILLED)]
    free = [a_compartment(1, Size.XL), a_compartment(2, Size.M, temperature=Temperature.CHILLED)]
    assert labels(goods, free) == {"cab_1/1": {"p1"}, "cab_1/2": {"p2"}}
    assert labels(goods, free[:1]) is None


def test_nothing_free():
    assert choose([a_package()], []) is None


# ---- whatever is free ---------------------------------------------------------------------------------------------------


@given(packages(), compartments(), st.booleans())
def test_a_plan_can_be_carried_out(goods, free, within_reach):
    plan = choose(goods, free, within_reach=within_reach)
    if plan is None:
        return
    by_id = {one.id: one for one in goods}
    assert sorted(id for choice in plan for id in choice.package_ids) == sorted(by_id)
    taken = [choice.compartment for choice in plan]
    assert len({one.label for one in taken}) == len(taken)
    assert all(one in free for one in taken)
    for choice in plan:
        assert choice.package_ids
        assert takes_all(choice.compartment, [by_id[id] for id in choice.package_ids])
    if within_reach:
        assert all(one.reach is not Reach.HIGH for one in taken)


ambient_boxes = packages(3, (Size.S, (80, 190, 300), (40, 150, 400), (150, 150, 150)), [Temperature.AMBIENT])


@given(packages(max_size=3) | ambient_boxes, compartments(), st.booleans())
def test_if_one_compartment_takes_all_one_is_used_and_no_smaller_one_would_do(goods, free, within_reach):
    enough = [one for one in free if takes_all(one, goods) and not (within_reach and one.reach is Reach.HIGH)]
    plan = choose(goods, free, within_reach=within_reach)
    if not enough:
        assert plan is None or len(plan) > 1
        return
    (choice,) = plan
    best = min((one.volume_mm3, EASY[one.reach]) for one in enough)
    assert (choice.compartment.volume_mm3, EASY[choice.compartment.reach]) == best


@given(packages(), compartments())
def test_one_cabinet_is_preferred(goods, free):
    plan = choose(goods, free)
    by_itself = [
        alone
        for cabinet in {one.cabinet_id for one in free}
        if (alone := choose(goods, [one for one in free if one.cabinet_id == cabinet])) is not None
    ]
    used = {choice.compartment.cabinet_id for choice in plan or ()}
    assert len(used) == 1 if by_itself else len(used) != 1
    if by_itself:
        volumes = [(len(alone), sum(one.compartment.volume_mm3 for one in alone)) for alone in by_itself]
        assert (len(plan), sum(one.compartment.volume_mm3 for one in plan)) == min(volumes)


@given(packages(max_size=1), compartments(), st.booleans())
def test_one_package_finds_a_place_wherever_it_fits(goods, free, within_reach):
    fitting = [one for one in free if fits(goods[0], one) and not (within_reach and one.reach is Reach.HIGH)]
    assert (choose(goods, free, within_reach=within_reach) is None) == (not fitting)


@given(packages(), compartments(of_a_size), st.booleans())
def test_none_means_that_there_are_not_enough_for_each_to_lie_alone(goods, free, within_reach):
    """Of compartments by size, each size fits into the next; so it is enough to count (Hall's marriage theorem)."""
    usable = [one for one in free if not (within_reach and one.reach is Reach.HIGH)]
    each_alone = all(
        sum(not fits(one, a_compartment(size=size, temperature=kept)) for one in goods if one.temperature is kept)
        <= sum(SIZES.index(one.size) > SIZES.index(size) for one in usable if one.temperature is kept)
        for kept in Temperature
        for size in SIZES
    ) and all(
        sum(one.temperature is kept for one in goods) <= sum(one.temperature is kept for one in usable)
        for kept in Temperature
    )
    if each_alone:
        assert choose(goods, free, within_reach=within_reach) is not None


@given(packages(), compartments(), st.integers(0, 10), st.sampled_from(["", "pck_1", "é"]))
def test_equal_salt_chooses_alike_in_whatever_order_the_free_ones_come(goods, free, turn, salt):
    plan = choose(goods, free, salt=salt)
    assert choose(goods, iter([*free[turn:], *free[:turn]]), salt=salt) == plan
    assert choose(goods, free[::-1], salt=salt) == plan


@given(packages(), compartments(of_a_size), st.sampled_from(["pck_1", "pck_2", "pck_3"]))
def test_salt_decides_between_equals_only(goods, free, salt):
    def kinds(plan):
        return plan and sorted((one.compartment.size, one.compartment.reach, one.package_ids) for one in plan)

    plan, salted = choose(goods, free), choose(goods, free, salt=salt)
    if len({one.cabinet_id for one in free}) <= 1:
        assert kinds(salted) == kinds(plan)
    else:
        assert (salted is None) == (plan is None)
        assert len(salted or ()) == len(plan or ())


def test_those_who_choose_at_the_same_moment_seldom_want_the_same():
    free = [a_compartment(number, cabinet=cabinet) for cabinet in ("cab_1", "cab_2") for number in range(10)]
    wanted = Counter(choose([a_package()], free, salt=f"pck_{n}")[0].compartment.label for n in range(1000))
    assert len(wanted) == 20
    assert max(wanted.values()) < 100


def test_without_equals_salt_changes_nothing():
    free = [a_compartment(1, Size.S), a_compartment(2, Size.M), a_compartment(3, reach=Reach.LOW)]
    assert {choose([a_package()], free, salt=str(n))[0].compartment.number for n in range(50)} == {"2"}


# ---- what could never go in ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("package", [{"outer_mm": (700, 10, 10)}, {"temperature": Temperature.FROZEN}])
def test_one_package_that_fits_nowhere_makes_all_impossible(package):
    places = [a_compartment(size=Size.XL)]
    assert is_possible([a_package("p1"), a_package("p2")], places)
    assert not is_possible([a_package("p1"), a_package("p2", **package)], places)


@given(packages(), compartments())
def test_possible_is_whatever_fits_somewhere_be_it_one_after_the_other(goods, free):
    hopeless = [one.id for one in goods if not any(fits(one, there) for there in free)]
    assert is_possible(goods, free) is not bool(hopeless)
    if hopeless:
        assert choose(goods, free) is None


def test_the_sizes_fit_into_each_other():
    for smaller, larger in pairwise(SIZES):
        pairs = zip(sorted(INNER_MM[smaller]), sorted(INNER_MM[larger]), strict=True)
        assert all(one <= other for one, other in pairs)


def test_one_that_shares_makes_room_for_one_that_has_no_other_place():
    large, flat, long = (300, 370, 600), (70, 300, 500), (100, 100, 640)
    goods = [a_package(f"p{n}", outer_mm=mm) for n, mm in enumerate((large, flat, long), start=1)]
    free = [a_compartment(1, Size.S), a_compartment(2, Size.L)]
    assert labels(goods, free) == {"cab_1/1": {"p2"}, "cab_1/2": {"p1", "p3"}}
