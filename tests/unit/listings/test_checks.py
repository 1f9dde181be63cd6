"""Each rule, and exactly what it finds."""

from time import perf_counter
from typing import Any

import pytest

from chalicelib.core.findings import Finding, Severity
from chalicelib.listings.domain.attributes import (
    Attribute,
    AttributeSchema,
    AttributeType,
    attribute_findings,
    inherited,
)
from chalicelib.listings.domain.checks import Match, Surroundings, Verdict, all_findings, verdict_of
from chalicelib.listings.domain.images import ImageCheck, ImageState
from chalicelib.listings.domain.settings import ListingSettings
from chalicelib.listings.domain.texts import has_active_html

CLEAN: dict[str, Any] = {
    "title": "Red mug",
    "brand": "Acme",
    "category_id": "cat_1",
    "gtin": "4006381333931",
    "prices": {"GBP": 899},
    "tax_rate_bps": 2000,
    "weight_grams": 350,
    "handling_days": 2,
}


def found(changes=None, *, match=None, images=None, settings=None, **around):
    """What is found in a clean document with these changes (None takes a field out), as (field, rule, severity)."""
    document = {name: value for name, value in {**CLEAN, **(changes or {})}.items() if value is not None}
    given = {"brands": ("acme",), "category_known": True, "schema": (), "gtin_valid": True, **around}
    surroundings = Surroundings(
        settings=settings or ListingSettings(), match=match or Match(), images=images or {}, **given
    )
    return [(one.field, one.rule, str(one.severity)) for one in all_findings(document, surroundings)]


def test_nothing_is_found_in_a_clean_document():
    assert found() == []


@pytest.mark.parametrize("name", ["title", "prices", "handling_days", "category_id", "tax_rate_bps"])
def test_a_new_product_needs(name):
    assert found({name: None}) == [(f"/{name}", "missing", "error")]


@pytest.mark.parametrize("name", ["category_id", "tax_rate_bps", "gtin", "brand"])
def test_an_offer_of_a_known_product_needs_no(name):
    assert found({name: None}, match=Match("S1", gtin_sku="S1", brand="acme")) == []


def test_the_owner_of_a_product_still_needs_its_category():
    match = Match("S1", gtin_sku="S1", owned=True)
    assert found({"category_id": None}, match=match) == [("/category_id", "missing", "error")]


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"title": "x" * 121}, ("/title", "too_long", "error")),
        ({"title": "xy"}, ("/title", "title_short", "warning")),
        ({"description": "x" * 10_001}, ("/description", "too_long", "error")),
        ({"description": "<script>alert(1)</script>"}, ("/description", "html_active", "error")),
        ({"description": '<img onerror="x">'}, ("/description", "html_active", "error")),
        ({"attributes": {"x": "y" * 121}}, ("/attributes", "too_long", "error")),
        ({"prices": {"XXX": 1}}, ("/prices/XXX", "currency_unknown", "error")),
        ({"prices": {"GBP": 0}}, ("/prices/GBP", "price_invalid", "error")),
        ({"prices": {"GBP": "9.99"}}, ("/prices/GBP", "price_invalid", "error")),
        ({"prices": {"GBP": True}}, ("/prices/GBP", "price_invalid", "error")),
        ({"weight_grams": "heavy"}, ("/weight_grams", "number_invalid", "error")),
        ({"weight_grams": 0}, ("/weight_grams", "weight_unusual", "warning")),
        ({"weight_grams": 100_001}, ("/weight_grams", "weight_unusual", "warning")),
        ({"handling_days": 61}, ("/handling_days", "number_invalid", "error")),
        ({"tax_rate_bps": 10_001}, ("/tax_rate_bps", "number_invalid", "error")),
        ({"min_quantity": 5, "max_quantity": 4}, ("/max_quantity", "quantity_order", "error")),
        ({"condition": "rusty"}, ("/condition", "condition_unknown", "error")),
        ({"brand": "Apex"}, ("/brand", "brand_not_registered", "error")),
        ({"images": ["u"] * 9}, ("/images", "too_many_images", "error")),
        ({"images": [{"url": "u"}]}, ("/images/0", "image_url", "error")),
        ({"images": 7}, ("/images/0", "image_url", "error")),
        ({"attributes": {"x": None}}, ("/attributes", "attribute_shape", "error")),
        ({"attributes": {"x": ["y"]}}, ("/attributes", "attribute_shape", "error")),
        ({"attributes": {"x": float("inf")}}, ("/attributes", "attribute_shape", "error")),
        ({"attributes": {"x": 10**120}}, ("/attributes", "too_long", "error")),
        ({"attributes": {str(n): n for n in range(61)}}, ("/attributes", "too_many_attributes", "error")),
        ({"tax_category": "Re duced"}, ("/tax_category", "tax_category_invalid", "error")),
    ],
)
def test_what_is_wrong_with_a_field(changes, finding):
    assert found(changes) == [finding]


