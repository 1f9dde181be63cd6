"""Cabinets without a line: what lets them open by themselves, and what they tell afterwards."""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from importlib import import_module
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from chalicelib.core import clock
from chalicelib.core.ids import new_id
from chalicelib.lockers import service
from tests.conftest import ASSOCIATE, SHOPPER
from tests.unit.lockers.conftest import CABINET, HELD, Lockers, at_once, later, meeting, moment

OFFLINE = import_module("chalicelib.lockers.service.offline")


def decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def claims_of(token: str) -> Any:
    return json.loads(decoded(token.split(".")[1]))


def welcomed(lockers: Lockers) -> Any:
    """What the cabinet is told when it comes online."""
    lockers.says("status", online=True, message_id="hello")
    return lockers.messages("welcome")[-1]


def granted(lockers: Lockers, pickup_id: str, whose: str = "shopper") -> str:
    """The id of the grant for a code just issued."""
    lockers.code(pickup_id, whose)
    grant_id: str = claims_of(lockers.messages("grants")[-1]["grants"][0])["jti"]
    return grant_id


def journal(lockers: Lockers, *entries: tuple[int, str, str | None, str | None], cabinet: str | None = None) -> int:
    """The cabinet tells what it did; returns up to where that is known now."""
    at = clock.rfc3339(clock.now())
    said = [
        {"sequence": number, "at": at, "type": type, "compartment": compartment, "grant_id": grant}
        for number, type, compartment, grant in entries
    ]
    lockers.says("journal", cabinet, entries=said)
    up_to: int = lockers.messages("receipts")[-1]["up_to"]
    return up_to


# ---- grants -------------------------------------------------------------------------------------------------------------


def test_a_grant_opens_one_cabinet_for_one_code(lockers: Lockers) -> None:
    pickup_id = lockers.ready("M", "L")
    now = clock.now()
    with clock.at(now):
        code = lockers.code(pickup_id)
    [message] = lockers.messages("grants")
    assert message["revoked"] == []
    [token] = message["grants"]
    header, payload, signature = token.split(".")
    welcome = welcomed(lockers)
    assert json.loads(decoded(header)) == {"alg": "ES256", "typ": "JWT", "kid": "aisle-test-grants"}
    claims = claims_of(token)
    assert sorted(claims.pop("compartments")) == ["2", "3"]
    expected = hmac.digest(b64decode(welcome["offline_key"]), code.encode(), sha256)
    assert claims == {
        "jti": claims["jti"],
        "sub": pickup_id,
        "aud": lockers.cabinet,
        "code": urlsafe_b64encode(expected).decode().rstrip("="),
        "nbf": int(now.timestamp()) - 60,
        "exp": int(moment(lockers.read(pickup_id)["expires_at"]).timestamp()),
    }
    assert claims["jti"].startswith("grt_")
    key = load_pem_public_key(welcome["grant_keys"]["aisle-test-grants"].encode())
    assert isinstance(key, EllipticCurvePublicKey)
    raw = decoded(signature)
    assert len(raw) == 64
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key.verify(der, f"{header}.{payload}".encode(), ECDSA(SHA256()))


def test_each_cabinet_gets_a_grant_for_its_own_doors(lockers: Lockers) -> None:
    first = lockers.cabinet
    lockers.packed("S"), lockers.packed("M")
    second = lockers.adds("M")
    pickup_id = lockers.ready("L", "M")
    code = lockers.code(pickup_id)
    grants = {to: claims_of(one["grants"][0]) for to, on, one in lockers.told if on == "grants"}
    assert {to: one["compartments"] for to, one in grants.items()} == {first: ["3"], second: ["1"]}
    assert grants[first]["code"] != grants[second]["code"]
    assert code


