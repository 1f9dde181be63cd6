"""What nobody may see: bank accounts, signing secrets, tokens."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import boto3
import pytest

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import NotFound
from chalicelib.suppliers.gateways import secrets
from chalicelib.suppliers.service import payout_accounts, reaching
from tests.unit.suppliers.builders import ENDPOINT, a_profile
from tests.unit.suppliers.conftest import ALICE, Market

IBAN = "GB33BUKB20201555555555"
ACCOUNT = {"holder": "Red Mugs Limited", "country": "GB", "currency": "GBP", "iban": IBAN, "bic": "BUKBGB22"}


def put(market: Market, supplier_id: str, version: int | None = None, by: Principal = ALICE, **changes: Any) -> Any:
    body = {name: value for name, value in {**ACCOUNT, **changes}.items() if value is not None}
    version = version or market.read(supplier_id)["version"]
    path = f"/v1/suppliers/{supplier_id}/bank-account"
    return market.call("PUT", path, by=by, json=body, headers={"If-Match": f'"{version}"'})


def test_a_bank_account_is_shown_by_its_last_digits(market: Market) -> None:
    supplier_id = market.applied()
    reply = put(market, supplier_id)
    assert (reply.status, reply.json["bank_account"]["approved"]) == (202, None)
    shown = reply.json["bank_account"]["proposed"]
    assert {name: shown[name] for name in shown if name != "token"} == {
        "country": "GB",
        "currency": "GBP",
        "last4": "5555",
        "version": 1,
    }
    assert shown["token"].startswith("bac_")
    assert market.run(supplier_id) == "approved"
    assert market.read(supplier_id)["bank_account"] == {"approved": shown, "proposed": None}
    assert payout_accounts.payout_account(supplier_id).token == shown["token"]
    opened = payout_accounts.open_bank_account(shown["token"])
    assert (opened.iban, opened.holder, opened.bic) == (IBAN, "Red Mugs Limited", "BUKBGB22")


def test_a_bank_account_is_nowhere_in_clear(market: Market, capsys: pytest.CaptureFixture[str]) -> None:
    supplier_id = market.applied()
    put(market, supplier_id, iban="GB33 BUKB 2020 1555 5555 55")
    put(market, supplier_id, iban=IBAN[:-1] + "4")
    market.run(supplier_id)
    said = market.everything() + json.dumps(market.read(supplier_id)) + "".join(capsys.readouterr())
    assert supplier_id in said
    assert "BUKB" not in said
    assert "20201555" not in said
    token = market.read(supplier_id)["bank_account"]["approved"]["token"]
    assert "5555555" not in repr(payout_accounts.open_bank_account(token))
    assert "Limited" not in repr(payout_accounts.open_bank_account(token))


OTHER = {"name": "Blue Plates Ltd", "registration_number": "07654321", "country": "GB"}


def test_an_account_is_of_whom_the_profile_names_now(market: Market) -> None:
    supplier_id = market.applied()
    put(market, supplier_id)
    assert market.run(supplier_id) == "approved"
    market.changed(supplier_id, by=ALICE, legal_entity=OTHER)
    assert market.run(supplier_id) == "needs_review"
    assert market.reviews.rules() == {"bank_account.holder"}
    # With an account of its own it is in order.
    assert put(market, supplier_id, holder="Blue Plates Limited").status == 202
    assert market.run(supplier_id) == "approved"
    assert "Blue Plates Limited" not in json.dumps(market.read(supplier_id))


@pytest.mark.parametrize("legal_entity", [None, OTHER])
def test_an_account_may_be_named_before_the_legal_entity(market: Market, legal_entity: Any) -> None:
    supplier_id = market.applied(legal_entity=legal_entity)
    put(market, supplier_id)
    assert market.run(supplier_id) == "needs_review"
    assert "bank_account.holder" in market.reviews.rules()
    market.changed(supplier_id, by=ALICE, legal_entity=a_profile()["legal_entity"])
    assert market.run(supplier_id) == "approved"


def test_payouts_go_to_the_account_that_was_approved(market: Market) -> None:
    supplier_id = market.applied()
    put(market, supplier_id)
    market.run(supplier_id)
    first = payout_accounts.payout_account(supplier_id)
    reply = put(market, supplier_id, iban="GB82WEST12345698765432", bic=None, holder="Somebody Else")
    assert reply.json["status"] == "approved"
    assert market.run(supplier_id) == "needs_review"
    assert market.reviews.rules() == {"bank_account.holder"}
    assert payout_accounts.payout_account(supplier_id) == first
    assert market.reviewer_approves(supplier_id) == "approved"
    assert (payout_accounts.payout_account(supplier_id).last4, payout_accounts.payout_account(supplier_id).version) == (
        "5432",
        2,
    )


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"iban": "GB33BUKB20201555555556"}, "/iban"),
        ({"iban": "DE89370400440532013000"}, "/iban"),
        ({"bic": "BUKBGB2"}, "/bic"),
        ({"bic": "DEUTDEFF"}, "/bic"),
        ({"iban": None}, "/iban"),
        ({"iban": None, "account_number": "12", "routing_number": "202015"}, "/account_number"),
        ({"iban": None, "account_number": "55555555", "routing_number": "2020"}, "/routing_number"),
        (
            {"iban": None, "bic": None, "country": "US", "account_number": "1234", "routing_number": "111000026"},
            "/routing_number",
        ),
    ],
)
def test_what_is_no_bank_account_is_refused_by_its_place(market: Market, changes: Any, pointer: str) -> None:
    supplier_id = market.applied()
    reply = put(market, supplier_id, **changes)
    assert (reply.status, reply.code) == (422, "bank_account_refused")
    assert [fault["pointer"] for fault in reply.json["errors"]] == [pointer]
    assert not any(str(value) in reply.text for value in changes.values() if value and len(str(value)) > 4)
    assert market.read(supplier_id)["bank_account"]["proposed"] is None


@pytest.mark.parametrize(
    "changes",
    [
        {"iban": None, "account_number": "55 55 55 55", "routing_number": "20-20-15"},
        {"iban": None, "bic": None, "country": "US", "account_number": "123456", "routing_number": "111000025"},
    ],
)
def test_countries_without_ibans(market: Market, changes: Any) -> None:
    assert put(market, market.applied(), **changes).status == 202


def test_a_bank_account_needs_the_version_that_it_changes(market: Market) -> None:
    supplier_id = market.applied()
    assert put(market, supplier_id, version=7).status == 412
    assert market.call("PUT", f"/v1/suppliers/{supplier_id}/bank-account", by=ALICE, json=ACCOUNT).status == 428


def test_a_token_that_is_none_opens_nothing(market: Market) -> None:
    with pytest.raises(NotFound):
        payout_accounts.open_bank_account("bac_01J9Z3K4M5N6P7Q8R9S0T1V2W3")


# ---- the endpoint's secret ----


def issue(market: Market, supplier_id: str, key: str | None = None) -> Any:
    return market.call("POST", f"/v1/suppliers/{supplier_id}/endpoint-secrets", by=ALICE, key=key)


def test_a_secret_is_shown_once_and_lies_in_secrets_manager(market: Market) -> None:
    supplier_id = market.applied()
    reply = issue(market, supplier_id, key="k")
    assert (reply.status, reply.json["old_valid_for_seconds"]) == (201, 86_400)
    secret = reply.json["secret"]
    assert secret.startswith("whsec_")
    again = issue(market, supplier_id, key="k")
    assert (again.json["secret"], again.headers["idempotent-replayed"]) == (None, "true")
    assert secret[6:] not in market.everything()
    held = boto3.client("secretsmanager").get_secret_value(SecretId=f"aisle-test/suppliers/{supplier_id}/endpoint")
    assert json.loads(held["SecretString"])["current"] == secret
    assert market.read(supplier_id)["has_endpoint_secret"] is True


def test_the_secret_before_holds_for_a_day(market: Market) -> None:
    supplier_id = market.applied(endpoint_url=ENDPOINT)
    market.endpoint.secret = first = issue(market, supplier_id).json["secret"]
    assert market.run(supplier_id) == "approved"
    second = issue(market, supplier_id).json["secret"]
    found = reaching.endpoint(supplier_id)
    assert found is not None
    assert found.secrets == (second, first)
    assert first not in repr(found)
    with clock.at(clock.now() + timedelta(hours=24, seconds=1)):
        assert reaching.endpoint(supplier_id).secrets == (second,)


def test_every_secret_before_holds_for_a_day(market: Market) -> None:
    supplier_id = market.applied(endpoint_url=ENDPOINT)
    market.endpoint.secret = first = issue(market, supplier_id).json["secret"]
    assert market.run(supplier_id) == "approved"
    start = clock.now()
    issued = []
    for hours in (1, 2):
        with clock.at(start + timedelta(hours=hours)):
            issued.append(issue(market, supplier_id).json["secret"])
    second, third = issued

    def signs(hours: float) -> tuple[str, ...]:
        with clock.at(start + timedelta(hours=hours)):
            secrets.forget()
            found = reaching.endpoint(supplier_id)
        assert found is not None
        return found.secrets

    assert [signs(hours) for hours in (2, 24.9, 25.1, 26.1)] == [
        (third, second, first),
        (third, second, first),
        (third, second),
        (third,),
    ]
    # What holds no more is not kept either.
    with clock.at(start + timedelta(hours=25.5)):
        fourth = issue(market, supplier_id).json["secret"]
    assert [secret for secret, _ in held(supplier_id)["earlier"]] == [third, second]
    assert signs(25.6) == (fourth, third, second)


def test_of_many_secrets_the_newest_are_signed_with(market: Market) -> None:
    supplier_id = market.applied(endpoint_url=ENDPOINT)
    made = [issue(market, supplier_id).json["secret"] for _ in range(8)]
    found = secrets.read(supplier_id, fresh=True)
    assert found is not None
    assert found.valid(clock.now()) == (*reversed(made[-6:]),)


def test_secrets_are_kept_for_a_minute(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    supplier_id = market.applied(endpoint_url=ENDPOINT)
    market.endpoint.secret = issue(market, supplier_id).json["secret"]
    market.run(supplier_id)
    reads: list[str] = []
    read = secrets._read
    monkeypatch.setattr(secrets, "_read", lambda of: (reads.append(of), read(of))[1])
    secrets.forget()
    now = clock.now()
    for seconds, expected in ((0, 1), (59, 1), (61, 2)):
        with clock.at(now + timedelta(seconds=seconds)):
            reaching.endpoint(supplier_id)
        assert len(reads) == expected


def test_without_an_endpoint_or_a_secret_there_is_nothing_to_call(market: Market) -> None:
    supplier_id = market.approved()
    assert reaching.endpoint(supplier_id) is None
    issue(market, supplier_id)
    assert reaching.endpoint(supplier_id) is None
    assert reaching.endpoint("sup_01J9Z3K4M5N6P7Q8R9S0T1V2W3") is None


def test_a_bearer_token_goes_along_and_is_never_shown(market: Market) -> None:
    supplier_id = market.applied(endpoint_url=ENDPOINT)
    market.endpoint.secret = issue(market, supplier_id).json["secret"]
    path, version = f"/v1/suppliers/{supplier_id}/endpoint-token", market.read(supplier_id)["version"]
    headers = {"If-Match": f'"{version}"'}
    reply = market.call("PUT", path, by=ALICE, json={"bearer_token": "t0ken-of-theirs"}, headers=headers)
    assert (reply.status, reply.text, reply.etag) == (204, "", f'"{version + 1}"')
    assert market.call("PUT", path, by=ALICE, json={"bearer_token": "x"}, headers=headers).status == 412
    assert market.run(supplier_id) == "approved"
    _, signed = (headers for _, headers in market.endpoint.calls)
    assert signed["Authorization"] == "Bearer t0ken-of-theirs"
    assert reaching.endpoint(supplier_id).bearer_token == "t0ken-of-theirs"
    assert "t0ken" not in market.everything() + json.dumps(market.read(supplier_id))
    # Another secret leaves it as it is.
    issue(market, supplier_id)
    assert reaching.endpoint(supplier_id).bearer_token == "t0ken-of-theirs"


def held(supplier_id: str) -> dict[str, Any]:
    """What Secrets Manager keeps."""
    name = f"aisle-test/suppliers/{supplier_id}/endpoint"
    found: dict[str, Any] = json.loads(boto3.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])
    return found


def set_token(market: Market, supplier_id: str, token: str) -> Any:
    headers = {"If-Match": f'"{market.read(supplier_id)["version"]}"'}
    path = f"/v1/suppliers/{supplier_id}/endpoint-token"
    return market.call("PUT", path, by=ALICE, json={"bearer_token": token}, headers=headers)


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], list[Any]]:
    """Has a command carried out when the next one has read what is kept, and has not yet written what it made of it."""

    def arrange(command: Callable[[], Any]) -> list[Any]:
        write: Callable[..., bool] = secrets._write
        done: list[Any] = []

        def late(supplier_id: str, credentials: secrets.Credentials) -> bool:
            monkeypatch.setattr(secrets, "_write", write)
            done.append(command())
            return write(supplier_id, credentials)

        monkeypatch.setattr(secrets, "_write", late)
        return done

    return arrange


def kept(supplier_id: str) -> list[str]:
    """The secrets that Secrets Manager keeps, the newest first."""
    found = held(supplier_id)
    return [found["current"], *(secret for secret, _ in found["earlier"])]


@pytest.mark.parametrize("before", [0, 1, 2])
def test_of_two_secrets_at_once_none_is_lost(market: Market, meanwhile: Any, before: int) -> None:
    supplier_id = market.applied(endpoint_url=ENDPOINT)
    first = [issue(market, supplier_id).json["secret"] for _ in range(before)]
    done = meanwhile(lambda: issue(market, supplier_id))
    late = issue(market, supplier_id)
    [quick] = done
    assert (quick.status, late.status) == (201, 201)
    assert kept(supplier_id) == [late.json["secret"], quick.json["secret"], *reversed(first)]


def test_a_token_and_a_secret_at_once(market: Market, meanwhile: Any) -> None:
    supplier_id = market.applied(endpoint_url=ENDPOINT)
    issue(market, supplier_id)
    meanwhile(lambda: set_token(market, supplier_id, "theirs"))
    second = issue(market, supplier_id).json["secret"]
    assert (held(supplier_id)["current"], held(supplier_id)["bearer_token"]) == (second, "theirs")
    done = meanwhile(lambda: issue(market, supplier_id))
    assert set_token(market, supplier_id, "other").status == 204
    assert kept(supplier_id)[:2] == [done[0].json["secret"], second]
    assert held(supplier_id)["bearer_token"] == "other"


def test_a_secret_that_is_never_kept_is_not_shown(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    supplier_id = market.applied(endpoint_url=ENDPOINT)
    first = issue(market, supplier_id).json["secret"]
    monkeypatch.setattr(secrets, "_write", lambda *_: False)
    monkeypatch.setattr(secrets, "sleep", lambda _: None)
    assert issue(market, supplier_id).json["secret"] is None
    assert set_token(market, supplier_id, "theirs").code == "contended"
    assert (held(supplier_id)["current"], held(supplier_id)["bearer_token"]) == (first, None)
