"""Routes of feeds, for suppliers and the operator."""

from collections.abc import Callable

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import Fault, Invalid, NotFound
from chalicelib.core.http import Routes
from chalicelib.core.idempotency import Answer
from chalicelib.core.schemas import PageQuery
from chalicelib.feeds.domain import Feed, Format, Kind, Mode, Outcome
from chalicelib.feeds.gateways import LINK_SECONDS
from chalicelib.feeds.schemas import (
    AnnounceFeed,
    FeedView,
    ResultsQuery,
    ResultsView,
    RowsQuery,
    RowView,
    SendQuery,
)
from chalicelib.feeds.service import use_cases as service
from chalicelib.listings.service.access import SupplierNotApproved
from chalicelib.suppliers.service import OPERATOR_SCOPE, SUPPLIER_SCOPE

routes = Routes(__name__, "feeds")
SCOPES = [OPERATOR_SCOPE, SUPPLIER_SCOPE]
SENT = {"text/csv": Format.CSV, "application/x-ndjson": Format.JSONL}
"""Small files may be the body itself."""

_FEEDS = "/v1/suppliers/{supplier_id}/feeds"
_FEED = _FEEDS + "/{feed_id}"


def _answer(status: int) -> Callable[[Feed], Answer]:
    def answer(feed: Feed) -> Answer:
        location = f"/v1/suppliers/{feed.supplier_id}/feeds/{feed.id}"
        return http.answer(status, FeedView.of(feed, service.upload_of(feed)), location=location)

    return answer


@routes.endpoint(
    "POST",
    _FEEDS,
    summary="Send a file, or announce one",
    body=AnnounceFeed,
    body_types=("application/json", *SENT),
    query=SendQuery,
    answers={201: FeedView},
    scopes=SCOPES,
    idempotent=True,
    raises=[NotFound, SupplierNotApproved, service.ReplaceNotOfPrices, service.TooManyFeeds],
)
def create_feed(supplier_id: str) -> Response:
    """Announced with JSON, the file is uploaded where `upload` says, and completed. A file of up to 1 MB may be the body itself, as CSV or
    JSON lines; `kind`, `mode` and `filename` are query parameters then. One feed of a kind runs at a time; others wait for their
    turn."""
    sent = SENT.get((http.header("content-type") or "").split(";")[0].strip().lower())
    if sent is not None:
        return _send(supplier_id, sent)
    file = http.body(AnnounceFeed).announced()
    return http.once(
        lambda once: service.announce_feed(supplier_id, file, by=http.caller(), once=once, answer=_answer(201))
    )


def _send(supplier_id: str, format: Format) -> Response:
    told = http.query(SendQuery)
    if told.kind is None:
        raise Invalid("Say what the rows are: ?kind=products, stock or prices.", faults=[_KIND_MISSING])
    body = http.raw_body(*SENT)
    file = service.Announced(Kind(told.kind), format, Mode(told.mode), told.filename, len(body))
    return http.once(
        lambda once: service.send_feed(supplier_id, file, body, by=http.caller(), once=once, answer=_answer(201))
    )


_KIND_MISSING = Fault("/kind", "missing", "Required where the body is the file.")


@routes.endpoint(
    "GET",
    _FEEDS,
    summary="List the feeds of a supplier",
    query=PageQuery,
    answers={200: http.list_of(FeedView)},
    scopes=SCOPES,
    raises=[NotFound],
)
def list_feeds(supplier_id: str) -> Response:
    """The latest first."""
    wanted = http.query(PageQuery)
    page = service.list_feeds(supplier_id, wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, FeedView.of)


@routes.endpoint(
    "GET", _FEED, summary="Read a feed and its progress", answers={200: FeedView}, scopes=SCOPES, raises=[NotFound]
)
def read_feed(supplier_id: str, feed_id: str) -> Response:
    """How far it is; while its file is not there, where that is uploaded to."""
    feed = service.read_feed(supplier_id, feed_id, http.caller())
    return http.ok(FeedView.of(feed, service.upload_of(feed)))


@routes.endpoint(
    "GET",
    _FEED + "/rows",
    summary="List what became of the rows of a feed",
    query=RowsQuery,
    answers={200: http.list_of(RowView)},
    scopes=SCOPES,
    raises=[NotFound, service.FileGone],
)
def list_feed_rows(supplier_id: str, feed_id: str) -> Response:
    """In the order of the file, while it runs, too. They are kept for 30 days."""
    wanted = http.query(RowsQuery)
    outcome = Outcome(wanted.outcome) if wanted.outcome else None
    page = service.list_results(supplier_id, feed_id, outcome, wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, RowView.of)


@routes.endpoint(
    "GET",
    _FEED + "/results",
    summary="Get a link to all results of a feed",
    query=ResultsQuery,
    answers={200: ResultsView},
    scopes=SCOPES,
    raises=[NotFound, service.ResultsNotReady],
)
def link_to_results(supplier_id: str, feed_id: str) -> Response:
    """As JSON lines, or as CSV without the findings; when the feed is over."""
    wanted = http.query(ResultsQuery)
    url = service.link_to_results(supplier_id, feed_id, wanted.format, http.caller())
    return http.ok(ResultsView(url=url, expires_in_seconds=LINK_SECONDS))


@routes.endpoint(
    "POST",
    _FEED + "/completions",
    summary="Say that the file of a feed is uploaded",
    answers={202: FeedView},
    scopes=SCOPES,
    idempotent=True,
    raises=[NotFound, service.FeedState, service.NotUploaded, service.OtherFile, service.TooManyFeeds],
)
def complete_feed(supplier_id: str, feed_id: str) -> Response:
    """Its size is checked now, its hash when it is read. The feed waits for its turn."""
    return http.once(
        lambda once: service.complete_upload(supplier_id, feed_id, by=http.caller(), once=once, answer=_answer(202))
    )


@routes.endpoint(
    "POST",
    _FEED + "/cancellations",
    summary="Call a feed off",
    answers={202: FeedView},
    scopes=SCOPES,
    idempotent=True,
    raises=[NotFound, service.FeedState],
)
def cancel_feed(supplier_id: str, feed_id: str) -> Response:
    """Rows that were taken stay taken. One that is to be confirmed is finished without what would vanish."""
    return http.once(
        lambda once: service.cancel_feed(supplier_id, feed_id, by=http.caller(), once=once, answer=_answer(202))
    )


@routes.endpoint(
    "POST",
    _FEED + "/retries",
    summary="Try rows of a feed again",
    answers={201: FeedView},
    scopes=SCOPES,
    idempotent=True,
    raises=[NotFound, service.FeedState, service.NothingToRetry, service.NewerFeed, service.TooManyFeeds],
)
def retry_feed(supplier_id: str, feed_id: str) -> Response:
    """Those that were refused, deferred or not reached, as a feed of its own; unless a newer feed of its kind came since."""
    return http.once(
        lambda once: service.retry_feed(supplier_id, feed_id, by=http.caller(), once=once, answer=_answer(201))
    )


@routes.endpoint(
    "POST",
    _FEED + "/confirmations",
    summary="Confirm what a feed makes vanish",
    answers={202: FeedView},
    scopes=SCOPES,
    idempotent=True,
    raises=[NotFound, service.FeedState, service.NewerFeed, service.TooManyFeeds],
)
def confirm_feed(supplier_id: str, feed_id: str) -> Response:
    """A file that replaces, and does not name a large part of what there is, waits for this; unless a newer feed of its kind came
    since."""
    return http.once(
        lambda once: service.confirm_feed(supplier_id, feed_id, by=http.caller(), once=once, answer=_answer(202))
    )
