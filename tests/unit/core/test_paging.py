import pytest

from chalicelib.core import paging
from chalicelib.core.errors import Invalid


def pages(scope, count, limit):
    cursor, seen = None, []
    while True:
        page = paging.page_of(
            scope, limit, cursor, lambda after, n: list(range(count))[(-1 if after is None else after) + 1 :][:n], int
        )
        seen.append(page.items)
        cursor = page.next_cursor
        if cursor is None:
            return seen


@pytest.mark.parametrize(("count", "sizes"), [(0, [0]), (3, [3]), (4, [3, 1]), (6, [3, 3])])
def test_pages_hold_everything_once_and_end(table, count, sizes):
    seen = pages("list", count, 3)
    assert [len(page) for page in seen] == sizes
    assert [entry for page in seen for entry in page] == list(range(count))


def test_a_cursor_opens_only_its_own_list(table):
    cursor = paging.seal("orders of a", ["x", 1])
    assert paging.open_cursor("orders of a", cursor) == ["x", 1]
    with pytest.raises(Invalid) as refused:
        paging.open_cursor("orders of b", cursor)
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [("/cursor", "invalid_cursor")]


@pytest.mark.parametrize(
    "forge", [lambda c: "A" + c[1:], lambda c: c[:-4] + "AAAA", lambda c: c[:20], lambda c: "", lambda c: "é!"]
)
def test_a_forged_cursor_is_refused(table, forge):
    cursor = paging.seal("list", "position")
    with pytest.raises(Invalid):
        paging.open_cursor("list", forge(cursor))
