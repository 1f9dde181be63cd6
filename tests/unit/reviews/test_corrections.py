"""Reviewers correct what they review, and its owner writes it in the same transaction."""

import pytest
from pynamodb.attributes import NumberAttribute

from chalicelib.core.errors import RuleBroken, Stale
from chalicelib.core.http import OPERATIONS
from chalicelib.core.openapi import errors_of
from chalicelib.core.table import Item, Json, find
from chalicelib.listings.domain import life as of_listings
from chalicelib.listings.service import use_cases as listings
from chalicelib.reviews import service
from chalicelib.reviews.routes import subjects
from chalicelib.suppliers.domain.life import CorrectionOutdated, NothingToCorrect
from chalicelib.suppliers.domain.shape import ProfileMisshapen
from chalicelib.suppliers.service import correct_profile as suppliers
from tests.unit.reviews.builders import ANNA, BEN
from tests.unit.reviews.conftest import later, once, show


class ThingItem(Item):
    """pk = THING#<id>, sk = THING."""

    version = NumberAttribute()
    fields = Json()


class Owner:
    """Who owns things: as the services of suppliers and listings."""

    def __init__(self):
        self.asked = 0

    def stage(self, tx, subject_id, changes, by, *, expected_version):
        self.asked += 1
        thing = find(ThingItem, f"THING#{subject_id}", "THING", consistent=True)
        for field, value in changes:
            if value == "never":
                raise RuleBroken(f"{field} cannot be that.")
            thing.fields[field] = value
        thing.version = expected_version + 1
        tx.put(thing, ThingItem.version == expected_version, lambda _: Stale("The thing has moved on."))
        return int(thing.version)


@pytest.fixture
def owner(monkeypatch):
    owner = Owner()
    monkeypatch.setitem(subjects.OWNERS, "supplier", owner.stage)
    return owner


@pytest.fixture
def case_id(desk, owner):
    """A case of the third version of a thing."""
    ThingItem("THING#sup_1", "THING", version=3, fields={"/name": "Acme"}).save()
    return desk.opened(version=3)


def thing():
    item = find(ThingItem, "THING#sup_1", "THING", consistent=True)
    return int(item.version), item.fields


def corrects(desk, case_id, value="Acme Ltd", expected=3, field="/name", **given):
    corrections = given.pop("corrections", [{"field": field, "value": value}])
    return desk.does(case_id, "corrections", corrections=corrections, expected_subject_version=expected, **given)


def test_a_correction_reaches_the_subject_and_stands_in_the_case(desk, case_id):
    desk.does(case_id, "claims")
    with later(minutes=10):
        both = [{"field": "/name", "value": "Acme Ltd"}, {"field": "/bank", "value": None}]
        reply = corrects(desk, case_id, corrections=both)
    assert (reply.status, reply.json["corrected_version"], reply.json["state"]) == (200, 4, "claimed")
    assert reply.json["claim"]["until"] == "2026-03-02T09:40:00.000000Z"
    assert thing() == (4, {"/name": "Acme Ltd", "/bank": None})
    shown = desk.read(case_id)
    assert shown["corrections"] == [
        {"by": "usr_anna", "at": "2026-03-02T09:10:00.000000Z", "corrections": both, "subject_version": 4}
    ]
    last = shown["history"][-1]
    assert (last["type"], last["data"]["fields"]) == ("ReviewCorrected", ["/name", "/bank"])
    assert last["data"]["corrected_version"] == 4
    assert "Acme" not in str(last)
    assert shown["subject"]["version"] == 3


def test_a_correction_is_made_once(desk, case_id, owner):
    first, again = (corrects(desk, case_id, key="k") for _ in range(2))
    assert first.json == again.json
    assert thing()[0] == 4
    assert len(desk.read(case_id)["corrections"]) == 1


def test_a_subject_that_moved_on_is_not_overwritten(desk, case_id, owner):
    assert corrects(desk, case_id, expected=2).status == 412
    assert owner.asked == 1
    assert thing() == (3, {"/name": "Acme"})
    assert desk.read(case_id)["version"] == 1


