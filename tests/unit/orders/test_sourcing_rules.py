import pytest

from chalicelib.orders.domain.sourcing import SourcingRule, SourcingRules

PATH = ("cat_home", "cat_kitchen", "cat_mugs")


@pytest.mark.parametrize(
    ("seller", "expected"),
    [
        ("sup_a", 3),  # named, deepest category
        ("sup_b", 4),  # every supplier, deepest category that fits
        ("own", 6),
    ],
)
def test_the_most_specific_rule_holds(seller, expected):
    rules = SourcingRules(
        (
            SourcingRule(None, None, 1),
            SourcingRule("sup_a", None, 2),
            SourcingRule("sup_a", "cat_kitchen", 3),
            SourcingRule(None, "cat_mugs", 4),
            SourcingRule("sup_a", "cat_toys", 5),
            SourcingRule("own", None, 6),
        )
    )
    rule = rules.rule_for(seller, PATH)
    assert rule is not None
    assert rule.preference == expected


def test_without_a_rule_there_is_none():
    assert SourcingRules((SourcingRule(None, None, 1),)).rule_for("own", PATH) is None


def test_a_replacement_may_cost_a_little_more():
    assert SourcingRules(max_loss_bps=500).dearest(999) == 1048
    assert SourcingRules(max_loss_bps=0).dearest(999) == 999
