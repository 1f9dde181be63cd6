"""What callers send and get of the catalogue."""

from chalicelib.catalog.schemas.categories import CategoryQuery, CategoryView, ChangeCategory, CreateCategory
from chalicelib.catalog.schemas.fields import as_prices
from chalicelib.catalog.schemas.imports import ImportedRow, ImportView, TooManyRows, read_rows
from chalicelib.catalog.schemas.products import (
    ChangeProduct,
    CreatedProduct,
    CreateProduct,
    ProductQuery,
    ProductSummary,
    ProductView,
    StaffProductQuery,
)
from chalicelib.catalog.schemas.variants import ChangeVariant, CreateVariant, SetPrices, VariantView

__all__ = [
    "CategoryQuery",
    "CategoryView",
    "ChangeCategory",
    "ChangeProduct",
    "ChangeVariant",
    "CreateCategory",
    "CreateProduct",
    "CreateVariant",
    "CreatedProduct",
    "ImportView",
    "ImportedRow",
    "ProductQuery",
    "ProductSummary",
    "ProductView",
    "SetPrices",
    "StaffProductQuery",
    "TooManyRows",
    "VariantView",
    "as_prices",
    "read_rows",
]
