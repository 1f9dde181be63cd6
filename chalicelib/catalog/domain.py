"""What is sold: categories, products, their variants, and the prices of a variant per channel and currency."""

import json
from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from chalicelib.core.errors import Fault, Invalid, RuleBroken
from chalicelib.core.money import Money

MAX_VARIANTS = 45
"""Variants of one product. Creating a product with all of them, each with a GTIN, or changing the status of the product
on all of them, fits into one transaction of 100 actions."""

MAX_VARIANT_BYTES = 800
"""What a variant's document may weigh, so that with its keys it stays under the 1 KB that one write unit pays for:
every order line reads it. docs.aws.amazon.com/amazondynamodb, "Read and write capacity"."""

MAX_PLACED_BYTES = 880
"""What the document and the variant's place in the category tree may weigh together, for the same reason. A place three
levels deep takes 92 bytes."""

MAX_DEPTH = 8
"""Levels of the category tree."""

STANDARD = "standard"
"""The tax category of what has no other."""

Prices = Mapping[str, Mapping[str, int]]
"""Minor units by channel and currency: `{"web": {"GBP": 1299}}`. Tax is in them, unless the tax settings of the country
that an order goes to say that prices are net there."""


class Status(StrEnum):
    """A draft is seen by staff only; what is archived is seen but not sold."""

    DRAFT = "draft"
    ACTIVE = "active"
    ARCHIVED = "archived"


class GtinInvalid(Invalid):
    code = "gtin_invalid"
    title = "Not a GTIN"


class VariantTooLarge(RuleBroken):
    code = "variant_too_large"
    title = "The variant holds too much"


class CategoryTooDeep(RuleBroken):
    code = "category_too_deep"
    title = "The category tree is too deep"


@dataclass(frozen=True, slots=True)
class Category:
    """A place in the tree, which is fixed when it is made, so the tree cannot grow a loop. `path`: ancestors, root first."""

    id: str
    name: str
    slug: str
    path: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    version: int = 1

    @property
    def parent_id(self) -> str | None:
        return self.path[-1] if self.path else None

    @property
    def lineage(self) -> tuple[str, ...]:
        """Its ancestors and itself, root first. It never changes, so copies of it stay true."""
        return (*self.path, self.id)


@dataclass(frozen=True, slots=True)
class Product:
    """What a page of the shop is about. `reference` is the name that an importing system gives it; unique."""

    id: str
    title: str
    description: str
    category_id: str
    status: Status
    supplier_id: str | None = None
    brand: str | None = None
    reference: str | None = None
    tax_code: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    skus: tuple[str, ...] = ()
    version: int = 1


@dataclass(frozen=True, slots=True)
class Variant:
    """What is put into a box: one SKU. It is for sale while it and its product are active.

    `product_status` and `category_path` (the lineage of the product's category) are copies that follow the product.
    """

    sku: str
    product_id: str
    name: str
    status: Status
    product_status: Status
    tax_rate_bps: int
    weight_grams: int
    gtin: str | None = None
    prices: Prices = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    tax_category: str = STANDARD
    category_path: tuple[str, ...] = ()
    version: int = 1

    @property
    def is_for_sale(self) -> bool:
        return self.status is Status.ACTIVE and self.product_status is Status.ACTIVE

    @property
    def is_draft(self) -> bool:
        return Status.DRAFT in (self.status, self.product_status)


@dataclass(frozen=True, slots=True)
class Offer:
    """What an order needs of a variant. `unit_price` is None where the caller brings its own.

    `category_path` are the categories it is in, from the topmost to the product's own.
    """

    sku: str
    product_id: str
    name: str
    unit_price: Money | None
    tax_rate_bps: int
    weight_grams: int
    tax_category: str = STANDARD
    category_path: tuple[str, ...] = ()

    @property
    def category_id(self) -> str | None:
        """The product's own category; None for what was stored before variants knew it."""
        return self.category_path[-1] if self.category_path else None


