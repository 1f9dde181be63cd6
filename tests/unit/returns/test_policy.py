"""Which policy decides on goods, until when, and in which words."""

from datetime import date, timedelta

import pytest

from chalicelib.returns.domain.eligibility import (
    Rule,
    breaches,
    delivered_on,
    is_withdrawal,
    last_day,
    options,
    units_breach,
)
from chalicelib.returns.domain.policy import (
    DEFAULT,
    FAULTS,
    Condition,
    Goods,
    InForce,
    PaidBy,
    Reason,
    Rules,
    Scope,
    Terms,
    rules_at,
    words,
)
from chalicelib.returns.domain.tally import Counts
from tests.unit.returns.builders import TODAY, a_candidate, a_policy, now, terms

MUG = Goods("MUG", "prd_mug", ("cat_mugs", "cat_kitchen", "cat_all"))
EVERYTHING = a_policy("rpl_1")
KITCHEN = a_policy("rpl_2", scope=Scope(categories=("cat_kitchen",)))
MUGS = a_policy("rpl_3", scope=Scope(categories=("cat_mugs",)))
PRODUCT = a_policy("rpl_4", scope=Scope(products=("prd_mug",)))
SKU = a_policy("rpl_5", scope=Scope(skus=("MUG",)))
STORE = a_policy("rpl_6", scope=Scope(channels=("store",)))


@pytest.mark.parametrize(
    ("policies", "channel", "decides"),
    [
        ((), "web", "default"),
        ((EVERYTHING,), "web", "rpl_1"),
        ((KITCHEN, EVERYTHING), "web", "rpl_2"),
        ((MUGS, KITCHEN, EVERYTHING), "web", "rpl_3"),
        ((MUGS, PRODUCT, KITCHEN), "web", "rpl_4"),
        ((SKU, PRODUCT, MUGS), "web", "rpl_5"),
        ((STORE, EVERYTHING), "web", "rpl_1"),
        ((STORE, EVERYTHING), "store", "rpl_6"),
        ((STORE, KITCHEN), "store", "rpl_2"),
        ((STORE,), "web", "default"),
        ((EVERYTHING, a_policy("rpl_9")), "web", "rpl_9"),
        ((a_policy("rpl_0", scope=Scope(categories=("cat_toys",))),), "web", "default"),
    ],
)
def test_the_closest_policy_decides(policies, channel, decides):
    assert Rules(policies).policy_for(MUG, channel).id == decides
    assert Rules(policies[::-1]).policy_for(MUG, channel).id == decides


def test_the_policy_of_a_channel_goes_before_one_alike_for_all():
    alike = a_policy("rpl_7", scope=Scope(skus=("MUG",), channels=("web",)))
    assert Rules((alike, SKU, a_policy("rpl_8", scope=Scope(skus=("MUG",))))).policy_for(MUG, "web").id == "rpl_7"


def test_categories_are_worth_reading_only_where_a_policy_names_one():
    assert not Rules((SKU, PRODUCT, EVERYTHING)).name_categories
    assert Rules((SKU, MUGS)).name_categories


def test_what_held_when_it_was_bought_decides():
    versions = [
        InForce(a_policy("rpl_1"), "2026-01-01T00:00:00.000000Z", "2026-02-01T00:00:00.000000Z"),
        InForce(a_policy("rpl_1", version=2), "2026-02-01T00:00:00.000000Z"),
    ]
    moments = ("2025-12-31T23:59:59.999999Z", "2026-01-01T00:00:00.000000Z", "2026-01-31T23:59:59.999999Z")
    decided = [[one.version for one in rules_at(versions, moment).policies] for moment in moments]
    assert decided == [[], [1], [1]]
    assert [one.version for one in rules_at(versions, "2026-02-01T00:00:00.000000Z").policies] == [2]
    assert InForce(DEFAULT, None).at("2000-01-01T00:00:00.000000Z")


def test_terms_in_words():
    assert words(terms(30)) == (
        "Within 30 days of the delivery; you pay for the way back; the goods unopened or opened."
    )
    ours = Terms(60, tuple(Condition), PaidBy.MERCHANT, 1250, refunds_shipping=True)
    assert words(ours) == (
        "Within 60 days of the delivery; we pay for the way back; 12.5 % of the price is kept; with its share of the postage."
    )


def test_no_fee_is_taken_for_faults_by_default():
    assert {reason for reason in Reason if DEFAULT.terms[reason].shipping_paid_by is PaidBy.MERCHANT} == FAULTS
    assert all(not one.restocking_fee_bps for one in DEFAULT.terms.values())


# ---- what may come back -------------------------------------------------------------------------------------------------


