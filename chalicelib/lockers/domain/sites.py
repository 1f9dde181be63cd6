"""Locker sites: where they are, when they are open, and how long they keep an order."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from math import asin, cos, degrees, floor, radians, sin, sqrt
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.core.errors import Conflict

EARTH_RADIUS_KM = 6371.0088
"""The mean radius: IUGG, "Geodetic Reference System 1980"."""

MAX_RADIUS_KM = 100.0
"""How far from a place sites are looked for at most."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_KM_PER_DEGREE = EARTH_RADIUS_KM * radians(1)
_DAY = timedelta(days=1)


class SiteStatus(StrEnum):
    """A paused site takes no further orders; those in its lockers are collected as ever."""

    ACTIVE = "active"
    PAUSED = "paused"


class OnExpiry(StrEnum):
    """What becomes of an order that nobody collects: its money goes back, or it is sent to the shopper's address."""

    REFUND = "refund"
    REDELIVER = "redeliver"


class SitePaused(Conflict):
    code = "locker_site_paused"
    title = "This locker site takes no orders at the moment"


@dataclass(frozen=True, slots=True)
class Position:
    """Degrees, WGS 84."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class HoldPolicy:
    """How long an order waits (seconds), when its shopper is reminded (seconds before the end), and by how much and how often
    they may extend it."""

    window_seconds: int = 3 * 24 * 3600
    reminder_seconds: int = 24 * 3600
    extension_seconds: int = 24 * 3600
    max_extensions: int = 1
    on_expiry: OnExpiry = OnExpiry.REFUND


Span = tuple[str, str]
"""From and to, `HH:MM` in the site's time zone. One that ends before it begins ends the next day; `24:00` is midnight."""


@dataclass(frozen=True, slots=True)
class Site:
    """A place with lockers.

    `opening_hours` by weekday (`mon` …; a day that is not named is closed), `special_days` by date (`YYYY-MM-DD`) instead of
    them. `code_digits`: how long its passcodes are. `location_id`: the inventory location that serves it, if one does.
    """

    id: str
    name: str
    timezone: str
    position: Position
    address: Mapping[str, Any]
    opening_hours: Mapping[str, Sequence[Span]]
    special_days: Mapping[str, Sequence[Span]] = field(default_factory=dict)
    hold: HoldPolicy = field(default_factory=HoldPolicy)
    code_digits: int = 8
    location_id: str | None = None
    status: SiteStatus = SiteStatus.ACTIVE
    version: int = 1


def check_active(site: Site) -> None:
    """Raise `SitePaused` unless it takes orders."""
    if site.status is not SiteStatus.ACTIVE:
        raise SitePaused(f"{site.name} takes no orders at the moment.")


# ---- when ---------------------------------------------------------------------------------------------------------------


def is_open(site: Site, at: datetime) -> bool:
    """Whether the site is open at a moment."""
    return any(begin <= at < end for begin, end in _spans_around(site, at, days=1))


def next_change(site: Site, at: datetime) -> datetime | None:
    """When it opens next, or, if it is open, closes; in UTC. None when nothing changes within two weeks."""
    spans = sorted(_joined(_spans_around(site, at, days=15)))
    for begin, end in spans:
        if begin <= at < end:
            return end if end < at + 14 * _DAY else None
        if begin > at:
            return begin if begin < at + 14 * _DAY else None
    return None


def _joined(spans: Iterable[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    """Spans that touch or overlap, as one."""
    begin = end = None
    for one, other in sorted(spans):
        if end is None or begin is None:
            begin, end = one, other
        elif one <= end:
            end = max(end, other)
        else:
            yield begin, end
            begin, end = one, other
    if begin is not None and end is not None:
        yield begin, end


def _spans_around(site: Site, at: datetime, days: int) -> Iterator[tuple[datetime, datetime]]:
    zone = ZoneInfo(site.timezone)
    today = at.astimezone(zone).date()
    for offset in range(-1, days + 1):
        day = today + offset * _DAY
        for begin, end in hours_of(site, day):
            last = day if end > begin else day + _DAY
            opens, closes = _moment(day, begin, zone), _moment(last, end, zone)
            if opens < closes:  # not so where the clock was put forward over all of it
                yield opens, closes


def hours_of(site: Site, day: date) -> Sequence[Span]:
    """The opening hours of a day."""
    special = site.special_days.get(day.isoformat())
    return special if special is not None else site.opening_hours.get(WEEKDAYS[day.weekday()], ())


def _moment(day: date, clock: str, zone: ZoneInfo) -> datetime:
    if clock == "24:00":
        day, clock = day + _DAY, "00:00"
    return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)


# ---- where --------------------------------------------------------------------------------------------------------------


def distance_km(one: Position, other: Position) -> float:
    """Along the great circle (haversine), to about half a percent."""
    phi, theta = radians(one.latitude), radians(other.latitude)
    half = sin((theta - phi) / 2) ** 2
    half += cos(phi) * cos(theta) * sin(radians(other.longitude - one.longitude) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, half)))


def cell_of(position: Position) -> str:
    """The square degree that a position lies in, e.g. `44:-94`; sites are listed by it."""
    # The pole belongs to the squares that touch it.
    return f"{min(floor(position.latitude), 89)}:{floor(position.longitude)}"


def cells_within(position: Position, radius_km: float) -> list[str]:
    """The square degrees that may hold something within a radius, also over the date line and around a pole."""
    reach = radius_km / _KM_PER_DEGREE
    south, north = max(-90.0, position.latitude - reach), min(90.0, position.latitude + reach)
    if south == -90.0 or north == 90.0:
        columns = range(-180, 180)
    else:
        across = _degrees_across(position.latitude, reach)
        columns = range(floor(position.longitude - across), floor(position.longitude + across) + 1)
    rows = range(floor(south), min(floor(north), 89) + 1)
    return list(dict.fromkeys(f"{row}:{(column + 180) % 360 - 180}" for row in rows for column in columns))


def _degrees_across(latitude: float, reach: float) -> float:
    """Degrees of longitude from the middle of a circle to its side: asin(sin r / cos φ)."""
    return degrees(asin(min(1.0, sin(radians(reach)) / cos(radians(latitude)))))
