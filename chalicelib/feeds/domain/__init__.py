"""Feeds, their files and rows, and what became of them."""

from chalicelib.feeds.domain.feed import (
    AT_WORK,
    MAX_BYTES,
    TRIED_AGAIN,
    Feed,
    FeedState,
    FeedStatus,
    Mode,
    NewerFeed,
    NothingToRetry,
    ReplaceNotOfPrices,
    TooManyFeeds,
    Turn,
)
from chalicelib.feeds.domain.lines import Format, NotUtf8
from chalicelib.feeds.domain.results import UNDONE, Outcome, RowResult, counted, read_chunk, refused
from chalicelib.feeds.domain.rows import BadHeader, Kind, Row
from chalicelib.feeds.domain.split import Chunk, Manifest, NoRows, Splitter, TooManyRows

__all__ = [
    "AT_WORK",
    "MAX_BYTES",
    "TRIED_AGAIN",
    "UNDONE",
    "BadHeader",
    "Chunk",
    "Feed",
    "FeedState",
    "FeedStatus",
    "Format",
    "Kind",
    "Manifest",
    "Mode",
    "NewerFeed",
    "NoRows",
    "NotUtf8",
    "NothingToRetry",
    "Outcome",
    "ReplaceNotOfPrices",
    "Row",
    "RowResult",
    "Splitter",
    "TooManyFeeds",
    "TooManyRows",
    "Turn",
    "counted",
    "read_chunk",
    "refused",
]
