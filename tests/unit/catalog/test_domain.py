import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.catalog import domain
from chalicelib.catalog.domain import Category, CategoryTooDeep, GtinInvalid, Status, Variant, VariantTooLarge
from chalicelib.core.money import Money


def a_variant(**changes):
    given = {
        "sku": "A1",
        "product_id": "prd_1",
        "name": "Lantern",
        "status": Status.ACTIVE,
        "product_status": Status.ACTIVE,
        "tax_rate_bps": 2000,
        "weight_grams": 300,
        "prices": {"web": {"GBP": 1299}},
    }
    return Variant(**{**given, **changes})


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("96385074", "00000096385074"),  # GTIN-8 of the GS1 General Specifications
        ("614141000036", "00614141000036"),
        ("4006381333931", "04006381333931"),
        ("10614141000415", "10614141000415"),
    ],
)
def test_gtins_of_all_lengths_are_kept_as_14_digits(text, stored):
    assert domain.checked_gtin(text) == stored


@pytest.mark.parametrize("text", ["4006381333932", "40063813339", "400638133393A", "", "٤٠٠٦٣٨١٣"])
def test_what_is_no_gtin_is_refused(text):
    with pytest.raises(GtinInvalid):
        domain.checked_gtin(text)


@given(st.text(alphabet="0123456789", min_size=13, max_size=13), st.integers(0, 12), st.integers(1, 9))
def test_a_wrong_digit_is_always_noticed(body, place, off):
    check = next(digit for digit in "0123456789" if _is_gtin(body + digit))
    typo = str((int(body[place]) + off) % 10)
    assert not _is_gtin(body[:place] + typo + body[place + 1 :] + check)


def _is_gtin(text):
    try:
        domain.checked_gtin(text)
    except GtinInvalid:
        return False
    return True


def test_an_offer_has_the_price_of_its_channel_and_currency():
    variant = a_variant(prices={"web": {"GBP": 1299, "EUR": 1499}, "store": {"GBP": 1199}})
    assert domain.offer_of(variant, "store", "GBP").unit_price == Money(1199, "GBP")
    assert domain.offer_of(variant, "store", "EUR").unit_price is None


def test_each_sku_that_cannot_be_sold_has_its_own_fault_and_place():
    variants = {
        "OK": a_variant(sku="OK"),
        "DRAFT": a_variant(sku="DRAFT", status=Status.DRAFT),
        "OLD": a_variant(sku="OLD", status=Status.ARCHIVED),
        "GONE": a_variant(sku="GONE", product_status=Status.ARCHIVED),
        "FREE": a_variant(sku="FREE", prices={}),
        "ASKED": a_variant(sku="ASKED", prices={}),
    }
    skus = [*variants, "NONE"]
    faults = domain.faults_of_sale(
        variants, skus, "web", "GBP", pointers={sku: f"/{sku}" for sku in skus}, price_optional={"ASKED"}
    )
    assert [(fault.pointer, fault.code) for fault in faults] == [
        ("/DRAFT", "sku_unknown"),
        ("/OLD", "not_active"),
        ("/GONE", "not_active"),
        ("/FREE", "no_price"),
        ("/NONE", "sku_unknown"),
    ]


def test_a_variant_stays_small_enough_for_one_write_unit():
    with pytest.raises(VariantTooLarge):
        domain.document_of(a_variant(attributes={f"a{number}": "x" * 100 for number in range(8)}))


def test_categories_nest_eight_levels():
    parent = Category("c7", "n", "s", path=tuple(f"c{number}" for number in range(1, 7)))
    assert len(domain.below(parent)) == 7
    with pytest.raises(CategoryTooDeep):
        domain.below(Category("c8", "n", "s", path=domain.below(parent)))


def test_prices_are_merged_by_channel_and_currency():
    merged = domain.merged({"web": {"GBP": 1, "EUR": 2}}, {"web": {"GBP": 3}, "store": {"GBP": 4}})
    assert merged == {"web": {"GBP": 3, "EUR": 2}, "store": {"GBP": 4}}


def test_an_offer_says_how_it_is_taxed_and_where_in_the_tree_it_is():
    offer = domain.offer_of(a_variant(tax_category="books", category_path=("cat_1", "cat_2")), "web", "GBP")
    assert (offer.tax_category, offer.category_path, offer.category_id) == ("books", ("cat_1", "cat_2"), "cat_2")
    legacy = domain.offer_of(a_variant(), "web", "GBP")
    assert (legacy.tax_category, legacy.category_path, legacy.category_id) == ("standard", (), None)


def test_the_standard_tax_category_takes_no_room_and_others_do():
    assert "tax_category" not in domain.document_of(a_variant())
    assert domain.document_of(a_variant(tax_category="books"))["tax_category"] == "books"


def test_a_variant_deep_in_the_tree_has_less_room_for_its_document():
    full = a_variant(attributes={"a": "x" * 120, "b": "x" * 120, "c": "x" * 120, "d": "x" * 120, "e": "x" * 90})
    size = len(json.dumps(domain.document_of(full), separators=(",", ":")))
    assert 700 < size <= domain.MAX_VARIANT_BYTES
    path = tuple(f"cat_{number:026}" for number in range(8))
    fitting = path[: (domain.MAX_PLACED_BYTES - size + 1) // 31]
    assert 0 < len(fitting) < 8
    assert domain.document_of(replace(full, category_path=fitting))
    with pytest.raises(VariantTooLarge):
        domain.document_of(replace(full, category_path=path[: len(fitting) + 1]))
