"""What is corrected, what is only suggested, and that all of it can be taken back."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.catalog.service import is_gtin
from chalicelib.core.findings import corrected
from chalicelib.listings.domain.attributes import Attribute, AttributeType
from chalicelib.listings.domain.corrections import fixed

SCHEMA = (
    Attribute("size", AttributeType.MEASURE, unit="ml"),
    Attribute("colour", AttributeType.ENUM, values=("Red", "Blue", "Café")),
    Attribute("dishwasher", AttributeType.BOOLEAN),
    Attribute("pieces", AttributeType.NUMBER),
)


def fix(document):
    return fixed(document, brands=("ac-me", "bolt & co"), schema=SCHEMA, is_gtin=is_gtin)


@pytest.mark.parametrize(
    ("field", "before", "after", "rule"),
    [
        ("title", "  Red \u00a0 mug\t", "Red mug", "whitespace"),
        ("title", "Ｒｅｄ mug", "Red mug", "whitespace"),
        ("title", "Cafe\u0301 mug", "Café mug", "whitespace"),
        ("title", "Mug 2 m² ½ ™", "Mug 2 m² ½ ™", None),
        ("title", "<b>Red</b> mug", "Red mug", "html"),
        ("title", "a < b > c", "a < b > c", None),
        ("description", "<p>One</p><p>Two &amp; three</p>", "One\nTwo & three", "html"),
        ("description", "One\r\n\r\n\r\n\r\nTwo  ", "One\n\nTwo", "whitespace"),
        ("description", "<script>x</script>", "<script>x</script>", None),
        ("condition", "New ", "new", "whitespace"),
        ("gtin", " 4006381 333931", "4006381333931", "gtin_digits"),
        ("gtin", "036000291452", "0036000291452", "gtin_digits"),
        ("gtin", "36000291452", "0036000291452", "gtin_digits"),
        ("gtin", "4006381333932", "4006381333932", None),
        ("gtin", "96385074", "96385074", None),
        ("prices", {"gbp": 899, "EUR": 1}, {"GBP": 899, "EUR": 1}, "currency_code"),
        ("prices", {"gbp": 899, "GBP": 1}, {"gbp": 899, "GBP": 1}, None),
        ("prices", {"GBP": "899"}, {"GBP": 899}, "currency_code"),
        ("weight_grams", "1.5kg", 1500, "weight_unit"),
        ("weight_grams", "1,5 KG", 1500, "weight_unit"),
        ("weight_grams", "350", 350, "weight_unit"),
        ("weight_grams", "2 lb", 907, "weight_unit"),
        ("weight_grams", "1,500 g", "1,500 g", None),
        ("weight_grams", "heavy", "heavy", None),
        ("weight_grams", "3 m", "3 m", None),
        ("handling_days", "2", 2, "number"),
        ("brand", "Ac Me", "ac-me", "brand_spelling"),
        ("brand", "AC-ME", "AC-ME", None),
        ("attributes", {"size": "0.3 l"}, {"size": 300}, "attribute_measure"),
        ("attributes", {"colour": "RED"}, {"colour": "Red"}, "attribute_value"),
        ("attributes", {"colour": "cafe"}, {"colour": "Café"}, "attribute_value"),
        ("attributes", {"Colour": "Red"}, {"colour": "Red"}, "attribute_name"),
        ("attributes", {"color": "Red"}, {"colour": "Red"}, "attribute_name"),
        ("attributes", {"dishwasher": "Yes"}, {"dishwasher": True}, "attribute_boolean"),
        ("attributes", {"pieces": "4"}, {"pieces": 4}, "attribute_measure"),
        ("attributes", {"colour": "purple"}, {"colour": "purple"}, None),
    ],
)
def test_a_correction(field, before, after, rule):
    done = fix({field: before})
    assert done.document == {field: after}
    assert [one.rule for one in done.corrections] == ([rule] if rule else [])


def test_what_is_not_sure_is_suggested():
    done = fix({"title": "THE RED MUG", "brand": "bolt and co"})
    assert done.corrections == ()
    told = [(one.field, one.rule, str(one.severity), one.suggested_fix) for one in done.suggestions]
    assert told == [
        ("/title", "title_capitals", "warning", "The Red Mug"),
        ("/brand", "brand_near", "info", "bolt & co"),
    ]
    assert fix({"title": "NASA mug"}).suggestions == ()


TEXTS = st.text(max_size=30) | st.sampled_from(
    ["<b>x</b>", " a  b ", "Ｒｅｄ", "1.5 kg", "36000291452", "yes", "RED", "0,3 l", "<p>a</p>&lt;b&gt;", "A&amp;B"]
)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "title": TEXTS,
        "description": TEXTS,
        "brand": TEXTS | st.sampled_from(["ac me", "Bolt&Co"]),
        "gtin": TEXTS,
        "condition": TEXTS,
        "weight_grams": TEXTS | st.integers(),
        "handling_days": TEXTS | st.integers(),
        "prices": st.dictionaries(st.sampled_from(["gbp", "GBP", " eur", "USD"]), st.integers() | st.just("12")),
        "attributes": st.dictionaries(
            st.sampled_from(["size", "Size", "color", "colour", "COLOUR", "dishwasher", "pieces", "a/b~c"]) | TEXTS,
            TEXTS | st.integers() | st.booleans(),
            max_size=5,
        ),
    },
)


@given(DOCUMENTS)
def test_all_corrections_can_be_taken_back(document):
    before = json.loads(json.dumps(document))
    done = fix(document)
    assert document == before
    assert corrected(document, done.corrections) == done.document
    back = [one.reversed() for one in reversed(done.corrections)]
    assert corrected(done.document, back) == before
    assert all(one.confidence >= 90 for one in done.corrections)


@given(DOCUMENTS)
def test_what_was_corrected_is_not_corrected_again(document):
    once = fix(document)
    again = fix(once.document)
    assert (again.document, again.corrections) == (once.document, ())
