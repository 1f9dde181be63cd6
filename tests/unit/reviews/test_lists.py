"""Lists of cases, and what can be asked for."""

import pytest

from chalicelib.reviews.domain.listing import Wanted
from chalicelib.reviews.store import lists
from chalicelib.reviews.store.cases import CaseItem
from tests.unit.reviews.builders import BEN, START
from tests.unit.reviews.conftest import later


@pytest.fixture
def many(desk):
    """Twelve cases of three types and two suppliers, an hour apart, by number."""
    types = ["supplier", "listing", "parked"]
    made = []
    for number in range(12):
        with later(hours=number):
            supplier = "sup_a" if number % 2 else "sup_b"
            made.append(desk.opened(f"x_{number}", type=types[number % 3], supplier_id=supplier))
    return made


def paged(desk, limit, **query):
    found, cursor = [], None
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = desk.lists(limit=limit, **query, **more).json
        assert len(page["items"]) <= limit
        found += [one["id"] for one in page["items"]]
        assert len(found) <= 12, "a page comes again"
        cursor = page["next_cursor"]
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 3, 5, 12, 100])
def test_pages_hold_every_case_once_by_deadline(desk, many, limit):
    assert paged(desk, limit) == many
    assert paged(desk, limit, supplier_id="sup_a") == many[1::2]
    assert paged(desk, limit, subject_type="listing") == many[1::3]


def test_so_many_are_read_and_no_more(many):
    found = lists.matching(Wanted(), START, None, 2)
    assert [one["id"] for one in found] == many[:2]


def test_filters_combine(desk, many):
    assert desk.ids(supplier_id="sup_a", subject_type="listing") == [many[1], many[7]]
    assert desk.ids(supplier_id="sup_c") == []
    with later(hours=48 + 3):
        assert desk.ids(overdue="true") == many[:4]
        assert desk.ids(overdue="true", supplier_id="sup_b") == [many[0], many[2]]
        assert desk.ids(overdue="true", subject_type="listing") == [many[1]]
        assert paged(desk, 1, overdue="true") == many[:4]
        assert desk.ids(overdue="false") == many


def test_the_next_page_may_be_asked_of_a_slower_clock(desk, many):
    with later(hours=48 + 5):
        page = desk.lists(overdue="true", limit=4).json
        assert [one["id"] for one in page["items"]] == many[:4]
    with later(hours=48 + 2):
        assert desk.ids(overdue="true", limit=4, cursor=page["next_cursor"]) == []


def test_no_range_ends_before_it_begins():
    # DynamoDB refuses one that does; moto finds nothing in it.
    condition = lists._between(CaseItem.gsi2sk, "later", "earlier")
    _, begin, end = condition.values
    assert begin.value["S"] <= end.value["S"]


def test_overdue_to_the_second(desk):
    case_id = desk.opened()
    with later(hours=47, minutes=59, seconds=59):
        assert (desk.ids(overdue="true"), desk.read(case_id)["overdue"]) == ([], False)
    with later(hours=48):
        [row] = desk.lists(overdue="true").json["items"]
        assert (row["id"], row["overdue"], desk.read(case_id)["overdue"]) == (case_id, True, True)


def test_escalated_cases(desk, many):
    for number, times in ((2, 1), (5, 3), (8, 2)):
        for _ in range(times):
            assert desk.does(many[number], "escalations", reason="Urgent").status == 200
    assert desk.ids(min_level=1) == [many[2], many[5], many[8]]
    assert desk.ids(min_level=2) == [many[5], many[8]]
    assert desk.ids(min_level=3) == [many[5]]
    assert desk.ids(min_level=1, supplier_id="sup_b") == [many[2], many[8]]
    assert desk.ids() == many
    desk.decides(many[5])
    assert desk.ids(min_level=1) == [many[2], many[8]]
    assert desk.ids(state="decided", min_level=3) == [many[5]]


def test_closed_cases_the_latest_deadline_first(desk, many):
    for number in (1, 4, 6):
        desk.decides(many[number], "reject")
    assert desk.ids(state="decided") == [many[6], many[4], many[1]]
    assert paged(desk, 1, state="decided") == [many[6], many[4], many[1]]
    assert desk.ids(state="decided", supplier_id="sup_b") == [many[6], many[4]]
    assert [one for one in many if one not in desk.ids()] == [many[1], many[4], many[6]]
    assert {one["outcome"] for one in desk.lists(state="decided").json["items"]} == {"reject"}


def test_the_cases_of_an_assignee(desk, many):
    for number in (0, 3, 4):
        desk.does(many[number], "assignments", assignee="usr_ben")
    desk.does(many[7], "claims")
    assert desk.ids(assignee="usr_ben") == [many[0], many[3], many[4]]
    assert desk.ids(assignee="usr_anna") == [many[7]]
    assert paged(desk, 2, assignee="usr_ben") == [many[0], many[3], many[4]]
    assert desk.ids(assignee="usr_ben", subject_type="supplier") == [many[0], many[3]]
    desk.does(many[3], "escalations", reason="Urgent")
    assert desk.ids(assignee="usr_ben", min_level=1) == [many[3]]
    assert desk.ids(assignee="usr_ben") == [many[0], many[3], many[4]]
    with later(days=2):
        assert desk.ids(assignee="usr_ben", overdue="true") == [many[0]]
    desk.decides(many[0])
    desk.does(many[3], "assignments", assignee="usr_cleo")
    desk.does(many[4], "claims", by=BEN)
    desk.does(many[4], "releases", by=BEN)
    assert desk.ids(assignee="usr_ben") == []
    assert desk.ids(assignee="usr_cleo") == [many[3]]


def test_a_list_shows_what_somebody_works_on(desk):
    case_id = desk.opened(supplier_id="sup_1", title="Acme Ltd")
    desk.does(case_id, "claims")
    [row] = desk.lists().json["items"]
    assert row == {
        "id": case_id,
        "subject": {"type": "supplier", "id": "sup_1", "version": 1},
        "supplier_id": "sup_1",
        "title": "Acme Ltd",
        "severity": "warning",
        "state": "claimed",
        "level": 0,
        "opened_at": "2026-03-02T09:00:00.000000Z",
        "due_at": "2026-03-04T09:00:00.000000Z",
        "overdue": False,
        "assignee": "usr_anna",
        "claim": {"by": "usr_anna", "until": "2026-03-02T09:30:00.000000Z"},
        "outcome": None,
        "findings": 1,
        "version": 2,
    }


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"assignee": "a", "supplier_id": "b"}, "/assignee"),
        ({"assignee": "a", "state": "decided"}, "/assignee"),
        ({"overdue": "true", "state": "withdrawn"}, "/overdue"),
        ({"state": "claimed"}, "/state"),
        ({"subject_type": "gift"}, "/subject_type"),
        ({"min_level": 4}, "/min_level"),
        ({"min_level": -1}, "/min_level"),
        ({"supplier_id": "a%23b"}, "/supplier_id"),
        ({"supplier_id": "-a"}, "/supplier_id"),
        ({"assignee": "a%23b"}, "/assignee"),
        ({"assignee": "a" * 129}, "/assignee"),
        ({"limit": 101}, "/limit"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_what_cannot_be_asked_for(desk, query, pointer):
    reply = desk.lists(**query)
    assert (reply.status, reply.json["errors"][0]["pointer"]) == (400, pointer)


def test_a_cursor_belongs_to_its_list(desk, many):
    cursor = desk.lists(limit=2).json["next_cursor"]
    assert desk.lists(limit=2, cursor=cursor).status == 200
    assert desk.lists(limit=2, cursor=cursor, subject_type="listing").status == 400
