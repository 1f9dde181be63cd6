"""Cases come and go with their subjects."""

from threading import Barrier, Thread

import pytest

from chalicelib.core import outbox
from chalicelib.core.errors import Stale
from chalicelib.core.findings import Finding, Severity
from chalicelib.core.ids import is_id
from chalicelib.core.table import Transaction
from chalicelib.reviews import service, store
from chalicelib.reviews.service import CaseExists, NewerCase
from tests.unit.reviews.builders import DUE, a_case, a_finding
from tests.unit.reviews.conftest import WORKFLOW, later


def test_a_case_holds_what_a_reviewer_needs(desk):
    wrong = Finding("/bank/iban", "iban_checksum", Severity.ERROR, "Its checksum is wrong", {"iban": "GB00"})
    case_id = desk.opened("sup_1", 7, supplier_id="sup_1", title="Acme Ltd", findings=[a_finding(), wrong])
    assert is_id(case_id, "rev")
    shown = desk.read(case_id)
    [opened] = shown.pop("history")
    assert shown == {
        "id": case_id,
        "subject": {"type": "supplier", "id": "sup_1", "version": 7},
        "supplier_id": "sup_1",
        "title": "Acme Ltd",
        "severity": "error",
        "state": "open",
        "level": 0,
        "opened_at": "2026-03-02T09:00:00.000000Z",
        "due_at": "2026-03-04T09:00:00.000000Z",
        "overdue": False,
        "escalates_at": "2026-03-04T09:00:00.000000Z",
        "assignee": None,
        "claim": None,
        "decision": None,
        "closed_at": None,
        "corrected_version": None,
        "version": 1,
        "findings": [wrong.as_dict(), a_finding().as_dict()],
        "findings_total": 2,
        "corrections": [],
        "comments": [],
    }
    assert (opened["type"], opened["version"], opened["actor"]) == ("ReviewOpened", 1, WORKFLOW.as_actor())


def test_the_event_names_things_and_says_nothing_of_them(desk):
    case_id = desk.opened("sup_1", 7, supplier_id="sup_1", title="Acme Ltd")
    [event] = outbox.timeline(f"CASE#{case_id}")
    assert event.source == "aisle.reviews"
    assert (event.aggregate.type, event.aggregate.id, event.aggregate.version) == ("review_case", case_id, 1)
    assert event.data == {
        "subject_type": "supplier",
        "subject_id": "sup_1",
        "subject_version": 7,
        "corrected_version": None,
        "supplier_id": "sup_1",
        "level": 0,
        "severity": "warning",
        "findings": 1,
        "due_at": "2026-03-04T09:00:00.000000Z",
    }


def test_opening_again_adds_nothing(desk):
    case_id = desk.opened()
    tx = Transaction()
    assert desk.opens(tx, "sup_1") == case_id
    assert len(tx) == 0
    assert desk.events(case_id) == [("ReviewOpened", 1)]


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_what_was_decided_stays_decided(desk, decision):
    case_id = desk.opened()
    desk.decides(case_id, decision)
    assert desk.opened() == case_id
    desk.keeps(case_id, "t")
    assert desk.told.outcomes == [("t", decision)]


def test_what_is_validated_again_may_come_again(desk):
    first = desk.opened(version=2)
    desk.decides(first, "revalidate")
    second = desk.opened(version=2)
    assert second != first
    assert desk.read(second)["state"] == "open"
    assert desk.opened(version=2) == second
    desk.keeps(second, "t")
    assert desk.told.outputs == []
    desk.decides(second, "revalidate")
    assert desk.opened(version=2) not in (first, second)


def test_what_was_withdrawn_may_come_again(desk):
    first = desk.opened()
    desk.withdrawn()
    second = desk.opened()
    assert second != first
    assert (desk.read(first)["state"], desk.read(second)["state"]) == ("withdrawn", "open")


