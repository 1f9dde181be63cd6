"""Who may open a pickup, and how often they may guess."""

from __future__ import annotations

import hmac
import json
import logging
from datetime import timedelta
from hashlib import sha256
from importlib import import_module
from typing import Any
from uuid import uuid4

import pytest
from aws_lambda_powertools.logging import Logger

from chalicelib.core import clock, observability
from chalicelib.core.auth import NOBODY
from chalicelib.core.aws import client
from chalicelib.core.errors import Contended
from chalicelib.core.idempotency import Idempotency, no_answer
from chalicelib.core.settings import settings
from chalicelib.core.table import Transaction
from chalicelib.lockers import service
from chalicelib.lockers.domain import passcodes as domain
from chalicelib.lockers.domain.pickups import PickupOutOfTurn
from chalicelib.lockers.gateways import keys
from chalicelib.lockers.service import PasscodeLocked, PasscodeRefused
from chalicelib.lockers.store import passcodes as store
from chalicelib.lockers.store import pickups as pickups_store
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, Reply
from tests.unit.lockers.conftest import CABINET, HELD, Lockers, at_once, later, meeting, moment, wrong

CONFIRM = import_module("chalicelib.lockers.service.confirm_pickup")
NO_PICKUP = "pck_00000000000000000000000000_1"


def refusal(reply: Reply) -> Any:
    """The whole problem but for what names this request."""
    shown = reply.json
    del shown["request_id"]
    return reply.status, reply.headers.get("retry-after"), shown


REFUSED = (
    422,
    None,
    {
        "type": "https://aisle.example/problems/passcode-refused",
        "title": "The code opens nothing here",
        "status": 422,
        "detail": "Check the code, or ask for a new one.",
        "code": "passcode_refused",
        "retryable": False,
        "errors": [],
    },
)


# ---- opening ------------------------------------------------------------------------------------------------------------


def test_a_right_code_opens_once(lockers: Lockers) -> None:
    pickup_id = lockers.ready("M", "L")
    code = lockers.code(pickup_id)
    assert (len(code), code.isdigit()) == (8, True)
    reply = lockers.confirm(pickup_id, code)
    assert (reply.status, sorted(reply.json.pop("compartments"))) == (200, ["2", "3"])
    assert {name: reply.json[name] for name in ("pickup_id", "status")} == {"pickup_id": pickup_id, "status": "opening"}
    assert refusal(lockers.confirm(pickup_id, code)) == REFUSED
    assert len(lockers.events("PickupConfirmed")) == 1
    assert lockers.events("PickupConfirmed")[0].data["whose"] == "shopper"


def test_a_code_opens_at_the_keypad_of_any_cabinet_of_its_site(lockers: Lockers) -> None:
    pickup_id = lockers.ready("L")
    first = lockers.cabinet
    other = lockers.adds("S")
    code = lockers.code(pickup_id)
    assert lockers.types(wrong(code)) == {"result": "refused"}
    assert lockers.types(code, cabinet=other) == {"result": "accepted", "compartments": []}
    lockers.deliver()
    assert [(to, one["compartment"]) for to, on, one in lockers.told if on == "commands"] == [(first, "3")]


def test_the_keypad_shows_which_doors_open(lockers: Lockers) -> None:
    pickup_id = lockers.ready("M", "L")
    shown = lockers.types(lockers.code(pickup_id), message_id="typed-1")
    assert shown.pop("result") == "accepted"
    assert sorted(shown["compartments"]) == ["2", "3"]
    assert lockers.messages("answers")[-1]["in_reply_to"] == "typed-1"


def test_the_same_typing_delivered_twice_is_accepted_twice(lockers: Lockers) -> None:
    pickup_id = lockers.ready("S")
    code = lockers.code(pickup_id)
    assert lockers.types(code, message_id="typed-1")["result"] == "accepted"
    assert lockers.types(code, message_id="typed-1")["result"] == "accepted"
    assert len(lockers.events("PickupConfirmed")) == 1


