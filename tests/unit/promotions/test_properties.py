"""Whatever is promoted on whatever is bought: the shares add up, nothing falls below zero, and order does not matter."""

from dataclasses import replace
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.promotions.domain import (
    AmountOff,
    Basket,
    BasketLine,
    BuyGet,
    CouponCode,
    FixedPrice,
    Percentage,
    Promotion,
    Selection,
    ShippingPercentage,
    ShippingPrice,
    Threshold,
)
from tests.unit.promotions.builders import a_basket, a_line, a_promotion, judge, of_skus

SKUS = "ABCDE"
amounts = (st.integers(0, 9) | st.integers(0, 5_000)).map(lambda amount: {"GBP": amount})
selections = st.one_of(
    st.just(Selection()),
    st.builds(
        Selection,
        skus=st.frozensets(st.sampled_from(SKUS), max_size=3),
        category_ids=st.frozensets(st.sampled_from(["c1", "c2"]), max_size=1),
    ),
)
rewards = st.one_of(
    st.builds(Percentage, st.integers(1, 10_000)),
    st.builds(AmountOff, amounts, st.booleans()),
    st.builds(FixedPrice, amounts),
    st.builds(
        BuyGet,
        st.integers(1, 3),
        st.integers(1, 3),
        st.integers(1, 10_000),
        st.none() | selections,
        st.none() | st.integers(1, 3),
    ),
    st.builds(ShippingPercentage, st.integers(1, 10_000)),
    st.builds(ShippingPrice, amounts),
)
thresholds = st.builds(Threshold, goods=st.just({}) | amounts, units=st.integers(0, 8), of=selections)


@st.composite
def promotions(draw, **given):
    drawn = draw(
        st.lists(
            st.builds(
                Promotion,
                id=st.just("-"),
                name=st.just("-"),
                reward=rewards,
                selection=selections,
                excluded=st.builds(Selection, skus=st.frozensets(st.sampled_from(SKUS), max_size=1)),
                threshold=thresholds,
                priority=st.integers(1, 3),
                by_code=st.booleans(),
                per_customer=st.just(None),
                exclusive=st.integers(0, 9).map(lambda one: one == 0),
                stops=st.integers(0, 9).map(lambda one: one == 0),
            ),
            max_size=6,
        )
    )
    return [replace(one, id=f"prm_{number}", **given) for number, one in enumerate(drawn)]


lines = st.lists(
    st.builds(
        BasketLine,
        id=st.just("-"),
        sku=st.sampled_from(SKUS),
        product_id=st.sampled_from(["p1", "p2"]),
        quantity=st.integers(1, 6),
        unit_price=st.sampled_from([5, 100]) | st.integers(0, 2_000),
        category_path=st.sampled_from([(), ("c1",), ("c1", "c2")]),
    ),
    max_size=6,
).map(lambda drawn: [_numbered(line, number) for number, line in enumerate(drawn)])


def _numbered(line: BasketLine, number: int) -> BasketLine:
    return replace(line, id=f"line-{number}")


baskets = st.builds(
    Basket,
    channel=st.just("web"),
    currency=st.just("GBP"),
    customer_id=st.just("c1"),
    lines=lines.map(tuple),
    shipping_charge=st.none() | st.integers(0, 1_000),
    codes=st.lists(st.sampled_from(["K0", "k1", "K2", "K9"]), max_size=4).map(tuple),
)
CODES = (CouponCode("K0", "prm_0"), CouponCode("K1", "prm_1", most=1), CouponCode("K2", "prm_2", most=1, used=1))


@given(baskets, promotions())
def test_the_shares_add_up_and_no_line_falls_below_zero(basket, offered):
    discounts = judge(basket, *offered, codes=CODES)
    assert [line.line_id for line in discounts.lines] == [line.id for line in basket.lines]
    for line, wanted in zip(discounts.lines, basket.lines, strict=True):
        assert line.amount == wanted.amount
        assert 0 <= line.discount <= line.amount
        assert sum(amount for _, amount in line.taken) == line.discount
        assert all(amount > 0 for _, amount in line.taken)
    assert 0 <= discounts.shipping <= (basket.shipping_charge or 0)
    assert discounts.goods == sum(finding.goods for finding in discounts.trace)
    assert discounts.shipping == sum(finding.shipping for finding in discounts.trace)
    for finding in discounts.applied:
        taken = [amount for line in discounts.lines for id, amount in line.taken if id == finding.promotion_id]
        assert sum(taken) == finding.goods
        assert finding.goods + finding.shipping > 0


