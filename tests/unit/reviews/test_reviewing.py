"""Reviewers at work, over the API."""

from importlib import import_module
from threading import Barrier, Thread

import pytest

from chalicelib.core.auth import Principal
from chalicelib.core.errors import AisleError
from chalicelib.reviews import service
from chalicelib.reviews.service import CaseClaimed, CaseClosed, CaseOutcome
from tests.conftest import a_machine
from tests.unit.reviews.builders import ANNA, BEN
from tests.unit.reviews.conftest import later, once, show

READING = import_module("chalicelib.reviews.service.read_cases")


def raced(*acts):
    """What each of the acts ended in, all begun at once: an error or None."""
    barrier, ends = Barrier(len(acts)), [None] * len(acts)

    def run(place, act):
        barrier.wait()
        try:
            act()
        except AisleError as error:
            ends[place] = error

    threads = [Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


# ---- claims -----------------------------------------------------------------------------------------------------------------


def test_one_reviewer_holds_a_case_at_a_time(desk):
    case_id = desk.opened()
    held = desk.does(case_id, "claims")
    assert held.status == 200
    claim = {"by": "usr_anna", "until": "2026-03-02T09:30:00.000000Z"}
    assert (held.json["state"], held.json["claim"], held.json["assignee"]) == ("claimed", claim, "usr_anna")
    refused = desk.does(case_id, "claims", by=BEN)
    assert (refused.status, refused.code) == (409, "case_claimed")
    assert refused.json["claimed_by"] == "usr_anna"
    assert refused.json["claimed_until"].startswith("2026-03-02T09:30:00")


def test_a_claim_of_mine_is_renewed_without_a_word(desk):
    case_id = desk.opened()
    desk.does(case_id, "claims")
    with later(minutes=20):
        assert desk.does(case_id, "claims").json["claim"]["until"] == "2026-03-02T09:50:00.000000Z"
    assert desk.events(case_id) == [("ReviewOpened", 1), ("ReviewClaimed", 2)]


def test_a_claim_lapses(desk):
    case_id = desk.opened()
    desk.does(case_id, "claims")
    with later(minutes=29, seconds=59):
        assert desk.does(case_id, "claims", by=BEN).status == 409
    with later(minutes=30):
        shown = desk.read(case_id)
        assert (shown["state"], shown["claim"], shown["assignee"]) == ("open", None, "usr_anna")
        [row] = desk.lists().json["items"]
        assert (row["state"], row["claim"]) == ("open", None)
        assert desk.does(case_id, "claims", by=BEN).json["claim"]["by"] == "usr_ben"
    assert desk.events(case_id)[1:] == [("ReviewClaimed", 2), ("ReviewClaimed", 3)]


def test_a_comment_keeps_the_claim_of_its_writer(desk):
    case_id = desk.opened()
    desk.does(case_id, "claims")
    with later(minutes=20):
        desk.does(case_id, "comments", text="Asked them")
        desk.does(case_id, "comments", text="Me too", by=BEN)
    with later(minutes=49):
        assert desk.read(case_id)["claim"]["by"] == "usr_anna"


def test_a_repeated_claim_gets_the_first_answer(desk):
    case_id = desk.opened()
    first, again = (desk.does(case_id, "claims", key="k") for _ in range(2))
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json == first.json
    assert desk.read(case_id)["version"] == 2


def test_of_many_reviewers_who_claim_at_once_one_gets_it(desk):
    case_id = desk.opened()
    people = [Principal("user", f"usr_{n}", roles=ANNA.roles) for n in range(5)]
    ends = raced(*[lambda by=by: service.claim_case(case_id, by=by, once=once(), answer=show) for by in people])
    assert sum(end is None for end in ends) == 1
    holder = people[ends.index(None)].id
    assert desk.read(case_id)["claim"]["by"] == holder
    for end in ends:
        assert end is None or (isinstance(end, CaseClaimed) and end.members["claimed_by"] == holder)
    assert desk.events(case_id) == [("ReviewOpened", 1), ("ReviewClaimed", 2)]


def test_a_case_is_given_back(desk):
    case_id = desk.opened()
    desk.does(case_id, "claims")
    assert desk.does(case_id, "releases", by=BEN).code == "case_claimed"
    assert desk.does(case_id, "releases").json["state"] == "open"
    assert desk.does(case_id, "releases").json["version"] == 3
    assert desk.does(case_id, "claims", by=BEN).status == 200
    assert [type for type, _ in desk.events(case_id)[1:]] == ["ReviewClaimed", "ReviewReleased", "ReviewClaimed"]


def test_a_case_is_made_somebodys_work(desk):
    case_id = desk.opened()
    desk.does(case_id, "claims")
    given = desk.does(case_id, "assignments", assignee="usr_ben")
    assert (given.status, given.json["assignee"], given.json["claim"]) == (200, "usr_ben", None)
    assert desk.does(case_id, "assignments", assignee="usr_ben").json["version"] == 3
    assert desk.events(case_id)[-1] == ("ReviewAssigned", 3)
    assert desk.read(case_id)["history"][-1]["data"]["assignee"] == "usr_ben"
    # Whoever it is not assigned to may step in all the same.
    assert desk.does(case_id, "claims").json["assignee"] == "usr_anna"


# ---- comments ---------------------------------------------------------------------------------------------------------------


def test_comments_stand_in_their_order(desk):
    case_id = desk.opened()
    assert desk.does(case_id, "comments", text="One").status == 201
    with later(minutes=1):
        desk.does(case_id, "comments", by=BEN, text="x" * 2_000)
    shown = desk.read(case_id)
    assert shown["comments"] == [
        {"by": "usr_anna", "at": "2026-03-02T09:00:00.000000Z", "kind": "comment", "text": "One"},
        {"by": "usr_ben", "at": "2026-03-02T09:01:00.000000Z", "kind": "comment", "text": "x" * 2_000},
    ]
    assert (shown["version"], len(shown["history"])) == (3, 1)


def test_a_comment_is_made_once(desk):
    case_id = desk.opened()
    for _ in range(2):
        desk.does(case_id, "comments", text="One", key="k")
    assert len(desk.read(case_id)["comments"]) == 1
    assert desk.does(case_id, "comments", text="Two", key="k").code == "idempotency_key_reused"


@pytest.mark.parametrize("text", ["", "x" * 2_001, None, 7])
def test_a_comment_has_some_words_but_not_too_many(desk, text):
    reply = desk.does(desk.opened(), "comments", text=text)
    assert (reply.status, reply.json["errors"][0]["pointer"]) == (400, "/text")


@pytest.mark.parametrize("reason", ["", "x" * 2_001, None])
def test_an_escalation_says_why_in_so_many_words(desk, reason):
    reply = desk.does(desk.opened(), "escalations", reason=reason)
    assert (reply.status, reply.json["errors"][0]["pointer"]) == (400, "/reason")


@pytest.mark.parametrize("assignee", ["", "-ben", "b#n", "b" * 129, "ben\n", None])
def test_a_case_is_the_work_of_somebody_with_an_id(desk, assignee):
    reply = desk.does(desk.opened(), "assignments", assignee=assignee)
    assert (reply.status, reply.json["errors"][0]["pointer"]) == (400, "/assignee")


def test_an_id_has_up_to_128_characters(desk):
    case_id, longest = desk.opened(), "Ben_1.x@y+z=-" + "b" * 115
    assert desk.does(case_id, "assignments", assignee=longest).json["assignee"] == longest
    assert desk.ids(assignee=longest.replace("+", "%2B")) == [case_id]


def test_the_latest_of_the_history_is_shown(desk, monkeypatch):
    monkeypatch.setattr(READING, "HISTORY", 2)
    case_id = desk.opened()
    desk.does(case_id, "claims")
    desk.does(case_id, "releases")
    assert [one["type"] for one in desk.read(case_id)["history"]] == ["ReviewClaimed", "ReviewReleased"]


def test_a_closed_case_takes_nothing_more(desk):
    case_id = desk.opened()
    desk.decides(case_id)
    for what, body in {
        "claims": {},
        "releases": {},
        "comments": {"text": "Late"},
        "assignments": {"assignee": "usr_ben"},
        "escalations": {"reason": "Late"},
        "corrections": {"corrections": [{"field": "/name", "value": "A"}], "expected_subject_version": 1},
    }.items():
        reply = desk.does(case_id, what, **body)
        assert (what, reply.status, reply.code) == (what, 409, "case_closed")
        assert reply.json["state"] == "decided"


# ---- decisions --------------------------------------------------------------------------------------------------------------


def test_a_decision_is_kept_with_its_reason(desk):
    case_id = desk.opened()
    desk.does(case_id, "claims")
    with later(minutes=5):
        reply = desk.decides(case_id, "reject")
    decision = {"outcome": "reject", "reason": "Looked at", "by": "usr_anna", "at": "2026-03-02T09:05:00.000000Z"}
    assert (reply.json["state"], reply.json["decision"], reply.json["claim"]) == ("decided", decision, None)
    assert (reply.json["closed_at"], reply.json["escalates_at"]) == ("2026-03-02T09:05:00.000000Z", None)
    last = desk.read(case_id)["history"][-1]
    assert (last["type"], last["data"]["outcome"], last["actor"]) == ("ReviewDecided", "reject", ANNA.as_actor())
    assert "reason" not in last["data"]


def test_only_the_holder_decides(desk):
    case_id = desk.opened()
    desk.does(case_id, "claims")
    assert desk.decides(case_id, by=BEN).code == "case_claimed"
    with later(minutes=30):
        assert desk.decides(case_id, by=BEN).status == 200


def test_what_was_not_seen_is_not_decided(desk):
    case_id = desk.opened()
    desk.does(case_id, "comments", text="Wait")
    reply = desk.decides(case_id, expected_version=1)
    assert (reply.status, reply.json["version"]) == (412, 2)
    assert desk.read(case_id)["state"] == "open"


def test_a_repeated_decision_gets_the_first_answer(desk):
    case_id = desk.opened()
    first, again = (desk.decides(case_id, expected_version=1, key="k") for _ in range(2))
    assert (first.json, first.status) == (again.json, again.status)
    assert again.headers["idempotent-replayed"] == "true"
    assert desk.decides(case_id, "reject", expected_version=1).code == "case_closed"
    assert desk.events(case_id)[1:] == [("ReviewDecided", 2)]


@pytest.mark.parametrize("round", range(3))
def test_of_two_reviewers_who_decide_at_once_one_does(desk, round):
    case_id = desk.opened()

    def decides(by, outcome):
        return lambda: service.decide_case(case_id, outcome, "-", expected_version=1, by=by, once=once(), answer=show)

    ends = raced(decides(ANNA, CaseOutcome.APPROVE), decides(BEN, CaseOutcome.REJECT))
    [lost] = [end for end in ends if end is not None]
    assert isinstance(lost, CaseClosed)
    assert desk.events(case_id) == [("ReviewOpened", 1), ("ReviewDecided", 2)]
    won = "approve" if ends[0] is None else "reject"
    assert desk.read(case_id)["decision"]["outcome"] == won


def test_comments_at_the_same_moment_are_all_kept(desk):
    case_id = desk.opened()
    ends = raced(
        *[lambda n=n: service.comment_on_case(case_id, str(n), by=ANNA, once=once(), answer=show) for n in range(4)]
    )
    assert ends == [None] * 4
    assert sorted(one["text"] for one in desk.read(case_id)["comments"]) == ["0", "1", "2", "3"]
    assert desk.read(case_id)["version"] == 5


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"decision": "maybe"}, "/decision"),
        ({"reason": ""}, "/reason"),
        ({"reason": "x" * 2_001}, "/reason"),
        ({"expected_version": 10**9 + 1}, "/expected_version"),
        ({"expected_version": 0}, "/expected_version"),
        ({"expected_version": "1"}, "/expected_version"),
        ({"more": 1}, "/more"),
    ],
)
def test_a_decision_that_is_none(desk, change, pointer):
    body = {"decision": "approve", "reason": "ok", "expected_version": 1, **change}
    reply = desk.does(desk.opened(), "decisions", **body)
    assert (reply.status, reply.json["errors"][0]["pointer"]) == (400, pointer)


def test_a_key_may_not_be_too_long(desk):
    case_id = desk.opened()
    reply = desk.call("POST", f"/v1/review-cases/{case_id}/claims", key="x" * 256)
    assert reply.status == 400


@pytest.mark.parametrize("id", ["rev_01J00000000000000000000000", "SUBJECT%23supplier%23sup_1", "x"])
def test_a_case_that_is_not_there(desk, id):
    desk.opened()
    assert desk.call("GET", f"/v1/review-cases/{id}").status == 404
    assert desk.call("POST", f"/v1/review-cases/{id}/claims").status == 404


def test_a_machine_may_review(desk):
    case_id = desk.opened()
    machine = a_machine("suppliers.write")
    assert desk.does(case_id, "claims", by=machine).json["claim"]["by"] == "client-1"
    assert desk.decides(case_id, by=machine).status == 200
