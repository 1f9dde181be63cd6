"""Fields that several schemas share. What can be corrected is let in; rules of the marketplace are checked later, and found."""

from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib.listings.domain.checks import MAX_ATTRIBUTES, MAX_PRICE
from chalicelib.listings.domain.listing import MAX_IMAGES, SUPPLIER_SKU, TAX_CATEGORY

SupplierSku = Annotated[str, StringConstraints(pattern=f"^{SUPPLIER_SKU.pattern}$")]
Title = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Description = Annotated[str, StringConstraints(max_length=20_000)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Sku = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Gtin = Annotated[str, StringConstraints(min_length=1, max_length=30), Field(examples=["4006381333931"])]
Attributes = Annotated[dict[Word, bool | int | float | Word], Field(max_length=MAX_ATTRIBUTES)]
Url = Annotated[str, StringConstraints(min_length=1, max_length=2_048)]
Images = Annotated[list[Url], Field(max_length=MAX_IMAGES)]
CurrencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{3}$")]
Amount = Annotated[int, Field(ge=0, le=MAX_PRICE)]
Prices = Annotated[
    dict[CurrencyCode, Amount],
    Field(min_length=1, max_length=30, description="Minor units by currency, tax included", examples=[{"GBP": 899}]),
]
TaxCategory = Annotated[str, StringConstraints(pattern=f"^{TAX_CATEGORY.pattern}$")]
Bps = Annotated[int, Field(ge=0, le=10_000, description="Basis points: 2000 is 20 %")]
Measure = Annotated[str, StringConstraints(min_length=1, max_length=30)]
Weight = Annotated[
    Annotated[int, Field(ge=0, le=10_000_000)] | Measure, Field(description="Grams; or a measure such as `1.5 kg`")
]
Days = Annotated[int, Field(ge=0, le=60, description="Days until it leaves")]
Quantity = Annotated[int, Field(ge=1, le=1_000_000)]
Units = Annotated[int, Field(ge=0, le=1_000_000_000)]
Moment = Annotated[
    str,
    StringConstraints(min_length=1, max_length=40),
    Field(description="RFC 3339, of the supplier's clock", examples=["2026-11-22T10:00:00Z"]),
]