@pytest.mark.parametrize(
    "text",
    [
        "Size guide: one = S, two = M",
        "<p>Size guide: one = S</p>",
        '<p class="wide" id=a>Turned on = green</p>',
        "5 < 6, and on = off",
        "one = S <br/>",
    ],
)
def test_texts_that_nothing_runs_in(text):
    assert not has_active_html(text)


@pytest.mark.parametrize(
    "text",
    [
        "<b onclick=x>",
        "<img/onerror=x>",
        '<img src="x"onerror=x>',
        "<b \n onmouseover = x",
        '<a title=">" onclick=x>',
        '<a x=a"b title=">" onclick=x>',
        '<a ="b c=">" onclick=x>',
        "<a title='>' onclick=x>",
        "&lt;b onclick=x&gt;",
        "&amp;lt;b onclick=x&amp;gt;",
        '<p>one</p><b title="<i>" onclick=x>',
        "<script>",
        "<a href=javascript :x>",
    ],
)
def test_texts_that_a_browser_would_run_something_of(text):
    assert has_active_html(text)


@pytest.mark.parametrize("piece", ["<a ", "<a b=c ", "<a on", "on =", "<", " ", "<a b", "&amp;", '<a b="', "<a\n\n"])
def test_looking_for_handlers_takes_time_in_proportion(piece):
    text = (piece * 60_000)[:64_000]
    begun = perf_counter()
    has_active_html(text)
    has_active_html("<a " + text)
    assert perf_counter() - begun < 1


def test_gtins():
    assert found(gtin_valid=False) == [("/gtin", "gtin_invalid", "error")]
    assert found({"gtin": None}, gtin_valid=False) == []
    assert found(match=Match("S1", gtin_sku="S2", brand="acme")) == [("/gtin", "gtin_of_other_sku", "error")]
    assert found(match=Match("S1", brand="acme")) == [("/gtin", "gtin_not_of_sku", "error")]
    assert found(match=Match("S1", owned=True)) == []


def test_brands():
    assert found({"brand": None}) == []
    assert found({"brand": "ÁCME"}) == []
    assert found({"brand": "Acme"}, match=Match("S1", gtin_sku="S1", brand="Bolt")) == [
        ("/brand", "brand_not_registered", "error")
    ]
    assert found(brands=()) == [("/brand", "brand_not_registered", "error")]


def test_matches():
    assert found({"gtin": None}, match=Match("S1", known=False)) == [("/sku", "sku_unknown", "error")]
    given = {"brand": "acme", "gtin_sku": "S1"}
    assert found(match=Match("S1", active=False, **given)) == [("/sku", "product_not_active", "error")]
    assert found(match=Match("S1", full=True, **given)) == [("/sku", "too_many_offers", "error")]
    assert found(match=Match("S1", taken=True, **given)) == [("/sku", "sku_listed_already", "error")]


def test_an_unknown_category():
    assert found(category_known=False) == [("/category_id", "category_unknown", "error")]
    assert found(category_known=False, match=Match("S1", gtin_sku="S1", brand="acme")) == []


@pytest.mark.parametrize(
    ("price", "finding"),
    [
        (1300, []),
        (1301, [("/prices/GBP", "price_changed", "warning")]),
        (700, []),
        (699, [("/prices/GBP", "price_changed", "warning")]),
        (1600, [("/prices/GBP", "price_changed", "warning")]),
        (1601, [("/prices/GBP", "price_changed_much", "error")]),
        (399, [("/prices/GBP", "price_changed_much", "error")]),
    ],
)
def test_steps_of_a_price(price, finding):
    assert found({"prices": {"GBP": price}}, last_prices={"GBP": 1000, "EUR": 1}) == finding


