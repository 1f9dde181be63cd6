import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from infra.local.lockers.grants import GrantBook, GrantRefusedError, verified
from tests.unit.local.bench import NOON
from tests.unit.local.signing import OFFLINE_KEY, a_grant, base64url, public_key, signed

HOUR = timedelta(hours=1)
KEYS = {"key-1": public_key("key-1")}


def a_book(*tokens: str, keys: dict[str, str] = KEYS) -> GrantBook:
    book = GrantBook("cab_1")
    book.learn(OFFLINE_KEY, keys)
    book.add(tokens)
    return book


def granted(code: str = "12345678", **different: Any) -> str:
    return a_grant(code, **{"since": NOON - HOUR, "until": NOON + HOUR, **different})


def test_a_code_opens_what_its_grant_says() -> None:
    grant = a_book(granted(compartments=("1", "3"))).use("12345678", NOON)
    assert grant is not None
    assert (grant.id, grant.pickup, grant.compartments) == ("grt_01JD0000000000000000000001", "pck_1", ("1", "3"))


def test_a_grant_opens_once() -> None:
    book = a_book(granted())
    assert book.use("12345678", NOON)
    assert book.use("12345678", NOON) is None


def test_a_grant_that_is_sent_again_stays_spent() -> None:
    book = a_book(granted())
    book.use("12345678", NOON)
    book.add([granted()])  # ECDSA is randomised: the same grant, in another token
    assert book.use("12345678", NOON) is None


def test_a_revoked_grant_opens_nothing() -> None:
    book = a_book(granted())
    book.revoke(["grt_01JD0000000000000000000001"])
    assert book.use("12345678", NOON) is None


@pytest.mark.parametrize(
    "token",
    [
        granted(code="12345679"),
        granted(cabinet="cab_2"),
        granted(since=NOON + timedelta(seconds=1)),
        granted(until=NOON),
        granted(key="key-2"),
        "not.a.token",
        "",
    ],
    ids=["another code", "another cabinet", "not yet", "over", "unknown key", "no token", "nothing"],
)
def test_a_grant_that_is_not_for_this_opens_nothing(token: str) -> None:
    assert a_book(token).use("12345678", NOON) is None


def test_a_grant_may_come_before_its_key() -> None:
    book = a_book(granted(key="key-2"))
    assert book.use("12345678", NOON) is None
    book.learn(OFFLINE_KEY, {"key-2": public_key("key-2")})
    assert book.use("12345678", NOON) is not None


def test_without_a_welcome_no_code_can_be_checked() -> None:
    assert not GrantBook("cab_1").is_ready
    assert a_book().is_ready


def with_part(token: str, index: int, part: str) -> str:
    parts = token.split(".")
    parts[index] = part
    return ".".join(parts)


def forged(claim: str, value: Any) -> str:
    token = granted()
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return with_part(token, 1, base64url(json.dumps(claims | {claim: value}).encode()))


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (forged("compartments", ["1", "2"]), "the signature is wrong"),
        (with_part(granted(), 2, base64url(b"\0" * 64)), "the signature is wrong"),
        (with_part(granted(), 2, base64url(b"\1" * 63)), "a signature of 63 bytes"),
        (with_part(granted(), 0, base64url(b'{"alg":"none","kid":"key-1"}')), "signed with 'none', not ES256"),
        (with_part(granted(), 0, base64url(b'{"alg":"HS256","kid":"key-1"}')), "signed with 'HS256', not ES256"),
        (with_part(granted(), 0, "!"), "not base64url"),
        (with_part(granted(), 0, base64url(b"[]")), "not a JSON object"),
        (granted(key="key-2"), "an unknown key 'key-2'"),
        (signed({"alg": "ES256", "kid": "key-1"}, {"jti": "grt_1"}), "a claim is missing"),
    ],
    ids=["forged", "zeroes", "short", "none", "HS256", "no base64", "no object", "unknown key", "no claims"],
)
def test_a_token_that_is_not_signed_as_it_should_be_is_refused(token: str, reason: str) -> None:
    with pytest.raises(GrantRefusedError, match=reason):
        verified(token, KEYS)


def test_a_door_that_was_opened_for_its_pickup_is_opened_by_no_grant_any_more() -> None:
    book = a_book(granted())
    book.forget("1")
    assert book.use("12345678", NOON) is None


def test_grants_for_other_doors_stay() -> None:
    book = a_book(granted())
    book.forget("99")
    assert book.use("12345678", NOON) is not None
