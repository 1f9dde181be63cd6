"""Countries and names that the operator does not, or not without a look, do business with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from chalicelib.core.findings import Finding, Severity
from chalicelib.suppliers.domain.profile import normal_name, part
from chalicelib.suppliers.domain.record import Profile

SIMILAR = 0.85
"""From here on two names are taken for one; a letter in eight may differ, and a person looks at each match."""

SCREENING = "screening"
"""The requirement of which suppliers are told nothing: who knows what is looked for gets round it."""

REFUSED = "screening.country_refused"
"""The one rule that rejects without a person: the operator has said so."""

_FORMS = re.compile(
    r"\b(ltd|limited|llc|inc|incorporated|corp|corporation|plc|gmbh|ag|kg|sarl|sas|sa|srl|spa|bv|nv|oy|ab|as|aps|pty|co|company)\b"
)


@dataclass(frozen=True, slots=True)
class ScreeningList:
    """`countries` and `names` are for a person to look at; `refused_countries` are turned away at once."""

    version: int = 0
    countries: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    refused_countries: tuple[str, ...] = ()


def screen(profile: Profile, against: ScreeningList) -> list[Finding]:
    """What of the profile stands on the list."""
    found = []
    for pointer in ("/legal_entity/country", "/tax_id/country", "/address/country", "/return_address/country"):
        country = part(profile, pointer)
        if country in against.refused_countries:
            found.append(Finding(pointer, REFUSED, Severity.ERROR, f"No business is done with {country}."))
        elif country in against.countries:
            found.append(Finding(pointer, "screening.country", Severity.ERROR, f"{country} is on the screening list."))
    for pointer, name in _names(profile):
        if any(similarity(name, listed) >= SIMILAR for listed in against.names):
            message = "This name is like one on the screening list."
            found.append(Finding(pointer, "screening.name", Severity.ERROR, message))
    return found


def similarity(one: str, other: str) -> float:
    """How alike two names are, from 0 to 1: whatever the order of their words, their accents and legal forms."""
    first, second = _sorted_words(one), _sorted_words(other)
    if not first or not second:
        return 0.0
    return SequenceMatcher(None, first, second).ratio()


def _sorted_words(name: str) -> str:
    normal = normal_name(name)
    return " ".join(sorted((_FORMS.sub(" ", normal) or normal).split())) or normal


def _names(profile: Profile) -> Iterator[tuple[str, str]]:
    for pointer in ("/trading_name", "/legal_entity/name"):
        if name := part(profile, pointer):
            yield pointer, name
    for place, contact in enumerate(profile.get("contacts", [])):
        if contact.get("name"):
            yield f"/contacts/{place}/name", contact["name"]
