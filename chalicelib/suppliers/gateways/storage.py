"""Where documents lie: a private bucket, which suppliers upload to by a signed form and operators read by a signed address."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import quote

from chalicelib.core.aws import client
from chalicelib.core.settings import settings
from chalicelib.suppliers.domain.documents import (
    DOWNLOAD_SECONDS,
    HEAD_BYTES,
    UPLOAD_SECONDS,
    Document,
    Upload,
    Uploaded,
)


def upload_form(document: Document) -> Upload:
    """What the supplier sends the file with. S3 refuses another size, content type or checksum, and encrypts it."""
    fields = {
        "Content-Type": document.content_type,
        "x-amz-checksum-algorithm": "SHA256",
        "x-amz-checksum-sha256": b64encode(bytes.fromhex(document.sha256)).decode(),
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": settings().token_key_id,
    }
    conditions = [{name: value} for name, value in fields.items()]
    made = client("s3").generate_presigned_post(
        Bucket=settings().documents_bucket,
        Key=_key(document),
        Fields=dict(fields),
        Conditions=[*conditions, ["content-length-range", document.size, document.size]],
        ExpiresIn=UPLOAD_SECONDS,
    )
    return Upload(made["url"], made["fields"])


def uploaded(document: Document) -> Uploaded | None:
    """What lies in storage, or None."""
    storage = client("s3")
    try:
        held = storage.get_object(
            Bucket=settings().documents_bucket, Key=_key(document), Range=f"bytes=0-{HEAD_BYTES - 1}"
        )
    except storage.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "404", "InvalidRange", "416"):
            return None
        raise
    with held["Body"] as body:
        head: bytes = body.read()
    return Uploaded(int(held["ContentRange"].rpartition("/")[2]), held["ContentType"], head)


def download_address(document: Document) -> str:
    """Where the file can be had for two minutes, as a download."""
    name = f"attachment; filename*=UTF-8''{quote(document.filename, safe='')}"
    address: str = client("s3").generate_presigned_url(
        "get_object",
        Params={
            "Bucket": settings().documents_bucket,
            "Key": _key(document),
            "ResponseContentDisposition": name,
            "ResponseContentType": document.content_type,
        },
        ExpiresIn=DOWNLOAD_SECONDS,
    )
    return address


def _key(document: Document) -> str:
    return f"suppliers/{document.supplier_id}/{document.id}"
