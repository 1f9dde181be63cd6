"""What is found in a profile, rule by rule."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.core.findings import Finding
from chalicelib.suppliers.domain import life
from chalicelib.suppliers.domain.profile import claims_of, resold
from chalicelib.suppliers.domain.requirements import COMPUTED
from chalicelib.suppliers.domain.screening import SIMILAR, ScreeningList, similarity
from chalicelib.suppliers.service import validators
from chalicelib.suppliers.service.validators.contacts import check_contacts
from chalicelib.suppliers.service.validators.countries import country_code
from tests.unit.suppliers.builders import ENDPOINT, a_profile
from tests.unit.suppliers.test_corrections import contact

pytestmark = pytest.mark.usefixtures("table")


def found(against: ScreeningList | None = None, **changes: Any) -> list[Finding]:
    one = life.applied("sup_1", a_profile(**changes), "2026-01-01T00:00:00.000000Z")
    return validators.check_profile(one, against or ScreeningList())


def rules(**changes: Any) -> dict[str, tuple[str, str]]:
    """By rule: where, and how grave."""
    return {each.rule: (each.field, str(each.severity)) for each in found(**changes)}


def address(**changes: Any) -> dict[str, Any]:
    whole = {"line1": "12 St James Square", "city": "London", "postal_code": "SW1Y 4JH", "country": "GB", **changes}
    return {name: value for name, value in whole.items() if value is not None}


def entity(**changes: Any) -> dict[str, Any]:
    whole = {"name": "Red Mugs Ltd", "registration_number": "01234567", "country": "GB", **changes}
    return {name: value for name, value in whole.items() if value is not None}


def test_a_clean_profile_has_no_findings() -> None:
    assert found(endpoint_url=ENDPOINT) == []


@pytest.mark.parametrize(
    ("changes", "rule", "where", "severity"),
    [
        ({"trading_name": None}, "brands.missing", "/trading_name", "error"),
        ({"brands": []}, "brands.missing", "/brands", "error"),
        ({"brands": [{"name": "Redware"}]}, "brands.not_attested", "/brands/0/attestation", "error"),
        (
            {"brands": [{"name": "Redware", "attestation": "owner"}, {"name": "REDWARE", "attestation": "owner"}]},
            "brands.repeated",
            "/brands/1/name",
            "warning",
        ),
        ({"legal_entity": entity(name=None)}, "identity.missing", "/legal_entity/name", "error"),
        (
            {"legal_entity": entity(registration_number=None)},
            "identity.missing",
            "/legal_entity/registration_number",
            "error",
        ),
        ({"legal_entity": entity(country="Atlantis")}, "identity.country", "/legal_entity/country", "error"),
        ({"tax_id": None}, "identity.missing", "/tax_id/country", "error"),
        (
            {"tax_id": {"scheme": "vat", "country": "GB", "value": "GB980780685"}},
            "identity.tax_id",
            "/tax_id/value",
            "error",
        ),
        (
            {"tax_id": {"scheme": "ein", "country": "GB", "value": "GB980780684"}},
            "identity.tax_id_scheme",
            "/tax_id/scheme",
            "error",
        ),
        (
            {"tax_id": {"scheme": "vat", "country": "FR", "value": "FR40303265045"}},
            "identity.tax_id_country",
            "/tax_id/country",
            "warning",
        ),
        (
            {"tax_id": {"scheme": "vat", "country": "TD", "value": "123"}},
            "identity.tax_id_unchecked",
            "/tax_id/value",
            "warning",
        ),
        ({"contacts": []}, "contacts.primary_missing", "/contacts", "error"),
        ({"contacts": contact(email=None)}, "contacts.email_missing", "/contacts/0/email", "error"),
        ({"contacts": contact(email="ada@")}, "contacts.email", "/contacts/0/email", "error"),
        ({"contacts": contact(email="ada@gmail.com")}, "contacts.email_free", "/contacts/0/email", "warning"),
        (
            {"contacts": contact(email="ada@mailinator.com")},
            "contacts.email_disposable",
            "/contacts/0/email",
            "warning",
        ),
        ({"contacts": contact(phone="12")}, "contacts.phone", "/contacts/0/phone", "error"),
        ({"contacts": contact(phone="020 7946 0018")}, "contacts.phone_form", "/contacts/0/phone", "warning"),
        ({"timezone": "Mars/Olympus"}, "contacts.timezone", "/timezone", "error"),
        ({"default_currency": "XXX"}, "contacts.currency", "/default_currency", "error"),
        ({"address": address(city=None)}, "address.missing", "/address/city", "error"),
        ({"address": address(country="QQ")}, "address.country", "/address/country", "error"),
        ({"address": address(postal_code=None)}, "address.postal_code_missing", "/address/postal_code", "error"),
        ({"address": address(postal_code="123")}, "address.postal_code", "/address/postal_code", "error"),
        (
            {"return_address": address(country="US", postal_code="10001")},
            "address.region_missing",
            "/return_address/region",
            "error",
        ),
        (
            {"address": address(country="US", postal_code="10001", region="Londonshire")},
            "address.region_unknown",
            "/address/region",
            "error",
        ),
        ({"service_countries": ["GB", "QQ"]}, "address.country", "/service_countries/1", "error"),
        ({"endpoint_url": "http://orders.example.com"}, "endpoint.url_not_allowed", "/endpoint_url", "error"),
        ({"endpoint_url": "https://169.254.169.254/x"}, "endpoint.url_not_allowed", "/endpoint_url", "error"),
        ({"endpoint_url": f"{ENDPOINT}?a=b"}, "endpoint.query", "/endpoint_url", "error"),
    ],
)
def test_a_fault_is_found(changes: Any, rule: str, where: str, severity: str) -> None:
    assert rules(**changes)[rule] == (where, severity)


def test_every_rule_belongs_to_a_requirement() -> None:
    broken = found(trading_name=None, legal_entity=None, tax_id=None, contacts=[], address=None, brands=[])
    assert {each.rule.partition(".")[0] for each in broken} <= set(COMPUTED)


@pytest.mark.parametrize(
    ("scheme", "country", "value"),
    [
        ("vat", "GB", "GB980780684"),
        ("vat", "DE", "DE136695976"),
        ("vat", "GR", "EL094259216"),
        ("ein", "US", "91-1144442"),
        ("gst", "AU", "83914571673"),
    ],
)
def test_tax_ids_of_countries(scheme: str, country: str, value: str) -> None:
    grave = [
        each
        for each in found(tax_id={"scheme": scheme, "country": country, "value": value})
        if each.field == "/tax_id/value" and each.severity != "info"
    ]
    assert grave == []


def test_the_other_scheme_is_suggested() -> None:
    [finding] = [
        each
        for each in found(tax_id={"scheme": "vat", "country": "US", "value": "911144442"})
        if each.rule == "identity.tax_id_scheme"
    ]
    assert finding.suggested_fix == "ein"


@pytest.mark.parametrize(
    ("said", "code"),
    [("United Kingdom", "GB"), ("uk", "GB"), ("DEU", "DE"), ("Österreich", "AT"), ("france", "FR"), ("Narnia", None)],
)
def test_countries_by_their_names(said: str, code: str | None) -> None:
    assert country_code(said) == code


def test_whether_a_domain_takes_mail_is_asked_where_somebody_answers() -> None:
    profile = a_profile()
    assert check_contacts(profile) == []
    asked: list[str] = []
    findings = check_contacts(profile, lambda domain: bool(asked.append(domain)))
    assert ([each.rule for each in findings], asked) == (["contacts.email_undeliverable"], ["redmugs.example.com"])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Red Mugs Ltd", "RED MUGS LIMITED", True),
        ("Ivanov, Sergei", "Sergei Ivanov", True),
        ("Müller GmbH", "Muller", True),
        ("Red Mugs", "Blue Plates", False),
        ("Ltd", "Ltd", True),
        ("", "", False),
    ],
)
def test_names_that_are_alike(one: str, other: str, same: bool) -> None:
    assert (similarity(one, other) >= SIMILAR) is same


def claims(**changes: Any) -> set[str]:
    return set(claims_of(a_profile(**changes)))


def numbered(number: str) -> dict[str, Any]:
    """One that has this number, for its register and its taxes."""
    return {
        "legal_entity": {"name": "x", "country": "SA", "registration_number": number},
        "tax_id": {"country": "SA", "value": number},
    }


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("١٢٣", "123", True),
        ("１２３", "123", True),
        ("12-3 a", "12 3/A", True),
        ("١٢٣", "٤٥٦", False),
        ("ООО-17", "ЗАО-17", False),
        ("株式会社１", "有限会社１", False),
        ("कख", "काखी", False),
    ],
)
def test_numbers_of_all_scripts_are_told_apart(one: str, other: str, same: bool) -> None:
    first, second = (claims(**numbered(number), brands=[]) for number in (one, other))
    assert len(first) == 2
    assert len(first & second) == (2 if same else 0)


@pytest.mark.parametrize("nothing", ["!!!", "-", "…"])
def test_a_name_of_which_nothing_is_left_is_nobodys(nothing: str) -> None:
    brands = [{"name": nothing, "attestation": attested} for attested in ("owner", "authorised_seller")]
    profile = a_profile(**numbered(nothing), brands=brands)
    assert (claims_of(profile), resold(profile)) == ({}, {})
    assert claims(legal_entity=None, tax_id={"country": "GB", "value": "GB"}, brands=[]) == set()


@pytest.mark.parametrize(("one", "other"), [("कला", "कली"), ("Ж", "З"), ("東", "西")])
def test_brands_of_all_scripts_are_told_apart(one: str, other: str) -> None:
    first, second = (claims(brands=[{"name": name, "attestation": "owner"}]) for name in (one, other))
    assert len(first - second) == 1


def test_countries_and_names_on_the_list() -> None:
    against = ScreeningList(1, countries=("FR",), names=("Lovelace, Ada", "RED MUGZ LTD"), refused_countries=("GB",))
    screened = {
        (each.rule, each.field)
        for each in found(against, return_address=address(country="FR", postal_code="75001"))
        if each.rule.startswith("screening")
    }
    assert screened == {
        ("screening.country_refused", "/legal_entity/country"),
        ("screening.country_refused", "/tax_id/country"),
        ("screening.country_refused", "/address/country"),
        ("screening.country", "/return_address/country"),
        ("screening.name", "/trading_name"),
        ("screening.name", "/legal_entity/name"),
        ("screening.name", "/contacts/0/name"),
    }