@pytest.mark.parametrize(("price", "far"), [(500, False), (499, True), (12_500, False), (12_501, True)])
def test_a_price_far_from_what_others_ask(price, far):
    match = Match("S1", gtin_sku="S1", brand="acme", prices={"GBP": [2500, 2400, 90_000], "EUR": [1]})
    rules = [("/prices/GBP", "price_far_from_others", "error")] if far else []
    assert found({"prices": {"GBP": price}}, match=match) == rules


@pytest.mark.parametrize(
    ("text", "words", "rules"),
    [
        ("The cheapest mug", ["cheapest"], 1),
        ("THE CHEAPÉST mug", ["cheapest"], 1),
        ("cheapestmug", ["cheapest"], 0),
        ("a classic mug", ["ass"], 0),
        ("kick ass-mug", ["ass"], 1),
        ("miracle  cure mug", ["miracle cure"], 1),
        ("che\u200bapest mug", ["cheapest"], 1),
        ("ｃｈｅａｐｅｓｔ mug", ["cheapest"], 1),
        ("最便宜的杯子", ["便宜"], 1),
        ("ถ้วยราคาถูกที่สุด", ["ราคาถูก"], 1),
        ("Самый дешёвый", ["дешевый"], 1),
        ("नमस्ते", ["नम"], 0),
    ],
)
def test_forbidden_words(text, words, rules):
    settings = ListingSettings(forbidden_words=tuple(words))
    assert found({"title": text}, settings=settings) == [("/title", "forbidden_word", "error")] * rules


def test_images():
    seen = {
        "a": ImageCheck(ImageState.NOT_AN_IMAGE),
        "b": ImageCheck(ImageState.NOT_ALLOWED),
        "c": ImageCheck(ImageState.UNREACHABLE),
        "d": ImageCheck(ImageState.IMAGE, "png", 299, 800),
        "e": ImageCheck(ImageState.IMAGE, "jpeg"),
        "f": ImageCheck(ImageState.UNCHECKED),
    }
    assert found({"images": list("abcdef")}, images=seen) == [
        ("/images/0", "image_not_an_image", "error"),
        ("/images/1", "image_url", "error"),
        ("/images/2", "image_unreachable", "warning"),
        ("/images/3", "image_small", "warning"),
        ("/images/5", "image_unchecked", "info"),
    ]


def test_attributes():
    schema = (
        Attribute("size", AttributeType.MEASURE, required=True, unit="ml"),
        Attribute("colour", AttributeType.ENUM, values=("Red", "Blue")),
        Attribute("dishwasher", AttributeType.BOOLEAN),
        Attribute("pieces", AttributeType.NUMBER),
        Attribute("motto", AttributeType.TEXT),
    )

    def rules(given):
        return [(one.field, one.rule, str(one.severity)) for one in attribute_findings(given, schema)]

    assert rules({"size": 300, "colour": "Red", "dishwasher": False, "pieces": 1.5, "motto": "x"}) == []
    assert rules({}) == [("/attributes/size", "attribute_missing", "error")]
    wrong = {"size": True, "colour": "red", "dishwasher": 1, "pieces": "2", "motto": 3}
    assert rules(wrong) == [(f"/attributes/{name}", "attribute_invalid", "error") for name in wrong]
    assert rules({"size": 1, "other": "x"}) == [("/attributes/other", "attribute_unknown", "info")]
    assert found(schema=schema) == [("/attributes/size", "attribute_missing", "error")]


def test_the_nearest_category_decides():
    size, optional = Attribute("size", AttributeType.NUMBER, required=True), Attribute("size", AttributeType.NUMBER)
    assert inherited([AttributeSchema("a", (size,)), AttributeSchema("b", (optional,))]) == (optional,)


def test_verdicts():
    def finding(rule, severity=Severity.ERROR):
        return Finding("/x", rule, severity, "…")

    assert verdict_of([]) is Verdict.CLEAN
    assert verdict_of([finding("price_changed", Severity.WARNING)]) is Verdict.CLEAN
    assert verdict_of([finding("forbidden_word"), finding("brand_not_registered")]) is Verdict.REVIEW
    assert verdict_of([finding("forbidden_word"), finding("missing")]) is Verdict.REFUSE
