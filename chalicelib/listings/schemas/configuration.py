"""What the operator sets."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from chalicelib.core.schemas import Schema, View
from chalicelib.listings.domain.attributes import MAX_ATTRIBUTES, Attribute, AttributeSchema, AttributeType
from chalicelib.listings.domain.measures import UNITS
from chalicelib.listings.domain.settings import ListingSettings
from chalicelib.listings.schemas.fields import Word

Channel = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Percent = Annotated[int, Field(ge=1, le=10_000)]


class ListingSettingsBody(Schema):
    """When a check speaks up, and where offers are sold."""

    channels: list[Channel] = Field(default=["web"], max_length=10)
    listing_fee: bool = Field(default=False, description="Whether publishing a listing is charged for, once")
    price_change_warning: Percent = Field(default=30, description="Percent from the last price that are remarked on")
    price_change_review: Percent = Field(default=60, description="Percent from the last price that a person looks at")
    price_factor: Annotated[int, Field(ge=2, le=1_000)] = Field(
        default=5, description="Times off what others ask that a person looks at"
    )
    forbidden_words: list[Word] = Field(default=[], max_length=500)
    min_image_side: Annotated[int, Field(ge=0, le=10_000)] = Field(default=300, description="Pixels")
    max_weight_grams: Annotated[int, Field(ge=1, le=10_000_000)] = 100_000
    max_listings: Annotated[int, Field(ge=1, le=10_000_000)] = Field(
        default=500_000, description="Of one supplier, withdrawn ones left out; who has more keeps them"
    )

    def as_settings(self) -> ListingSettings:
        """The domain's settings."""
        sent = self.model_dump()
        return ListingSettings(
            **{**sent, "channels": tuple(self.channels), "forbidden_words": tuple(self.forbidden_words)}
        )


class ListingSettingsView(View):
    """The settings in force."""

    channels: tuple[str, ...]
    listing_fee: bool
    price_change_warning: int
    price_change_review: int
    price_factor: int
    forbidden_words: tuple[str, ...]
    min_image_side: int
    max_weight_grams: int
    max_listings: int
    version: int


class AttributeBody(Schema):
    """An attribute: an enum has `values`, a measure a `unit`."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    type: Literal["text", "number", "enum", "boolean", "measure"]
    required: bool = False
    values: list[Word] = Field(default=[], max_length=200)
    unit: str | None = Field(default=None, max_length=5)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.type == "enum") != bool(self.values):
            raise ValueError("an enum has values, and nothing else does")
        if self.type == "measure" and self.unit not in UNITS:
            raise ValueError(f"a measure has a unit of {', '.join(sorted(UNITS))}")
        if self.type != "measure" and self.unit is not None:
            raise ValueError("only a measure has a unit")
        return self


class AttributeSchemaBody(Schema):
    """The attributes that a category adds to those above it."""

    attributes: Annotated[list[AttributeBody], Field(max_length=MAX_ATTRIBUTES)]

    @model_validator(mode="after")
    def _is_distinct(self) -> Self:
        if len({attribute.name for attribute in self.attributes}) < len(self.attributes):
            raise ValueError("two attributes of one name")
        return self

    def as_attributes(self) -> list[Attribute]:
        """The domain's attributes."""
        return [
            Attribute(one.name, AttributeType(one.type), one.required, tuple(one.values), one.unit)
            for one in self.attributes
        ]


class AttributeView(View):
    """An attribute."""

    name: str
    type: str
    required: bool
    values: tuple[str, ...]
    unit: str | None


class AttributeSchemaView(View):
    """A category's own attributes, and `all` that goods in it have, those of the categories above among them."""

    category_id: str
    attributes: list[AttributeView]
    all: list[AttributeView]
    version: int

    @classmethod
    def of_both(cls, own: AttributeSchema, every: Sequence[Attribute]) -> Self:
        """The view of what `service.read_schema` answers."""
        return cls(
            category_id=own.category_id,
            attributes=[AttributeView.of(one) for one in own.attributes],
            all=[AttributeView.of(one) for one in every],
            version=own.version,
        )
