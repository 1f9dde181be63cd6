"""Listings in the table.

| item | pk | sk | gsi1 | gsi2 |
|---|---|---|---|---|
| listing | LISTING#<supplier>:<supplier sku> | LISTING | LISTINGS#<supplier> / <supplier sku> | LISTINGS#<supplier>#<status> / <supplier sku> |
| its terms | LISTING#<supplier>:<supplier sku> | TERMS | | |
| offers of a SKU | OFFERS#<sku> | OFFERS | | |
| attributes of a category | ATTRIBUTESCHEMA#<category> | ATTRIBUTESCHEMA | | |
| how many a supplier has | LISTING#PLACES#<supplier> | PLACES | | |
| what a batch of rows registers or withdraws | LISTING#PLACES#<supplier> | HOLD#<ulid> | | |
| the operator's settings | LISTINGSETTINGS | LISTINGSETTINGS | | |
| what an image is | IMAGECHECK#<hash of its URL> | IMAGECHECK | | |
"""

from chalicelib.listings.store.configuration import (
    change_schema,
    change_settings,
    read_schema,
    read_settings,
    schema_keys,
    schemas_in,
)
from chalicelib.listings.store.images import image_keys, images_in, keep_images
from chalicelib.listings.store.listings import (
    NextListing,
    get_both,
    listing_in,
    listing_keys,
    listing_pk,
    listings_of,
    put_listing,
    put_terms,
    terms_in,
)
from chalicelib.listings.store.offers import book_in, book_key, get_book, put_book
from chalicelib.listings.store.places import (
    Hold,
    add_hold,
    end_hold,
    free_places,
    holds_of,
    take_places,
)

__all__ = [
    "Hold",
    "NextListing",
    "add_hold",
    "book_in",
    "book_key",
    "change_schema",
    "change_settings",
    "end_hold",
    "free_places",
    "get_book",
    "get_both",
    "holds_of",
    "image_keys",
    "images_in",
    "keep_images",
    "listing_in",
    "listing_keys",
    "listing_pk",
    "listings_of",
    "put_book",
    "put_listing",
    "put_terms",
    "read_schema",
    "read_settings",
    "schema_keys",
    "schemas_in",
    "take_places",
    "terms_in",
]
