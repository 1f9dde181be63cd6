"""Ways out of feeds: the bucket that holds their files, and the workflow import_feed.

| object | what |
|---|---|
| uploads/<feed> | the file as it was sent |
| work/<feed>/… | what was found in it |
| results/<feed>/<chunk>-<from>.jsonl | what became of rows, part by part |
| results/<feed>/all.jsonl, all.csv | the same, as a whole |
"""

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from chalicelib.core import workflow
from chalicelib.core.aws import client
from chalicelib.core.errors import NotFound
from chalicelib.core.observability import trace
from chalicelib.core.settings import settings

UPLOAD_SECONDS = 3600
LINK_SECONDS = 900
BLOCK = 1024 * 1024
PART_BYTES = 8 * 1024 * 1024
"""Of a file that is written in parts; S3 wants five megabytes at least."""


class FileGone(NotFound):
    """There never was such a file, or it was removed when its time had come."""

    code = "file_gone"
    title = "The file is not there"


class FeedFiles:
    """The files of feeds in their bucket."""

    def upload_form(self, feed_id: str, content_type: str, size: int, digest: str | None) -> tuple[str, dict[str, str]]:
        """Where a browser or a program may post the file of a feed to, and the fields to send with it: for an hour, of this type, of
        just this many bytes, and with this SHA-256 (hexadecimal) where it is known."""
        fields = {"Content-Type": content_type}
        if digest is not None:
            fields["x-amz-checksum-algorithm"] = "SHA256"
            fields["x-amz-checksum-sha256"] = b64encode(bytes.fromhex(digest)).decode()
        posted = client("s3").generate_presigned_post(
            settings().feeds_bucket,
            upload_key(feed_id),
            Fields=dict(fields),
            Conditions=[*({name: value} for name, value in fields.items()), ["content-length-range", size, size]],
            ExpiresIn=UPLOAD_SECONDS,
        )
        return posted["url"], posted["fields"]

    def link(self, key: str, filename: str) -> str:
        """Where a file can be read for a quarter of an hour, by whoever has the link."""
        url: str = client("s3").generate_presigned_url(
            "get_object",
            Params={
                "Bucket": settings().feeds_bucket,
                "Key": key,
                "ResponseContentDisposition": f'attachment; filename="{filename}"',
            },
            ExpiresIn=LINK_SECONDS,
        )
        return url

    def size(self, key: str) -> int | None:
        """Bytes of a file, None when there is none."""
        s3 = client("s3")
        try:
            found: int = s3.head_object(Bucket=settings().feeds_bucket, Key=key)["ContentLength"]
        except s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in _NOT_THERE:
                return None
            raise
        return found

    def put(self, key: str, body: bytes, content_type: str = "application/json") -> None:
        """Write a file."""
        client("s3").put_object(Bucket=settings().feeds_bucket, Key=key, Body=body, ContentType=content_type)

    def put_once(self, key: str, body: bytes) -> bool:
        """Write a file that is not there yet; False when it is, and stays as it is."""
        s3 = client("s3")
        try:
            s3.put_object(Bucket=settings().feeds_bucket, Key=key, Body=body, IfNoneMatch="*")
        except s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in _THERE:
                return False
            raise
        return True

    def read(self, key: str, begin: int = 0, end: int | None = None) -> bytes:
        """A file, or its bytes from `begin` to before `end`. Raises `FileGone`."""
        return b"".join(self.blocks(key, begin, end))

    def blocks(self, key: str, begin: int = 0, end: int | None = None) -> Iterator[bytes]:
        """As `read`, a megabyte at a time. Raises `FileGone`."""
        s3 = client("s3")
        wanted: dict[str, Any] = {"Bucket": settings().feeds_bucket, "Key": key}
        if begin or end is not None:
            wanted["Range"] = f"bytes={begin}-{'' if end is None else end - 1}"
        try:
            body = s3.get_object(**wanted)["Body"]
        except s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in _NOT_THERE:
                raise FileGone("The file of the feed is not there any more.") from error
            raise
        with body:
            yield from iter(lambda: body.read(BLOCK), b"")

    def read_json(self, key: str) -> Any:
        """What a file holds, None when there is none."""
        with suppress(FileGone):
            return json.loads(self.read(key))
        return None

    def put_json(self, key: str, value: Any) -> None:
        """Write what `read_json` reads."""
        self.put(key, json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())

    def write_whole(self, key: str, pieces: Iterable[bytes], content_type: str) -> None:
        """Write a file out of pieces, holding a few megabytes of it at a time."""
        s3, place = client("s3"), {"Bucket": settings().feeds_bucket, "Key": key}
        held, upload_id = b"", None
        parts: list[dict[str, Any]] = []
        for piece in pieces:
            held += piece
            if len(held) >= PART_BYTES:
                upload_id = upload_id or s3.create_multipart_upload(**place, ContentType=content_type)["UploadId"]
                parts.append(_upload_part(s3, place, upload_id, len(parts) + 1, held))
                held = b""
        if upload_id is None:
            s3.put_object(**place, Body=held, ContentType=content_type)
            return
        if held:
            parts.append(_upload_part(s3, place, upload_id, len(parts) + 1, held))
        s3.complete_multipart_upload(**place, UploadId=upload_id, MultipartUpload={"Parts": parts})


def _upload_part(s3: Any, place: dict[str, str], upload_id: str, number: int, body: bytes) -> dict[str, Any]:
    sent = s3.upload_part(**place, UploadId=upload_id, PartNumber=number, Body=body)
    return {"ETag": sent["ETag"], "PartNumber": number}


_NOT_THERE = ("404", "NoSuchKey", "NotFound")
_THERE = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")


def upload_key(feed_id: str) -> str:
    """Where a file is as it was sent."""
    return f"uploads/{feed_id}"


def work_key(feed_id: str, name: str) -> str:
    """Where what was found in it is."""
    return f"work/{feed_id}/{name}.json"


def part_key(feed_id: str, chunk: int, begin: int) -> str:
    """Where the results of a part of a chunk are, which begins with its row `begin`."""
    return f"results/{feed_id}/{chunk:05d}-{begin:010d}.jsonl"


def section_key(feed_id: str, number: int, format: str) -> str:
    """Where some parts' results are, put together, until all are."""
    return f"work/{feed_id}/results-{number:05d}.{format}"


def whole_key(feed_id: str, format: str) -> str:
    """Where all results are, as `jsonl` or `csv`."""
    return f"results/{feed_id}/all.{format}"


def start_import_feed(feed_id: str, execution: str) -> None:
    """Start import_feed for a feed under a name of its own; a second start under that name is harmless."""
    given = {"feed_id": feed_id, "correlation_id": trace().correlation_id}
    workflow.start(settings().import_feed_arn, execution, given)


def import_is_running(execution: str) -> bool:
    """Whether the execution of import_feed with this name is at work."""
    return workflow.status_of(settings().import_feed_arn, execution) == "RUNNING"
