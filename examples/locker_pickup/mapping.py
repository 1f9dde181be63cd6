"""From a store's row to the locker site that is registered for it. Pure."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import available_timezones

from tzfpy import get_tz

from examples.locker_pickup.hours import UnreadableHours, parse
from examples.locker_pickup.stores import Fields

Site = dict[str, Any]
"""The body of POST /v1/locker-sites."""

ZERO_STATES = frozenset({"CT", "MA", "ME", "NH", "NJ", "PR", "RI", "VT", "VI"})
"""Where ZIP codes begin with a zero: USPS, "L002: 3-Digit ZIP Code Prefix Matrix"."""

_ZONES = available_timezones()
_STATE = re.compile(r"[A-Z]{2}")
_ZIP = re.compile(r"\d{5}(-\d{4})?")
_SHORTENED_ZIP = re.compile(r"\d{3,4}")
_NUMBER = re.compile(r"-?\d{1,3}(\.\d+)?")


class NotASite(ValueError):
    """The row cannot be registered; says why."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that becomes nothing, and why."""

    id: str
    name: str
    reason: str


def sites(rows: Iterable[Fields]) -> tuple[list[Site], list[Skipped]]:
    """The sites of all rows that make one, in the file's order, and those that do not."""
    made: dict[str, Site] = {}
    skipped = []
    for row in rows:
        try:
            site = site_of(row)
            if site["id"] in made:
                raise NotASite("another row has this id")
            made[site["id"]] = site
        except (NotASite, UnreadableHours) as error:
            skipped.append(Skipped(row["id"], row["name"], str(error)))
    return list(made.values()), skipped


def site_of(row: Fields) -> Site:
    """The site of a store. Raises `NotASite`, `UnreadableHours`."""
    if not row["id"].isdigit():
        raise NotASite(f"no number of a store: {row['id']!r}")
    latitude, longitude = _degrees(row["lat"], 90), _degrees(row["lon"], 180)
    return {
        "id": f"best-buy-{row['id']}",
        "name": _text(row, "name"),
        "timezone": time_zone(latitude, longitude),
        "position": {"latitude": latitude, "longitude": longitude},
        "address": _address(row),
        "opening_hours": {day: [list(span) for span in spans] for day, spans in parse(row["hours"]).items()},
    }


def time_zone(latitude: float, longitude: float) -> str:
    """The zone (IANA) of a position on land. Raises `NotASite`."""
    zone = get_tz(longitude, latitude)
    if zone not in _ZONES or zone.startswith("Etc/"):  # the latter are zones of the high seas
        raise NotASite(f"no time zone at {latitude}, {longitude}")
    return zone


def nearest(sites: Iterable[Site], latitude: float, longitude: float) -> list[Site]:
    """Sites by their distance from a position (degrees), those of one place by id."""
    here = _on_sphere(latitude, longitude)
    # The shorter way through the earth is the shorter way around it.
    return sorted(sites, key=lambda site: (math.dist(here, _on_sphere(**site["position"])), site["id"]))


def _on_sphere(latitude: float, longitude: float) -> Sequence[float]:
    phi, theta = math.radians(latitude), math.radians(longitude)
    return math.cos(phi) * math.cos(theta), math.cos(phi) * math.sin(theta), math.sin(phi)


def _degrees(text: str, most: int) -> float:
    degrees = float(text) if _NUMBER.fullmatch(text) else math.inf
    if abs(degrees) > most:
        raise NotASite(f"no position: {text!r}")
    return degrees


def _text(row: Fields, column: str) -> str:
    text = " ".join(row[column].split())
    if not text:
        raise NotASite(f"no {column}")
    return text


def _address(row: Fields) -> dict[str, str]:
    state = row["state"]
    if not _STATE.fullmatch(state):
        raise NotASite(f"no state: {state!r}")
    address = {"line1": _text(row, "address"), "line2": " ".join(row["address2"].split()), "city": _text(row, "city")}
    address |= {"postal_code": _zip(row["zip"], state), "region": state, "country": "US"}
    return {name: value for name, value in address.items() if value}


def _zip(text: str, state: str) -> str:
    """A ZIP code; one that some spreadsheet took for a number gets its zeros back where codes begin with them."""
    if _ZIP.fullmatch(text):
        return text
    if _SHORTENED_ZIP.fullmatch(text) and state in ZERO_STATES:
        return text.zfill(5)
    raise NotASite(f"no ZIP code of {state}: {text!r}")