def test_another_code_takes_the_grant_before_away(lockers: Lockers) -> None:
    pickup_id = lockers.ready("S")
    first = granted(lockers, pickup_id)
    theirs = granted(lockers, pickup_id, "delegate")
    assert lockers.messages("grants")[-1]["revoked"] == []
    second = granted(lockers, pickup_id)
    assert lockers.messages("grants")[-1]["revoked"] == [first]
    assert lockers.shop.call("POST", f"/v1/pickups/{pickup_id}/delegate-revocations", by=SHOPPER).status == 204
    last = lockers.messages("grants")[-1]
    assert (last["grants"], last["revoked"]) == ([], [theirs])
    assert first != second


def test_an_extension_gives_a_grant_for_longer(lockers: Lockers) -> None:
    pickup_id = lockers.ready("S")
    first = granted(lockers, pickup_id)
    before = claims_of(lockers.messages("grants")[-1]["grants"][0])
    assert lockers.staff(pickup_id, "extensions", by=SHOPPER).status == 200
    lockers.deliver()
    message = lockers.messages("grants")[-1]
    after = claims_of(message["grants"][0])
    assert message["revoked"] == [first]
    assert (after["exp"] - before["exp"], after["code"]) == (24 * 3600, before["code"])
    [extended] = lockers.events("PickupExtended")
    lockers.bring(extended)
    assert lockers.messages("grants")[-1] is message


@pytest.mark.parametrize("how", ["confirmed", "expired", "cancelled"])
def test_what_may_not_be_collected_any_more_is_not_opened_offline(lockers: Lockers, how: str) -> None:
    pickup_id = lockers.ready("S")
    code = lockers.code(pickup_id)
    grant_id = claims_of(lockers.messages("grants")[-1]["grants"][0])["jti"]
    if how == "confirmed":
        assert lockers.confirm(pickup_id, code).status == 200
    elif how == "expired":
        with later(HELD):
            service.hold_pickup(pickup_id, CABINET)
    else:
        path = f"/v1/orders/{lockers.order_of(pickup_id)}/cancellations"
        assert lockers.shop.call("POST", path, json={"reason": "changed_mind"}).status == 201
    lockers.deliver()
    last = lockers.messages("grants")[-1]
    assert (last["grants"], last["revoked"]) == ([], [grant_id])


def test_a_cabinet_that_comes_online_is_told_what_it_needs(lockers: Lockers) -> None:
    pickup_id = lockers.ready("S")
    spent, good = granted(lockers, pickup_id), granted(lockers, pickup_id)
    before = len(lockers.told)
    now = clock.now()
    with clock.at(now):
        welcome = welcomed(lockers)
    assert {name: welcome[name] for name in ("in_reply_to", "server_time", "journal_up_to")} == {
        "in_reply_to": "hello",
        "server_time": clock.rfc3339(now),
        "journal_up_to": 0,
    }
    assert len(b64decode(welcome["offline_key"])) == 32
    assert [channel for _, channel, _ in lockers.told[before:]] == ["welcome", "grants"]
    grants = lockers.messages("grants")[-1]
    assert ([claims_of(one)["jti"] for one in grants["grants"]], grants["revoked"]) == ([good], [spent])
    lockers.says("status", online=False)
    assert len(lockers.told) == before + 2


def test_keys_of_two_cabinets_differ(lockers: Lockers) -> None:
    first = welcomed(lockers)["offline_key"]
    lockers.adds("S")
    assert welcomed(lockers)["offline_key"] != first


def test_a_cabinet_without_a_grant_opens_all_the_same(lockers: Lockers, monkeypatch: pytest.MonkeyPatch) -> None:
    pickup_id = lockers.ready("S")

    def fail(*_: Any) -> Any:
        raise RuntimeError("the key is not there")

    monkeypatch.setattr("chalicelib.lockers.gateways.grants.sign", fail)
    assert lockers.confirm(pickup_id, lockers.code(pickup_id)).status == 200


# ---- the journal --------------------------------------------------------------------------------------------------------


