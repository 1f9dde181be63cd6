"""Where customers send back what a supplier shipped, for returns alone."""

from collections.abc import Mapping
from typing import Any

from chalicelib.suppliers.domain.profile import returns_go_to
from chalicelib.suppliers.store.suppliers import get_supplier


def return_address(supplier_id: str) -> tuple[str, Mapping[str, Any] | None]:
    """What a supplier is called, and where customers send back what it shipped, by the profile that it sells by; its address is None
    where it has said none."""
    found = get_supplier(supplier_id)
    profile = (found.approved if found else None) or {}
    return profile.get("trading_name") or "", returns_go_to(profile)
