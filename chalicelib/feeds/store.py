"""Feeds in the table.

| item | pk | sk | gsi1 |
|---|---|---|---|
| feed | FEED#<id> | FEED | FEEDS#<supplier> / <id> |
| part of a chunk that was taken | FEED#<id> | PART#<chunk>#<from> | |
| turn of a kind of feeds | FEEDTURN#<supplier>#<kind> | TURN | |
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from chalicelib.core import clock
from chalicelib.core.errors import AisleError, Conflict, Stale
from chalicelib.core.findings import Finding
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, Transaction, fields_of, find, find_many
from chalicelib.feeds.domain import AT_WORK, Feed, FeedState, FeedStatus, Format, Kind, Mode, Outcome, Turn

KEPT = timedelta(days=90)
"""How long a feed is remembered. Its files go sooner (infra/terraform/feeds.tf)."""


class PartCounted(Conflict):
    """The part was taken and counted before: there is nothing to do."""

    code = "part_counted"
    title = "These rows were counted before"


class FeedItem(Item):
    """pk = FEED#<feed id>, sk = FEED. Beside its document the counters of rows by outcome, which parts add to."""

    version = NumberAttribute()
    status = UnicodeAttribute()
    document = Json()
    created = NumberAttribute(null=True)
    updated = NumberAttribute(null=True)
    unchanged = NumberAttribute(null=True)
    in_review = NumberAttribute(null=True)
    refused = NumberAttribute(null=True)
    deferred = NumberAttribute(null=True)
    superseded = NumberAttribute(null=True)
    withdrawn = NumberAttribute(null=True)
    kept = NumberAttribute(null=True)


class PartItem(Item):
    """pk = FEED#<feed id>, sk = PART#<chunk, five digits>#<from, ten digits>: rows of a chunk from byte `from` (or, of what a file
    replaces, from that place of the list) to before `until`, and how many of them ended how."""

    until = NumberAttribute()
    counts = Json()


