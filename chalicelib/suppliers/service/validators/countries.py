"""Countries: ISO 3166-1 alpha-2."""

from __future__ import annotations

from collections.abc import Iterator

import iso3166

from chalicelib.core.findings import Finding, Severity
from chalicelib.suppliers.domain.profile import normal_name, part
from chalicelib.suppliers.domain.record import Profile

_FIELDS = {
    "/legal_entity/country": "identity",
    "/tax_id/country": "identity",
    "/address/country": "address",
    "/return_address/country": "address",
}

_COMMON = {
    "uk": "GB", "great britain": "GB", "britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB",
    "northern ireland": "GB", "united kingdom": "GB", "usa": "US", "united states": "US", "america": "US",
    "deutschland": "DE", "espana": "ES", "italia": "IT", "osterreich": "AT", "schweiz": "CH", "suisse": "CH",
    "nederland": "NL", "the netherlands": "NL", "holland": "NL", "belgie": "BE", "belgique": "BE", "danmark": "DK",
    "sverige": "SE", "norge": "NO", "suomi": "FI", "polska": "PL", "czech republic": "CZ", "turkey": "TR",
    "south korea": "KR", "russia": "RU", "vietnam": "VN", "ivory coast": "CI", "taiwan": "TW", "moldova": "MD",
}  # fmt: skip
"""What people write and ISO does not."""


def country_fields(profile: Profile) -> Iterator[tuple[str, str, str]]:
    """Everywhere that a country stands: pointer, requirement, and what is there."""
    for pointer, requirement in _FIELDS.items():
        if country := part(profile, pointer):
            yield pointer, requirement, country
    for place, country in enumerate(profile.get("service_countries", [])):
        yield f"/service_countries/{place}", "address", country


def is_country(code: str) -> bool:
    """Whether it is an alpha-2 code as ISO has it."""
    return code in iso3166.countries_by_alpha2


def country_code(text: str) -> str | None:
    """The code of a country that is named by its English name, a usual one, or its code of three letters; None for none."""
    upper, name = text.strip().upper(), normal_name(text)
    if upper in iso3166.countries_by_alpha2:
        return upper
    if upper in iso3166.countries_by_alpha3:
        return str(iso3166.countries_by_alpha3[upper].alpha2)
    if name in _COMMON:
        return _COMMON[name]
    return next((each.alpha2 for each in iso3166.countries if name in _names(each)), None)


def _names(country: iso3166.Country) -> tuple[str, str]:
    return normal_name(country.name), normal_name(country.apolitical_name)


def check_countries(profile: Profile) -> list[Finding]:
    """Codes that there are."""
    return [
        Finding(pointer, f"{requirement}.country", Severity.ERROR, "No country of ISO 3166-1.", country_code(country))
        for pointer, requirement, country in country_fields(profile)
        if not is_country(country)
    ]
