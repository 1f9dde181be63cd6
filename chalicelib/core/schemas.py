"""Bases of what callers send and get. Apart from the HTTP rim, because messages from queues are read by them, too."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.core.paging import MAX_LIMIT


class Schema(BaseModel):
    """A request or response body: unknown fields are refused, types are not bent, built when first used."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class View(BaseModel):
    """What the API shows."""

    model_config = ConfigDict(frozen=True, defer_build=True, from_attributes=True)

    @classmethod
    def of(cls, value: Any, /) -> Self:
        """The view of a value whose fields have the names of its own; views with further words have an `of` of theirs."""
        return cls.model_validate(value)


class PageQuery(Schema):
    """Query parameters of every list."""

    model_config = ConfigDict(strict=False)

    limit: int = Field(default=20, ge=1, le=MAX_LIMIT)
    cursor: str | None = Field(default=None, max_length=1_000)
