"""Rows of bulk imports, each in a transaction of its own."""

from collections.abc import Mapping, Sequence

from chalicelib.core.auth import Principal
from chalicelib.listings.domain.rows import ListingRow, RowOutcome
from chalicelib.suppliers.service import Seller


class Prepared:
    """What is stored of some rows, read ahead in batches. Writes are guarded by conditions, so it may be outdated."""

    @classmethod
    def of(cls, seller: Seller, rows: Sequence[ListingRow]) -> "Prepared":
        """Read what is needed to take `rows`: a few reads for hundreds of them."""
        raise NotImplementedError


def take_row(
    seller: Seller, row: ListingRow, *, feed_id: str, line: int, by: Principal, prepared: Prepared | None = None
) -> RowOutcome:
    """Register or change a listing as a row says; safe to repeat."""
    raise NotImplementedError


def take_stock_row(
    seller: Seller,
    supplier_sku: str,
    on_hand: int,
    as_of: str | None,
    *,
    by: Principal,
    prepared: Prepared | None = None,
) -> RowOutcome:
    """Units on hand as a row says."""
    raise NotImplementedError


def take_price_row(
    seller: Seller,
    supplier_sku: str,
    prices: Mapping[str, int],
    as_of: str | None,
    *,
    by: Principal,
    prepared: Prepared | None = None,
) -> RowOutcome:
    """Prices as a row says."""
    raise NotImplementedError
