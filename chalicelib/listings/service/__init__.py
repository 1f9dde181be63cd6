"""What listings offer to routes and to other contexts."""

from chalicelib.listings.domain.rows import ListingRow, RowOutcome, Taken
from chalicelib.listings.service.take_rows import Prepared, take_price_row, take_row, take_stock_row

__all__ = ["ListingRow", "Prepared", "RowOutcome", "Taken", "take_price_row", "take_row", "take_stock_row"]
