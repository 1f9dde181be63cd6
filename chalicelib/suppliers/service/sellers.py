"""Suppliers as other contexts see them."""

from collections.abc import Iterable, Mapping

from chalicelib.core.table import Item
from chalicelib.suppliers import store
from chalicelib.suppliers.domain import Place, Seller, nearness


def find_seller(supplier_id: str, *, consistent: bool = False) -> Seller | None:
    """What others need of a supplier, or None where there is no such supplier."""
    return store.seller(supplier_id, consistent=consistent)


def seller_keys(supplier_ids: Iterable[str]) -> list[tuple[type[Item], str, str]]:
    """Where suppliers are, for the caller's batch read."""
    return [store.supplier_key(supplier_id) for supplier_id in supplier_ids]


def seller_from(found: Mapping[tuple[str, str], Item], supplier_id: str) -> Seller | None:
    """As `find_seller`, out of a batch read with `seller_keys`."""
    return store.seller_in(found, supplier_id)


def distance(seller: Seller, to: Place) -> int:
    """How near it is to where goods go: 0 in one postal area, 1 in one region, 2 in one country, 3 abroad; the least that is known."""
    return nearness.distance(seller.place, to)
