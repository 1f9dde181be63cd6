"""What follows from a profile alone: whom others see, which names it claims, what is missing in it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.core.findings import Finding, Severity
from chalicelib.suppliers.domain.record import Profile, Supplier
from chalicelib.suppliers.domain.supplier import Seller

PRIMARY = "primary"
OWNER = "owner"
"""How a brand is attested by whoever owns it; only an owner claims its name."""

_RETURNS = ("return_address", "address")

_REQUIRED = {
    "/trading_name": "brands",
    "/legal_entity/name": "identity",
    "/legal_entity/registration_number": "identity",
    "/legal_entity/country": "identity",
    "/tax_id/value": "identity",
    "/tax_id/country": "identity",
    "/address/line1": "address",
    "/address/city": "address",
    "/address/country": "address",
    "/timezone": "contacts",
    "/default_currency": "contacts",
}
"""What every supplier has to say, by the requirement that it belongs to."""


def part(profile: Profile, pointer: str) -> Any:
    """What the profile holds at a pointer, None where there is nothing."""
    place: Any = profile
    for name in pointer[1:].split("/"):
        if isinstance(place, list):
            place = place[int(name)] if int(name) < len(place) else None
        else:
            place = place.get(name) if isinstance(place, dict) else None
    return place


def missing(profile: Profile) -> list[Finding]:
    """What every supplier has to say and this one does not."""
    found = [
        Finding(pointer, f"{requirement}.missing", Severity.ERROR, "This is needed.")
        for pointer, requirement in _REQUIRED.items()
        if not part(profile, pointer)
    ]
    if not profile.get("brands"):
        found.append(Finding("/brands", "brands.missing", Severity.ERROR, "Name at least one brand."))
    roles = [contact.get("role") for contact in profile.get("contacts", [])]
    if PRIMARY not in roles:
        message = "Name a contact with the role primary."
        found.append(Finding("/contacts", "contacts.primary_missing", Severity.ERROR, message))
    return found


def unattested(profile: Profile) -> list[Finding]:
    """Brands of which it does not say that it may sell them, and those that it names twice."""
    found, names = [], set()
    for place, brand in enumerate(profile.get("brands", [])):
        if not brand.get("attestation"):
            message = "Say whether you own this brand or are authorised to sell it."
            found.append(Finding(f"/brands/{place}/attestation", "brands.not_attested", Severity.ERROR, message))
        name = normal_name(brand.get("name") or "")
        if name and name in names:
            message = "This brand is named twice."
            found.append(Finding(f"/brands/{place}/name", "brands.repeated", Severity.WARNING, message))
        names.add(name)
    return found


def cannot_be_approved(profile: Profile) -> list[Finding]:
    """What nobody can overlook: without it there is nothing to approve."""
    needed = ("/trading_name", "/legal_entity/name", "/legal_entity/country")
    return [finding for finding in missing(profile) if finding.field in needed]


def legal_entity(profile: Profile) -> tuple[str, str, str | None]:
    """Who it is in law, however that is written."""
    name, number, country = (part(profile, f"/legal_entity/{of}") for of in ("name", "registration_number", "country"))
    return normal_name(name or ""), compact(number or ""), country


def claims_of(profile: Profile) -> dict[str, str]:
    """The names that are a supplier's alone once it is approved, with where they stand in the profile. What has neither letter nor
    digit is nobody's."""
    claims = {}
    country, tax_country = part(profile, "/legal_entity/country"), part(profile, "/tax_id/country")
    number = compact(part(profile, "/legal_entity/registration_number") or "")
    if country and number:
        claims[f"legal_entity:{country}:{number}"] = "/legal_entity/registration_number"
    value = compact(part(profile, "/tax_id/value") or "").removeprefix((tax_country or "").casefold())
    if tax_country and value:
        claims[f"tax_id:{tax_country}:{value}"] = "/tax_id/value"
    for name, pointer in _brands(profile, owned=True):
        claims.setdefault(name, pointer)
    return claims


def resold(profile: Profile) -> dict[str, str]:
    """Brands that it sells without owning them, as `claims_of` names them."""
    return dict(_brands(profile, owned=False))


def _brands(profile: Profile, *, owned: bool) -> Iterator[tuple[str, str]]:
    for place, brand in enumerate(profile.get("brands", [])):
        name = normal_name(brand.get("name") or "")
        if name and (brand.get("attestation") == OWNER) is owned:
            yield f"brand:{name}", f"/brands/{place}/name"


def seller_of(one: Supplier) -> Seller:
    """What others see: the approved profile; of one that never was approved its name and country only."""
    profile = one.approved
    if profile is None:
        said = one.proposed or {}
        return Seller(one.id, said.get("trading_name") or "", one.status, _ships_from(said))
    # What stands in the address says where in its country it is; the country of the legal entity has no such words.
    said = profile.get("address") or {}
    address = said if said.get("country") else {}
    return Seller(
        id=one.id,
        name=profile.get("trading_name") or "",
        status=one.status,
        country=_ships_from(profile),
        brands=tuple(brand["name"].lower() for brand in profile.get("brands", []) if brand.get("name")),
        service_countries=tuple(profile.get("service_countries", [])),
        endpoint_url=profile.get("endpoint_url"),
        region=address.get("region"),
        postal_code=address.get("postal_code"),
    )


def _ships_from(profile: Profile) -> str:
    return part(profile, "/address/country") or part(profile, "/legal_entity/country") or ""


def returns_go_to(profile: Profile) -> Mapping[str, Any] | None:
    """Where customers send back what it shipped: its return address, else where it is; None where it has said neither."""
    return next((address for name in _RETURNS if (address := profile.get(name) or {}).get("line1")), None)


def texts(profile: Profile) -> Iterator[tuple[str, str]]:
    """Every text in the profile, with its pointer."""
    yield from _texts("", profile)


def _texts(pointer: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _texts(f"{pointer}/{name}", each)
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from _texts(f"{pointer}/{place}", each)


def compact(number: str) -> str:
    """A number as it is compared: letters and digits of every script, without case; digits as 0 to 9."""
    plain = unicodedata.normalize("NFKC", number).casefold()
    return "".join(str(unicodedata.decimal(char, char)) for char in plain if _is_said(char))


def normal_name(name: str) -> str:
    """A name as it is compared: without accents, case, punctuation and doubled spaces."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char)).casefold()
    return " ".join("".join(char if _is_said(char) else " " for char in plain).split())


def _is_said(char: str) -> bool:
    """Letters, digits, and the marks that some scripts write vowels with; not `isalnum`, which leaves these out."""
    return unicodedata.category(char)[0] in "LMN"