def broken(candidate, units=1, reason=Reason.CHANGED_MIND, condition=None, **when):
    return [breach.rule for breach in breaches(candidate, units, reason, condition, now(**when))]


@pytest.mark.parametrize(("days_ago", "rules"), [(0, []), (29, []), (30, []), (31, [Rule.WINDOW_OVER])])
def test_the_last_day_counts_whole(days_ago, rules):
    assert broken(a_candidate(), delivered_on=TODAY - timedelta(days=days_ago)) == rules


def test_days_do_not_count_before_the_goods_are_there():
    assert broken(a_candidate(), delivered_on=None) == []
    assert last_day(terms(30), None) is None
    assert last_day(terms(30), date(2026, 1, 31)) == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("shipped", "counts", "units", "rule"),
    [
        (0, Counts(), 1, Rule.NOT_SHIPPED),
        (3, Counts(), 3, None),
        (3, Counts(), 4, Rule.IN_A_RETURN),
        (3, Counts(open=1, returned=1), 1, None),
        (3, Counts(open=1, returned=1), 2, Rule.IN_A_RETURN),
        (3, Counts(refused=1), 2, None),
        (3, Counts(refused=1), 3, Rule.REFUSED_BEFORE),
        (3, Counts(open=2, refused=1), 1, Rule.REFUSED_BEFORE),
        (3, Counts(open=1, refused=2), 3, Rule.IN_A_RETURN),
    ],
)
def test_a_unit_is_in_one_return_at_most(shipped, counts, units, rule):
    candidate = a_candidate(shipped, counts)
    breach = units_breach(candidate, units)
    assert (breach.rule if breach else None) == rule
    assert (units <= candidate.returnable) == (rule is None)


def test_a_final_sale_comes_back_for_faults_only():
    policy = a_policy("rpl_1", Reason.CHANGED_MIND, Reason.DAMAGED, final_sale=True)
    assert broken(a_candidate(policy=policy)) == [Rule.FINAL_SALE]
    assert broken(a_candidate(policy=policy), reason=Reason.DAMAGED) == []
    assert broken(a_candidate(policy=policy), reason=Reason.LATE) == [Rule.REASON_NOT_ACCEPTED]


def test_each_rule_that_is_broken_is_named():
    policy = a_policy("rpl_1", return_channels=("store", "locker"))
    late = TODAY - timedelta(days=31)
    assert broken(a_candidate(policy=policy), 4, condition=Condition.USED, delivered_on=late) == [
        Rule.IN_A_RETURN,
        Rule.CHANNEL_NOT_ACCEPTED,
        Rule.CONDITION_NOT_ACCEPTED,
        Rule.WINDOW_OVER,
    ]
    assert broken(a_candidate(policy=policy), condition=Condition.OPENED, channel="locker") == []
    assert broken(a_candidate(policy=policy), reason=Reason.LATE, channel="store") == [Rule.REASON_NOT_ACCEPTED]


def test_options_say_until_when_or_why_not():
    policy = a_policy("rpl_1", Reason.CHANGED_MIND, Reason.DAMAGED)
    found = {one.reason: one for one in options(policy, now(delivered_on=date(2026, 3, 1)))}
    assert list(found) == list(Reason)
    pleased = found[Reason.CHANGED_MIND]
    assert (pleased.until, pleased.breach) == (date(2026, 3, 31), None)
    assert pleased.words == words(policy.terms[Reason.CHANGED_MIND])
    assert found[Reason.LATE].breach.rule is Rule.REASON_NOT_ACCEPTED
    assert found[Reason.LATE].words == "late is no reason to return it."
    assert found[Reason.LATE].until is None


@pytest.mark.parametrize(("days_ago", "withdrawn"), [(None, True), (0, True), (14, True), (15, False)])
def test_a_withdrawal_is_declared_within_its_days(days_ago, withdrawn):
    day = None if days_ago is None else TODAY - timedelta(days=days_ago)
    assert is_withdrawal(a_policy(), now(delivered_on=day)) is withdrawn


@pytest.mark.parametrize(
    ("shipped", "delivered", "open", "last", "day"),
    [
        (3, 3, 0, "2026-03-01T23:59:59.999999Z", date(2026, 3, 1)),
        (3, 2, 0, "2026-03-01T00:00:00.000000Z", None),
        (3, 3, 1, "2026-03-01T00:00:00.000000Z", None),
        (3, 0, 0, None, None),
    ],
)
def test_the_days_of_an_order_count_when_its_last_goods_are_there(shipped, delivered, open, last, day):
    assert delivered_on(shipped, delivered, open, last) == day
