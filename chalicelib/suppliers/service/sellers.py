"""Suppliers as other contexts see them."""

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.core.table import Item
from chalicelib.suppliers import store
from chalicelib.suppliers.domain import Seller
from chalicelib.suppliers.domain.profile import returns_go_to


def find_seller(supplier_id: str, *, consistent: bool = False) -> Seller | None:
    """What others need of a supplier, or None where there is no such supplier."""
    return store.seller(supplier_id, consistent=consistent)


def return_address(supplier_id: str) -> tuple[str, Mapping[str, Any] | None]:
    """What a supplier is called, and where customers send back what it shipped, by the profile that it sells by; its address is None
    where it has said none."""
    found = store.get_supplier(supplier_id)
    profile = (found.approved if found else None) or {}
    return profile.get("trading_name") or "", returns_go_to(profile)


def seller_keys(supplier_ids: Iterable[str]) -> list[tuple[type[Item], str, str]]:
    """Where suppliers are, for the caller's batch read."""
    return [store.supplier_key(supplier_id) for supplier_id in supplier_ids]


def seller_from(found: Mapping[tuple[str, str], Item], supplier_id: str) -> Seller | None:
    """As `find_seller`, out of a batch read with `seller_keys`."""
    return store.seller_in(found, supplier_id)
