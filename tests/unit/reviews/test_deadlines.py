"""Deadlines that operators set."""

import pytest

from chalicelib.core import outbox
from chalicelib.core.auth import system
from chalicelib.core.errors import Stale
from chalicelib.core.findings import Severity
from chalicelib.core.table import Transaction
from chalicelib.reviews import service, store
from chalicelib.reviews.domain.deadlines import Deadlines
from tests.unit.reviews.builders import a_finding
from tests.unit.reviews.conftest import later

PATH = "/v1/review-settings"
DEFAULT = {"error": 48, "warning": 48, "info": 48}


def test_until_somebody_sets_any_it_is_two_days_and_one_more(desk):
    reply = desk.call("GET", PATH)
    assert (reply.status, reply.etag) == (200, '"0"')
    types = ("supplier", "listing", "allocation", "parked")
    hours = {**dict.fromkeys(types, DEFAULT), "allocation": dict.fromkeys(DEFAULT, 24)}
    assert reply.json == {"hours": hours, "escalation_hours": 24, "version": 0}


def test_deadlines_hold_for_what_is_opened_from_then_on(desk):
    before = desk.opened("sup_0", findings=[a_finding(severity=Severity.ERROR)])
    body = {"hours": {"supplier": {"error": 4}}, "escalation_hours": 2}
    reply = desk.call("PUT", PATH, json=body, If_Match='"0"')
    assert (reply.status, reply.etag, reply.json["version"]) == (200, '"1"', 1)
    assert reply.json["hours"]["supplier"] == {"error": 4, "warning": 48, "info": 48}
    assert desk.call("GET", PATH).json == reply.json
    error, warning = (
        desk.opened(id, findings=[a_finding(severity=one)])
        for id, one in (("sup_1", Severity.ERROR), ("sup_2", Severity.WARNING))
    )
    due = [desk.read(one)["due_at"] for one in (before, error, warning)]
    assert due == ["2026-03-04T09:00:00.000000Z", "2026-03-02T13:00:00.000000Z", "2026-03-04T09:00:00.000000Z"]
    with later(hours=4):
        desk.does(error, "escalations", reason="-")
        service.escalate_overdue(system("reviews"), within=9)
        assert desk.read(error)["escalates_at"] == "2026-03-02T15:00:00.000000Z"


def test_another_version_is_not_overwritten(desk):
    assert desk.call("PUT", PATH, json={}).status == 428
    assert desk.call("PUT", PATH, json={}, If_Match='"1"').status == 412
    assert desk.call("PUT", PATH, json={}, If_Match='"0"').status == 200
    stale = desk.call("PUT", PATH, json={}, If_Match='"0"')
    assert (stale.status, stale.json["version"]) == (412, 1)
    assert desk.call("PUT", PATH, json={}, If_Match='"1"').json["version"] == 2


@pytest.mark.parametrize("version", [1, 2])
def test_of_two_at_once_one_is_refused(desk, version):
    if version == 2:
        desk.call("PUT", PATH, json={}, If_Match='"0"')
    first, second = Transaction(), Transaction()
    for tx in (first, second):
        store.put_deadlines(tx, Deadlines(version=version))
    first.commit()
    with pytest.raises(Stale):
        second.commit()


def test_who_changed_them_is_told(desk):
    desk.call("PUT", PATH, json={"hours": {"parked": {"info": 7}}}, If_Match='"0"')
    [event] = outbox.timeline(store.DEADLINES_PK)
    assert (event.type, event.aggregate.version, event.actor["id"]) == ("ReviewDeadlinesChanged", 1, "usr_anna")
    assert event.data["hours"]["parked"] == {"error": 48, "warning": 48, "info": 7}


def test_ninety_days_at_most(desk):
    body = {"hours": {"supplier": dict.fromkeys(DEFAULT, 2160)}, "escalation_hours": 2160}
    reply = desk.call("PUT", PATH, json=body, If_Match='"0"')
    assert (reply.json["hours"]["supplier"], reply.json["escalation_hours"]) == (dict.fromkeys(DEFAULT, 2160), 2160)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"hours": {"gift": {}}}, "/hours/gift"),
        ({"hours": {"supplier": {"error": 0}}}, "/hours/supplier/error"),
        ({"hours": {"supplier": {"error": 2161}}}, "/hours/supplier/error"),
        ({"hours": {"listing": {"warning": 0}}}, "/hours/listing/warning"),
        ({"hours": {"allocation": {"warning": 2161}}}, "/hours/allocation/warning"),
        ({"hours": {"parked": {"info": 0}}}, "/hours/parked/info"),
        ({"hours": {"parked": {"info": 2161}}}, "/hours/parked/info"),
        ({"escalation_hours": 2161}, "/escalation_hours"),
        ({"hours": {"supplier": {"fatal": 1}}}, "/hours/supplier/fatal"),
        ({"escalation_hours": 0}, "/escalation_hours"),
        ({"escalation_hours": 1.5}, "/escalation_hours"),
    ],
)
def test_deadlines_that_are_none(desk, body, pointer):
    reply = desk.call("PUT", PATH, json=body, If_Match='"0"')
    assert (reply.status, reply.json["errors"][0]["pointer"]) == (400, pointer)
