"""Pickups as callers send and get them."""

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from chalicelib.core.schemas import PageQuery, Schema, View
from chalicelib.lockers.domain.passcodes import MAX_DIGITS, MIN_DIGITS
from chalicelib.lockers.domain.pickups import Pickup, PickupStatus, PlaceState

PackageId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]


class LoadCompartment(Schema):
    """What was scanned: the label of a compartment (`<cabinet>/<number>`), and of the packages that were put in."""

    compartment: Annotated[str, StringConstraints(pattern=r"^cab_[0-9A-Z]{26}/[A-Z0-9]{1,4}$")]
    packages: list[PackageId] = Field(min_length=1, max_length=20)


class ConfirmPickup(Schema):
    """The passcode, as the shopper got it."""

    code: Annotated[str, StringConstraints(pattern=rf"^[0-9]{{{MIN_DIGITS},{MAX_DIGITS}}}$")]


class IssuePasscode(Schema):
    """Whose passcode it is to be."""

    whose: Annotated[str, StringConstraints(pattern=r"^(shopper|delegate)$")] = "shopper"


class PasscodeView(View):
    """A passcode in the clear, for whoever sends it."""

    pickup_id: str
    whose: str
    code: str
    expires_at: str


class PickupsQuery(PageQuery):
    """Which pickups to list."""

    model_config = ConfigDict(strict=False)

    status: PickupStatus = PickupStatus.ALLOCATED


class PlaceView(View):
    """A compartment and the packages that belong into it."""

    label: str
    cabinet_id: str
    number: str
    package_ids: list[str]
    state: PlaceState


class PickupView(View):
    """A pickup, for staff."""

    id: str
    site_id: str
    order_id: str
    fulfilment_id: str | None
    status: PickupStatus
    places: list[PlaceView]
    within_reach: bool
    ready_at: str | None
    expires_at: str | None
    confirmed_at: str | None
    extensions: int
    reason: str | None
    version: int


class WaitingView(View):
    """A pickup, for whose it is."""

    id: str
    site_id: str
    order_id: str
    status: PickupStatus
    expires_at: str | None
    extensions: int
    version: int


class OpeningView(View):
    """The doors that open for a right code."""

    pickup_id: str
    status: PickupStatus
    compartments: list[str]

    @classmethod
    def of(cls, pickup: Pickup) -> "OpeningView":
        return cls(pickup_id=pickup.id, status=pickup.status, compartments=[one.number for one in pickup.places])


class PickupSummary(View):
    """A pickup in a list."""

    id: str
    site_id: str
    status: PickupStatus
    order_id: str
    compartments: list[str]
    expires_at: str | None
    reason: str | None
