"""What the operator sends and sees."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from chalicelib.core.schemas import PageQuery, Schema, View
from chalicelib.routing.domain.allocation import Allocation, AllocationState
from chalicelib.routing.domain.settings import RoutingSettings
from chalicelib.routing.schemas.suppliers import OrderLineView, OrderSummary, RecallView
from chalicelib.routing.service.use_cases import Traced


class AllocationsQuery(PageQuery):
    """Which allocations to list."""

    state: AllocationState = AllocationState.REQUESTED
    supplier_id: str | None = Field(default=None, pattern=r"^sup_[0-9A-Z]{1,40}$")


class AllocationSummary(OrderSummary):
    """An allocation in the operator's list."""

    supplier_id: str


class CallView(View):
    """A call of the supplier's endpoint. `excerpt` is the beginning of an answer that was not understood."""

    at: str
    what: str
    duration_ms: int
    status: int | None
    outcome: str
    reason: str
    excerpt: str


class AllocationStateView(View):
    """An allocation as it stands."""

    id: str
    supplier_id: str
    order_id: str
    state: AllocationState
    version: int


class AllocationView(View):
    """An allocation with what its supplier was asked, what it was told, and what it said, the latest first."""

    id: str
    supplier_id: str
    order_id: str
    state: AllocationState
    decision: str | None
    reason: str | None
    currency: str
    created_at: str
    answer_by: str
    decided_at: str | None
    ship_by: str | None
    shipped_at: str | None
    supplier_reference: str | None
    waits: bool
    tries: int
    lines: list[OrderLineView]
    calls: list[CallView]
    recalls: list[RecallView]
    version: int

    @classmethod
    def of(cls, found: Traced, /) -> Self:
        value: Allocation = found.value
        kept = {name: getattr(value, name) for name in cls.model_fields if hasattr(value, name) and name != "lines"}
        return cls(
            **kept,
            lines=[OrderLineView.of(line) for line in value.lines],
            calls=[CallView.of(call) for call in found.calls],
            recalls=[RecallView.of(recall) for recall in found.recalls],
        )


Minutes = Annotated[int, Field(ge=1, le=7 * 24 * 60)]


class SettingsBody(Schema):
    """How suppliers are asked: minutes to answer, seconds of one call, failures in a row after which an endpoint rests, and for how many
    seconds."""

    answer_minutes: Minutes
    call_seconds: int = Field(ge=1, le=15)
    failures_before_rest: int = Field(ge=1, le=100)
    rest_seconds_least: int = Field(ge=1, le=3_600)
    rest_seconds_most: int = Field(ge=1, le=24 * 3_600)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.rest_seconds_least > self.rest_seconds_most:
            raise ValueError("the least rest is longer than the longest")
        return self

    def as_settings(self) -> RoutingSettings:
        return RoutingSettings(**self.model_dump())


class SettingsView(View):
    """How suppliers are asked."""

    answer_minutes: int
    call_seconds: int
    failures_before_rest: int
    rest_seconds_least: int
    rest_seconds_most: int
    version: int


class SupplierSettingsBody(Schema):
    """How one supplier is asked: minutes to answer, instead of those of all; null: as all are."""

    answer_minutes: Minutes | None


class SupplierSettingsView(View):
    """How one supplier is asked. `effective_answer_minutes`: its own, or those of all where it has none."""

    supplier_id: str
    answer_minutes: int | None
    effective_answer_minutes: int
    version: int
