"""Finding pickups, for whoever may see them."""

from typing import Any

from chalicelib.core.auth import Principal
from chalicelib.core.errors import NotFound
from chalicelib.core.paging import Page, page_of
from chalicelib.lockers.domain.pickups import Pickup
from chalicelib.lockers.service.access import require_staff
from chalicelib.lockers.store import pickups as store


def must_find_pickup(pickup_id: str) -> Pickup:
    """The pickup as it is now. Raises `NotFound`."""
    pickup = store.get_pickup(pickup_id)
    if pickup is None:
        raise NotFound(f"There is no pickup {pickup_id}.")
    return pickup


find_pickup = must_find_pickup
"""For callers that act for the system."""


def read_pickup(pickup_id: str, by: Principal) -> Pickup:
    """The pickup, for staff. Raises `NotFound`."""
    require_staff(by)
    return must_find_pickup(pickup_id)


def list_pickups(site_id: str, status: str, limit: int, cursor: str | None, by: Principal) -> Page[dict[str, Any]]:
    """A site's pickups in a status, oldest first, for staff."""
    require_staff(by)
    return page_of(
        f"pickups {site_id} {status}",
        limit,
        cursor,
        lambda after, count: store.pickups_at(site_id, status, after, count),
        lambda row: row["id"],
    )
