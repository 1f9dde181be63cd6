"""Drop-offs of returns as callers send and get them."""

from typing import Annotated

from pydantic import ConfigDict, Field

from chalicelib.core.schemas import PageQuery, Schema, View
from chalicelib.lockers.domain.cabinets import Size
from chalicelib.lockers.domain.drop_offs import DropOffStatus
from chalicelib.lockers.schemas.sites import Lax, SiteId


class RequestDropOff(Schema):
    """At which site a parcel is brought back, and the smallest compartment that takes it."""

    site_id: SiteId
    size: Annotated[Size, Lax] = Size.M
    within_reach: bool = Field(default=False, description="In a compartment that can be used from a wheelchair")


class ClearDropOff(Schema):
    """Whether something lay in the compartment."""

    found: bool = True


class DropOffsQuery(PageQuery):
    """Which drop-offs to list."""

    model_config = ConfigDict(strict=False)

    status: DropOffStatus = DropOffStatus.DROPPED


class DropOffView(View):
    """A parcel of a return: in which compartment, and how far it is. `moment` of its last change."""

    id: str
    return_id: str
    site_id: str
    cabinet_id: str
    number: str
    label: str
    size: Size
    status: DropOffStatus
    moment: str
    reason: str | None
    found: bool | None
    version: int


class DropOffSummary(View):
    """A drop-off in a list."""

    id: str
    site_id: str
    status: DropOffStatus
    compartment: str
    moment: str
    reason: str | None
