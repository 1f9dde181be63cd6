"""Documents, invitations and sealed bank accounts.

| item | pk | sk | gsi2 |
|---|---|---|---|
| document | SUPPLIER#<id> | DOCUMENT#<document id> | |
| invitation | SUPPLIERINVITATION#<sha256 of its token> | SUPPLIERINVITATION | |
| bank account | SUPPLIERBANK#<token> | SUPPLIERBANK | |
"""

from __future__ import annotations

from dataclasses import asdict
from hashlib import sha256

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.core.errors import Conflict, Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, Transaction, find
from chalicelib.suppliers.domain.documents import Document, DocumentState
from chalicelib.suppliers.domain.invitations import Invitation


class DocumentItem(Item):
    """pk = SUPPLIER#<id>, sk = DOCUMENT#<document id>."""

    version = NumberAttribute()
    document = Json()


def _document_item(document: Document) -> DocumentItem:
    stored = asdict(document)
    for kept_apart in ("id", "supplier_id", "version"):
        del stored[kept_apart]
    pk, sk = key("SUPPLIER", document.supplier_id), key("DOCUMENT", document.id)
    return DocumentItem(pk, sk, version=document.version, document=stored)


def _document(item: DocumentItem) -> Document:
    return Document(
        **{**item.document, "state": DocumentState(item.document["state"])},
        id=item.sk.partition("#")[2],
        supplier_id=item.pk.partition("#")[2],
        version=int(item.version),
    )


def add_document(tx: Transaction, document: Document) -> None:
    """Write a new document."""
    tx.create(_document_item(document), lambda _: Conflict("There is such a document."))


def change_document(tx: Transaction, document: Document) -> None:
    """Write the next version. Raises `Stale` at commit when another was quicker."""
    before = DocumentItem.version == document.version - 1
    tx.put(_document_item(document), before, lambda _: Stale("The document was changed meanwhile."))


def get_document(supplier_id: str, document_id: str) -> Document | None:
    """The document as it is now, or None."""
    item = find(DocumentItem, key("SUPPLIER", supplier_id), key("DOCUMENT", document_id), consistent=True)
    return _document(item) if item else None


def documents_of(supplier_id: str, after: str | None, count: int) -> list[Document]:
    """Documents of a supplier, oldest first; those after `after`."""
    pk = key("SUPPLIER", supplier_id)
    # The character after `#`: everything that begins with DOCUMENT# lies between.
    wanted = DocumentItem.sk.between(key("DOCUMENT", after) + "!", "DOCUMENT$") if after else None
    condition = wanted if wanted is not None else DocumentItem.sk.startswith("DOCUMENT#")
    rows = DocumentItem.query(pk, condition, limit=count)
    return [_document(row) for row, _ in zip(rows, range(count), strict=False)]


# ---- invitations --------------------------------------------------------------------------------------------------------


class InvitationItem(Item):
    """pk = SUPPLIERINVITATION#<sha256 of the token>, sk = SUPPLIERINVITATION."""

    document = Json()
    accepted_at = UnicodeAttribute(null=True)


def _invitation_pk(token: str) -> str:
    return key("SUPPLIERINVITATION", sha256(token.encode()).hexdigest())


def add_invitation(tx: Transaction, token: str, invitation: Invitation, ttl: int) -> None:
    """Write a new invitation, without its token; it is cleaned up after `ttl` (epoch seconds)."""
    stored = asdict(invitation)
    del stored["accepted_at"]
    item = InvitationItem(_invitation_pk(token), "SUPPLIERINVITATION", document=stored, ttl=ttl)
    tx.create(item, lambda _: Conflict("There is such an invitation."))


def invitation_of(token: str) -> Invitation | None:
    """The invitation that this token is of, or None."""
    item = find(InvitationItem, _invitation_pk(token), "SUPPLIERINVITATION", consistent=True)
    return Invitation(**item.document, accepted_at=item.accepted_at) if item else None


def accept_invitation(tx: Transaction, token: str, now: str) -> None:
    """It has served. Raises `Stale` at commit when it had before."""
    item = InvitationItem(_invitation_pk(token), "SUPPLIERINVITATION")
    unused = InvitationItem.pk.exists() & InvitationItem.accepted_at.does_not_exist()
    tx.update(item, [InvitationItem.accepted_at.set(now)], unused, lambda _: Stale("It was accepted before."))


# ---- bank accounts ------------------------------------------------------------------------------------------------------


class BankAccountItem(Item):
    """pk = SUPPLIERBANK#<token>, sk = SUPPLIERBANK. `sealed` is encrypted by KMS; never changed."""

    supplier_id = UnicodeAttribute()
    sealed = BinaryAttribute(legacy_encoding=False)


def add_bank_account(tx: Transaction, supplier_id: str, token: str, sealed: bytes) -> None:
    """Keep a sealed bank account under its token."""
    item = BankAccountItem(key("SUPPLIERBANK", token), "SUPPLIERBANK", supplier_id=supplier_id, sealed=sealed)
    tx.create(item, lambda _: Conflict("There is such a token."))


def sealed_bank_account(token: str) -> bytes | None:
    """The sealed bank account of a token, or None."""
    item = find(BankAccountItem, key("SUPPLIERBANK", token), "SUPPLIERBANK", consistent=True)
    return item.sealed if item else None
