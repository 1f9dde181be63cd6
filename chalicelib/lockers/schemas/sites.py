"""Sites as callers send and get them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import ConfigDict, Field, StringConstraints, field_validator, model_validator

from chalicelib.core import clock
from chalicelib.core.schemas import Schema, View
from chalicelib.lockers.domain.passcodes import MAX_DIGITS, MIN_DIGITS
from chalicelib.lockers.domain.sites import MAX_RADIUS_KM, HoldPolicy, OnExpiry, Position, Site, SiteStatus, is_open
from chalicelib.lockers.service import FoundSite

SiteId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Clock = Annotated[str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Lax = Field(strict=False)
Span = Annotated[list[Clock], Field(min_length=2, max_length=2, description="From and to, in the site's time zone")]
Spans = Annotated[list[Span], Field(max_length=4)]
MAX_WINDOW_SECONDS = 14 * 24 * 3600


class PositionBody(Schema):
    """Degrees, WGS 84."""

    latitude: float = Field(ge=-90, le=90, strict=False)
    longitude: float = Field(ge=-180, lt=180, strict=False)


class SiteAddress(Schema):
    """Where it is."""

    line1: Text
    line2: Text | None = None
    city: Text
    postal_code: Annotated[str, StringConstraints(min_length=1, max_length=20)] | None = None
    region: Text | None = None
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = Field(description="ISO 3166-1 alpha-2")


class HoldBody(Schema):
    """How long an order is kept (seconds), when its shopper is reminded (seconds before the end), and by how much and how often
    they may extend it."""

    window_seconds: int = Field(default=HoldPolicy().window_seconds, ge=10, le=MAX_WINDOW_SECONDS)
    reminder_seconds: int = Field(default=HoldPolicy().reminder_seconds, ge=0, le=MAX_WINDOW_SECONDS)
    extension_seconds: int = Field(default=HoldPolicy().extension_seconds, ge=10, le=MAX_WINDOW_SECONDS)
    max_extensions: int = Field(default=HoldPolicy().max_extensions, ge=0, le=10)
    on_expiry: Annotated[OnExpiry, Lax] = OnExpiry.REFUND

    @model_validator(mode="after")
    def _reminds_within(self) -> "HoldBody":
        if self.reminder_seconds > self.window_seconds:
            raise ValueError("the reminder has to lie within the window")
        return self


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class ChangeSite(Schema):
    """All of a site but its id. `special_days` take the place of the weekday's hours; an empty list is a closed day."""

    name: Text
    timezone: str = Field(description="IANA, e.g. America/Chicago")
    position: PositionBody
    address: SiteAddress
    opening_hours: dict[Weekday, Spans]
    special_days: dict[str, Spans] = Field(default_factory=dict, max_length=100)
    hold: HoldBody = Field(default_factory=HoldBody)
    code_digits: int = Field(default=8, ge=MIN_DIGITS, le=MAX_DIGITS)
    location_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")] | None = None
    status: Annotated[SiteStatus, Lax] = SiteStatus.ACTIVE

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, timezone: str) -> str:
        if timezone not in available_timezones():
            raise ValueError("not a time zone of the IANA database")
        return timezone

    @field_validator("special_days")
    @classmethod
    def _are_days(cls, days: dict[str, Any]) -> dict[str, Any]:
        for day in days:
            if date.fromisoformat(day).isoformat() != day:
                raise ValueError("days are YYYY-MM-DD")
        return days

    @field_validator("opening_hours", "special_days")
    @classmethod
    def _begin_within_the_day(cls, hours: Mapping[str, Spans]) -> Mapping[str, Spans]:
        for spans in hours.values():
            for begin, end in spans:
                if begin in ("24:00", end):
                    raise ValueError("hours begin before 24:00 and do not end as they begin; all day is 00:00 to 24:00")
        return hours

    def as_changes(self) -> dict[str, Any]:
        """The fields of a `Site` that this sets."""
        return {
            "name": self.name,
            "timezone": self.timezone,
            "position": Position(self.position.latitude, self.position.longitude),
            "address": self.address.model_dump(exclude_none=True),
            "opening_hours": _spans(self.opening_hours),
            "special_days": _spans(self.special_days),
            "hold": HoldPolicy(**self.hold.model_dump()),
            "code_digits": self.code_digits,
            "location_id": self.location_id,
            "status": self.status,
        }


def _spans(hours: Mapping[Any, Spans]) -> dict[str, list[tuple[str, str]]]:
    return {str(day): [(begin, end) for begin, end in spans] for day, spans in hours.items()}


class CreateSite(ChangeSite):
    """A new site."""

    id: SiteId

    def as_site(self) -> Site:
        """The site, at its first version."""
        return Site(id=self.id, **self.as_changes())


class NearestQuery(Schema):
    """Where sites are looked for (degrees, WGS 84), how far around, and whether they have to be open now."""

    model_config = ConfigDict(strict=False)

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, lt=180)
    radius_km: float = Field(default=25, gt=0, le=MAX_RADIUS_KM)
    open_now: bool = False
    limit: int = Field(default=10, ge=1, le=50)


class PositionView(View):
    latitude: float
    longitude: float


class HoldView(View):
    window_seconds: int
    reminder_seconds: int
    extension_seconds: int
    max_extensions: int
    on_expiry: OnExpiry


class SiteView(View):
    """A locker site. Hours are in its time zone."""

    id: str
    name: str
    timezone: str
    position: PositionView
    address: dict[str, Any]
    opening_hours: dict[str, list[tuple[str, str]]]
    special_days: dict[str, list[tuple[str, str]]]
    hold: HoldView
    code_digits: int
    location_id: str | None
    status: SiteStatus
    version: int


class DirectionsView(View):
    """Where a site is, when it is open (in its time zone), and whether it is now."""

    name: str
    address: dict[str, Any]
    position: PositionView
    timezone: str
    opening_hours: dict[str, list[tuple[str, str]]]
    open: bool

    @classmethod
    def of_site(cls, site: Site, now: datetime) -> "DirectionsView":
        return cls(
            name=site.name,
            address=dict(site.address),
            position=PositionView.of(site.position),
            timezone=site.timezone,
            opening_hours={day: [(a, b) for a, b in spans] for day, spans in site.opening_hours.items()},
            open=is_open(site, now),
        )


class FoundSiteView(View):
    """A site near a place, `distance_km` away as the crow flies; `changes_at` (UTC) it closes, or opens, next."""

    id: str
    name: str
    distance_km: float
    open: bool
    changes_at: str | None
    timezone: str
    position: PositionView
    address: dict[str, Any]
    opening_hours: dict[str, list[tuple[str, str]]]

    @classmethod
    def of(cls, found: FoundSite) -> "FoundSiteView":
        return cls(
            id=found.site.id,
            name=found.site.name,
            distance_km=round(found.distance_km, 3),
            open=found.open,
            changes_at=clock.rfc3339(found.changes_at) if found.changes_at else None,
            timezone=found.site.timezone,
            position=PositionView.of(found.site.position),
            address=dict(found.site.address),
            opening_hours={day: [(a, b) for a, b in spans] for day, spans in found.site.opening_hours.items()},
        )