class TurnItem(Item):
    """pk = FEEDTURN#<supplier id>#<kind>, sk = TURN. `document` holds whose turn it is and who waits."""

    version = NumberAttribute()
    document = Json()


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a chunk that were taken together, `begin` to `until`."""

    chunk: int
    begin: int
    until: int
    counts: Mapping[Outcome, int]


# ---- feeds --------------------------------------------------------------------------------------------------------------


def feed_pk(feed_id: str) -> str:
    """Where a feed and all that belongs to it are."""
    return key("FEED", feed_id)


_APART = ("id", "status", "version", "counts", "findings")


def _document(feed: Feed) -> dict[str, Any]:
    told = {name: value for name, value in fields_of(feed).items() if name not in _APART}
    return told | {"findings": [finding.as_dict() for finding in feed.findings]}


def _feed(item: FeedItem) -> Feed:
    stored = dict(item.document)
    counts = {outcome: int(getattr(item, outcome) or 0) for outcome in Outcome}
    return Feed(
        **{
            **stored,
            "kind": Kind(stored["kind"]),
            "format": Format(stored["format"]),
            "mode": Mode(stored["mode"]),
            "findings": tuple(Finding.from_dict(finding) for finding in stored["findings"]),
        },
        id=item.pk.partition("#")[2],
        status=FeedStatus(item.status),
        version=int(item.version),
        counts={outcome: count for outcome, count in counts.items() if count},
    )


def add_feed(tx: Transaction, feed: Feed) -> None:
    """Write a new feed."""
    item = FeedItem(
        feed_pk(feed.id),
        "FEED",
        version=feed.version,
        status=feed.status,
        document=_document(feed),
        gsi1pk=key("FEEDS", feed.supplier_id),
        gsi1sk=feed.id,
        ttl=_expires(feed),
    )
    tx.create(item, lambda _: Stale(f"There is a feed {feed.id}."))


def change_feed(tx: Transaction, feed: Feed) -> None:
    """Write the next version; its counters are left alone. Raises `Stale` at commit when another was quicker."""
    actions: list[Action] = [
        FeedItem.version.set(feed.version),
        FeedItem.status.set(feed.status),
        FeedItem.document.set(_document(feed)),
    ]
    tx.update(
        FeedItem(feed_pk(feed.id), "FEED"),
        actions,
        FeedItem.version == feed.version - 1,
        lambda _: Stale(f"The feed is not at version {feed.version - 1} any more."),
    )


def get_feed(feed_id: str) -> Feed | None:
    """The feed as it is now, or None."""
    item = find(FeedItem, feed_pk(feed_id), "FEED", consistent=True)
    return _feed(item) if item else None


def feeds_of(supplier_id: str, after: str | None, count: int) -> list[Feed]:
    """Feeds of a supplier, the latest first; `after` is the id of the last one seen."""
    condition = FeedItem.gsi1sk < after if after else None
    rows = FeedItem.by_owner.query(
        key("FEEDS", supplier_id), condition, scan_index_forward=False, limit=count, page_size=count
    )
    ids = [row.gsi1sk for row in rows]
    found = find_many((FeedItem, feed_pk(feed_id), "FEED") for feed_id in ids)
    items = [found.get((feed_pk(feed_id), "FEED")) for feed_id in ids]
    return [_feed(item) for item in items if isinstance(item, FeedItem)]


def _expires(feed: Feed) -> int:
    return clock.epoch_seconds(datetime.fromisoformat(feed.created_at) + KEPT)


# ---- parts --------------------------------------------------------------------------------------------------------------


def count_part(tx: Transaction, feed: Feed, part: Part) -> None:
    """Record a part, and add its rows to the feed's counters: once, however often it is taken.

    Raises at commit `PartCounted` when it was recorded before, and `FeedState` when the feed is over.
    """
    item = PartItem(
        feed_pk(feed.id),
        _part_sk(part.chunk, part.begin),
        until=part.until,
        counts={str(outcome): count for outcome, count in part.counts.items()},
        ttl=_expires(feed),
    )
    tx.create(item, lambda _: PartCounted(f"Part {part.begin} of chunk {part.chunk} was counted."))
    actions: list[Action] = [getattr(FeedItem, outcome).add(count) for outcome, count in part.counts.items() if count]
    working = FeedItem.status.is_in(*(str(status) for status in sorted(AT_WORK)))
    tx.update(FeedItem(feed_pk(feed.id), "FEED"), actions, working, lambda _: _over(feed))


def _over(feed: Feed) -> AisleError:
    return FeedState(f"Feed {feed.id} is over.")


def parts_of(feed_id: str, *, from_chunk: int = 0, begin: int = 0) -> list[Part]:
    """The parts that were taken so far, in the order of the file."""
    first = _part_sk(from_chunk, begin)
    return [
        Part(int(item.sk[5:10]), int(item.sk[11:]), int(item.until), _counts(item.counts))
        for item in PartItem.query(
            feed_pk(feed_id), PartItem.sk.between(first, _part_sk(99_999, 9_999_999_999)), consistent_read=True
        )
    ]


def _counts(stored: Mapping[str, int]) -> dict[Outcome, int]:
    return {Outcome(outcome): count for outcome, count in stored.items()}


def _part_sk(chunk: int, begin: int) -> str:
    return key("PART", f"{chunk:05d}", f"{begin:010d}")


# ---- turns --------------------------------------------------------------------------------------------------------------


def _turn_pk(supplier_id: str, kind: Kind) -> str:
    return key("FEEDTURN", supplier_id, kind)


def get_turn(supplier_id: str, kind: Kind) -> Turn:
    """Whose turn it is now."""
    item = find(TurnItem, _turn_pk(supplier_id, kind), "TURN", consistent=True)
    if item is None:
        return Turn(supplier_id, kind)
    stored = item.document
    return Turn(
        supplier_id,
        kind,
        running=stored["running"],
        waiting=tuple(stored["waiting"]),
        latest=stored["latest"],
        version=int(item.version),
    )


def change_turn(tx: Transaction, turn: Turn) -> None:
    """Write the next version. Raises `Stale` at commit when another was quicker."""
    item = TurnItem(
        _turn_pk(turn.supplier_id, turn.kind),
        "TURN",
        version=turn.version,
        document={"running": turn.running, "waiting": list(turn.waiting), "latest": turn.latest},
    )
    before = TurnItem.pk.does_not_exist() if turn.version == 1 else TurnItem.version == turn.version - 1
    tx.put(item, before, lambda _: Stale("Another feed came or went."))


def check_turn(tx: Transaction, turn: Turn) -> None:
    """Commit only while the turn is as it was read. Raises `Stale` at commit otherwise."""
    item = TurnItem(_turn_pk(turn.supplier_id, turn.kind), "TURN")
    as_read = TurnItem.version == turn.version if turn.version else TurnItem.pk.does_not_exist()
    tx.check(item, as_read, lambda _: Stale("Another feed came or went."))
