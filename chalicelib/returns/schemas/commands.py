"""Returns as callers announce, receive and inspect them."""

from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from chalicelib.core.schemas import PageQuery, Schema
from chalicelib.returns.domain.life import Finding
from chalicelib.returns.domain.model import MAX_LINES, Disposition, Remedy, Replacement, ReturnStatus
from chalicelib.returns.schemas.fields import (
    ACondition,
    ADisposition,
    AReason,
    AStatus,
    Channel,
    Id,
    LineId,
    Note,
    Sku,
    Token,
    Units,
)
from chalicelib.returns.service import AnnouncedLine, Announcement


class AnnounceLine(Schema):
    """Units of an order line that shall come back. `condition` is how the customer has them, where that is known."""

    line_id: LineId
    quantity: Units
    reason: AReason
    condition: ACondition | None = None
    note: Note | None = None


class ReplacementLine(Schema):
    """So many units of a SKU in place of as many of a line; where fewer of that are accepted, fewer are sent."""

    line_id: LineId
    sku: Sku
    quantity: Units


class ExchangeFor(Schema):
    """What is wanted in place of the goods. `card_token` names the card that pays what it costs more."""

    exchange: list[ReplacementLine] = Field(min_length=1, max_length=MAX_LINES)
    card_token: Token | None = None


class AnnounceReturn(Schema):
    """What shall come back, each line once, and what is wanted for it. With `waive_for` the staff waives what rules it breaks,
    and says why; `channel` is through which it comes back, by default that of the order."""

    lines: list[AnnounceLine] = Field(min_length=1, max_length=MAX_LINES)
    resolution: Literal["refund", "store_credit"] | ExchangeFor = "refund"
    channel: Channel | None = None
    waive_for: Note | None = None

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({line.line_id for line in self.lines}) < len(self.lines):
            raise ValueError("each line once")
        return self

    def as_announcement(self) -> Announcement:
        """As the service takes it."""
        lines = [AnnouncedLine(one.line_id, one.quantity, one.reason, one.condition, one.note) for one in self.lines]
        if isinstance(self.resolution, str):
            return Announcement(lines, Remedy(self.resolution), channel=self.channel, waive_for=self.waive_for)
        wanted = [Replacement(one.line_id, one.sku, one.quantity) for one in self.resolution.exchange]
        return Announcement(lines, Remedy.EXCHANGE, wanted, self.resolution.card_token, self.channel, self.waive_for)


class ReceivedLine(Schema):
    """Units of a line that came."""

    line_id: LineId
    quantity: Units


class ReceiveOwn(Schema):
    """What came back to its supplier. `complete`: no more of the supplier's will come, so what is missing of it is in the return no
    more."""

    lines: list[ReceivedLine] = Field(default_factory=list, max_length=MAX_LINES)
    complete: bool = False

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({line.line_id for line in self.lines}) < len(self.lines):
            raise ValueError("each line once")
        return self

    def units(self) -> dict[str, int]:
        """Units by line id."""
        return {line.line_id: line.quantity for line in self.lines}


class ReceiveReturn(ReceiveOwn):
    """What came to a location: ours to one of ours, a supplier's to the supplier, whose id is that of its location. `complete`: no more of
    the one's or the other's will come, so what is missing of it is in the return no more."""

    location_id: Id


class InspectedUnits(Schema):
    """What becomes of units of a line: `restock`, `write_off`, or `refuse`, which sends them back to the customer unpaid."""

    line_id: LineId
    quantity: Units
    disposition: ADisposition
    note: Note | None = None


class InspectOwn(Schema):
    """What was found of units that came back to their supplier. A line may be named once for each disposition."""

    lines: list[InspectedUnits] = Field(min_length=1, max_length=MAX_LINES * len(Disposition))

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({(line.line_id, line.disposition) for line in self.lines}) < len(self.lines):
            raise ValueError("each disposition of a line once")
        return self

    def findings(self) -> list[Finding]:
        """As the service takes them."""
        return [Finding(line.line_id, line.quantity, line.disposition, line.note) for line in self.lines]


class InspectReturn(InspectOwn):
    """What was found of units that came. A line may be named once for each disposition; `location_id` is needed where units of
    the return wait at several."""

    location_id: Id | None = None


class OptionsQuery(PageQuery):
    """Through which channel goods would come back."""

    channel: Channel | None = None


class ReturnsQuery(PageQuery):
    """Returns that were announced on a UTC day and are in a status now."""

    day: date
    status: AStatus = ReturnStatus.AUTHORISED
