"""How near a supplier is to where goods go, as far as both addresses say.

There is no map here: of two addresses it is known whether they are in one country, in one region of it, or in one postal area. The
leading characters of a postal code that stand for an area are the posts' own: Deutsche Post, "Postleitregion"; La Poste and Correos, the
number of the département or province (that of the overseas ones is not taken: they share it over three oceans); Royal Mail, "postcode area"; USPS, "three-digit ZIP Code prefix"; Canada Post, "forward sortation
area".
"""

import re

from chalicelib.suppliers.domain.addresses import REGIONS
from chalicelib.suppliers.domain.supplier import Place

IN_ONE_AREA, IN_ONE_REGION, IN_ONE_COUNTRY, ABROAD = range(4)

_AREAS = {
    "CA": r"[A-Z]\d[A-Z]",
    "DE": r"\d\d",
    "ES": r"\d\d",
    "FR": r"(?!9[78])\d\d",
    "GB": r"[A-Z]{1,2}(?=\d)",
    "US": r"\d{3}",
}


def distance(one: Place, other: Place) -> int:
    """0 in one postal area, 1 in one region, 2 in one country, 3 abroad: the least that is known. What one of both leaves out is not
    known; without a country nothing is, and both count as in one."""
    if not one.country or not other.country:
        return IN_ONE_COUNTRY
    if one.country != other.country:
        return ABROAD
    if _same(_area(one), _area(other)):
        return IN_ONE_AREA
    return IN_ONE_REGION if _same(_region(one), _region(other)) else IN_ONE_COUNTRY


def _same(mine: str | None, theirs: str | None) -> bool:
    return mine is not None and mine == theirs


def _area(place: Place) -> str | None:
    """The leading part of the postal code, where it stands for an area."""
    shape = _AREAS.get(place.country)
    found = re.match(shape, place.postal_code.strip().upper()) if shape and place.postal_code else None
    return found[0] if found else None


def _region(place: Place) -> str | None:
    """The region by its code where it has one, else by its name; however it is spelt."""
    name = " ".join((place.region or "").casefold().split())
    return REGIONS.get(place.country, {}).get(name, name).casefold() or None
