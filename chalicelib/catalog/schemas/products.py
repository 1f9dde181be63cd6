"""Products as callers send and get them."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from chalicelib.catalog.domain import MAX_VARIANTS, Product, Status, Variant
from chalicelib.catalog.schemas.fields import (
    Attributes,
    Changes,
    Description,
    Id,
    Reference,
    StatusName,
    TaxCode,
    Text,
)
from chalicelib.catalog.schemas.variants import CreateVariant, VariantView
from chalicelib.catalog.service import NewProduct
from chalicelib.core.schemas import PageQuery, Schema, View


class CreateProduct(Schema):
    """A product with its first variants."""

    title: Text = Field(examples=["Hanging heart T-light holder"])
    category_id: Id
    description: Description = ""
    status: StatusName = "draft"
    supplier_id: Id | None = None
    brand: Text | None = None
    reference: Reference | None = Field(default=None, description="What an importing system calls it; unique")
    tax_code: TaxCode | None = None
    attributes: Attributes = Field(default_factory=dict)
    variants: list[CreateVariant] = Field(default_factory=list, max_length=MAX_VARIANTS)

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        skus = [variant.sku for variant in self.variants]
        gtins = [variant.gtin.zfill(14) for variant in self.variants if variant.gtin]
        if len(set(skus)) < len(skus) or len(set(gtins)) < len(gtins):
            raise ValueError("a SKU or GTIN is named twice")
        return self

    def as_command(self) -> NewProduct:
        return NewProduct(
            title=self.title,
            category_id=self.category_id,
            description=self.description,
            status=Status(self.status),
            supplier_id=self.supplier_id,
            brand=self.brand,
            reference=self.reference,
            tax_code=self.tax_code,
            attributes=self.attributes,
            variants=[variant.as_command() for variant in self.variants],
        )


class ChangeProduct(Changes):
    """Anything but the reference. A new status or category reaches all variants at once."""

    title: Text = ""
    category_id: Id = ""
    description: Description = ""
    status: StatusName = "draft"
    supplier_id: Id | None = None
    brand: Text | None = None
    tax_code: TaxCode | None = None
    attributes: Attributes = Field(default_factory=dict)


class ProductQuery(PageQuery):
    """A category's products, or a supplier's; active ones unless asked otherwise."""

    category_id: Id | None = None
    supplier_id: Id | None = None
    status: Literal["active", "archived"] = "active"


class StaffProductQuery(PageQuery):
    """As `ProductQuery`, drafts included."""

    category_id: Id | None = None
    supplier_id: Id | None = None
    status: StatusName = "active"


class ProductSummary(View):
    """A product in a list."""

    id: str
    title: str
    category_id: str
    supplier_id: str | None
    brand: str | None
    status: StatusName

    @classmethod
    def of(cls, summary: Mapping[str, Any]) -> "ProductSummary":
        return cls.model_construct(**summary)


class ProductView(View):
    """A product; its variants are read by their SKUs or with `…/variants`."""

    id: str
    title: str
    description: str
    category_id: str
    supplier_id: str | None
    brand: str | None
    reference: str | None
    tax_code: str | None
    attributes: Mapping[str, str]
    status: StatusName
    skus: list[str]
    version: int

    @classmethod
    def of(cls, product: Product) -> "ProductView":
        return cls.model_construct(
            id=product.id,
            title=product.title,
            description=product.description,
            category_id=product.category_id,
            supplier_id=product.supplier_id,
            brand=product.brand,
            reference=product.reference,
            tax_code=product.tax_code,
            attributes=product.attributes,
            status=product.status.value,
            skus=list(product.skus),
            version=product.version,
        )


class CreatedProduct(ProductView):
    """A new product and its variants."""

    variants: list[VariantView]

    @classmethod
    def created(cls, product: Product, variants: Sequence[Variant]) -> "CreatedProduct":
        shown = dict(ProductView.of(product))
        return cls.model_construct(**shown, variants=[VariantView.of(variant) for variant in variants])
