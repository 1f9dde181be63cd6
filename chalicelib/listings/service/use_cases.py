"""Use cases of listings, for its own routes and tasks and for feeds."""

from chalicelib.listings.domain.life import CannotCorrect, NothingProposed, WrongState
from chalicelib.listings.domain.listing import (
    ListingExists,
    ListingLimitReached,
    ListingRefused,
    ListingStatus,
    TimeAhead,
)
from chalicelib.listings.domain.rows import NEWER_KNOWN, ListingRow, RowOutcome, Taken
from chalicelib.listings.service.access import SupplierNotApproved
from chalicelib.listings.service.change_state import pause_listing, resume_listing, stage_correction, withdraw_listing
from chalicelib.listings.service.configure import change_schema, change_settings, read_schema, read_settings
from chalicelib.listings.service.on_sale import forget_settings
from chalicelib.listings.service.places import leaving
from chalicelib.listings.service.read_listings import (
    ListingFile,
    list_listings,
    offers_of,
    read_listing,
)
from chalicelib.listings.service.register_listing import change_listing, register_listing
from chalicelib.listings.service.run_register_product import (
    check_listing,
    open_listing_review,
    publish_listing,
    reject_listing,
)
from chalicelib.listings.service.take_rows import (
    Prepared,
    take_price_row,
    take_row,
    take_stock_row,
    take_withdrawal_row,
)
from chalicelib.listings.service.update_terms import Updated, set_price, set_stock

__all__ = [
    "NEWER_KNOWN",
    "CannotCorrect",
    "ListingExists",
    "ListingFile",
    "ListingLimitReached",
    "ListingRefused",
    "ListingRow",
    "ListingStatus",
    "NothingProposed",
    "Prepared",
    "RowOutcome",
    "SupplierNotApproved",
    "Taken",
    "TimeAhead",
    "Updated",
    "WrongState",
    "change_listing",
    "change_schema",
    "change_settings",
    "check_listing",
    "forget_settings",
    "leaving",
    "list_listings",
    "offers_of",
    "open_listing_review",
    "pause_listing",
    "publish_listing",
    "read_listing",
    "read_schema",
    "read_settings",
    "register_listing",
    "reject_listing",
    "resume_listing",
    "set_price",
    "set_stock",
    "stage_correction",
    "take_price_row",
    "take_row",
    "take_stock_row",
    "take_withdrawal_row",
    "withdraw_listing",
]
