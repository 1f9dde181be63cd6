"""Contacts: addresses that mail may reach, numbers that can be dialled; and the supplier's time and money."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import available_timezones

from chalicelib.core import contacts
from chalicelib.core.currencies import CURRENCIES
from chalicelib.core.findings import Finding, Severity
from chalicelib.suppliers.domain.profile import part
from chalicelib.suppliers.domain.record import Profile

FREE_MAIL = frozenset(
    """
    aol.com free.fr gmail.com gmx.com gmx.de gmx.net googlemail.com hotmail.com icloud.com libero.it live.com mail.com mail.ru
    msn.com orange.fr outlook.com proton.me protonmail.com qq.com t-online.de wanadoo.fr web.de yahoo.co.uk yahoo.com
    yandex.ru
    """.split()
)
DISPOSABLE = frozenset(
    """
    10minutemail.com dispostable.com fakeinbox.com getnada.com guerrillamail.com mailinator.com maildrop.cc sharklasers.com
    temp-mail.org tempmail.com throwawaymail.com trashmail.com yopmail.com
    """.split()
)

Deliverable = Callable[[str], bool]
"""Says of a domain whether it takes mail. Asking the DNS is left to whoever deploys: an answer that is late or wrong would keep
honest suppliers out."""


def check_contacts(profile: Profile, deliverable: Deliverable | None = None) -> list[Finding]:
    """Every contact has an address, and what it has can be used."""
    found: list[Finding] = []
    for place, contact in enumerate(profile.get("contacts", [])):
        pointer = f"/contacts/{place}"
        if not contact.get("email"):
            found.append(Finding(f"{pointer}/email", "contacts.email_missing", Severity.ERROR, "This is needed."))
        else:
            found += _email(f"{pointer}/email", contact["email"], deliverable)
        if contact.get("phone"):
            found += _phone(f"{pointer}/phone", contact["phone"], profile)
    return found


def _email(pointer: str, given: str, deliverable: Deliverable | None) -> list[Finding]:
    try:
        address = contacts.email_address(given)
    except ValueError:
        return [Finding(pointer, "contacts.email", Severity.ERROR, "This is no e-mail address.")]
    domain = address.rpartition("@")[2]
    if domain in DISPOSABLE:
        return [Finding(pointer, "contacts.email_disposable", Severity.WARNING, "A throw-away address.")]
    if domain in FREE_MAIL:
        return [Finding(pointer, "contacts.email_free", Severity.WARNING, "An address that anybody can have.")]
    if deliverable is not None and not deliverable(domain):
        return [Finding(pointer, "contacts.email_undeliverable", Severity.ERROR, "Its domain takes no mail.")]
    return []


def _phone(pointer: str, given: str, profile: Profile) -> list[Finding]:
    fix: Any = None
    try:
        fix = contacts.phone_number(given, home_country(profile))
    except ValueError:
        return [Finding(pointer, "contacts.phone", Severity.ERROR, "This is no phone number.")]
    if fix == given:
        return []
    return [Finding(pointer, "contacts.phone_form", Severity.WARNING, "Not in international form (E.164).", fix)]


def home_country(profile: Profile) -> str | None:
    """Where a number without a country's code is dialled, if it can be told."""
    for pointer in ("/address/country", "/legal_entity/country"):
        country = part(profile, pointer)
        if isinstance(country, str) and len(country) == 2 and country.isupper():
            return country
    return None


def check_locale(profile: Profile) -> list[Finding]:
    """Time zone (IANA) and currency (ISO 4217)."""
    found = []
    zone, currency = profile.get("timezone"), profile.get("default_currency")
    if zone and zone not in available_timezones():
        message = "Send a name of the IANA time zone database, e.g. Europe/London."
        found.append(Finding("/timezone", "contacts.timezone", Severity.ERROR, message))
    if currency and currency not in CURRENCIES:
        fix = currency.upper() if currency.upper() in CURRENCIES else None
        found.append(Finding("/default_currency", "contacts.currency", Severity.ERROR, "No currency of ISO 4217.", fix))
    return found