def test_what_was_opened_offline_is_collected(lockers: Lockers) -> None:
    pickup_id = lockers.ready("M")
    code = lockers.code(pickup_id)
    grant_id = claims_of(lockers.messages("grants")[-1]["grants"][0])["jti"]
    assert journal(lockers, (1, "opened", "2", grant_id), (2, "closed", "2", grant_id)) == 2
    assert lockers.read(pickup_id)["status"] == "collected"
    assert lockers.compartments()["2"] == ("free", None)
    assert lockers.confirm(pickup_id, code).code == "passcode_refused"
    lockers.deliver()
    assert lockers.fulfilment(lockers.order_of(pickup_id))["status"] == "delivered"
    assert lockers.commands() == []
    assert welcomed(lockers)["journal_up_to"] == 2


def test_an_entry_counts_once_however_it_comes(lockers: Lockers) -> None:
    pickup_id = lockers.ready("M", "L")
    grant_id = granted(lockers, pickup_id)
    entries = {
        1: (1, "opened", "2", grant_id),
        2: (2, "closed", "2", grant_id),
        3: (3, "opened", "3", grant_id),
        4: (4, "closed", "3", grant_id),
    }
    assert journal(lockers, entries[4], entries[3]) == 0
    assert journal(lockers, entries[2]) == 0
    assert lockers.read(pickup_id)["status"] == "opening"
    assert journal(lockers, entries[3], entries[1], entries[2]) == 4
    assert lockers.read(pickup_id)["status"] == "collected"
    version = lockers.read(pickup_id)["version"]
    assert journal(lockers, *entries.values()) == 4
    assert lockers.read(pickup_id)["version"] == version
    assert len(lockers.events("PickupCollected")) == 1
    assert lockers.events("PickupOpenedOffline") == []


def test_an_entry_that_comes_twice_at_once_counts_once(lockers: Lockers, monkeypatch: pytest.MonkeyPatch) -> None:
    pickup_id = lockers.ready("M")
    entry = OFFLINE.Entry(1, clock.rfc3339(clock.now()), "opened", "2", granted(lockers, pickup_id))
    meeting(monkeypatch, OFFLINE, "must_find_pickup", 2)
    assert at_once(*[lambda: OFFLINE.record_journal(lockers.cabinet, [entry], CABINET)] * 2) == [None, None]
    assert lockers.read(pickup_id)["status"] == "collected"
    assert len(lockers.events("PickupCollected")) == 1
    assert lockers.events("PickupOpenedOffline") == []


def test_a_gap_keeps_the_receipt_back(lockers: Lockers) -> None:
    assert journal(lockers, (1, "code_refused", None, None), (2, "jammed", "1", None)) == 2
    assert journal(lockers, (4, "code_refused", None, None), (5, "code_refused", None, None)) == 2
    assert welcomed(lockers)["journal_up_to"] == 2
    assert journal(lockers, (3, "code_refused", None, None)) == 5
    assert journal(lockers, (1, "code_refused", None, None)) == 5


def test_what_had_expired_when_it_was_told_was_collected_in_time(lockers: Lockers) -> None:
    pickup_id = lockers.ready("M")
    grant_id = granted(lockers, pickup_id)
    with later(HELD):
        assert service.hold_pickup(pickup_id, CABINET)["outcome"] == "expired"
        service.await_clearing(pickup_id, "token")
        assert lockers.compartments()["2"] == ("to_clear", pickup_id)
        assert journal(lockers, (1, "opened", "2", grant_id), (2, "closed", "2", grant_id)) == 2
        lockers.deliver()
    assert lockers.read(pickup_id)["status"] == "collected"
    assert lockers.compartments()["2"] == ("free", None)
    assert lockers.fulfilment(lockers.order_of(pickup_id))["status"] == "delivered"
    assert lockers.completed == [("token", {"outcome": "over"})]


