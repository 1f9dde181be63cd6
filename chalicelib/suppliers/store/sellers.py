"""Suppliers as others see them, and who acts for one.

| item | pk | sk | gsi1 |
|---|---|---|---|
| supplier | SUPPLIER#<id> | SUPPLIER | |
| member | SUPPLIERMEMBER#<kind>:<id> | SUPPLIERMEMBER | SUPPLIERMEMBERS#<supplier> / <kind>:<id> |
"""

from collections.abc import Mapping
from typing import Any, cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.core.errors import Conflict, NotFound
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, Transaction, find
from chalicelib.suppliers.domain import Seller, SupplierStatus


class SupplierItem(Item):
    """pk = SUPPLIER#<id>, sk = SUPPLIER."""

    version = NumberAttribute()
    status = UnicodeAttribute()
    seller = Json()
    document = Json(null=True)


class MemberItem(Item):
    """pk = SUPPLIERMEMBER#<kind>:<id of the user or client>, sk = SUPPLIERMEMBER. Whoever acts for a supplier acts for one."""

    supplier_id = UnicodeAttribute()


def supplier_key(supplier_id: str) -> tuple[type[Item], str, str]:
    return SupplierItem, key("SUPPLIER", supplier_id), "SUPPLIER"


def _seller(item: SupplierItem) -> Seller:
    stored = dict(item.seller)
    for name in ("brands", "service_countries"):
        stored[name] = tuple(stored.get(name, ()))
    return Seller(id=item.pk.partition("#")[2], status=SupplierStatus(item.status), **stored)


def seller(supplier_id: str, *, consistent: bool = False) -> Seller | None:
    """What others need of a supplier, or None."""
    item = find(SupplierItem, key("SUPPLIER", supplier_id), "SUPPLIER", consistent=consistent)
    return _seller(item) if item else None


def seller_in(found: Mapping[tuple[str, str], Item], supplier_id: str) -> Seller | None:
    """As `seller`, out of a batch read with `supplier_key`."""
    item = found.get((key("SUPPLIER", supplier_id), "SUPPLIER"))
    return _seller(cast(SupplierItem, item)) if item else None


def supplier_of(member: str) -> str | None:
    """The supplier that a user or client (`<kind>:<id>`) acts for, or None."""
    item = find(MemberItem, key("SUPPLIERMEMBER", member), "SUPPLIERMEMBER", consistent=True)
    return item.supplier_id if item else None


def add_member(tx: Transaction, supplier_id: str, member: str) -> None:
    """Let a user or client (`<kind>:<id>`) act for a supplier. `AlreadyMember` at commit if it acts for one."""
    item = MemberItem(
        key("SUPPLIERMEMBER", member),
        "SUPPLIERMEMBER",
        supplier_id=supplier_id,
        gsi1pk=key("SUPPLIERMEMBERS", supplier_id),
        gsi1sk=member,
    )
    tx.create(item, lambda _: AlreadyMember("This account acts for a supplier already."))


def members_of(supplier_id: str, after: str | None, count: int) -> list[str]:
    """Users and clients (`<kind>:<id>`) that act for a supplier, by name; those after `after`."""
    condition = MemberItem.gsi1sk > after if after else None
    rows = MemberItem.by_owner.query(key("SUPPLIERMEMBERS", supplier_id), condition, limit=count)
    return [row.gsi1sk for row, _ in zip(rows, range(count), strict=False)]


def remove_member(tx: Transaction, supplier_id: str, member: str) -> None:
    """Undo of `add_member`. Raises `NotFound` at commit when it acts for no or another supplier."""
    item = MemberItem(key("SUPPLIERMEMBER", member), "SUPPLIERMEMBER")
    missing = NotFound(f"No {member} acts for this supplier.")
    tx.delete(item, MemberItem.supplier_id == supplier_id, lambda _: missing)


class AlreadyMember(Conflict):
    code = "already_member"
    title = "The account acts for a supplier already"


def as_stored(seller: Seller) -> dict[str, Any]:
    """The document of `SupplierItem.seller`."""
    return {
        "name": seller.name,
        "country": seller.country,
        "brands": list(seller.brands),
        "service_countries": list(seller.service_countries),
        "endpoint_url": seller.endpoint_url,
        "region": seller.region,
        "postal_code": seller.postal_code,
    }
