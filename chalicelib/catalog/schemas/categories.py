"""Categories as callers send and get them."""

from collections.abc import Mapping

from pydantic import Field

from chalicelib.catalog.schemas.fields import (
    Attributes,
    Changes,
    Id,
    Slug,
    Text,
)
from chalicelib.core.schemas import PageQuery, Schema, View


class CreateCategory(Schema):
    """A category below `parent_id`, or at the top."""

    name: Text = Field(examples=["Lanterns"])
    slug: Slug = Field(examples=["lanterns"])
    parent_id: Id | None = None
    attributes: Attributes = Field(default_factory=dict)


class ChangeCategory(Changes):
    """Name and attributes; slug and place stay."""

    name: Text = ""
    attributes: Attributes = Field(default_factory=dict)


class CategoryQuery(PageQuery):
    """The level below `parent_id`, or the topmost."""

    parent_id: Id | None = None


class CategoryView(View):
    """A category; `path` holds its ancestors, topmost first."""

    id: str
    name: str
    slug: str
    parent_id: str | None
    path: list[str]
    attributes: Mapping[str, str]
    version: int
