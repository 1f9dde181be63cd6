"""Tax ids: their form and check digits, country by country, with python-stdnum."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from stdnum import get_cc_module
from stdnum.exceptions import ValidationError

from chalicelib.core.findings import Finding, Severity
from chalicelib.suppliers.domain.profile import part
from chalicelib.suppliers.domain.record import Profile

_SCHEMES = {
    ("ein", "US"): "stdnum.us.ein",
    ("gst", "IN"): "stdnum.in_.gstin",
    ("gst", "AU"): "stdnum.au.abn",
    ("gst", "CA"): "stdnum.ca.bn",
    ("gst", "NZ"): "stdnum.nz.ird",
    ("gst", "SG"): "stdnum.sg.uen",
}
"""Beside VAT, which stdnum finds by country."""

_SCHEME_OF = {country: scheme for scheme, country in _SCHEMES}

VAT_PREFIXES = {"GR": "EL"}
"""Where a VAT number begins with something else than the country's code: Council Directive 2006/112/EC, article 215."""


def usual_scheme(country: str) -> str:
    """The tax that businesses of a country are registered for."""
    return _SCHEME_OF.get(country, "vat")


def tax_number(scheme: str, country: str) -> Any | None:
    """The module of stdnum that knows these numbers, or None."""
    if scheme == "vat":
        return get_cc_module(country.lower(), "vat")
    name = _SCHEMES.get((scheme, country))
    return import_module(name) if name else None


def normal_form(scheme: str, country: str, value: str) -> str | None:
    """The number without spaces and dots, a VAT number with its country in front; None for what is none, or cannot be told."""
    format = tax_number(scheme, country)
    if format is None:
        return None
    try:
        number = str(format.validate(value))
    except ValidationError:
        return None
    if scheme != "vat":
        return number
    prefix = VAT_PREFIXES.get(country, country)
    return prefix + number.removeprefix(country).removeprefix(prefix)


def check_tax_id(profile: Profile) -> list[Finding]:
    """Whether the number can be one of its country."""
    scheme, country, value = (part(profile, f"/tax_id/{name}") for name in ("scheme", "country", "value"))
    if not country or not value:
        return []
    found = _other_country(profile, country)
    wanted = usual_scheme(country)
    if tax_number(scheme or wanted, country) is None:
        if tax_number(wanted, country) is None:
            message = "Numbers of this country cannot be checked."
            return [*found, Finding("/tax_id/value", "identity.tax_id_unchecked", Severity.WARNING, message)]
        message = "Businesses of this country have another kind of tax id."
        return [*found, Finding("/tax_id/scheme", "identity.tax_id_scheme", Severity.ERROR, message, wanted)]
    normal = normal_form(scheme or wanted, country, value)
    if normal is None:
        message = "The form or the check digits are wrong."
        return [*found, Finding("/tax_id/value", "identity.tax_id", Severity.ERROR, message)]
    if normal != value:
        message = "Not in its normal form."
        return [*found, Finding("/tax_id/value", "identity.tax_id_form", Severity.INFO, message, normal)]
    return found


def _other_country(profile: Profile, country: str) -> list[Finding]:
    home = part(profile, "/legal_entity/country")
    if not home or home == country:
        return []
    message = "The tax id is of another country than the legal entity."
    return [Finding("/tax_id/country", "identity.tax_id_country", Severity.WARNING, message)]
