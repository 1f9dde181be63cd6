"""Normal forms, and hashes to find them by."""

import pytest

from chalicelib.core import contacts


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("Ada.Lovelace@EXAMPLE.com", "Ada.Lovelace@example.com"),
        ("ada+shop@Bücher.example", "ada+shop@bücher.example"),
        ("ada@xn--bcher-kva.example", "ada@bücher.example"),
    ],
)
def test_an_address_has_one_form(given: str, normal: str) -> None:
    assert contacts.email_address(given) == normal


@pytest.mark.parametrize("given", ["ada", "ada@", "a@b", "Ada <ada@example.com>", "ä@example.com", "a b@example.com"])
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(ValueError):
        contacts.email_address(given)
    assert contacts.email_hash(given) is None


def test_mail_goes_to_the_ascii_form() -> None:
    assert contacts.mailable("ada@bücher.example") == "ada@xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("given", "country"),
    [
        ("+447700900123", None),
        ("+44 7700 900123", None),
        ("+44 (0)7700 900123", None),
        ("07700 900123", "GB"),
        ("+44 7700 900123", "DE"),
    ],
)
def test_a_number_is_e164(given: str, country: str | None) -> None:
    assert contacts.phone_number(given, country) == "+447700900123"


@pytest.mark.parametrize(
    "given", ["07700 900123", "+44", "+44 7700 9001234567", "+999 123456", "call me", "+44 7700 900123 x5"]
)
def test_what_is_no_number_is_refused(given: str) -> None:
    with pytest.raises(ValueError):
        contacts.phone_number(given)


def test_a_hash_is_the_same_for_all_spellings(table: object) -> None:
    one = contacts.email_hash("Ada@Bücher.example")
    assert one == contacts.email_hash("ada@XN--BCHER-KVA.example")
    assert one != contacts.email_hash("bob@bücher.example")
    assert one is not None
    assert len(one) == 40


def test_a_hash_needs_the_key_and_says_what_it_is_for(table: object, monkeypatch: pytest.MonkeyPatch) -> None:
    email, phone = contacts.mac("email", "x"), contacts.mac("phone", "x")
    assert email != phone
    monkeypatch.setattr(contacts, "derived_key", lambda key_id, purpose: b"another key")
    assert contacts.mac("email", "x") != email
