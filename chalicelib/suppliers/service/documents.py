"""Documents: announced, uploaded to storage directly, received, looked at by the operator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from chalicelib.core.auth import Principal
from chalicelib.core.errors import NotFound
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.ids import is_id, new_id
from chalicelib.core.paging import Page, page_of
from chalicelib.core.table import Transaction
from chalicelib.suppliers.domain import life
from chalicelib.suppliers.domain.documents import Document, DocumentState, Upload, check_upload, require_state
from chalicelib.suppliers.domain.record import Mark, MarkState
from chalicelib.suppliers.domain.requirements import Kind
from chalicelib.suppliers.gateways import storage
from chalicelib.suppliers.service.access import require_access, require_operator
from chalicelib.suppliers.service.finding import must_find, now
from chalicelib.suppliers.store import items as store

Shown = Callable[[Document], Answer]


def announce_document(
    supplier_id: str,
    type: str,
    filename: str,
    content_type: str,
    size: int,
    sha256: str,
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Document, Upload | None], Answer],
) -> Answer:
    """Say what will be uploaded for a requirement; the form to send it with is valid for 15 minutes, and not kept for repetitions.

    Raises `RequirementUnknown` unless a document is asked for under the code `type`.
    """
    require_access(supplier_id, by)
    must_find(supplier_id)
    store.checklist().find(type, Kind.DOCUMENT)
    state, id = DocumentState.ANNOUNCED, new_id("doc")
    document = Document(id, supplier_id, 1, type, filename, content_type, size, sha256, state, now())
    tx = Transaction()
    store.add_document(tx, document)
    once.record(tx, answer(document, None))
    tx.commit()
    return answer(document, storage.upload_form(document))


def complete_document(supplier_id: str, document_id: str, *, by: Principal, once: Idempotency, answer: Shown) -> Answer:
    """It has been uploaded. Raises `UploadMismatch` unless the file is what was announced, and `DocumentStateMismatch`."""
    require_access(supplier_id, by)
    before = _must_find(supplier_id, document_id)
    require_state(before, DocumentState.ANNOUNCED)
    check_upload(before, storage.uploaded(before))
    after = replace(before, version=before.version + 1, state=DocumentState.RECEIVED)
    return _change(after, once, answer)


def decide_document(
    supplier_id: str,
    document_id: str,
    *,
    verified: bool,
    reason: str | None,
    by: Principal,
    once: Idempotency,
    answer: Shown,
) -> Answer:
    """The operator has looked at it; the requirement that it is for is met, or has failed. One that was verified may be looked at
    again: it may be of the legal entity of before. Raises `DocumentStateMismatch`."""
    require_operator(by)
    before, one = _must_find(supplier_id, document_id), must_find(supplier_id)
    require_state(before, DocumentState.RECEIVED, DocumentState.VERIFIED)
    at = now()
    state = DocumentState.VERIFIED if verified else DocumentState.REFUSED
    after = replace(before, version=before.version + 1, state=state, decided_at=at, reason=reason)
    shown = MarkState.VERIFIED if verified else MarkState.FAILED
    tx = Transaction()
    mark = Mark(shown, at, by.as_actor(), reason, document_id)
    store.change_supplier(tx, life.marked(one, before.type, mark, at))
    return _change(after, once, answer, tx)


def _change(after: Document, once: Idempotency, answer: Shown, tx: Transaction | None = None) -> Answer:
    final, tx = answer(after), tx or Transaction()
    store.change_document(tx, after)
    once.record(tx, final)
    tx.commit()
    return final


def read_document(supplier_id: str, document_id: str, by: Principal) -> Document:
    """What is known of a document."""
    require_access(supplier_id, by)
    return _must_find(supplier_id, document_id)


def list_documents(supplier_id: str, limit: int, cursor: str | None, by: Principal) -> Page[Document]:
    """A supplier's documents, oldest first."""
    require_access(supplier_id, by)
    must_find(supplier_id)

    def fetch(after: str | None, count: int) -> list[Document]:
        return store.documents_of(supplier_id, after, count)

    return page_of(f"supplier-documents:{supplier_id}", limit, cursor, fetch, lambda one: one.id)


def download_address(supplier_id: str, document_id: str, by: Principal) -> str:
    """Where the operator gets the file, for two minutes. Raises `DocumentStateMismatch` before it was received."""
    require_operator(by)
    document = _must_find(supplier_id, document_id)
    require_state(document, DocumentState.RECEIVED, DocumentState.VERIFIED, DocumentState.REFUSED)
    return storage.download_address(document)


def _must_find(supplier_id: str, document_id: str) -> Document:
    document = store.get_document(supplier_id, document_id) if is_id(document_id, "doc") else None
    if document is None:
        raise NotFound(f"There is no document {document_id}.")
    return document
