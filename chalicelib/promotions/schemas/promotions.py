"""Promotions as callers send and get them."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field

from chalicelib.core import clock
from chalicelib.core.schemas import PageQuery, Schema, View
from chalicelib.promotions import domain
from chalicelib.promotions.domain import Promotion, Status
from chalicelib.promotions.schemas.fields import Amounts, Channel, Moment, Segment, Text, Units
from chalicelib.promotions.schemas.rewards import AnyReward, Selection, reward_view


class Threshold(Schema):
    """What has to be in the basket first: goods worth so much before discounts, and so many units, counting lines in `of`."""

    goods: Amounts | None = None
    units: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    of: Selection = Field(default_factory=Selection)

    def as_domain(self) -> domain.Threshold:
        return domain.Threshold(self.goods or {}, self.units, self.of.as_domain())

    @classmethod
    def shown(cls, threshold: domain.Threshold) -> "Threshold":
        return cls.model_construct(
            goods=dict(threshold.goods) or None, units=threshold.units, of=Selection.of(threshold.of)
        )


class ChangePromotion(Schema):
    """All of a promotion but its id.

    Empty `channels` are all channels, empty `segments` all customers. Lower `priority` numbers are asked first; an `exclusive`
    promotion applies alone, after one that `stops` nothing applies. With `by_code` it needs a coupon code, and `per_customer`
    bounds the orders of one customer over all of its codes.
    """

    name: Text
    status: Literal["active", "paused"] = "active"
    reward: AnyReward
    selection: Selection = Field(default_factory=Selection)
    excluded: Selection = Field(default_factory=Selection)
    threshold: Threshold = Field(default_factory=Threshold)
    channels: list[Channel] = Field(default_factory=list, max_length=20)
    segments: list[Segment] = Field(default_factory=list, max_length=20)
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    by_code: bool = False
    per_customer: Units | None = None
    priority: int = Field(default=100, ge=0, le=9_999)
    exclusive: bool = False
    stops: bool = False

    def as_promotion(self, id: str) -> Promotion:
        """The promotion of this id, at its first version."""
        return Promotion(
            id=id,
            name=self.name,
            reward=self.reward.as_domain(),
            status=Status(self.status),
            selection=self.selection.as_domain(),
            excluded=self.excluded.as_domain(),
            threshold=self.threshold.as_domain(),
            channels=frozenset(self.channels),
            segments=frozenset(self.segments),
            starts_at=_utc(self.starts_at),
            ends_at=_utc(self.ends_at),
            by_code=self.by_code,
            per_customer=self.per_customer,
            priority=self.priority,
            exclusive=self.exclusive,
            stops=self.stops,
        )


class CreatePromotion(ChangePromotion):
    """A new promotion."""


class PromotionsQuery(PageQuery):
    """Promotions in a status."""

    status: Literal["active", "paused", "archived"] = "active"


class PromotionView(View):
    """A promotion."""

    id: str
    name: str
    status: Literal["active", "paused", "archived"]
    reward: AnyReward
    selection: Selection
    excluded: Selection
    threshold: Threshold
    channels: list[str]
    segments: list[str]
    starts_at: str | None
    ends_at: str | None
    by_code: bool
    per_customer: int | None
    priority: int
    exclusive: bool
    stops: bool
    version: int

    @classmethod
    def of(cls, promotion: Promotion) -> "PromotionView":
        return cls.model_construct(
            id=promotion.id,
            name=promotion.name,
            status=promotion.status.value,
            reward=reward_view(promotion.reward),
            selection=Selection.of(promotion.selection),
            excluded=Selection.of(promotion.excluded),
            threshold=Threshold.shown(promotion.threshold),
            channels=sorted(promotion.channels),
            segments=sorted(promotion.segments),
            starts_at=_text(promotion.starts_at),
            ends_at=_text(promotion.ends_at),
            by_code=promotion.by_code,
            per_customer=promotion.per_customer,
            priority=promotion.priority,
            exclusive=promotion.exclusive,
            stops=promotion.stops,
            version=promotion.version,
        )


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else clock.rfc3339(moment)
