"""What each kind of promotion takes off, and what each rule says, in exact numbers."""

from datetime import timedelta

import pytest

from chalicelib.promotions.domain import (
    AmountOff,
    BuyGet,
    FixedPrice,
    Percentage,
    PromotionInvalid,
    Selection,
    ShippingPercentage,
    ShippingPrice,
    Threshold,
    checked,
)
from tests.unit.promotions.builders import (
    NOON,
    a_basket,
    a_code,
    a_line,
    a_promotion,
    by_line,
    judge,
    of_skus,
    rules,
)

# ---- rewards --------------------------------------------------------------------------------------------------------------


def test_a_percentage_is_rounded_once_and_shared():
    basket = a_basket(a_line("A", 1, 333), a_line("B", 1, 333), a_line("C", 1, 334))
    assert by_line(judge(basket, a_promotion(Percentage(1_005)))) == {"A": 34, "B": 33, "C": 34}  # 100.5 is 101


def test_an_amount_off_is_shared_over_the_selected_lines():
    basket = a_basket(a_line("A", 2, 1000), a_line("B", 1, 1000), a_line("C", 1, 5000))
    promotion = a_promotion(AmountOff({"GBP": 500}), selection=of_skus("A", "B"))
    assert by_line(judge(basket, promotion)) == {"A": 333, "B": 167, "C": 0}


def test_an_amount_off_is_never_more_than_the_goods():
    assert by_line(judge(a_basket(a_line("A", 1, 300)), a_promotion(AmountOff({"GBP": 500})))) == {"A": 300}


def test_an_amount_off_each_unit_takes_no_more_than_the_line():
    basket = a_basket(a_line("A", 3, 1000), a_line("B", 2, 150))
    promotion = a_promotion(AmountOff({"GBP": 200}, each_unit=True))
    assert by_line(judge(basket, promotion)) == {"A": 600, "B": 300}


def test_a_fixed_price_makes_nothing_dearer():
    basket = a_basket(a_line("A", 3, 1000), a_line("B", 1, 700))
    promotion = a_promotion(FixedPrice({"GBP": 800}), selection=of_skus("A", "B"))
    assert by_line(judge(basket, promotion)) == {"A": 600, "B": 0}


@pytest.mark.parametrize(
    "reward", [AmountOff({"EUR": 500}), AmountOff({"EUR": 5}, each_unit=True), FixedPrice({"EUR": 1})]
)
def test_amounts_in_another_currency_say_nothing(reward):
    discounts = judge(a_basket(), a_promotion(reward, selection=of_skus("A")))
    assert (discounts.total, rules(discounts)) == (0, [("prm_1", "other_currency")])


def test_free_shipping_takes_the_charge():
    discounts = judge(a_basket(shipping_charge=495), a_promotion(ShippingPercentage(10_000)))
    assert (discounts.shipping, discounts.goods, discounts.total) == (495, 0, 495)


def test_half_of_shipping_is_rounded_up():
    assert judge(a_basket(shipping_charge=495), a_promotion(ShippingPercentage(5_000))).shipping == 248


@pytest.mark.parametrize(("charge", "off"), [(495, 296), (150, 0)])
def test_shipping_for_a_price(charge, off):
    assert judge(a_basket(shipping_charge=charge), a_promotion(ShippingPrice({"GBP": 199}))).shipping == off


def test_without_a_known_charge_no_shipping_promotion_applies():
    assert rules(judge(a_basket(), a_promotion(ShippingPercentage(10_000)))) == [("prm_1", "no_shipping_charge")]


def test_the_odd_penny_goes_to_the_same_line_in_whatever_order_they_come():
    lines = [a_line("B", 1, 500), a_line("A", 1, 500)]
    promotion = a_promotion(AmountOff({"GBP": 1}))
    for basket in (a_basket(*lines), a_basket(*lines[::-1])):
        assert by_line(judge(basket, promotion)) == {"A": 1, "B": 0}


# ---- buy so many, get so many -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("units", "off"), [(1, 0), (2, 0), (3, 500), (5, 500), (6, 1000), (8, 1000), (9, 1500)])
def test_three_for_two(units, off):
    assert judge(a_basket(a_line("A", units, 500)), a_promotion(BuyGet(2, 1))).goods == off