@given(baskets, promotions(), st.randoms())
def test_another_order_of_lines_promotions_and_codes_gives_the_same_answer(basket, offered, random):
    shuffled = replace(
        basket,
        lines=tuple(random.sample(basket.lines, len(basket.lines))),
        codes=tuple(random.sample(basket.codes, len(basket.codes))),
    )
    one = judge(basket, *offered, codes=CODES)
    other = judge(shuffled, *random.sample(offered, len(offered)), codes=CODES)
    assert {line.line_id: line for line in other.lines} == {line.line_id: line for line in one.lines}
    assert [line.line_id for line in other.lines] == [line.id for line in shuffled.lines]
    assert (other.shipping, other.trace, other.redemptions) == (one.shipping, one.trace, one.redemptions)


@given(baskets, promotions(), rewards, st.integers(0, 4))
def test_an_exclusive_promotion_never_stacks(basket, offered, reward, priority):
    alone = a_promotion(reward, "prm_alone", priority=priority, exclusive=True)
    applied = [finding.promotion_id for finding in judge(basket, *offered, alone, codes=CODES).applied]
    assert "prm_alone" not in applied or applied == ["prm_alone"]


@given(baskets, promotions())
def test_nothing_follows_what_stops(basket, offered):
    known = {promotion.id: promotion for promotion in offered}
    applied = judge(basket, *offered, codes=CODES).applied
    assert not any(known[finding.promotion_id].stops for finding in applied[:-1])


@given(baskets, promotions())
def test_every_promotion_and_every_code_has_its_finding(basket, offered):
    discounts = judge(basket, *offered, codes=CODES)
    found = [finding.promotion_id for finding in discounts.trace if finding.code is None]
    assert sorted(found) == sorted(promotion.id for promotion in offered if not promotion.by_code)
    told = [finding.code for finding in discounts.trace if finding.code is not None]
    assert sorted(told) == sorted({code.upper() for code in basket.codes})


@given(baskets, promotions())
def test_only_codes_that_took_something_off_are_used(basket, offered):
    discounts = judge(basket, *offered, codes=CODES)
    used = {(finding.code, finding.goods + finding.shipping) for finding in discounts.applied if finding.code}
    assert {(one.code, one.amount) for one in discounts.redemptions} == used


@given(
    st.lists(st.tuples(st.sampled_from("BGE"), st.integers(1, 2), st.integers(1, 9)), min_size=1, max_size=4),
    st.integers(1, 2),
    st.integers(1, 2),
)
def test_units_are_dealt_out_as_trying_all_ways_would(drawn, buy, get):
    """B can be bought, G can be reduced, E either. All ways: the most rounds, and of these the least that is given."""
    lines = [a_line(f"{kind}{number}", units, price) for number, (kind, units, price) in enumerate(drawn)]
    skus = {line.sku for line in lines}
    buyable = of_skus(*(sku for sku in skus if sku[0] in "BE"), "-")
    gettable = of_skus(*(sku for sku in skus if sku[0] in "GE"), "-")
    discounts = judge(a_basket(*lines), a_promotion(BuyGet(buy, get, buy=buyable), selection=gettable))
    units = [(line.sku[0], line.unit_price) for line in lines for _ in range(line.quantity)]
    assert discounts.goods == _least_of_most_rounds(units, buy, get)


def _least_of_most_rounds(units, buy, get):
    for times in range(len(units) // (buy + get), 0, -1):
        worths = [
            sum(units[index][1] for index in given)
            for given in combinations([i for i, unit in enumerate(units) if unit[0] in "GE"], times * get)
            if sum(unit[0] in "BE" for index, unit in enumerate(units) if index not in given) >= times * buy
        ]
        if worths:
            return min(worths)
    return 0