def test_a_repeated_confirmation_gets_its_first_answer(lockers: Lockers) -> None:
    pickup_id = lockers.ready("S")
    code = lockers.code(pickup_id)
    first = lockers.confirm(pickup_id, code, key="tap")
    again = lockers.confirm(pickup_id, code, key="tap")
    assert (again.status, again.text, again.headers["idempotent-replayed"]) == (200, first.text, "true")
    assert len(lockers.events("PickupConfirmed")) == 1
    other = lockers.confirm(pickup_id, wrong(code), key="tap")
    assert (other.status, other.code) == (422, "idempotency_key_reused")


def test_a_new_code_makes_the_one_before_useless(lockers: Lockers) -> None:
    pickup_id = lockers.ready("S")
    before, after = lockers.code(pickup_id), lockers.code(pickup_id)
    assert refusal(lockers.confirm(pickup_id, before)) == REFUSED
    assert lockers.confirm(pickup_id, after).status == 200


def test_a_delegate_opens_with_a_code_of_their_own(lockers: Lockers) -> None:
    pickup_id = lockers.ready("S")
    mine = lockers.code(pickup_id)
    made = lockers.staff(pickup_id, "delegates", by=SHOPPER)
    assert (made.status, made.headers["cache-control"], made.json["whose"]) == (201, "no-store", "delegate")
    theirs = made.json["code"]
    again = lockers.staff(pickup_id, "delegates", by=SHOPPER).json["code"]
    assert refusal(lockers.confirm(pickup_id, theirs)) == REFUSED
    assert lockers.confirm(pickup_id, again).status == 200
    assert lockers.events("PickupConfirmed")[0].data["whose"] == "delegate"
    assert refusal(lockers.confirm(pickup_id, mine)) == REFUSED


def test_a_delegate_may_be_called_back(lockers: Lockers) -> None:
    pickup_id = lockers.ready("S")
    mine, theirs = lockers.code(pickup_id), lockers.code(pickup_id, "delegate")
    for _ in range(2):
        assert lockers.shop.call("POST", f"/v1/pickups/{pickup_id}/delegate-revocations", by=SHOPPER).status == 204
    assert refusal(lockers.confirm(pickup_id, theirs)) == REFUSED
    assert lockers.confirm(pickup_id, mine).status == 200


def test_without_a_ready_pickup_there_is_no_code(lockers: Lockers) -> None:
    for pickup_id in (lockers.packed("L"), lockers.opening("S")):
        with pytest.raises(PickupOutOfTurn):
            service.issue_passcode(pickup_id)


# ---- what is kept, and what is said -------------------------------------------------------------------------------------


def test_no_code_is_kept_or_logged(lockers: Lockers, monkeypatch: pytest.MonkeyPatch, caplog: Any, capsys: Any) -> None:
    monkeypatch.setattr(observability, "log", Logger(service="spoken", level="DEBUG", log_uncaught_exceptions=False))
    caplog.set_level(logging.DEBUG)
    pickup_id = lockers.ready("S")
    mine, theirs = lockers.code(pickup_id), lockers.code(pickup_id, "delegate")
    extended = lockers.shop.call("POST", f"/v1/pickups/{pickup_id}/code-extensions", json={"code": mine}, by=NOBODY)
    assert extended.status == 200, extended
    lockers.types(wrong(mine))
    lockers.types(mine)
    lockers.confirm(pickup_id, theirs)
    lockers.deliver()
    lockers.acknowledges("opened")
    lockers.acknowledges("closed")
    lockers.deliver()
    printed = capsys.readouterr()
    logged = printed.out + printed.err + caplog.text
    assert pickup_id in lockers.table()
    assert "PasscodesIssued" in logged
    everything = [lockers.table(), logged, *(one.to_json() for one in lockers.events()), json.dumps(lockers.told)]
    for code in (mine, theirs):
        for hidden in (code, *unkeyed(code)):
            assert not [text for text in everything if hidden in text]