def checked_gtin(text: str) -> str:
    """The GTIN as 14 digits, under which GTIN-8, -12 and -13 of one article are equal. Raises `GtinInvalid`.

    GS1 General Specifications, 7.9 "Check digit calculations": from the right, digits weigh 3, 1, 3, … and the check
    digit brings the sum to a multiple of ten.
    """
    if len(text) not in (8, 12, 13, 14) or not (text.isascii() and text.isdigit()):
        raise GtinInvalid(f"{text[:20]!r} is not 8, 12, 13 or 14 digits.")
    *digits, check = (int(digit) for digit in text)
    weighed = sum(digit * (1 if place % 2 else 3) for place, digit in enumerate(reversed(digits)))
    if (weighed + check) % 10:
        raise GtinInvalid(f"The check digit of {text} should be {-weighed % 10}.")
    return text.zfill(14)


def document_of(variant: Variant) -> dict[str, Any]:
    """What is stored of a variant, without what is empty. Raises `VariantTooLarge`."""
    fields = asdict(variant)
    for own_attribute in ("sku", "version", "product_status", "category_path"):
        del fields[own_attribute]
    document = {name: value for name, value in fields.items() if value not in (None, {})}
    if variant.tax_category == STANDARD:
        del document["tax_category"]
    size = len(json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode())
    most = min(MAX_VARIANT_BYTES, MAX_PLACED_BYTES - len(place_of(variant)))
    if size > most:
        raise VariantTooLarge(
            f"{variant.sku} takes {size} bytes; {most} are kept where it is. Shorten its name, attributes or prices.",
            limit=most,
        )
    return document


def place_of(variant: Variant) -> str:
    """Where in the category tree a variant is, as it is stored: ids from the topmost down, `cat_01…/cat_02…`."""
    return "/".join(variant.category_path)


def below(parent: Category | None) -> tuple[str, ...]:
    """The path of a category under `parent`. Raises `CategoryTooDeep`."""
    if parent is None:
        return ()
    if len(parent.path) + 2 > MAX_DEPTH:
        raise CategoryTooDeep(f"Categories nest {MAX_DEPTH} levels deep.", limit=MAX_DEPTH)
    return (*parent.path, parent.id)


def priced(variant: Variant, prices: Prices) -> Variant:
    """The variant at other prices."""
    return replace(variant, prices=prices)


def merged(prices: Prices, more: Prices) -> dict[str, dict[str, int]]:
    """`prices` with those of `more` added or put in their place."""
    return {
        channel: {**prices.get(channel, {}), **more.get(channel, {})} for channel in dict.fromkeys((*prices, *more))
    }


def offer_of(variant: Variant, channel: str, currency: str) -> Offer:
    """The variant as `channel` sells it in `currency`, whether or not it has a price there."""
    amount = variant.prices.get(channel, {}).get(currency)
    return Offer(
        variant.sku,
        variant.product_id,
        variant.name,
        None if amount is None else Money(amount, currency),
        variant.tax_rate_bps,
        variant.weight_grams,
        variant.tax_category,
        variant.category_path,
    )


def faults_of_sale(
    variants: Mapping[str, Variant],
    skus: Sequence[str],
    channel: str,
    currency: str,
    *,
    pointers: Mapping[str, str],
    price_optional: Container[str],
) -> list[Fault]:
    """Why some of `skus` cannot be sold, one fault each; none when all can be."""
    faults = []
    for sku in skus:
        variant, at = variants.get(sku), pointers.get(sku, "")
        if variant is None or variant.is_draft:
            faults.append(Fault(at, "sku_unknown", f"There is no {sku}."))
        elif not variant.is_for_sale:
            faults.append(Fault(at, "not_active", f"{sku} is not sold any more."))
        elif sku not in price_optional and offer_of(variant, channel, currency).unit_price is None:
            faults.append(Fault(at, "no_price", f"{sku} has no price in {currency} on channel {channel}."))
    return faults
