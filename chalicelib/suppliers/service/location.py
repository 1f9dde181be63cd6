"""A supplier among the locations of stock."""

from chalicelib.core.errors import AisleError, Stale
from chalicelib.core.table import Transaction
from chalicelib.inventory import service as inventory
from chalicelib.suppliers.domain.record import Supplier


def keep_location(tx: Transaction, before: Supplier, after: Supplier, error: type[AisleError] = Stale) -> None:
    """Make a supplier's location with its first approval; later, have it called and placed as what is approved now says.

    Raises `error` at commit when the location was changed meanwhile.
    """
    profile = after.approved or {}
    if before.approved is None:
        location = inventory.Location(
            id=after.id,
            name=profile["trading_name"],
            type=inventory.LocationType.SUPPLIER,
            priority=0,
            channels=(),
            address=profile.get("address") or {},
        )
        inventory.open_location(tx, location)
        return
    name, address = (
        profile.get(field) if profile.get(field) != before.approved.get(field) else None
        for field in ("trading_name", "address")
    )
    if name or address:
        inventory.describe_location(tx, after.id, name=name, address=address, error=error)