def test_three_for_two_gives_the_cheapest_of_all():
    lines = [a_line(sku, 1, price) for sku, price in zip("ABCDEF", (1000, 900, 800, 300, 200, 100), strict=True)]
    assert by_line(judge(a_basket(*lines), a_promotion(BuyGet(2, 1)))) == {
        "A": 0, "B": 0, "C": 0, "D": 0, "E": 200, "F": 100,
    }  # fmt: skip


def test_too_few_units_are_counted_in_the_trace():
    [finding] = judge(a_basket(a_line("A", 2)), a_promotion(BuyGet(2, 1))).trace
    assert (finding.rule, finding.facts) == ("not_enough_units", {"buy": 2, "get": 1, "has": 2})


def test_buy_one_thing_get_another_at_half_price():
    basket = a_basket(a_line("PRINTER", 1, 9900), a_line("INK", 3, 1501))
    promotion = a_promotion(BuyGet(1, 1, 5_000, buy=of_skus("PRINTER")), selection=of_skus("INK"))
    assert by_line(judge(basket, promotion)) == {"PRINTER": 0, "INK": 751}


def test_units_that_could_be_either_are_dealt_out_so_that_most_rounds_come_about():
    # Two shirts are all that can be given, and shirts count as bought too: the socks have to be the bought ones.
    basket = a_basket(a_line("SHIRT", 2, 2000), a_line("SOCKS", 2, 500))
    promotion = a_promotion(BuyGet(1, 1, buy=of_skus("SHIRT", "SOCKS")), selection=of_skus("SHIRT"))
    discounts = judge(basket, promotion)
    assert by_line(discounts) == {"SHIRT": 4000, "SOCKS": 0}
    assert discounts.trace[0].facts == {"units": 2}


def test_a_unit_is_not_bought_and_reduced_at_once():
    basket = a_basket(a_line("A", 1, 1000))
    assert judge(basket, a_promotion(BuyGet(1, 1))).goods == 0


def test_as_many_rounds_as_the_promotion_grants():
    assert judge(a_basket(a_line("A", 30, 500)), a_promotion(BuyGet(2, 1, most_times=4))).goods == 2000


def test_nothing_bought_of_what_is_asked_for():
    promotion = a_promotion(BuyGet(1, 1, buy=of_skus("X")), selection=of_skus("A"))
    assert rules(judge(a_basket(), promotion)) == [("prm_1", "nothing_selected")]


# ---- what is selected -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "selection",
    [
        Selection(skus=frozenset({"A"})),
        Selection(product_ids=frozenset({"prd_A"})),
        Selection(category_ids=frozenset({"cat_top"})),
        Selection(category_ids=frozenset({"cat_below"})),
    ],
)
def test_lines_are_selected_by_sku_product_or_any_category_above(selection):
    basket = a_basket(a_line("A", category_path=("cat_top", "cat_below")), a_line("B", category_path=("cat_other",)))
    assert by_line(judge(basket, a_promotion(selection=selection))) == {"A": 100, "B": 0}


def test_what_is_excluded_is_neither_reduced_nor_counted():
    basket = a_basket(a_line("A"), a_line("CARD", 1, 9000))
    threshold = Threshold(goods={"GBP": 1000})
    promotion = a_promotion(excluded=of_skus("CARD"), threshold=threshold)
    assert by_line(judge(basket, promotion)) == {"A": 100, "CARD": 0}
    higher = a_promotion(excluded=of_skus("CARD"), threshold=Threshold(goods={"GBP": 1001}))
    [finding] = judge(basket, higher).trace
    assert (finding.rule, finding.facts) == ("goods_below_threshold", {"needed": 1001, "has": 1000})


def test_nothing_of_it_in_the_basket():
    assert rules(judge(a_basket(), a_promotion(selection=of_skus("X")))) == [("prm_1", "nothing_selected")]


