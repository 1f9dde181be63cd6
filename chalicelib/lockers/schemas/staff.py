"""What staff and shoppers ask of lockers, and see."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints

from chalicelib.core.schemas import Schema, View
from chalicelib.lockers.domain.commands import CommandPurpose, CommandState
from chalicelib.lockers.service import SiteFigures

Label = Annotated[str, StringConstraints(pattern=r"^cab_[0-9A-Z]{26}/[A-Z0-9]{1,4}$")]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class OpenCompartment(Schema):
    """Open a door from afar; `reason` stands in the cabinet's timeline."""

    purpose: Literal["load", "clear", "staff"] = "staff"
    reason: Reason


class TakeOutOfUse(Schema):
    """Why something is taken out of use."""

    reason: Reason


class ClearCompartment(Schema):
    """The compartment that was emptied, as on its label."""

    compartment: Label


class RelocatePickup(Schema):
    """Out of which compartment into which its goods were moved."""

    from_compartment: Label
    to_compartment: Label


class CommandView(View):
    """A command to open a door, and what became of it."""

    id: str
    cabinet_id: str
    number: str
    purpose: CommandPurpose
    state: CommandState
    attempt: int
    issued_at: str
    expires_at: str
    opened_at: str | None
    pickup_id: str | None
    reason: str | None
    version: int


class TimelineEntry(View):
    """Who did what, when."""

    id: str
    type: str
    occurred_at: str
    actor: dict[str, str]
    correlation_id: str
    data: dict[str, Any]


class TimelineView(View):
    items: list[TimelineEntry]


class FiguresQuery(Schema):
    """From which day to which (UTC); by default the last 30."""

    model_config = ConfigDict(strict=False)

    since: date | None = None
    until: date | None = None


class DayView(View):
    """What happened on a day (UTC). `dwell`: collected pickups by how many hours they lay at most; `mean_dwell_seconds` of them."""

    day: str
    loaded: int
    collected: int
    expired: int
    faulted: int
    mean_dwell_seconds: int | None
    dwell: dict[str, int]


class FiguresView(View):
    """How full a site is now, and what happened there."""

    site_id: str
    compartments: dict[str, int] = Field(description="By status")
    utilisation: float = Field(description="Share of the usable compartments that hold something, or are kept for it")
    days: list[DayView]

    @classmethod
    def of(cls, figures: SiteFigures) -> "FiguresView":
        return cls(
            site_id=figures.site_id,
            compartments=figures.compartments,
            utilisation=round(figures.utilisation, 4),
            days=[_day(day, counted) for day, counted in figures.days],
        )


def _day(day: str, counted: Any) -> DayView:
    collected = counted["collected"]
    return DayView(
        day=day,
        **{name: counted[name] for name in ("loaded", "collected", "expired", "faulted")},
        mean_dwell_seconds=counted["dwell_seconds"] // collected if collected else None,
        dwell={
            name.removeprefix("dwell_"): counted[name]
            for name in counted
            if name.startswith("dwell_") and name != "dwell_seconds"
        },
    )