def unkeyed(code: str) -> list[str]:
    """What anybody who tries all codes would find it by."""
    bodies = [code, json.dumps({"code": code}), json.dumps({"code": code}, separators=(",", ":"))]
    return [sha256(body.encode()).hexdigest()[:32] for body in bodies]


def test_what_is_kept_is_the_keyed_hash(lockers: Lockers) -> None:
    pickup_id = lockers.ready("S")
    code = lockers.code(pickup_id)
    message = f"aisle passcode, v1\nmall\n{code}".encode()
    mac = client("kms").generate_mac(KeyId=settings().passcodes_key_id, MacAlgorithm="HMAC_SHA_256", Message=message)
    kept = store.find_passcode("mall", mac["Mac"].hex())
    assert kept == store.Passcode(
        "mall", mac["Mac"].hex(), pickup_id, "shopper", "active", lockers.read(pickup_id)["expires_at"]
    )
    assert not hmac.compare_digest(kept.digest, sha256(message).hexdigest())


def test_a_code_in_the_clear_is_not_shown_by_accident(lockers: Lockers) -> None:
    issued = service.issue_passcode(lockers.ready("S"))
    assert issued.digits not in repr(issued)


def test_digits_that_the_site_has_are_drawn_again(lockers: Lockers, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = lockers.ready("S"), lockers.ready("M")
    drawn = iter(["11111111", "11111111", "11111111", "22222222"])
    monkeypatch.setattr(domain, "new_digits", lambda count: next(drawn))
    assert (lockers.code(first), lockers.code(second)) == ("11111111", "22222222")
    assert lockers.confirm(second, "22222222").json["pickup_id"] == second
    assert lockers.confirm(first, "11111111").json["pickup_id"] == first


def test_digits_that_were_used_are_not_drawn_for_a_while(lockers: Lockers, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = lockers.ready("S"), lockers.ready("M")
    monkeypatch.setattr(domain, "new_digits", lambda count: "11111111")
    assert lockers.confirm(first, lockers.code(first)).status == 200
    with pytest.raises(Contended):
        lockers.code(second)


def test_another_site_may_have_the_same_digits(lockers: Lockers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain, "new_digits", lambda count: "1" * count)
    here, cabinet = lockers.ready("S"), lockers.cabinet
    lockers.site("station", code_digits=6)
    lockers.adds("S", site="station")
    there = lockers.ready("S", site="station")
    assert (lockers.code(here), lockers.code(there)) == ("11111111", "111111")
    assert lockers.types("11111111") == {"result": "refused"}
    assert lockers.types("111111", cabinet=cabinet) == {"result": "refused"}
    assert lockers.types("111111") == {"result": "accepted", "compartments": ["1"]}


# ---- refused ------------------------------------------------------------------------------------------------------------


def test_whatever_is_wrong_the_answer_is_the_same(lockers: Lockers) -> None:
    lockers.adds("S", "S", "S")
    first, second, third = (lockers.ready() for _ in range(3))
    lockers.site("station")
    lockers.adds("S", site="station")
    elsewhere = lockers.ready("S", site="station")
    codes = {one: lockers.code(one) for one in (first, second, third, elsewhere)}
    assert lockers.confirm(first, codes[first]).status == 200
    with later(HELD + 1):
        answers = [lockers.confirm(second, codes[second], address="192.0.2.2")]
    answers += [
        lockers.confirm(third, wrong(codes[third]), address="192.0.2.3"),
        lockers.confirm(first, codes[first], address="192.0.2.4"),
        lockers.confirm(third, codes[elsewhere], address="192.0.2.5"),
        lockers.confirm(third, codes[second], address="192.0.2.6"),
        lockers.confirm(NO_PICKUP, codes[third], address="192.0.2.7"),
        lockers.confirm("nonsense", codes[third], address="192.0.2.8"),
    ]
    assert [refusal(one) for one in answers] == [REFUSED] * 7
    assert {frozenset(one.headers) for one in answers} == {frozenset(answers[0].headers)}


def test_a_code_of_another_site_is_refused_at_the_keypad(lockers: Lockers) -> None:
    pickup_id, cabinet = lockers.ready("S"), lockers.cabinet
    code = lockers.code(pickup_id)
    lockers.site("station")
    lockers.adds("S", site="station")
    assert lockers.types(code) == {"result": "refused"}
    assert lockers.types(code, cabinet=cabinet)["result"] == "accepted"


def test_what_is_no_code_is_malformed(lockers: Lockers) -> None:
    for code in ("12345", "123456789", "1234567a", " 1234567", ""):
        reply = lockers.confirm(NO_PICKUP, code)
        assert (reply.status, reply.code) == (400, "invalid_request")
        assert code not in reply.text or not code


# ---- locks --------------------------------------------------------------------------------------------------------------


def locked(seconds: int) -> Any:
    document = {
        "type": "https://aisle.example/problems/passcode-locked",
        "title": "Too many wrong codes were tried",
        "status": 429,
        "detail": f"Try again in {seconds} seconds.",
        "code": "passcode_locked",
        "retryable": True,
        "errors": [],
        "retry_after_seconds": seconds,
    }
    return 429, str(seconds), document


def test_a_pickup_is_locked_after_five_wrong_codes_also_for_the_right_one(lockers: Lockers) -> None:
    pickup_id = lockers.ready("S")
    code = lockers.code(pickup_id)
    start = clock.now()
    with clock.at(start):
        for number in range(5):
            assert refusal(lockers.confirm(pickup_id, wrong(code), address=f"192.0.2.{number}")) == REFUSED
        assert refusal(lockers.confirm(pickup_id, wrong(code), address="192.0.2.9")) == locked(900)
        assert refusal(lockers.confirm(pickup_id, code, address="192.0.2.9")) == locked(900)
    with clock.at(start + timedelta(seconds=890)):
        assert refusal(lockers.confirm(pickup_id, code, address="192.0.2.9")) == locked(10)
    with clock.at(start + timedelta(seconds=900)):
        assert lockers.confirm(pickup_id, code, address="192.0.2.9").status == 200


def test_each_lock_is_twice_as_long(lockers: Lockers) -> None:
    pickup_id = lockers.ready("S")
    code, start = lockers.code(pickup_id), clock.now()
    for begins, seconds in ((0, 900), (900, 1800), (2700, 3600)):
        with clock.at(start + timedelta(seconds=begins)):
            for number in range(5):
                address = f"192.0.{begins // 900}.{number}"
                assert refusal(lockers.confirm(pickup_id, wrong(code), address=address)) == REFUSED
            assert refusal(lockers.confirm(pickup_id, code, address="198.51.100.1")) == locked(seconds)


def test_a_caller_is_locked_after_ten_wrong_codes_whatever_they_try(lockers: Lockers) -> None:
    pickup_id = lockers.ready("S")
    code, start = lockers.code(pickup_id), clock.now()
    with clock.at(start):
        for number in range(10):
            other = f"pck_0000000000000000000000000{number}_1"
            assert refusal(lockers.confirm(other, code)) == REFUSED
        assert refusal(lockers.confirm(pickup_id, code)) == locked(900)
        assert lockers.confirm(pickup_id, code, address="198.51.100.1").status == 200


def test_a_keypad_is_locked_after_ten_wrong_codes(lockers: Lockers) -> None:
    code, other = lockers.code(lockers.ready("S")), None
    with clock.at(clock.now()):
        for _ in range(10):
            assert lockers.types(wrong(code)) == {"result": "refused"}
        for typed in (wrong(code), code):
            assert lockers.types(typed) == {"result": "locked", "retry_after_seconds": 300}
        other = lockers.adds("S")
        assert lockers.types(code, cabinet=other)["result"] == "accepted"


def test_a_right_code_costs_no_try(lockers: Lockers) -> None:
    codes = {pickup_id: lockers.code(pickup_id) for pickup_id in (lockers.ready("S"), lockers.ready("M"))}
    for number in range(9):
        assert lockers.confirm(f"{NO_PICKUP[:-1]}{number}", "12345678").code == "passcode_refused"
    # The tenth try that there is locks, and is given back.
    for pickup_id, code in codes.items():
        assert lockers.confirm(pickup_id, code).status == 200
    assert refusal(lockers.confirm(NO_PICKUP, "12345678")) == REFUSED
    assert lockers.confirm(NO_PICKUP, "12345678").code == "passcode_locked"


def test_wrong_codes_are_forgotten_with_their_window(lockers: Lockers) -> None:
    pickup_id = lockers.ready("S")
    code = lockers.code(pickup_id)
    for _ in range(4):
        assert lockers.confirm(pickup_id, wrong(code)).code == "passcode_refused"
    with later(3601):
        assert lockers.confirm(pickup_id, wrong(code)).code == "passcode_refused"
        assert lockers.confirm(pickup_id, code).status == 200


def test_however_many_guess_at_once_few_codes_are_looked_at(lockers: Lockers) -> None:
    pickup_id = lockers.ready("S")
    code = lockers.code(pickup_id)
    guesses = [lambda n=n: confirmed(pickup_id, wrong(code, n + 1), caller=str(n)) for n in range(12)]
    found = at_once(*guesses)
    assert {type(one) for one in found} <= {PasscodeRefused, PasscodeLocked, Contended}
    assert sum(isinstance(one, PasscodeRefused) for one in found) <= 5


# ---- races --------------------------------------------------------------------------------------------------------------


def confirmed(pickup_id: str, code: str, caller: str = "ada") -> int:
    """As the route does it, which handles one request at a time."""
    answer = service.confirm_by_link(
        pickup_id,
        code,
        caller=caller,
        by=NOBODY,
        once=Idempotency.of("confirm", uuid4().hex, b""),
        answer=lambda _: no_answer(),
    )
    return answer.status


def test_of_many_with_the_same_code_one_opens(lockers: Lockers, monkeypatch: pytest.MonkeyPatch) -> None:
    pickup_id = lockers.ready("S")
    code = lockers.code(pickup_id)
    meeting(monkeypatch, CONFIRM, "_opened_by", 4)
    found = at_once(*[lambda n=n: confirmed(pickup_id, code, caller=str(n)) for n in range(4)])
    assert found.count(204) == 1
    assert [type(one) for one in found if one != 204] == [PasscodeRefused] * 3
    assert len(lockers.events("PickupConfirmed")) == 1
    assert lockers.read(pickup_id)["version"] == 5


def test_of_shopper_and_delegate_one_opens(lockers: Lockers, monkeypatch: pytest.MonkeyPatch) -> None:
    pickup_id = lockers.ready("S")
    codes = [lockers.code(pickup_id), lockers.code(pickup_id, "delegate")]
    meeting(monkeypatch, CONFIRM, "_opened_by", 2)
    found = at_once(*[lambda code=code: confirmed(pickup_id, code, caller=code) for code in codes])
    assert sorted(type(one) is PasscodeRefused for one in found) == [False, True]
    assert len(lockers.events("PickupConfirmed")) == 1


@pytest.mark.parametrize("first", ["code", "expiry"])
def test_of_code_and_expiry_one_wins(lockers: Lockers, monkeypatch: pytest.MonkeyPatch, first: str) -> None:
    pickup_id = lockers.ready("S")
    code = lockers.code(pickup_id)
    until = moment(lockers.read(pickup_id)["expires_at"])

    def expire() -> Any:
        with clock.at(until):
            return service.hold_pickup(pickup_id, CABINET)["outcome"]

    if first == "code":
        # It was looked at in time, and is written when the window has ended meanwhile.
        def in_time() -> Any:
            with clock.at(until - timedelta(seconds=1)):
                return confirmed(pickup_id, code)

        instead(monkeypatch, HOLD, "_await_clearing", in_time)
        assert expire() == "waiting"
        assert lockers.read(pickup_id)["status"] == "opening"
        assert lockers.events("PickupExpired") == []
    else:
        instead(monkeypatch, CONFIRM.events, "pickup_changed", expire)
        with pytest.raises(PasscodeRefused):
            confirmed(pickup_id, code)
        assert lockers.read(pickup_id)["status"] == "expired"
        assert lockers.events("PickupConfirmed") == []


HOLD = import_module("chalicelib.lockers.service.hold")


def instead(monkeypatch: pytest.MonkeyPatch, target: Any, name: str, do: Any) -> None:
    """Something else happens just before the first call of a function."""
    wrapped = getattr(target, name)

    def happen(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(target, name, wrapped)
        do()
        return wrapped(*args, **kwargs)

    monkeypatch.setattr(target, name, happen)


def cancelled(lockers: Lockers, pickup_id: str, by: Any = ADMIN) -> Reply:
    path = f"/v1/orders/{lockers.order_of(pickup_id)}/cancellations"
    return lockers.shop.call("POST", path, by=by, json={"reason": "changed_mind"})


def test_a_code_that_is_beaten_by_a_cancellation_opens_nothing(
    lockers: Lockers, monkeypatch: pytest.MonkeyPatch
) -> None:
    pickup_id = lockers.ready("S")
    code = lockers.code(pickup_id)
    instead(monkeypatch, CONFIRM.events, "pickup_changed", lambda: cancelled(lockers, pickup_id))
    with pytest.raises(PasscodeRefused):
        confirmed(pickup_id, code)
    assert refusal(lockers.confirm(pickup_id, code)) == REFUSED
    assert lockers.types(code) == {"result": "refused"}
    lockers.deliver()
    assert lockers.read(pickup_id)["status"] == "cancelled"
    assert lockers.events("PickupConfirmed") == []
    assert refusal(lockers.confirm(pickup_id, code)) == REFUSED


def test_an_order_whose_shopper_is_at_the_door_is_not_cancelled(lockers: Lockers) -> None:
    pickup_id = lockers.opening("S")
    reply = cancelled(lockers, pickup_id)
    assert (reply.status, reply.code) == (409, "not_cancellable")
    lockers.deliver()
    assert lockers.read(pickup_id)["status"] == "opening"


def test_an_order_on_hold_lets_nobody_in(lockers: Lockers) -> None:
    pickup_id = lockers.ready("S")
    code, order_id = lockers.code(pickup_id), lockers.order_of(pickup_id)
    held = lockers.shop.call("POST", f"/v1/orders/{order_id}/holds", by=ASSOCIATE, json={"reason": "fraud"})
    assert held.status in (200, 201), held
    reply = lockers.confirm(pickup_id, code)
    assert (reply.status, reply.code) == (409, "fulfilment_on_hold")
    assert lockers.types(code) == {"result": "unavailable"}
    assert lockers.read(pickup_id)["status"] == "ready"
    assert lockers.events("PickupConfirmed") == []


def test_two_codes_issued_at_once_leave_one_of_use(lockers: Lockers, monkeypatch: pytest.MonkeyPatch) -> None:
    pickup_id = lockers.ready("S")
    meeting(monkeypatch, import_module("chalicelib.lockers.service.issue_passcode"), "must_find_pickup", 2)
    codes = at_once(*[lambda: lockers.code(pickup_id)] * 2)
    current = pickups_store.get_pickup(pickup_id)
    assert current is not None
    assert current.issue == 2
    assert sorted(lockers.confirm(pickup_id, code).status for code in codes) in ([200, 422], [422, 200])


def test_a_code_is_used_up_once_whatever_else_is_written(lockers: Lockers) -> None:
    pickup_id = lockers.ready("S")
    code = lockers.code(pickup_id)
    passcode = store.find_passcode("mall", keys.digest_of("mall", code))
    assert passcode is not None

    def use(now: str) -> None:
        tx = Transaction()
        store.use_passcode(tx, passcode, now)
        tx.commit()

    with pytest.raises(store.PasscodeSpent):
        use(passcode.expires_at)
    use(clock.rfc3339(clock.now()))
    with pytest.raises(store.PasscodeSpent):
        use(clock.rfc3339(clock.now()))
