"""Which rule holds, and that parcels of a line are charged what one parcel with all of it would be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.ledger.domain import (
    CommissionRules,
    Rule,
    RulesFaulty,
    TaxOwedBy,
    Terms,
    checked,
    commission_of,
    commission_of_units,
    terms_for,
)

PATH = ("all", "kitchen", "mugs")
RULES = CommissionRules(
    (
        Rule("GBP", rate_bps=1),
        Rule("GBP", rate_bps=2, category_id="kitchen"),
        Rule("GBP", rate_bps=3, category_id="mugs"),
        Rule("GBP", rate_bps=4, supplier_id="sup_acme"),
        Rule("GBP", rate_bps=5, supplier_id="sup_acme", category_id="all"),
        Rule("GBP", rate_bps=6, supplier_id="sup_acme", category_id="garden"),
        Rule("EUR", rate_bps=7),
    ),
    kept_bps=500,
    tax_owed_by=TaxOwedBy.OPERATOR,
)


@pytest.mark.parametrize(
    ("supplier", "path", "currency", "rate", "rule"),
    [
        ("sup_bolt", (), "GBP", 1, "*/*/GBP"),
        ("sup_bolt", ("all",), "GBP", 1, "*/*/GBP"),
        ("sup_bolt", PATH[:2], "GBP", 2, "*/kitchen/GBP"),
        ("sup_bolt", PATH, "GBP", 3, "*/mugs/GBP"),
        ("sup_acme", PATH[1:], "GBP", 4, "sup_acme/*/GBP"),
        ("sup_acme", PATH, "GBP", 5, "sup_acme/all/GBP"),
        ("sup_acme", (*PATH, "garden"), "GBP", 6, "sup_acme/garden/GBP"),
        ("sup_acme", PATH, "EUR", 7, "*/*/EUR"),
        ("sup_acme", PATH, "USD", 0, None),
    ],
)
def test_the_most_specific_rule_holds(supplier, path, currency, rate, rule) -> None:
    terms = terms_for(RULES, supplier, path, currency)
    assert (terms.rate_bps, terms.rule, terms.kept_bps, terms.tax_owed_by) == (rate, rule, 500, "operator")


def test_the_order_of_rules_does_not_matter() -> None:
    backwards = CommissionRules(RULES.rules[::-1], RULES.kept_bps, RULES.tax_owed_by)
    for supplier in ("sup_acme", "sup_bolt"):
        assert terms_for(backwards, supplier, PATH, "GBP") == terms_for(RULES, supplier, PATH, "GBP")


def test_two_rules_for_the_same_and_a_cap_below_its_floor_are_refused() -> None:
    with pytest.raises(RulesFaulty) as refused:
        checked(CommissionRules((Rule("GBP"), Rule("GBP", rate_bps=1), Rule("EUR", floor=2, cap=1))))
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [
        ("/rules/1", "same_scope"),
        ("/rules/2/cap", "cap_below_floor"),
    ]
    assert checked(RULES) is RULES


@pytest.mark.parametrize(
    ("terms", "amount", "units", "expected"),
    [
        (Terms(rate_bps=1500), 999, 1, (150, 0)),
        (Terms(rate_bps=1500), 30, 1, (5, 0)),  # 4.5, away from zero
        (Terms(rate_bps=1000, fixed=30, tax_rate_bps=2000), 1000, 2, (160, 32)),
        (Terms(rate_bps=1000, floor=80), 1000, 2, (160, 0)),
        (Terms(rate_bps=1000, cap=40), 1000, 2, (80, 0)),
        (Terms(rate_bps=1000, floor=80), 0, 0, (0, 0)),
    ],
)
def test_commission_is_rounded_once_and_bounded_per_unit(terms, amount, units, expected) -> None:
    assert commission_of(terms, amount, units) == expected


def test_terms_come_back_as_they_were_kept() -> None:
    terms = Terms(rate_bps=1000, cap=0, tax_owed_by="operator", rule="*/*/GBP")
    assert terms.as_dict() == {"rate_bps": 1000, "cap": 0, "tax_owed_by": "operator", "rule": "*/*/GBP"}
    assert Terms.of(terms.as_dict()) == terms
    assert Terms.of({}) == Terms()


some_terms = st.builds(
    Terms,
    rate_bps=st.integers(0, 10_000),
    fixed=st.integers(0, 300),
    floor=st.integers(0, 200),
    cap=st.none() | st.integers(200, 2_000),
    tax_rate_bps=st.integers(0, 3_000),
    kept_bps=st.sampled_from([0, 0, 2_500, 10_000]),
    tax_owed_by=st.sampled_from(["supplier", "operator"]),
)


@given(some_terms, st.integers(0, 5_000), st.lists(st.integers(0, 5), max_size=6))
def test_parcels_of_a_line_add_up(terms: Terms, unit_price: int, parcels: list[int]) -> None:
    charged = tax = before = 0
    for units in parcels:
        one = commission_of_units(terms, unit_price, before, units)
        charged, tax, before = charged + one[0], tax + one[1], before + units
        assert min(one) >= 0
    assert (charged, tax) == commission_of(terms, unit_price * before, before)
