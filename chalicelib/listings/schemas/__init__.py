"""What callers of listings send and get."""

from chalicelib.listings.schemas.commands import ChangeListing, RegisterListing, SetPrice, SetStock
from chalicelib.listings.schemas.configuration import (
    AttributeSchemaBody,
    AttributeSchemaView,
    ListingSettingsBody,
    ListingSettingsView,
)
from chalicelib.listings.schemas.views import (
    ListingsQuery,
    ListingStateView,
    ListingSummary,
    ListingView,
    OfferOnSaleView,
    OffersQuery,
    UpdatedPriceView,
    UpdatedStockView,
)

__all__ = [
    "AttributeSchemaBody",
    "AttributeSchemaView",
    "ChangeListing",
    "ListingSettingsBody",
    "ListingSettingsView",
    "ListingStateView",
    "ListingSummary",
    "ListingView",
    "ListingsQuery",
    "OfferOnSaleView",
    "OffersQuery",
    "RegisterListing",
    "SetPrice",
    "SetStock",
    "UpdatedPriceView",
    "UpdatedStockView",
]
