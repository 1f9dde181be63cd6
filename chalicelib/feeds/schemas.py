"""What suppliers say of their feeds, and what they are told."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from chalicelib.core.schemas import PageQuery, Schema, View
from chalicelib.feeds.domain import MAX_BYTES, Feed, FeedStatus, Format, Kind, Mode, Outcome, RowResult
from chalicelib.feeds.service import use_cases as service
from chalicelib.feeds.service.use_cases import Announced, Upload

KindName = Literal["products", "stock", "prices"]
ModeName = Literal["upsert", "replace"]
OutcomeName = Literal[
    "created", "updated", "unchanged", "in_review", "refused", "deferred", "superseded", "withdrawn", "kept"
]
Filename = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f/\\]+$")]


class AnnounceFeed(Schema):
    """A file that is to be uploaded: how many bytes it has, and its SHA-256 in hexadecimal digits, if it is known."""

    kind: KindName
    format: Literal["csv", "jsonl"]
    filename: Filename
    bytes: Annotated[int, Field(ge=1, le=MAX_BYTES)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")] | None = None
    mode: ModeName = "upsert"

    def announced(self) -> Announced:
        return Announced(Kind(self.kind), Format(self.format), Mode(self.mode), self.filename, self.bytes, self.sha256)


class SendQuery(Schema):
    """What a file that is sent at once is, where the body is not JSON."""

    model_config = ConfigDict(strict=False)

    kind: KindName | None = None
    mode: ModeName = "upsert"
    filename: Filename = "feed"


class RowsQuery(PageQuery):
    """Which results are listed."""

    outcome: OutcomeName | None = None


class ResultsQuery(Schema):
    """As what results are read."""

    model_config = ConfigDict(strict=False)

    format: Literal["csv", "jsonl"] = "jsonl"


class UploadView(View):
    """Where the file is posted to as multipart/form-data, within the hour: these fields first, then `file`."""

    url: str
    method: str
    fields: dict[str, str]

    @classmethod
    def of(cls, upload: Upload) -> "UploadView":
        return cls.model_construct(url=upload.url, method="POST", fields=upload.fields)


class FindingView(View):
    """One thing that was found: where (JSON pointer; a column, or a field of a row), against which rule, how grave, in words."""

    field: str
    rule: str
    severity: str
    message: str
    suggested_fix: Any = None


class ProgressView(View):
    """Rows of the file, those that have a result, how many ended how, and how many are taken in a second. `total` is known once the
    file was looked through."""

    total: int | None
    done: int
    counts: dict[OutcomeName, int]
    rows_per_second: float | None


class FeedView(View):
    """A feed. `findings` are about the file as a whole; `missing` listings are not named by a file that replaces."""

    id: str
    supplier_id: str
    kind: KindName
    format: str
    mode: ModeName
    status: FeedStatus
    filename: str
    bytes: int
    sha256: str | None
    retry_of: str | None
    created_at: str
    received_at: str | None
    started_at: str | None
    finished_at: str | None
    progress: ProgressView
    missing: int | None
    findings: list[FindingView]
    failure: str | None
    upload: UploadView | None

    @classmethod
    def of(cls, feed: Feed, upload: Upload | None = None) -> "FeedView":
        done = feed.done if feed.rows is None else min(feed.done, feed.rows)
        return cls.model_construct(
            id=feed.id,
            supplier_id=feed.supplier_id,
            kind=feed.kind.value,
            format=feed.format.value,
            mode=feed.mode.value,
            status=feed.status,
            filename=feed.filename,
            bytes=feed.bytes,
            sha256=feed.sha256,
            retry_of=feed.retry_of,
            created_at=feed.created_at,
            received_at=feed.received_at,
            started_at=feed.started_at,
            finished_at=feed.finished_at,
            progress=ProgressView.model_construct(
                total=feed.rows,
                done=done,
                counts={outcome.value: count for outcome, count in feed.counts.items()},
                rows_per_second=service.rows_per_second(feed),
            ),
            missing=feed.missing,
            findings=[FindingView.of(finding) for finding in feed.findings],
            failure=feed.failure,
            upload=UploadView.of(upload) if upload else None,
        )


class RowView(View):
    """What became of a row. `line` is where it begins in the file (none for a listing that the file does not name); `sku` is the
    catalogue's."""

    line: int | None
    supplier_sku: str | None
    outcome: OutcomeName
    sku: str | None
    code: str | None
    detail: str | None
    findings: list[FindingView]

    @classmethod
    def of(cls, result: RowResult) -> "RowView":
        return cls.model_construct(
            line=result.line,
            supplier_sku=result.supplier_sku,
            outcome=Outcome(result.outcome).value,
            sku=result.sku,
            code=result.code,
            detail=result.detail,
            findings=[FindingView.of(finding) for finding in result.findings],
        )


class ResultsView(View):
    """Where all results can be read for a quarter of an hour."""

    url: str
    expires_in_seconds: int
