"""Finding a supplier, and a listing of its own."""

from collections.abc import Callable

from chalicelib.core.auth import Principal
from chalicelib.core.errors import Conflict, NotFound
from chalicelib.listings.domain.listing import SUPPLIER_SKU, Listing, Terms, listing_id
from chalicelib.listings.store import items as store
from chalicelib.suppliers import service as suppliers
from chalicelib.suppliers.service import Seller


class SupplierNotApproved(Conflict):
    code = "supplier_not_approved"
    title = "The supplier may not sell now"


def selling(supplier_id: str, by: Principal) -> Seller:
    """The supplier, for itself or the operator. Raises `NotFound`, `Forbidden`, and `SupplierNotApproved` for one that may not
    sell."""
    seller = known(supplier_id, by)
    if not seller.sells:
        raise SupplierNotApproved(f"{supplier_id} is {seller.status}.", supplier_status=str(seller.status))
    return seller


def known(supplier_id: str, by: Principal) -> Seller:
    """The supplier, for itself or the operator, whether it may sell or not. Raises `NotFound`, `Forbidden`."""
    suppliers.require_access(supplier_id, by)
    return must_find_seller(supplier_id)


def must_find_seller(supplier_id: str) -> Seller:
    """The supplier. Raises `NotFound`."""
    seller = suppliers.find_seller(supplier_id, consistent=True)
    if seller is None:
        raise NotFound(f"There is no supplier {supplier_id}.")
    return seller


Find = Callable[[str], tuple[Listing, Terms] | None]


def must_find(listing_id: str, *, find: Find = store.get_both) -> tuple[Listing, Terms]:
    """The listing and its terms, as the last finished writes left them. Raises `NotFound`."""
    found = find(listing_id)
    if found is None:
        raise NotFound(f"There is no listing {listing_id[:80]}.")
    return found


def must_find_own(supplier_id: str, supplier_sku: str, *, find: Find = store.get_both) -> tuple[Listing, Terms]:
    """As `must_find`, by the supplier's own SKU."""
    if not SUPPLIER_SKU.fullmatch(supplier_sku):
        raise NotFound(f"There is no listing {supplier_sku[:40]}.")
    return must_find(listing_id(supplier_id, supplier_sku), find=find)
