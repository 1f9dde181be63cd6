"""Documents that suppliers show."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import NotFound
from chalicelib.core.idempotency import Answer
from chalicelib.core.schemas import PageQuery
from chalicelib.suppliers.domain.documents import DOWNLOAD_SECONDS, Document, DocumentStateMismatch, UploadMismatch
from chalicelib.suppliers.domain.requirements import RequirementUnknown
from chalicelib.suppliers.routes.blueprint import BOTH, OPERATOR, routes
from chalicelib.suppliers.schemas.commands import AnnounceDocument, DecideDocument
from chalicelib.suppliers.schemas.views import DocumentView, DownloadView
from chalicelib.suppliers.service import use_cases as service


@routes.endpoint(
    "POST",
    "/v1/suppliers/{supplier_id}/documents",
    summary="Announce a document",
    body=AnnounceDocument,
    answers={201: DocumentView},
    scopes=BOTH,
    idempotent=True,
    raises=[NotFound, RequirementUnknown],
)
def announce_document(supplier_id: str) -> Response:
    """PDF, PNG or JPEG, up to 10 MB. The answer has the form to upload the file with, straight to storage, within 15 minutes."""
    given = http.body(AnnounceDocument)
    return http.once(
        lambda once: service.announce_document(
            supplier_id,
            given.type,
            given.filename,
            given.content_type,
            given.bytes,
            given.sha256,
            by=http.caller(),
            once=once,
            answer=lambda made, upload: http.answer(
                201,
                DocumentView.shown(made, upload),
                version=made.version,
                location=f"/v1/suppliers/{supplier_id}/documents/{made.id}",
            ),
        )
    )


@routes.endpoint(
    "GET",
    "/v1/suppliers/{supplier_id}/documents",
    summary="List a supplier's documents",
    query=PageQuery,
    answers={200: http.list_of(DocumentView)},
    scopes=BOTH,
    raises=[NotFound],
)
def list_documents(supplier_id: str) -> Response:
    """The oldest first."""
    wanted = http.query(PageQuery)
    return http.listed(service.list_documents(supplier_id, wanted.limit, wanted.cursor, http.caller()), DocumentView.of)


@routes.endpoint(
    "GET",
    "/v1/suppliers/{supplier_id}/documents/{document_id}",
    summary="Read what is known of a document",
    answers={200: DocumentView},
    scopes=BOTH,
    raises=[NotFound],
)
def read_document(supplier_id: str, document_id: str) -> Response:
    """Not the file itself."""
    one = service.read_document(supplier_id, document_id, http.caller())
    return http.ok(DocumentView.of(one), version=one.version)


@routes.endpoint(
    "POST",
    "/v1/suppliers/{supplier_id}/documents/{document_id}/completions",
    summary="Say that a document was uploaded",
    answers={200: DocumentView},
    scopes=BOTH,
    idempotent=True,
    raises=[NotFound, DocumentStateMismatch, UploadMismatch],
)
def complete_document(supplier_id: str, document_id: str) -> Response:
    """The file is looked at: its size, its type, and whether it begins like one of its type."""
    return http.once(
        lambda once: service.complete_document(supplier_id, document_id, by=http.caller(), once=once, answer=_shown)
    )


@routes.endpoint(
    "POST",
    "/v1/suppliers/{supplier_id}/documents/{document_id}/decisions",
    summary="Verify or refuse a document",
    body=DecideDocument,
    answers={200: DocumentView},
    scopes=OPERATOR,
    idempotent=True,
    raises=[NotFound, DocumentStateMismatch],
)
def decide_document(supplier_id: str, document_id: str) -> Response:
    """For the operator. The requirement that it is for is met, or has failed. One that was verified may be decided again: it counts
    for the legal entity that the profile named then, and no more when another is named."""
    given = http.body(DecideDocument)
    return http.once(
        lambda once: service.decide_document(
            supplier_id,
            document_id,
            verified=given.decision == "verified",
            reason=given.reason,
            by=http.caller(),
            once=once,
            answer=_shown,
        )
    )


@routes.endpoint(
    "GET",
    "/v1/suppliers/{supplier_id}/documents/{document_id}/download",
    summary="Get the address of a document's file",
    answers={200: DownloadView},
    scopes=OPERATOR,
    raises=[NotFound, DocumentStateMismatch],
)
def download_document(supplier_id: str, document_id: str) -> Response:
    """For the operator; valid for two minutes."""
    url = service.download_address(supplier_id, document_id, http.caller())
    return http.ok(DownloadView(url=url, expires_in_seconds=DOWNLOAD_SECONDS))


def _shown(one: Document) -> Answer:
    return http.answer(200, DocumentView.of(one), version=one.version)
