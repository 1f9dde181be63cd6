"""Locations as callers send and get them."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

from chalicelib.core.schemas import Schema, View
from chalicelib.inventory.domain import (
    Location,
    LocationStatus,
    LocationType,
)
from chalicelib.inventory.schemas.fields import Channel, Lax, LocationId, Text


def _is_ours(type: LocationType) -> LocationType:
    if type is LocationType.SUPPLIER:
        raise ValueError("a supplier's location is made when the supplier is approved")
    return type


class LocationAddress(Schema):
    """Where it is."""

    line1: Text
    line2: Text | None = None
    city: Text
    postal_code: Annotated[str, StringConstraints(min_length=1, max_length=16)] | None = None
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class ChangeLocation(Schema):
    """All of a location but its id. Orders after `cutoff` (UTC) leave the next day; lower `priority` is asked first."""

    name: Text
    type: Annotated[LocationType, Lax, AfterValidator(_is_ours)]
    status: Annotated[LocationStatus, Lax] = LocationStatus.ACTIVE
    priority: int = Field(ge=0, le=9_999)
    channels: list[Channel] = Field(max_length=20)
    address: LocationAddress
    cutoff: Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] | None = None

    def as_changes(self) -> dict[str, Any]:
        """The fields of a `Location` that this sets."""
        return {
            "name": self.name,
            "type": self.type,
            "status": self.status,
            "priority": self.priority,
            "channels": tuple(dict.fromkeys(self.channels)),
            "address": self.address.model_dump(),
            "cutoff": self.cutoff,
        }


class CreateLocation(ChangeLocation):
    """A new location."""

    id: LocationId

    def as_location(self) -> Location:
        """The location, at its first version."""
        return Location(id=self.id, **self.as_changes())


class LocationView(View):
    """A place that holds stock."""

    id: str
    name: str
    type: LocationType
    status: LocationStatus
    priority: int
    channels: list[str]
    address: dict[str, str | None]
    cutoff: str | None
    version: int