def test_what_its_owner_refuses_changes_nothing(desk, case_id):
    assert corrects(desk, case_id, "never").status == 422
    assert (thing()[0], desk.read(case_id)["version"]) == (3, 1)


def test_a_case_that_changed_meanwhile_is_tried_again(desk, case_id, owner, monkeypatch):
    def stage(*args, **named):
        if not owner.asked:
            service.comment_on_case(case_id, "At the same moment", by=BEN, once=once(), answer=show)
        return owner.stage(*args, **named)

    monkeypatch.setitem(subjects.OWNERS, "supplier", stage)
    assert corrects(desk, case_id).json["version"] == 3
    assert owner.asked == 2
    assert thing()[0] == 4


def test_only_the_holder_corrects(desk, case_id, owner):
    desk.does(case_id, "claims")
    assert corrects(desk, case_id, by=BEN).code == "case_claimed"
    assert owner.asked == 0


def test_some_subjects_have_nothing_to_correct(desk, case_id):
    assert corrects(desk, desk.opened("ful_1", type="allocation")).code == "not_correctable"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"corrections": []}, "/corrections"),
        ({"corrections": [{"field": f"/{n}", "value": 1} for n in range(21)]}, "/corrections"),
        ({"corrections": [{"field": "/a", "value": 1}] * 2}, ""),
        ({"corrections": [{"field": "name", "value": 1}]}, "/corrections/0/field"),
        ({"corrections": [{"field": "/name"}]}, "/corrections/0/value"),
        ({"corrections": [{"field": "/name", "value": "x" * 1_999}]}, "/corrections/0/value"),
        ({"corrections": [{"field": "/" + "x" * 200, "value": 1}]}, "/corrections/0/field"),
        ({"expected": 10**9 + 1}, "/expected_subject_version"),
        ({"expected": 0}, "/expected_subject_version"),
        ({"expected": None}, "/expected_subject_version"),
    ],
)
def test_corrections_that_are_none(desk, case_id, change, pointer):
    reply = corrects(desk, case_id, **change)
    assert (reply.status, reply.json["errors"][0]["pointer"]) == (400, pointer)


def test_the_longest_field_and_value(desk, case_id):
    field, value = "/" + "x" * 199, "x" * 1_998
    assert corrects(desk, case_id, value, field=field).status == 200
    assert thing()[1][field] == value


def test_a_case_that_keeps_changing_is_given_up(desk, case_id, owner, monkeypatch):
    def stage(*args, **named):
        service.comment_on_case(case_id, "At the same moment", by=BEN, once=once(), answer=show)
        return owner.stage(*args, **named)

    monkeypatch.setitem(subjects.OWNERS, "supplier", stage)
    reply = corrects(desk, case_id)
    assert (reply.status, reply.code, reply.json["retryable"]) == (409, "contended", True)
    assert (thing()[0], owner.asked) == (3, 8)


def test_who_writes_corrections():
    assert subjects.owner_of("listing") is listings.stage_correction
    assert subjects.owner_of("supplier") is suppliers.stage_changes
    for type in ("allocation", "parked"):
        with pytest.raises(subjects.NotCorrectable):
            subjects.owner_of(type)


@pytest.mark.parametrize(
    "refusal",
    [of_listings.CannotCorrect, of_listings.NothingProposed, NothingToCorrect, CorrectionOutdated, ProfileMisshapen],
)
def test_what_the_owner_refuses_is_declared(desk, case_id, owner, monkeypatch, refusal):
    def stage(*args, **named):
        raise refusal("Not so.")

    monkeypatch.setitem(subjects.OWNERS, "supplier", stage)
    [route] = [one for one in OPERATIONS if one.name == "correct_reviewed_subject"]
    assert corrects(desk, case_id).code in {error.code for error in errors_of(route)}
    assert thing()[0] == 3


def test_the_decision_tells_of_the_corrected_version(desk, case_id):
    corrects(desk, case_id)
    desk.decides(case_id, "revalidate")
    assert desk.read(case_id)["history"][-1]["data"]["corrected_version"] == 4
    assert desk.read(case_id)["history"][-1]["actor"] == ANNA.as_actor()
