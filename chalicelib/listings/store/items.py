"""All that is kept of listings, for their own use cases."""

from chalicelib.listings.store.attributes import change_schema, read_schema, schema_keys, schemas_in
from chalicelib.listings.store.images import image_keys, images_in, keep_images
from chalicelib.listings.store.listings import (
    NextListing,
    check_terms,
    get_after_terms,
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
    change_hold,
    end_hold,
    free_places,
    get_hold,
    holds_of,
    take_places,
)
from chalicelib.listings.store.settings import change_settings, read_settings

__all__ = [
    "Hold",
    "NextListing",
    "add_hold",
    "book_in",
    "book_key",
    "change_hold",
    "change_schema",
    "change_settings",
    "check_terms",
    "end_hold",
    "free_places",
    "get_after_terms",
    "get_book",
    "get_both",
    "get_hold",
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