# ---- whether it applies -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"starts_at": NOON}, "applied"),
        ({"starts_at": NOON + timedelta(microseconds=1)}, "not_started"),
        ({"ends_at": NOON + timedelta(microseconds=1)}, "applied"),
        ({"ends_at": NOON}, "ended"),
        ({"channels": frozenset({"web", "till"})}, "applied"),
        ({"channels": frozenset({"till"})}, "other_channel"),
        ({"segments": frozenset({"gold", "trade"})}, "applied"),
        ({"segments": frozenset({"trade"})}, "not_in_segment"),
        ({"threshold": Threshold(goods={"GBP": 1000})}, "applied"),
        ({"threshold": Threshold(goods={"EUR": 1})}, "other_currency"),
        ({"threshold": Threshold(units=2)}, "units_below_threshold"),
        ({"threshold": Threshold(units=1, of=of_skus("B"))}, "units_below_threshold"),
        ({"threshold": Threshold(units=1, of=of_skus("A"))}, "applied"),
    ],
)
def test_each_rule_keeps_a_promotion(given, rule):
    basket = a_basket(segments=frozenset({"gold"}))
    assert rules(judge(basket, a_promotion(**given))) == [("prm_1", rule)]


def test_thresholds_count_prices_before_discounts():
    first = a_promotion(Percentage(9_000), "prm_1", priority=1)
    second = a_promotion(AmountOff({"GBP": 10}), "prm_2", priority=2, threshold=Threshold(goods={"GBP": 1000}))
    assert judge(a_basket(), first, second).goods == 910


# ---- one after the other --------------------------------------------------------------------------------------------------------


def test_each_takes_its_part_of_what_is_left():
    ten, twenty = (
        a_promotion(Percentage(1_000), "prm_2", priority=1),
        a_promotion(Percentage(2_000), "prm_1", priority=2),
    )
    discounts = judge(a_basket(), twenty, ten)
    assert discounts.lines[0].taken == (("prm_2", 100), ("prm_1", 180))
    assert [(finding.promotion_id, finding.goods) for finding in discounts.applied] == [("prm_2", 100), ("prm_1", 180)]


def test_of_the_same_priority_the_older_comes_first():
    discounts = judge(a_basket(), a_promotion(Percentage(2_000), "prm_2"), a_promotion(Percentage(1_000), "prm_1"))
    assert discounts.lines[0].taken == (("prm_1", 100), ("prm_2", 180))


def test_an_exclusive_promotion_lets_nothing_follow_it():
    alone = a_promotion(Percentage(500), "prm_1", priority=1, exclusive=True)
    discounts = judge(a_basket(shipping_charge=495), a_promotion(ShippingPercentage(10_000), "prm_2"), alone)
    assert (discounts.total, rules(discounts)) == (50, [("prm_1", "applied"), ("prm_2", "excluded")])
    assert discounts.trace[1].facts == {"promotion_id": "prm_1"}


def test_an_exclusive_promotion_does_not_follow():
    alone = a_promotion(Percentage(9_000), "prm_2", priority=101, exclusive=True)
    discounts = judge(a_basket(), alone, a_promotion(id="prm_1"))
    assert (discounts.total, rules(discounts)) == (100, [("prm_1", "applied"), ("prm_2", "not_alone")])


def test_an_exclusive_promotion_that_takes_nothing_excludes_nothing():
    alone = a_promotion(id="prm_1", exclusive=True, selection=of_skus("X"))
    discounts = judge(a_basket(), alone, a_promotion(id="prm_2"))
    assert rules(discounts) == [("prm_1", "nothing_selected"), ("prm_2", "applied")]


def test_after_one_that_stops_what_came_before_stays():
    three = [a_promotion(id=f"prm_{number}", stops=number == 2) for number in (1, 2, 3)]
    discounts = judge(a_basket(), *three)
    assert rules(discounts) == [("prm_1", "applied"), ("prm_2", "applied"), ("prm_3", "stopped")]
    assert discounts.trace[2].facts == {"promotion_id": "prm_2"}


def test_where_nothing_is_left_a_promotion_does_not_apply():
    discounts = judge(a_basket(), a_promotion(Percentage(10_000), "prm_1"), a_promotion(id="prm_2"))
    assert rules(discounts) == [("prm_1", "applied"), ("prm_2", "nothing_left")]


# ---- codes --------------------------------------------------------------------------------------------------------------------


def by_code(**given):
    return a_promotion(by_code=True, **given)


def test_without_its_code_a_promotion_is_not_even_mentioned():
    assert judge(a_basket(), by_code()).trace == ()