@pytest.mark.parametrize(("seconds", "alarms"), [(-5, 0), (90, 0), (300, 1)])
def test_a_grant_that_was_quicker_than_the_answer_is_no_alarm(lockers: Lockers, seconds: int, alarms: int) -> None:
    pickup_id = lockers.ready("M")
    grant_id = granted(lockers, pickup_id)
    assert lockers.confirm(pickup_id, lockers.code(pickup_id)).status == 200
    lockers.deliver()
    lockers.acknowledges("opened")
    assert lockers.read(pickup_id)["status"] == "collected"
    with later(seconds):
        assert journal(lockers, (1, "opened", "2", grant_id)) == 1
    assert len(lockers.events("PickupOpenedOffline")) == alarms
    assert len(lockers.events("PickupCollected")) == 1


def test_what_was_called_off_when_it_was_told_is_for_a_person(lockers: Lockers) -> None:
    pickup_id = lockers.ready("M")
    grant_id = granted(lockers, pickup_id)
    path = f"/v1/orders/{lockers.order_of(pickup_id)}/cancellations"
    assert lockers.shop.call("POST", path, json={"reason": "changed_mind"}).status == 201
    lockers.deliver()
    assert journal(lockers, (1, "opened", "2", grant_id)) == 1
    assert lockers.read(pickup_id)["status"] == "cancelled"
    [event] = lockers.events("PickupOpenedOffline")
    assert (event.data["number"], event.data["order_id"]) == ("2", lockers.order_of(pickup_id))
    assert journal(lockers, (1, "opened", "2", grant_id)) == 1
    assert len(lockers.events("PickupOpenedOffline")) == 1


def test_what_was_put_on_hold_when_it_was_told_is_gone_all_the_same(lockers: Lockers) -> None:
    pickup_id = lockers.ready("M")
    grant_id = granted(lockers, pickup_id)
    path = f"/v1/orders/{lockers.order_of(pickup_id)}/holds"
    assert lockers.shop.call("POST", path, by=ASSOCIATE, json={"reason": "fraud"}).status < 300
    assert journal(lockers, (1, "opened", "2", grant_id), (2, "closed", "2", grant_id)) == 2
    lockers.deliver()
    assert lockers.read(pickup_id)["status"] == "collected"
    assert lockers.fulfilment(lockers.order_of(pickup_id))["status"] == "delivered"


def test_entries_of_nobody_are_kept_and_change_nothing(lockers: Lockers) -> None:
    pickup_id = lockers.ready("M")
    mine, cabinet = granted(lockers, pickup_id), lockers.cabinet
    other = lockers.adds("M")
    assert journal(lockers, (1, "opened", "2", new_id("grt")), (2, "opened", "9", mine), cabinet=cabinet) == 2
    # A grant is of use at its own cabinet alone.
    assert journal(lockers, (1, "opened", "1", mine), cabinet=other) == 1
    assert lockers.read(pickup_id)["status"] == "ready"


def test_a_door_that_opened_offline_while_it_was_told_to(lockers: Lockers) -> None:
    pickup_id = lockers.ready("M", "L")
    code = lockers.code(pickup_id)
    grant_id = claims_of(lockers.messages("grants")[-1]["grants"][0])["jti"]
    assert lockers.confirm(pickup_id, code).status == 200
    lockers.deliver()
    assert journal(lockers, (1, "opened", "2", grant_id)) == 1
    assert lockers.read(pickup_id)["status"] == "opening"
    lockers.acknowledges("opened", next(one for one in lockers.commands() if one["compartment"] == "3"))
    assert lockers.read(pickup_id)["status"] == "collected"
    assert len(lockers.events("PickupCollected")) == 1


def test_what_is_on_hold_is_not_opened_without_a_line_either(lockers: Lockers) -> None:
    pickup_id = lockers.ready("M")
    lockers.code(pickup_id)
    [given] = lockers.messages("grants")
    order_id = lockers.order_of(pickup_id)
    held = lockers.shop.call("POST", f"/v1/orders/{order_id}/holds", by=ASSOCIATE, json={"reason": "fraud"})
    assert held.status == 201, held
    lockers.deliver()
    assert len(given["grants"]) == len(lockers.messages("grants")[-1]["revoked"]) == 1
