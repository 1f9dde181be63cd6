"""What is put right by itself, and what is only proposed.

A rule says how sure it is. From `THRESHOLD` on the field is corrected, what it held is kept, and the operator may take it back;
below it the supplier and the reviewer see a proposal.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

from chalicelib.core import contacts
from chalicelib.core.currencies import CURRENCIES
from chalicelib.core.findings import Correction, Finding, Severity, corrected
from chalicelib.suppliers.domain.addresses import REGIONS
from chalicelib.suppliers.domain.life import was_taken_back
from chalicelib.suppliers.domain.profile import part, texts
from chalicelib.suppliers.domain.record import Profile, Supplier
from chalicelib.suppliers.service.validators.contacts import home_country
from chalicelib.suppliers.service.validators.countries import country_code, country_fields, is_country
from chalicelib.suppliers.service.validators.tax_ids import normal_form, usual_scheme

THRESHOLD = 90
"""Percent."""

Rule = Callable[[Profile], Iterator[Correction]]

_TYPOS = {
    "gmial.com": "gmail.com", "gmai.com": "gmail.com", "gnail.com": "gmail.com", "gmail.con": "gmail.com",
    "hotmial.com": "hotmail.com", "hotmail.con": "hotmail.com", "outlok.com": "outlook.com", "yahooo.com": "yahoo.com",
    "yaho.com": "yahoo.com", "yahoo.con": "yahoo.com",
}  # fmt: skip


def propose(one: Supplier) -> tuple[list[Correction], list[Correction]]:
    """What is sure enough to be made, in this order, and what is only proposed. What the operator took back is neither."""
    made: list[Correction] = []
    proposed: list[Correction] = []
    profile: Profile = one.proposed or {}
    for rule in RULES:
        for wanted in rule(profile):
            if wanted.before == wanted.after or was_taken_back(one, wanted):
                continue
            if wanted.confidence < THRESHOLD:
                proposed.append(wanted)
                continue
            made.append(wanted)
            profile = corrected(profile, [wanted])
    return made, proposed


def as_findings(proposed: list[Correction]) -> list[Finding]:
    """Proposals as they are shown."""
    return [
        Finding(each.field, f"proposal.{each.rule}", Severity.INFO, f"Perhaps meant, {each.confidence} %.", each.after)
        for each in proposed
    ]


def _text(profile: Profile) -> Iterator[Correction]:
    """Unicode in one form, no spaces around or doubled; what is left empty is taken away, but for a place in a list of texts."""
    for pointer, text in texts(profile):
        plain = " ".join(unicodedata.normalize("NFKC", text).split())
        if not plain and pointer.rpartition("/")[2].isdecimal():
            continue
        confidence = 100 if " ".join(text.split()) == plain else 95
        yield Correction(pointer, "text_form", text, plain or None, confidence)


def _countries(profile: Profile) -> Iterator[Correction]:
    """Names of countries, and codes in lower case."""
    for pointer, _, country in country_fields(profile):
        if not is_country(country) and (code := country_code(country)):
            yield Correction(pointer, "country_code", country, code, 100 if country.upper() == code else 95)


def _phones(profile: Profile) -> Iterator[Correction]:
    """Numbers as they are dialled at home."""
    for place, contact in enumerate(profile.get("contacts", [])):
        given = contact.get("phone")
        try:
            number = contacts.phone_number(given, home_country(profile)) if given else None
        except ValueError:
            continue
        if number is not None:
            yield Correction(f"/contacts/{place}/phone", "phone_e164", given, number, 95)


def _emails(profile: Profile) -> Iterator[Correction]:
    """Domains in lower case."""
    for pointer, given in _email_fields(profile):
        try:
            yield Correction(pointer, "email_domain", given, contacts.email_address(given), 100)
        except ValueError:
            continue


def _email_typos(profile: Profile) -> Iterator[Correction]:
    for pointer, given in _email_fields(profile):
        local, _, domain = given.rpartition("@")
        if domain.lower() in _TYPOS:
            yield Correction(pointer, "email_typo", given, f"{local}@{_TYPOS[domain.lower()]}", 60)


def _email_fields(profile: Profile) -> Iterator[tuple[str, str]]:
    for place, contact in enumerate(profile.get("contacts", [])):
        if contact.get("email"):
            yield f"/contacts/{place}/email", contact["email"]


def _tax_id(profile: Profile) -> Iterator[Correction]:
    """Without spaces and dots, a VAT number with its country in front; only where the check digits are right."""
    country, value = part(profile, "/tax_id/country"), part(profile, "/tax_id/value")
    if not country or not value:
        return
    normal = normal_form(part(profile, "/tax_id/scheme") or usual_scheme(country), country, value)
    if normal is not None:
        yield Correction("/tax_id/value", "tax_id_form", value, normal, 95)


def _regions(profile: Profile) -> Iterator[Correction]:
    """Names of states and provinces, and codes in lower case."""
    for pointer, address in _addresses(profile):
        region, codes = address.get("region"), REGIONS.get(address.get("country") or "", {})
        if not region or region in codes.values():
            continue
        code = codes.get(region.lower()) or (region.upper() if region.upper() in codes.values() else None)
        if code:
            yield Correction(f"{pointer}/region", "region_code", region, code, 95)


def _postal_codes(profile: Profile) -> Iterator[Correction]:
    for pointer, address in _addresses(profile):
        code = address.get("postal_code")
        if code:
            yield Correction(f"{pointer}/postal_code", "postal_code_form", code, _postal_code(address, code), 92)


def _postal_code(address: dict[str, Any], code: str) -> str:
    upper = code.upper()
    if address.get("country") == "GB" and re.fullmatch(r"[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}", upper):
        return f"{upper[:-3]} {upper[-3:]}"
    return upper


def _addresses(profile: Profile) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in ("address", "return_address"):
        if profile.get(name):
            yield f"/{name}", profile[name]


def _currency(profile: Profile) -> Iterator[Correction]:
    given = profile.get("default_currency")
    if given and given.upper() in CURRENCIES:
        yield Correction("/default_currency", "currency_code", given, given.upper(), 100)


def _endpoint(profile: Profile) -> Iterator[Correction]:
    given = profile.get("endpoint_url")
    if given:
        yield Correction("/endpoint_url", "endpoint_base", given, given.rstrip("/"), 100)


def _upper_case(profile: Profile) -> Iterator[Correction]:
    """Names that are shouted; some are spelt so."""
    names = [
        ("/trading_name", profile.get("trading_name")),
        ("/legal_entity/name", part(profile, "/legal_entity/name")),
    ]
    for pointer, name in names:
        if name and name.isupper() and len(name) > 4:
            yield Correction(pointer, "title_case", name, name.title(), 50)


RULES: tuple[Rule, ...] = (
    _text,
    _countries,
    _phones,
    _emails,
    _email_typos,
    _tax_id,
    _regions,
    _postal_codes,
    _currency,
    _endpoint,
    _upper_case,
)
