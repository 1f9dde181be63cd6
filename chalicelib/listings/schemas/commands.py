"""What suppliers send."""

from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from chalicelib.core.schemas import Schema
from chalicelib.listings.schemas.fields import (
    Attributes,
    Bps,
    Days,
    Description,
    Gtin,
    Id,
    Images,
    Moment,
    Prices,
    Quantity,
    Sku,
    SupplierSku,
    TaxCategory,
    Title,
    Units,
    Weight,
    Word,
)

ConditionName = Literal["new", "refurbished", "used"]


class RegisterListing(Schema):
    """A product that a supplier sells. `sku` names the catalogue's, if the supplier knows it; `on_hand` units are for sale."""

    supplier_sku: SupplierSku
    title: Title
    prices: Prices
    handling_days: Days
    description: Description | None = None
    brand: Word | None = None
    category_id: Id | None = None
    sku: Sku | None = None
    gtin: Gtin | None = None
    attributes: Attributes = Field(default={})
    images: Images = Field(default=[])
    tax_category: TaxCategory | None = None
    tax_rate_bps: Bps | None = None
    weight_grams: Weight | None = None
    condition: ConditionName = "new"
    min_quantity: Quantity | None = None
    max_quantity: Quantity | None = None
    on_hand: Units | None = None

    def document(self) -> dict[str, Any]:
        """The document, without what was not said."""
        sent = self.model_dump(exclude={"supplier_sku", "on_hand"})
        return {name: value for name, value in sent.items() if value not in (None, {}, [])}


def _without_defaults(schema: dict[str, Any]) -> None:
    for described in schema["properties"].values():
        described.pop("default", None)
    schema["minProperties"] = 1


class ChangeListing(Schema):
    """Fields to change; those left out stay, null takes one out. At least one is needed."""

    # Defaults stand for "not sent" and are no part of the contract.
    model_config = ConfigDict(json_schema_extra=_without_defaults)

    title: Title | None = None
    prices: Prices | None = None
    handling_days: Days | None = None
    description: Description | None = None
    brand: Word | None = None
    category_id: Id | None = None
    gtin: Gtin | None = None
    attributes: Attributes | None = None
    images: Images | None = None
    tax_category: TaxCategory | None = None
    tax_rate_bps: Bps | None = None
    weight_grams: Weight | None = None
    condition: ConditionName | None = None
    min_quantity: Quantity | None = None
    max_quantity: Quantity | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one field to change")
        return self

    def changes(self) -> dict[str, Any]:
        """The fields that were sent, by name."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class SetPrice(Schema):
    """All prices as they are since `as_of`."""

    prices: Prices
    as_of: Moment


class SetStock(Schema):
    """Units on hand at `as_of`, those of orders that have not left yet among them."""

    on_hand: Units
    as_of: Moment
