"""Variants as callers send and get them."""

from collections.abc import Mapping

from pydantic import Field

from chalicelib.catalog.domain import STANDARD, Status, Variant
from chalicelib.catalog.schemas.fields import (
    Attributes,
    Bps,
    Changes,
    Grams,
    Gtin,
    Price,
    PriceList,
    Sku,
    StatusName,
    TaxCategory,
    Text,
    as_prices,
)
from chalicelib.catalog.service import NewVariant
from chalicelib.core.schemas import Schema, View


class CreateVariant(Schema):
    """A variant. What is stored of it stays under 1 KB: about 800 bytes for name, attributes and prices together."""

    sku: Sku = Field(examples=["85123A"])
    name: Text = Field(examples=["White hanging heart T-light holder"])
    tax_rate_bps: Bps = Field(examples=[2000], description="Where no rates are kept for the country of an order")
    tax_category: TaxCategory = STANDARD
    weight_grams: Grams = 0
    gtin: Gtin | None = Field(default=None, description="GTIN-8, -12, -13 or -14", examples=["5012345678900"])
    status: StatusName = "active"
    prices: PriceList = Field(default_factory=list)
    attributes: Attributes = Field(default_factory=dict)

    def as_command(self) -> NewVariant:
        return NewVariant(
            sku=self.sku,
            name=self.name,
            tax_rate_bps=self.tax_rate_bps,
            weight_grams=self.weight_grams,
            gtin=self.gtin,
            status=Status(self.status),
            prices=as_prices(self.prices),
            attributes=self.attributes,
            tax_category=self.tax_category,
        )


class ChangeVariant(Changes):
    """Anything but SKU and prices; `gtin: null` takes the GTIN off."""

    name: Text = ""
    tax_rate_bps: Bps = 0
    tax_category: TaxCategory = STANDARD
    weight_grams: Grams = 0
    gtin: Gtin | None = None
    status: StatusName = "active"
    attributes: Attributes = Field(default_factory=dict)


class SetPrices(Schema):
    """All prices of a variant; those not named are taken off."""

    prices: PriceList


class VariantView(View):
    """A variant. `gtin` is shown as 14 digits. It is for sale while it and its product are active.

    `category_path` holds the product's category, last, and what that is below, topmost first.
    """

    sku: str
    product_id: str
    name: str
    status: StatusName
    for_sale: bool
    category_path: list[str]
    tax_category: str
    tax_rate_bps: int
    weight_grams: int
    gtin: str | None
    prices: list[Price]
    attributes: Mapping[str, str]
    version: int

    @classmethod
    def of(cls, variant: Variant) -> "VariantView":
        return cls.model_construct(
            sku=variant.sku,
            product_id=variant.product_id,
            name=variant.name,
            status=variant.status.value,
            for_sale=variant.is_for_sale,
            category_path=list(variant.category_path),
            tax_category=variant.tax_category,
            tax_rate_bps=variant.tax_rate_bps,
            weight_grams=variant.weight_grams,
            gtin=variant.gtin,
            prices=Price.listing(variant.prices),
            attributes=variant.attributes,
            version=variant.version,
        )
