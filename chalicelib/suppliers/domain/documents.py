"""Documents that suppliers show: what may be uploaded, and what its first bytes have to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.core.errors import Conflict, RuleBroken

MAX_BYTES = 10_000_000
UPLOAD_SECONDS = 900
"""How long an upload may begin after it was announced."""
DOWNLOAD_SECONDS = 120

MAGIC = {"application/pdf": b"%PDF-", "image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
"""What files of each content type begin with."""

HEAD_BYTES = 16
"""As many bytes of a file as tell its type."""


class DocumentState(StrEnum):
    """`announced`: to be uploaded. `received`: as it was announced; the operator has to look at it."""

    ANNOUNCED = "announced"
    RECEIVED = "received"
    VERIFIED = "verified"
    REFUSED = "refused"


class DocumentStateMismatch(Conflict):
    code = "document_state"
    title = "The document's state does not allow this"


class UploadMismatch(RuleBroken):
    code = "upload_mismatch"
    title = "What was uploaded is not what was announced"


@dataclass(frozen=True, slots=True)
class Document:
    """A file as it was announced: `type` is the code of the requirement that it is for, `size` in bytes, `sha256` in hexadecimal
    digits."""

    id: str
    supplier_id: str
    version: int
    type: str
    filename: str
    content_type: str
    size: int
    sha256: str
    state: DocumentState
    announced_at: str
    decided_at: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What storage says of a file, and its first bytes."""

    size: int
    content_type: str
    head: bytes


@dataclass(frozen=True, slots=True)
class Upload:
    """Where a file is to be sent: a form's address and its fields, the file last, as `file`."""

    url: str
    fields: Mapping[str, str]
    expires_in_seconds: int = UPLOAD_SECONDS


def check_upload(document: Document, uploaded: Uploaded | None) -> None:
    """Raise `UploadMismatch` unless the file is the one that was announced."""
    if uploaded is None:
        raise UploadMismatch("Nothing has been uploaded.")
    if uploaded.size != document.size:
        raise UploadMismatch(f"{uploaded.size} bytes were uploaded, {document.size} announced.")
    if uploaded.content_type != document.content_type:
        raise UploadMismatch(f"{uploaded.content_type} was uploaded, {document.content_type} announced.")
    if not uploaded.head.startswith(MAGIC[document.content_type]):
        raise UploadMismatch(f"The file is no {document.content_type}.")


def require_state(document: Document, *allowed: DocumentState) -> None:
    """Raise `DocumentStateMismatch` unless it is in one of these states."""
    if document.state not in allowed:
        raise DocumentStateMismatch(f"The document is {document.state}; this needs {' or '.join(allowed)}.")
