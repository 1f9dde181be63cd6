"""DynamoDB's arithmetic, by the examples of its developer guide."""

import pytest

from bench.units import Index, index_units, read_units, size_of, write_units

KEY = ("pk", "sk")
LISTED = Index("gsi1", ("gsi1pk", "gsi1sk"), ("summary",))
DUE = Index("gsi3", ("gsi3pk", "gsi3sk"))


def an_item(size: int, **more: str) -> dict[str, dict[str, str]]:
    """An item of exactly `size` bytes."""
    item = {"pk": {"S": "p"}, "sk": {"S": "s"}, **{name: {"S": value} for name, value in more.items()}}
    return {**item, "x": {"S": "x" * (size - size_of(item) - 1)}}


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "é"}, 2),
        ({"N": "0"}, 1),
        ({"N": "27"}, 2),
        ({"N": "-27"}, 3),
        ({"N": "100000"}, 2),
        ({"N": "3.1415"}, 4),
        ({"B": "AAAA"}, 3),
        ({"B": b"abc"}, 3),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"SS": ["ab", "c"]}, 3),
        ({"L": [{"S": "a"}, {"BOOL": False}]}, 3 + 2 + 2),
        ({"M": {"ab": {"S": "c"}}}, 3 + 1 + 2 + 1),
    ],
)
def test_a_value_counts_with_its_name(value: dict[str, object], size: int) -> None:
    assert size_of({"abc": value}) == 3 + size


@pytest.mark.parametrize(("size", "plain"), [(100, 1), (1024, 1), (1025, 2), (3072, 3)])
def test_writes_go_by_the_kilobyte_and_double_in_transactions(size: int, plain: int) -> None:
    assert write_units(None, an_item(size), transactional=False) == plain
    assert write_units(None, an_item(size), transactional=True) == 2 * plain


def test_the_larger_image_counts() -> None:
    assert write_units(an_item(2000), an_item(100), transactional=False) == 2
    assert write_units(an_item(2000), None, transactional=True) == 4


def test_checking_what_is_not_there_costs_as_one() -> None:
    assert write_units(None, None, transactional=True) == 2


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [
        (None, {"gsi1pk": "a", "gsi1sk": "b"}, 1),
        ({"gsi1pk": "a", "gsi1sk": "b"}, None, 1),
        ({"gsi1pk": "a", "gsi1sk": "b"}, {"gsi1pk": "a", "gsi1sk": "b", "other": "c"}, 0),
        ({"gsi1pk": "a", "gsi1sk": "b"}, {"gsi1pk": "a", "gsi1sk": "b", "summary": "c"}, 1),
        ({"gsi1pk": "a", "gsi1sk": "b"}, {"gsi1pk": "a", "gsi1sk": "c"}, 2),
        ({"gsi1pk": "a", "gsi1sk": "b"}, {}, 1),
        ({"gsi1pk": "a"}, {"gsi1pk": "b"}, 0),
        (None, {"gsi1pk": "a", "gsi1sk": "b", "summary": "c" * 1024}, 2),
        ({"gsi3pk": "a", "gsi3sk": "b"}, {"gsi3pk": "a", "gsi3sk": "b", "summary": "c"}, 0),
    ],
)
def test_an_index_is_written_only_where_its_entry_changes(
    before: dict[str, str] | None, after: dict[str, str] | None, units: int
) -> None:
    was, becomes = (None if image is None else an_item(3000, **image) for image in (before, after))
    assert index_units(was, becomes, [LISTED, DUE], KEY) == units


def test_reads_go_by_four_kilobytes_and_half_when_eventually_consistent() -> None:
    assert read_units([4096, 4097, 0], consistent=True, together=False) == 4
    assert read_units([4096, 4097, 0], consistent=False, together=False) == 2
    assert read_units([3000, 3000], consistent=True, together=True) == 2
    assert read_units([], consistent=False, together=True) == 0.5
