"""What the catalogue offers to routes and to other contexts."""

from chalicelib.catalog.domain import Offer
from chalicelib.catalog.service.categories import change_category, create_category, get_category, list_categories
from chalicelib.catalog.service.imports import MAX_ROWS, ImportRow, Outcome, RowResult, import_rows
from chalicelib.catalog.service.offers import (
    OffersRefused,
    listed_price,
    name_of,
    offer_keys,
    offers,
    places,
)
from chalicelib.catalog.service.products import (
    NewProduct,
    NewVariant,
    TooManyVariants,
    UnknownCategory,
    change_product,
    create_product,
    get_product,
    list_products,
)
from chalicelib.catalog.service.variants import add_variant, change_variant, get_variant, set_prices, variants_of
from chalicelib.catalog.store import GtinTaken, ReferenceTaken, SkuTaken, SlugTaken

__all__ = [
    "MAX_ROWS",
    "GtinTaken",
    "ImportRow",
    "NewProduct",
    "NewVariant",
    "Offer",
    "OffersRefused",
    "Outcome",
    "ReferenceTaken",
    "RowResult",
    "SkuTaken",
    "SlugTaken",
    "TooManyVariants",
    "UnknownCategory",
    "add_variant",
    "change_category",
    "change_product",
    "change_variant",
    "create_category",
    "create_product",
    "get_category",
    "get_product",
    "get_variant",
    "import_rows",
    "list_categories",
    "list_products",
    "listed_price",
    "name_of",
    "offer_keys",
    "offers",
    "places",
    "set_prices",
    "variants_of",
]