@pytest.mark.parametrize("typed", ["TEN", "ten", " Ten "])
def test_a_code_brings_its_promotion_in(typed):
    discounts = judge(a_basket(codes=(typed,)), by_code(), codes=(a_code(most=5, used=4),))
    [redemption] = discounts.redemptions
    assert (redemption.code, redemption.promotion_id, redemption.amount, redemption.bounded, redemption.slot) == (
        "TEN", "prm_1", 100, True, None,
    )  # fmt: skip
    assert discounts.trace[0].code == "TEN"
    assert discounts.refused_codes == ()


@pytest.mark.parametrize(
    ("codes", "promotion", "rule"),
    [
        ((), by_code(), "code_unknown"),
        ((a_code(enabled=False),), by_code(), "code_disabled"),
        ((a_code(promotion_id="prm_gone"),), by_code(), "code_not_active"),
        ((a_code(),), a_promotion(), "code_not_active"),
        ((a_code(most=3, used=3),), by_code(), "code_used_up"),
        ((a_code(),), by_code(per_customer=1), "code_needs_customer"),
        ((a_code(),), by_code(threshold=Threshold(units=5)), "units_below_threshold"),
        ((a_code(),), by_code(channels=frozenset({"till"})), "other_channel"),
    ],
)
def test_a_code_that_does_not_count_says_why(codes, promotion, rule):
    discounts = judge(a_basket(codes=("ten",)), promotion, codes=codes)
    assert [(finding.code, str(finding.rule)) for finding in discounts.refused_codes] == [("TEN", rule)]
    assert discounts.redemptions == ()


def test_a_customer_uses_the_first_free_slot():
    basket = a_basket(customer_id="c1", codes=("TEN",))
    taken = frozenset({"prm_1:0", "prm_10:1"})
    [redemption] = judge(basket, by_code(per_customer=2), codes=(a_code(),), slots=taken).redemptions
    assert redemption.slot == "prm_1:1"


def test_a_customer_who_used_it_often_enough_is_told():
    basket = a_basket(customer_id="c1", codes=("TEN",))
    discounts = judge(basket, by_code(per_customer=2), codes=(a_code(),), slots=frozenset({"prm_1:0", "prm_1:1"}))
    [finding] = discounts.refused_codes
    assert (finding.rule, finding.facts) == ("code_used_by_customer", {"most": 2, "used": 2})


def test_two_codes_of_one_promotion_count_once():
    codes = (a_code("TEN"), a_code("ALSO", most=1))
    discounts = judge(a_basket(codes=("TEN", "ALSO", "ten")), by_code(), codes=codes)
    assert [redemption.code for redemption in discounts.redemptions] == ["ALSO"]
    [finding] = discounts.refused_codes
    assert (finding.code, finding.rule, finding.facts) == ("TEN", "code_of_same_promotion", {"code": "ALSO"})


def test_of_two_codes_the_one_that_counts_is_taken():
    codes = (a_code("ALSO", enabled=False), a_code("TEN"))
    discounts = judge(a_basket(codes=("TEN", "ALSO")), by_code(), codes=codes)
    assert [redemption.code for redemption in discounts.redemptions] == ["TEN"]


def test_a_code_that_is_kept_out_by_another_promotion_is_not_used():
    alone = a_promotion(id="prm_0", exclusive=True)
    discounts = judge(a_basket(codes=("TEN",)), alone, by_code(), codes=(a_code(most=1),))
    assert (discounts.redemptions, [str(f.rule) for f in discounts.refused_codes]) == ((), ["excluded"])


# ---- definitions ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"starts_at": NOON, "ends_at": NOON}, "/ends_at"),
        ({"per_customer": 1}, "/per_customer"),
        ({"reward": FixedPrice({"GBP": 1})}, "/selection"),
        ({"reward": ShippingPercentage(10_000), "selection": of_skus("A")}, "/selection"),
    ],
)
def test_parts_that_do_not_go_together_are_refused(given, pointer):
    with pytest.raises(PromotionInvalid) as caught:
        checked(a_promotion(**given))
    assert [fault.pointer for fault in caught.value.faults] == [pointer]


def test_parts_that_go_together_pass():
    promotion = by_code(per_customer=1, starts_at=NOON, ends_at=NOON + timedelta(days=1))
    assert checked(promotion) is promotion
