"""What a postal address needs, country by country: Universal Postal Union, "Addressing solutions"; postal codes as
chromium-i18n.appspot.com/ssl-address has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from chalicelib.core.findings import Finding, Severity

NO_POSTAL_CODES = frozenset(
    """
    AE AG AO AW BF BI BJ BO BS BW BZ CD CF CG CI CK CM DJ DM ER FJ GA GD GH GM GQ GY HK JM KI KM KN KP LY ML MO MR MW NA NR
    NU PA QA RW SB SC SL SR ST SY TD TG TK TL TO TV UG VU WS YE ZW
    """.split()
)
"""Countries without postal codes, or that hardly use them."""

NEED_REGION = frozenset("AU BR CA CN IN MX MY US".split())
"""Countries whose addresses are not complete without state, province or territory."""

_POSTAL_CODES = {
    "AT": r"\d{4}", "AU": r"\d{4}", "BE": r"\d{4}", "BG": r"\d{4}", "BR": r"\d{5}-?\d{3}",
    "CA": r"[ABCEGHJKLMNPRSTVXY]\d[ABCEGHJ-NPRSTV-Z] ?\d[ABCEGHJ-NPRSTV-Z]\d", "CH": r"\d{4}", "CN": r"\d{6}",
    "CY": r"\d{4}", "CZ": r"\d{3} ?\d{2}", "DE": r"\d{5}", "DK": r"\d{4}", "EE": r"\d{5}", "ES": r"\d{5}", "FI": r"\d{5}",
    "FR": r"\d{5}", "GB": r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", "GR": r"\d{3} ?\d{2}", "HR": r"\d{5}", "HU": r"\d{4}",
    "IE": r"[\dA-Z]{3} ?[\dA-Z]{4}", "IN": r"\d{6}", "IT": r"\d{5}", "JP": r"\d{3}-?\d{4}", "KR": r"\d{5}",
    "LT": r"(LT-)?\d{5}", "LU": r"(L-)?\d{4}", "LV": r"(LV-)?\d{4}", "MT": r"[A-Z]{3} ?\d{2,4}", "MX": r"\d{5}",
    "NL": r"\d{4} ?[A-Z]{2}", "NO": r"\d{4}", "NZ": r"\d{4}", "PL": r"\d{2}-\d{3}", "PT": r"\d{4}-\d{3}", "RO": r"\d{6}",
    "SE": r"\d{3} ?\d{2}", "SG": r"\d{6}", "SI": r"(SI-)?\d{4}", "SK": r"\d{3} ?\d{2}", "TR": r"\d{5}",
    "US": r"\d{5}(-\d{4})?",
}  # fmt: skip

REGIONS = {
    "US": dict(
        pair.split("=")
        for pair in (
            "alabama=AL,alaska=AK,arizona=AZ,arkansas=AR,california=CA,colorado=CO,connecticut=CT,delaware=DE,"
            "district of columbia=DC,florida=FL,georgia=GA,hawaii=HI,idaho=ID,illinois=IL,indiana=IN,iowa=IA,kansas=KS,"
            "kentucky=KY,louisiana=LA,maine=ME,maryland=MD,massachusetts=MA,michigan=MI,minnesota=MN,mississippi=MS,"
            "missouri=MO,montana=MT,nebraska=NE,nevada=NV,new hampshire=NH,new jersey=NJ,new mexico=NM,new york=NY,"
            "north carolina=NC,north dakota=ND,ohio=OH,oklahoma=OK,oregon=OR,pennsylvania=PA,rhode island=RI,"
            "south carolina=SC,south dakota=SD,tennessee=TN,texas=TX,utah=UT,vermont=VT,virginia=VA,washington=WA,"
            "west virginia=WV,wisconsin=WI,wyoming=WY"
        ).split(",")
    ),
    "CA": dict(
        pair.split("=")
        for pair in (
            "alberta=AB,british columbia=BC,manitoba=MB,new brunswick=NB,newfoundland and labrador=NL,nova scotia=NS,"
            "northwest territories=NT,nunavut=NU,ontario=ON,prince edward island=PE,quebec=QC,saskatchewan=SK,yukon=YT"
        ).split(",")
    ),
    "AU": dict(
        pair.split("=")
        for pair in (
            "australian capital territory=ACT,new south wales=NSW,northern territory=NT,queensland=QLD,south australia=SA,"
            "tasmania=TAS,victoria=VIC,western australia=WA"
        ).split(",")
    ),
}
"""Codes of states and provinces by their names in lower case."""


def check_address(pointer: str, address: Mapping[str, Any]) -> list[Finding]:
    """What is missing in the address at `pointer`, or cannot be in its country."""
    country = address.get("country") or ""
    found = []
    if country in NEED_REGION and not address.get("region"):
        message = "Addresses of this country need a state or province."
        found.append(Finding(f"{pointer}/region", "address.region_missing", Severity.ERROR, message))
    known = REGIONS.get(country)
    if known and address.get("region") and address["region"] not in known.values():
        fix = known.get(address["region"].lower())
        message = "This is no state or province of the country."
        found.append(Finding(f"{pointer}/region", "address.region_unknown", Severity.ERROR, message, fix))
    found += _postal_code(f"{pointer}/postal_code", country, address.get("postal_code"))
    return found


def _postal_code(pointer: str, country: str, code: str | None) -> list[Finding]:
    if not code:
        if not country or country in NO_POSTAL_CODES:
            return []
        severity = Severity.ERROR if country in _POSTAL_CODES else Severity.WARNING
        return [Finding(pointer, "address.postal_code_missing", severity, "Addresses of this country need one.")]
    shape = _POSTAL_CODES.get(country)
    if shape is None or re.fullmatch(shape, code):
        return []
    upper = code.upper().strip()
    fix = upper if re.fullmatch(shape, upper) else None
    return [Finding(pointer, "address.postal_code", Severity.ERROR, "No postal code of this country.", fix)]