def test_a_newer_version_supersedes_the_open_case_of_an_older(desk):
    old = desk.opened(version=1)
    desk.keeps(old, "t")
    desk.does(old, "claims")
    new = desk.opened(version=2)
    shown = desk.read(old)
    assert (shown["state"], shown["claim"], shown["closed_at"]) == ("superseded", None, "2026-03-02T09:00:00.000000Z")
    assert shown["history"][-1]["type"] == "ReviewSuperseded"
    assert shown["history"][-1]["data"]["successor_id"] == new
    assert desk.ids() == [new]
    assert desk.ids(state="superseded") == [old]
    desk.completes(old)
    assert desk.told.outputs == [("t", {"outcome": "superseded", "review_id": old, "state": "superseded"})]


def test_a_decided_case_of_an_older_version_stays_as_it_is(desk):
    old = desk.opened(version=1)
    desk.decides(old)
    desk.opened(version=2)
    assert desk.read(old)["state"] == "decided"


def test_an_older_version_comes_too_late(desk):
    desk.opened(version=2)
    with pytest.raises(NewerCase):
        desk.opened(version=1)


def test_subjects_do_not_meet(desk):
    ids = {desk.opened("x", type=type) for type in ("supplier", "listing", "allocation", "parked")}
    assert len(ids) == 4
    assert len(desk.ids()) == 4
    with pytest.raises(ValueError, match="gift"):
        desk.opened("x", type="gift")


def test_two_that_open_the_same_version_at_once_make_one_case(desk):
    first, second = Transaction(), Transaction()
    assert desk.opens(first, "sup_1") == desk.opens(second, "sup_1")
    first.commit()
    with pytest.raises(CaseExists) as refused:
        second.commit()
    assert len(desk.ids()) == 1
    assert refused.value.members == {"case_id": desk.ids()[0]}


def test_a_case_is_written_once(table):
    first, second = Transaction(), Transaction()
    for tx in (first, second):
        store.add_case(tx, a_case())
    first.commit()
    with pytest.raises(CaseExists):
        second.commit()


def test_two_that_open_different_versions_at_once_leave_one_open(desk):
    desk.opened(version=1)
    second, third = Transaction(), Transaction()
    desk.opens(second, "sup_1", 2)
    newest = desk.opens(third, "sup_1", 3)
    second.commit()
    with pytest.raises(Stale):
        third.commit()
    assert desk.opened(version=3) == newest
    assert desk.ids() == [newest]


def test_two_versions_at_once_after_one_that_was_decided_leave_one_open(desk):
    desk.decides(desk.opened(version=1))
    second, third = Transaction(), Transaction()
    desk.opens(second, "sup_1", 2)
    desk.opens(third, "sup_1", 3)
    second.commit()
    with pytest.raises(Stale):
        third.commit()
    assert len(desk.ids()) == 1


def test_the_first_two_versions_at_once_leave_one_open(desk):
    first, second = Transaction(), Transaction()
    desk.opens(first, "sup_1", 1)
    desk.opens(second, "sup_1", 2)
    first.commit()
    with pytest.raises(Stale):
        second.commit()


def test_a_reviewer_who_was_quicker_is_not_overwritten(desk):
    old = desk.opened(version=1)
    tx = Transaction()
    desk.opens(tx, "sup_1", 2)
    desk.decides(old, "reject")
    with pytest.raises(Stale):
        tx.commit()
    assert desk.read(old)["decision"]["outcome"] == "reject"


