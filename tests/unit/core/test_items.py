"""How `Item` reads what is stored, held against how PynamoDB does."""

import functools
import importlib
import pkgutil

import pytest
from pynamodb.attributes import MapAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.exceptions import AttributeNullError
from pynamodb.models import Model

import chalicelib
from chalicelib.core.table import Item, Json


def kinds() -> list[type[Item]]:
    for module in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
        importlib.import_module(module.name)
    found, more = [], [Item]
    while more:
        kind = more.pop()
        found.append(kind)
        more += kind.__subclasses__()
    return [kind for kind in found if kind.__module__.startswith("chalicelib.")]


KINDS = kinds()
_STORED = {
    "S": {"S": "text"},
    "N": {"N": "12"},
    "BOOL": {"BOOL": True},
    "SS": {"SS": ["a", "b"]},
    "B": {"B": b"QQ=="},
    "BS": {"BS": [b"QQ=="]},
}


def stored(attribute):
    return {"S": '{"a":[1]}'} if isinstance(attribute, Json) else _STORED[attribute.attr_type]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_what_is_read_is_what_pynamodb_reads(kind):
    whole = {name: stored(attribute) for name, attribute in kind.get_attributes().items()}
    bare = {"pk": {"S": "P"}, "sk": {"S": "S"}}
    for raw in (whole, bare, {**whole, "unknown": {"S": "of a later version"}}, {**bare, "ttl": {"NULL": True}}):
        ours, theirs = kind.from_raw_data(raw), Model.from_raw_data.__func__(kind, raw)
        assert type(ours) is kind
        assert ours.attribute_values == theirs.attribute_values
        assert {name: getattr(ours, name) for name in whole} == {name: getattr(theirs, name) for name in whole}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_what_is_written_is_what_pynamodb_writes(kind):
    whole = kind.from_raw_data({name: stored(attribute) for name, attribute in kind.get_attributes().items()})
    bare = kind("P", "S", summary=None)
    for item in (whole, bare):
        assert item.serialize(null_check=False) == Model.serialize(item, null_check=False)
    assert whole.serialize() == Model.serialize(whole)
    outcomes = []
    for serialize in (bare.serialize, functools.partial(Model.serialize, bare)):
        try:
            outcomes.append(serialize())
        except AttributeNullError as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]


def test_a_value_of_the_wrong_type_is_refused():
    with pytest.raises(Exception, match="ttl"):
        Item.from_raw_data({"pk": {"S": "P"}, "sk": {"S": "S"}, "ttl": {"S": "tomorrow"}})


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_new_item_starts_as_pynamodb_starts_it(kind, monkeypatch):
    ours = kind("P", "S").attribute_values
    monkeypatch.delattr(Item, "_set_defaults")
    assert ours == kind("P", "S").attribute_values


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_no_kind_uses_what_our_reading_does_not_know(kind):
    """Defaults that are made anew for each item, maps, and names in the table that differ from those in Python."""
    for name, attribute in kind.get_attributes().items():
        assert attribute.attr_name == name
        assert not callable(attribute.default)
        assert attribute.default_for_new is None
        assert not isinstance(attribute, MapAttribute)
    assert kind._discriminator is None


def test_two_items_of_a_kind_share_nothing():
    class Counter(Item):
        count = NumberAttribute(default=0)
        tags = UnicodeSetAttribute(null=True)
        name = UnicodeAttribute(default="none")

    raw = {"pk": {"S": "P"}, "sk": {"S": "S"}}
    one, other = Counter.from_raw_data(raw), Counter.from_raw_data(raw)
    one.count, one.name = 5, "one"
    assert (other.count, other.name, Counter("P", "S").count) == (0, "none", 0)
