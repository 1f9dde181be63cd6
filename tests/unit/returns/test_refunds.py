"""What returned units are worth: exact values, and what holds for every way of sending things back."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.money import share_of_units
from chalicelib.returns.domain.refunds import Back, Postage, PostageTally, Refund, Share, refund_of
from tests.unit.returns.builders import sold

NO_POSTAGE = Postage(0, 0)
NONE = PostageTally()


def test_a_line_of_three_for_ten_comes_back_unit_by_unit():
    line = sold(units=3, charged=1000, discount=100, tax=167)
    amounts, taxes, discounts = [], [], []
    for returned in range(3):
        refund, _, _ = refund_of([replace(line, returned=returned)], NO_POSTAGE, NONE, [Back("1", 1)])
        amounts.append(refund.amount)
        taxes.append(refund.tax)
        discounts.append(refund.discount)
    assert (amounts, taxes, discounts) == ([333, 334, 333], [56, 55, 56], [33, 34, 33])
    assert (sum(amounts), sum(taxes), sum(discounts)) == (1000, 167, 100)


def test_the_breakdown_says_what_the_goods_were_listed_at():
    line = sold(units=2, charged=900, discount=100, tax=150)
    refund, shares, _ = refund_of([line], NO_POSTAGE, NONE, [Back("1", 1, fee_bps=1000)])
    assert refund == Refund(goods=500, discount=50, tax=75, shipping=0, fee=45)
    assert refund.amount == 405
    assert shares == (Share("1", 1, 500, 50, 75, 45),)


def test_a_fee_of_a_line_is_exact_over_its_inspections():
    line = sold(units=3, charged=100)
    fees = []
    for returned, before in ((0, 0), (1, 33), (2, 67)):
        back = Back("1", 1, fee_bps=1500, before=before)
        refund, _, _ = refund_of([replace(line, returned=returned)], NO_POSTAGE, NONE, [back])
        fees.append(refund.fee)
    assert sum(fees) == 15


def test_a_whole_fee_leaves_nothing_and_never_less():
    refund, _, _ = refund_of([sold(charged=999)], NO_POSTAGE, NONE, [Back("1", 2, fee_bps=10_000)])
    assert refund.amount == 0


def test_goods_withdrawn_in_time_bring_the_postage_with_the_last_of_them():
    lines = [sold("1", 1, 600), sold("2", 1, 400)]
    postage = Postage(500, 83)
    first, _, tally = refund_of(lines, postage, NONE, [Back("1", 1, withdrawn=True)])
    assert (first.amount, tally) == (600, PostageTally(0, 1, 0))
    lines[0] = replace(lines[0], returned=1)
    last, _, tally = refund_of(lines, postage, tally, [Back("2", 1, withdrawn=True)])
    assert (last.amount, last.shipping, last.tax, tally.refunded) == (900, 500, 83, 500)


def test_one_unit_sent_too_late_keeps_the_postage():
    lines = [sold("1", 1, 600), sold("2", 1, 400)]
    refund, _, tally = refund_of(lines, Postage(500, 0), NONE, [Back("1", 1, withdrawn=True), Back("2", 1)])
    assert (refund.shipping, tally) == (0, PostageTally(0, 1, 0))


def test_postage_stays_while_goods_are_still_to_be_shipped():
    lines = [sold("1", 2, 600, shipped=1, open=1)]
    refund, _, _ = refund_of(lines, Postage(500, 0), NONE, [Back("1", 1, withdrawn=True)])
    assert refund.shipping == 0


def test_units_that_were_never_shipped_do_not_keep_the_postage():
    lines = [sold("1", 3, 900, shipped=1, open=0), sold("2", 1, 100, shipped=0, open=0)]
    refund, _, _ = refund_of(lines, Postage(500, 0), NONE, [Back("1", 1, withdrawn=True)])
    assert (refund.goods, refund.shipping) == (300, 500)


def test_a_fault_brings_the_share_of_the_postage_that_the_goods_had():
    lines = [sold("1", 3, 1000), sold("2", 1, 500)]
    refund, _, tally = refund_of(lines, Postage(300, 50), NONE, [Back("1", 1, shares_postage=True)])
    assert (refund.goods, refund.shipping, refund.tax) == (333, 67, 11)
    assert tally == PostageTally(333, 1, 67)


def test_goods_that_cost_nothing_share_no_postage_until_all_are_back():
    lines = [sold("1", 2, 0)]
    one, _, tally = refund_of(lines, Postage(300, 50), NONE, [Back("1", 1, shares_postage=True)])
    assert one.amount == 0
    other, _, _ = refund_of([replace(lines[0], returned=1)], Postage(300, 50), tally, [Back("1", 1, withdrawn=True)])
    assert (other.amount, other.tax) == (300, 50)


def test_postage_that_was_paid_back_is_not_asked_for_again():
    refund, _, tally = refund_of(
        [sold()], Postage(300, 50), PostageTally(0, 1, 200), [Back("1", 1, shares_postage=True)]
    )
    assert (refund.shipping, refund.tax, tally) == (0, 0, PostageTally(333, 2, 200))


@pytest.mark.parametrize("units", [-1, 3])
def test_units_that_are_not_out_cannot_come_back(units):
    with pytest.raises(ValueError, match="2 can come back"):
        refund_of([sold(units=4, shipped=3, returned=1, open=1)], NO_POSTAGE, NONE, [Back("1", units)])


def test_no_more_is_paid_than_is_left():
    refund = Refund(goods=500, discount=50, tax=75, shipping=100, fee=45)
    assert refund.within(505) == refund
    held = refund.within(400)
    assert (held.withheld, held.amount, held.goods) == (105, 400, 500)
    assert (refund + held).amount == 905


# ---- every way of sending things back -----------------------------------------------------------------------------------


@st.composite
def orders(draw):
    lines = []
    for number in range(draw(st.integers(1, 4))):
        ordered = draw(st.integers(1, 7))
        shipped = draw(st.integers(1, ordered))
        charged = draw(st.integers(0, 5_000))
        lines.append(
            sold(
                str(number + 1),
                ordered,
                charged,
                shipped=shipped,
                discount=draw(st.integers(0, 500)),
                tax=charged // 6,
            )
        )
    amount = draw(st.integers(0, 2_000))
    return lines, Postage(amount, amount // 6)


@st.composite
def lives(draw):
    """An order, and all its shipped units in some order and in some parts, each on some terms."""
    lines, postage = draw(orders())
    units = draw(st.permutations([line.line_id for line in lines for _ in range(line.shipped)]))
    steps, rest = [], list(units)
    while rest:
        size = draw(st.integers(1, len(rest)))
        step, rest = rest[:size], rest[size:]
        counted = {one: step.count(one) for one in dict.fromkeys(step)}
        terms = draw(st.sampled_from([(True, False), (False, True), (True, True)]))
        steps.append([Back(one, count, shares_postage=terms[0], withdrawn=terms[1]) for one, count in counted.items()])
    return lines, postage, steps


def captured(lines, postage):
    goods = sum(share_of_units(line.charged, line.ordered, 0, line.shipped) for line in lines)
    return goods + postage.amount


def carried_out(lines, postage, steps):
    tally, refunds = NONE, []
    for step in steps:
        refund, _, tally = refund_of(lines, postage, tally, step)
        refunds.append(refund)
        units = {one.line_id: one.units for one in step}
        lines = [replace(line, returned=line.returned + units.get(line.line_id, 0)) for line in lines]
    return refunds


@given(lives())
def test_whatever_the_way_all_that_was_paid_comes_back_and_never_more(life):
    lines, postage, steps = life
    refunds = carried_out(lines, postage, steps)
    whole, so_far = captured(lines, postage), 0
    for refund in refunds:
        assert refund.amount >= 0
        so_far += refund.amount
        assert so_far <= whole
    assert so_far == whole
    taxes = sum(share_of_units(line.tax, line.ordered, 0, line.shipped) for line in lines) + postage.tax
    assert sum(refund.tax for refund in refunds) == taxes
    assert sum(refund.discount for refund in refunds) == sum(
        share_of_units(line.discount, line.ordered, 0, line.shipped) for line in lines
    )


@given(lives(), st.data())
def test_with_fees_and_other_terms_never_more_than_was_paid(life, data):
    lines, postage, steps = life
    fees = st.integers(0, 10_000)
    harder = [
        [
            replace(
                one,
                fee_bps=data.draw(fees),
                shares_postage=data.draw(st.booleans()),
                withdrawn=data.draw(st.booleans()),
            )
            for one in step
        ]
        for step in steps
    ]
    refunds = carried_out(lines, postage, harder)
    assert all(refund.amount >= 0 for refund in refunds)
    assert sum(refund.amount for refund in refunds) <= captured(lines, postage)


@given(lives(), st.randoms(use_true_random=False))
def test_the_order_of_lines_changes_nothing(life, chance):
    lines, postage, steps = life
    plain = carried_out(lines, postage, steps)
    chance.shuffle(lines)
    for step in steps:
        chance.shuffle(step)
    assert carried_out(lines, postage, steps) == plain