def test_many_threads_open_one_case(desk):
    barrier, failed = Barrier(6), []

    def opens():
        barrier.wait()
        try:
            desk.opened("sup_9")
        except CaseExists:
            failed.append(1)

    threads = [Thread(target=opens) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [case_id] = desk.ids()
    assert desk.events(case_id) == [("ReviewOpened", 1)]


def test_a_withdrawn_subject_takes_its_case_with_it(desk):
    case_id = desk.opened()
    desk.keeps(case_id, "t")
    desk.withdrawn()
    assert desk.events(case_id) == [("ReviewOpened", 1), ("ReviewWithdrawn", 2)]
    desk.completes(case_id)
    assert desk.told.outputs == [("t", {"outcome": "superseded", "review_id": case_id, "state": "withdrawn"})]
    desk.withdrawn()
    assert len(desk.events(case_id)) == 2
    assert desk.decides(case_id).code == "case_closed"


def test_nothing_to_withdraw_is_fine_unless_it_came_meanwhile(desk):
    desk.withdrawn()
    tx = Transaction()
    service.withdraw(tx, "supplier", "sup_1", WORKFLOW)
    desk.opened()
    with pytest.raises(Stale):
        tx.commit()


def test_what_was_closed_and_came_again_is_not_left_behind(desk):
    desk.opened()
    desk.withdrawn()
    tx = Transaction()
    service.withdraw(tx, "supplier", "sup_1", WORKFLOW)
    desk.opened()
    with pytest.raises(Stale):
        tx.commit()


def superseded(id="sup_1", type="parked"):
    tx = Transaction()
    service.supersede(tx, type, id, WORKFLOW)
    tx.commit()


def test_what_was_done_after_all_leaves_nothing_to_decide(desk):
    case_id = desk.opened(type="parked")
    desk.does(case_id, "claims")
    desk.keeps(case_id, "t")
    for _ in range(2):
        superseded()
    shown = desk.read(case_id)
    assert (shown["state"], shown["claim"], shown["decision"]) == ("superseded", None, None)
    assert shown["closed_at"] == "2026-03-02T09:00:00.000000Z"
    last = shown["history"][-1]
    assert (last["type"], last["version"], last["data"]["successor_id"]) == ("ReviewSuperseded", 3, None)
    assert last["actor"] == WORKFLOW.as_actor()
    assert len(shown["history"]) == 3
    assert (desk.ids(), desk.ids(state="superseded")) == ([], [case_id])
    desk.completes(case_id)
    assert desk.told.outcomes == [("t", "superseded")]
    assert desk.decides(case_id).code == "case_closed"


def test_what_is_given_up_once_more_gets_another_case(desk):
    first = desk.opened(type="parked")
    superseded()
    second = desk.opened(type="parked")
    assert second != first
    assert desk.ids() == [second]


def test_what_was_decided_is_not_superseded(desk):
    case_id = desk.opened(type="parked")
    desk.decides(case_id, "reject")
    superseded()
    assert desk.events(case_id)[-1] == ("ReviewDecided", 2)


@pytest.mark.parametrize("before", ["nothing", "closed"])
def test_nothing_to_supersede_is_fine_unless_it_came_meanwhile(desk, before):
    if before == "closed":
        desk.opened(type="parked")
    superseded()
    tx = Transaction()
    service.supersede(tx, "parked", "sup_1", WORKFLOW)
    desk.opened(type="parked")
    with pytest.raises(Stale):
        tx.commit()


def test_a_reviewer_who_was_quicker_is_not_superseded(desk):
    case_id = desk.opened(type="parked")
    tx = Transaction()
    service.supersede(tx, "parked", "sup_1", WORKFLOW)
    desk.decides(case_id, "approve")
    with pytest.raises(Stale):
        tx.commit()
    assert desk.read(case_id)["state"] == "decided"


def test_the_gravest_two_hundred_findings_are_kept(desk):
    findings = [a_finding(f"/{n}", Severity.INFO) for n in range(250)] + [a_finding("/bad", Severity.ERROR)]
    shown = desk.read(desk.opened(findings=findings, title="T" * 300))
    assert (len(shown["findings"]), shown["findings_total"]) == (200, 251)
    assert [one["field"] for one in shown["findings"][:2]] == ["/bad", "/0"]
    assert shown["title"] == "T" * 200


def test_a_finding_that_says_too_much_is_cut(desk):
    wordy = Finding("/x", "r", Severity.INFO, "m" * 900, "f" * 1_000)
    [shown] = desk.read(desk.opened(findings=[wordy]))["findings"]
    assert (shown["message"], shown["suggested_fix"]) == ("m" * 500, None)
    kept = Finding("/x", "r", Severity.INFO, "m", "f" * 998)
    [shown] = desk.read(desk.opened("sup_2", findings=[kept]))["findings"]
    assert shown["suggested_fix"] == "f" * 998


def test_the_case_leaves_with_the_callers_transaction(desk):
    tx = Transaction()
    case_id = desk.opens(tx, "sup_1")
    assert len(tx) == 4
    assert desk.call("GET", f"/v1/review-cases/{case_id}").status == 404
    with later(days=2):
        tx.commit()
        shown = desk.read(case_id)
    assert shown["due_at"] == DUE.isoformat(timespec="microseconds").replace("+00:00", "Z")
