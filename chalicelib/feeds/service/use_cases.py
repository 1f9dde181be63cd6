"""Use cases of feeds, for its routes and tasks."""

from chalicelib.feeds.domain import (
    FeedState,
    NewerFeed,
    NothingToRetry,
    ReplaceNotOfPrices,
    TooManyFeeds,
)
from chalicelib.feeds.gateways import FileGone
from chalicelib.feeds.service.change_feed import cancel_feed, confirm_feed, retry_feed
from chalicelib.feeds.service.finish_feed import RowsMissing, fail_feed, finish_feed
from chalicelib.feeds.service.lanes import import_chunks
from chalicelib.feeds.service.read_feeds import (
    ResultsNotReady,
    Upload,
    link_to_results,
    list_feeds,
    list_results,
    read_feed,
    rows_per_second,
    upload_of,
)
from chalicelib.feeds.service.receive_feed import (
    Announced,
    NotUploaded,
    OtherFile,
    announce_feed,
    complete_upload,
    send_feed,
    start_next,
)
from chalicelib.feeds.service.split_feed import split_feed
from chalicelib.feeds.service.take_rows import Listings, Shelf

__all__ = [
    "Announced",
    "FeedState",
    "FileGone",
    "Listings",
    "NewerFeed",
    "NotUploaded",
    "NothingToRetry",
    "OtherFile",
    "ReplaceNotOfPrices",
    "ResultsNotReady",
    "RowsMissing",
    "Shelf",
    "TooManyFeeds",
    "Upload",
    "announce_feed",
    "cancel_feed",
    "complete_upload",
    "confirm_feed",
    "fail_feed",
    "finish_feed",
    "import_chunks",
    "link_to_results",
    "list_feeds",
    "list_results",
    "read_feed",
    "retry_feed",
    "rows_per_second",
    "send_feed",
    "split_feed",
    "start_next",
    "upload_of",
]
