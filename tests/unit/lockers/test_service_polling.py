"""Cabinets that hold no line open: the same messages, over HTTPS."""

from __future__ import annotations

from typing import Any

from app import app
from chalicelib.core import clock
from chalicelib.core.ids import new_ulid
from tests.conftest import Reply, request
from tests.unit.lockers.conftest import HELD, Lockers, later, wrong


def token_of(lockers: Lockers) -> str:
    made = lockers.shop.call("POST", f"/v1/cabinets/{lockers.cabinet}/tokens")
    assert (made.status, made.headers["cache-control"]) == (201, "no-store")
    token: str = made.json["token"]
    return token


def poll(cabinet: str, token: str | None) -> Reply:
    headers = {"Cabinet-Token": token} if token is not None else {}
    return request(app, "GET", f"/v1/cabinets/{cabinet}/commands", headers=headers)


def say(lockers: Lockers, token: str, channel: str, **message: Any) -> Reply:
    said = {"message_id": new_ulid(), "at": clock.rfc3339(clock.now()), **message}
    body = {"channel": channel, "message": said}
    headers = {"Cabinet-Token": token}
    return request(app, "POST", f"/v1/cabinets/{lockers.cabinet}/messages", json=body, headers=headers)


def told(reply: Reply) -> list[tuple[str, dict[str, Any]]]:
    assert reply.status == 200, reply
    return [(one["channel"], one["message"]) for one in reply.json["messages"]]


def test_whatever_is_wrong_with_a_token_the_answer_is_the_same(lockers: Lockers) -> None:
    other = token_of(lockers)
    cabinet = lockers.adds("S", transport="https")
    before, token = token_of(lockers), token_of(lockers)
    assert poll(cabinet, token).status == 200
    answers = [poll(cabinet, None), poll(cabinet, ""), poll(cabinet, other), poll(cabinet, before)]
    answers += [poll(f"cab_{'0' * 26}", token), poll("nonsense", token), say(lockers, before, "heartbeats")]
    assert lockers.shop.call("POST", f"/v1/cabinets/{cabinet}/token-revocations").status == 204
    answers.append(poll(cabinet, token))
    assert {(one.status, one.text) for one in answers} == {(401, answers[0].text)}
    assert answers[0].code == "unauthenticated"
    for secret in (token, before, other):
        assert secret not in lockers.table()


def test_a_polling_cabinet_gets_the_same_commands(lockers: Lockers) -> None:
    lockers.adds("XL", transport="https")
    token = token_of(lockers)
    pickup_id = lockers.opening({"id": "large", "size": "XL"})
    [command] = lockers.commands()
    for _ in range(2):
        [(channel, message)] = told(poll(lockers.cabinet, token))
        assert channel == "commands"
        assert message.pop("message_id")
        assert message == command
    said = {"command_id": command["command_id"], "compartment": "1"}
    for _ in range(2):
        assert told(say(lockers, token, "acknowledgements", **said, outcome="opened")) == []
    assert lockers.read(pickup_id)["status"] == "collected"
    assert told(poll(lockers.cabinet, token)) == []
    assert told(say(lockers, token, "acknowledgements", **said, outcome="closed")) == []
    assert lockers.statuses() == {"1": "free"}


def test_what_came_too_late_is_in_the_answer_again(lockers: Lockers) -> None:
    lockers.adds("XL", transport="https")
    token = token_of(lockers)
    lockers.opening({"id": "large", "size": "XL"})
    [(_, first)] = told(poll(lockers.cabinet, token))
    said = {"command_id": first["command_id"], "compartment": "1", "outcome": "expired"}
    with later(60):
        [(channel, again)] = told(say(lockers, token, "acknowledgements", **said))
    assert (channel, again["command_id"]) == ("commands", first["command_id"])
    assert again["expires_at"] > first["expires_at"]


def test_a_code_is_answered_at_once(lockers: Lockers) -> None:
    lockers.adds("XL", transport="https")
    token = token_of(lockers)
    pickup_id = lockers.ready({"id": "large", "size": "XL"})
    code = lockers.code(pickup_id)
    [(channel, shown)] = told(say(lockers, token, "codes", code=wrong(code), message_id="typed-1"))
    assert (channel, shown["in_reply_to"], shown["result"]) == ("answers", "typed-1", "refused")
    [(channel, shown)] = told(say(lockers, token, "codes", code=code, message_id="typed-2"))
    assert (channel, shown["result"], shown["compartments"]) == ("answers", "accepted", ["1"])
    lockers.deliver()
    assert [channel for channel, _ in told(poll(lockers.cabinet, token))] == ["commands"]


def test_a_code_after_its_time_is_refused(lockers: Lockers) -> None:
    lockers.adds("XL", transport="https")
    token = token_of(lockers)
    code = lockers.code(lockers.ready({"id": "large", "size": "XL"}))
    with later(HELD):
        [(_, shown)] = told(say(lockers, token, "codes", code=code))
    assert shown["result"] == "refused"


def test_it_is_welcomed_and_its_journal_is_receipted(lockers: Lockers) -> None:
    token = token_of(lockers)
    [(channel, shown)] = told(say(lockers, token, "status", online=True, message_id="hello"))
    assert (channel, shown["in_reply_to"], shown["journal_up_to"]) == ("welcome", "hello", 0)
    entry = {"sequence": 1, "at": clock.rfc3339(clock.now()), "type": "code_refused"}
    [(channel, shown)] = told(say(lockers, token, "journal", entries=[entry]))
    assert (channel, shown["up_to"]) == ("receipts", 1)


def test_polling_shows_that_it_is_there(lockers: Lockers) -> None:
    poll(lockers.cabinet, token_of(lockers))
    shown = lockers.shop.call("GET", f"/v1/cabinets/{lockers.cabinet}").json["connection"]
    assert (shown["online"], shown["last_seen_at"] is not None) == (True, True)


def test_bad_messages_are_named(lockers: Lockers) -> None:
    token = token_of(lockers)
    bad = say(lockers, token, "codes", code="12ab")
    assert (bad.status, [one["pointer"] for one in bad.json["errors"]]) == (400, ["/codes/message/code"])
    assert "12ab" not in bad.text
    assert say(lockers, token, "gossip").status == 400
    said = {"command_id": f"cmd_{'0' * 26}", "compartment": "1", "outcome": "opened"}
    unknown = say(lockers, token, "acknowledgements", **said)
    assert (unknown.status, unknown.code) == (404, "not_found")
