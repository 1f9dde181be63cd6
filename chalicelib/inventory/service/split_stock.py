"""Stock that is split into several rows: which of them a command goes to, and how they are kept level.

What a command reads of split lines it reads anew when its transaction was refused with `StockMoved`, which is a `Stale`.
Nothing is read of lines that are not split.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from time import monotonic
from typing import NamedTuple, TypeVar

from chalicelib.core import observability
from chalicelib.core.errors import Contended
from chalicelib.core.table import Item, Transaction, find_many
from chalicelib.inventory import store
from chalicelib.inventory.domain import (
    MAX_SPLIT_LINES,
    Count,
    Stock,
    StockLine,
    StockMoved,
    StockTooLow,
    TooManySplit,
    home,
    level,
    safety_of,
    spread,
    total,
)

Found = Mapping[tuple[str, str], Item]

_ATTEMPTS = 6
_T = TypeVar("_T")


class Taking(NamedTuple):
    """Units to promise out of a row; `safety` of its units stay, `limit` of the line's may be sold before they are there."""

    row: int
    line: StockLine
    safety: int
    limit: int = 0


def line_keys(lines: Iterable[StockLine]) -> list[tuple[type[Item], str, str]]:
    """Where the counters of each line are, in all their rows, for `core.table.find_many`."""
    rows = _listed_rows()
    return [
        store.stock_key(line.sku, line.location_id, row)
        for line in lines
        for row in range(rows.get((line.sku, line.location_id), 1))
    ]


def read_split(lines: Iterable[StockLine]) -> Found:
    """The rows of those lines that are split, as they are now; without a read where none is."""
    rows = _listed_rows()
    split = [line for line in lines if (line.sku, line.location_id) in rows]
    return find_many(line_keys(split), consistent=True) if split else {}


def is_split(line: StockLine) -> bool:
    """Whether the line is split, as far as this process knows."""
    return (line.sku, line.location_id) in _listed_rows()


def to_promise(found: Found, line: StockLine, channel: str | None, of: str) -> list[Taking]:
    """Out of which rows to promise a line for `of`, beyond the channel's safety stock.

    Raises `StockTooLow` when a split line has not enough in all its rows as found, `StockMoved` when some should wait.
    """
    rows = store.rows_in_batch(found, line.sku, line.location_id)
    policy = rows[0].policy
    if len(rows) == 1:
        return [Taking(0, line, policy.safety.get(channel, 0) if channel else 0, policy.backorder_limit)]
    if line.waiting:
        raise StockMoved(f"{line.sku} at {line.location_id} was split, and is sold only when it is there.")
    whole = total(rows)
    left = whole.sellable(channel) if channel else whole.available
    if left < line.quantity:
        raise StockTooLow.of(
            [{"sku": line.sku, "location_id": line.location_id, "wanted": line.quantity, "left": left}]
        )
    safety = [safety_of(number, policy, channel) for number in range(len(rows))]
    room = [row.available - kept for row, kept in zip(rows, safety, strict=True)]
    taken = spread(line.quantity, room, home(of, policy.shards))
    return [Taking(row, replace(line, quantity=units), safety[row]) for row, units in taken.items()]


def to_take_out(found: Found, line: StockLine) -> list[tuple[int, StockLine]]:
    """Out of which rows to take available units. Raises `StockTooLow` when a split line has not enough as found."""
    return [(one.row, one.line) for one in to_promise(found, line, None, line.sku)]


def to_give_up(found: Found, line: StockLine, of: str) -> list[tuple[int, StockLine]]:
    """In which rows the line's units are not reserved any more: any that has so many, for units are alike."""
    rows = store.rows_in_batch(found, line.sku, line.location_id)
    if len(rows) == 1:
        return [(0, line)]
    taken = spread(line.quantity, [row.reserved for row in rows], home(of, rows[0].policy.shards))
    # None waits: a line is not split while units do.
    return [(row, replace(line, quantity=units, waiting=0)) for row, units in taken.items()]


def change_count(tx: Transaction, location_id: str, count: Count, found: Found) -> None:
    """Add to the transaction that on hand becomes what was counted. Raises `CountOutdated`, `CountBelowReserved`."""
    rows = store.rows_in_batch(found, count.sku, location_id)
    if len(rows) == 1:
        store.set_count(tx, location_id, count)
        return
    now = store.in_batch(found, count.sku, location_id)
    missing = count.expected_on_hand - count.counted
    if now.on_hand != count.expected_on_hand or now.available < missing:
        raise store.outdated(count, now)
    taken = spread(missing, [row.available for row in rows], 0) if missing > 0 else {0: missing}
    store.set_count_of_split(tx, rows, {row: -units for row, units in taken.items()})


def until_settled(command: Callable[[], _T]) -> _T:
    """What the command answers, which is repeated when units of a split line moved meanwhile. Raises `Contended`."""
    for _ in range(_ATTEMPTS):
        try:
            return command()
        except StockMoved:
            continue
    raise Contended("The units kept moving between the rows of split stock.")


def _listed_rows() -> dict[tuple[str, str], int]:
    return {(sku, site.id): rows for site in store.listed_locations() for sku, rows in site.rows.items()}


# ---- the rows themselves ------------------------------------------------------------------------------------------------


def list_rows(tx: Transaction, sku: str, location_id: str, rows: int) -> None:
    """Add to the transaction that everybody is told of how many rows the line has. Raises `TooManySplit`; at commit
    `StockMoved` when the location changed meanwhile."""
    location = store.get_location(location_id)
    if location is None or location.rows.get(sku, 1) == rows:
        return
    others = {one: count for one, count in location.rows.items() if one != sku}
    if rows > 1 and len(others) >= MAX_SPLIT_LINES:
        raise TooManySplit(f"{location_id} has {len(others)} split SKUs.", limit=MAX_SPLIT_LINES)
    listed = {**others, sku: rows} if rows > 1 else others
    store.change_location(tx, replace(location, rows=listed, version=location.version + 1), StockMoved)


def tidy(sku: str, location_id: str) -> None:
    """Fold rows that the line is not split into any more into the first, and level the others.

    Safe to run twice and at once, and to stop anywhere: what is left is done next time. Raises `Contended`.
    """
    until_settled(lambda: _fold(sku, location_id))
    until_settled(lambda: _level(sku, location_id))


def level_split_stock(*, within: float) -> dict[str, int]:
    """Tidy every split line, for at most `within` seconds. Returns how many were `levelled`, `failed`, and are `left`."""
    until = monotonic() + within
    outcome = {"levelled": 0, "failed": 0, "left": 0}
    store.forget_locations()
    for sku, location_id in _listed_rows():
        if monotonic() >= until:
            outcome["left"] += 1
            continue
        try:
            tidy(sku, location_id)
            outcome["levelled"] += 1
        except Exception:
            # One that is too busy must not keep the others from it.
            observability.log.exception("split stock was not levelled", sku=sku, location_id=location_id)
            outcome["failed"] += 1
    return outcome


def _rows_now(sku: str, location_id: str) -> tuple[Stock, list[Stock]]:
    first = find_many([store.stock_key(sku, location_id)], consistent=True)
    rows = store.in_batch(first, sku, location_id).rows
    found = find_many([store.stock_key(sku, location_id, row) for row in range(rows)], consistent=True)
    listed = store.rows_in_batch(found, sku, location_id)
    return listed[0], listed


def _fold(sku: str, location_id: str) -> None:
    first, rows = _rows_now(sku, location_id)
    shards = first.policy.shards
    if len(rows) <= shards:
        return
    for number in range(shards, len(rows)):
        if rows[number].version:
            tx = Transaction()
            store.fold(tx, first, number, rows[number])
            tx.commit()
    tx = Transaction()
    store.end_folding(tx, first)
    list_rows(tx, sku, location_id, shards)
    tx.commit()
    store.forget_locations()


def _level(sku: str, location_id: str) -> None:
    first, rows = _rows_now(sku, location_id)
    for change in level([row.available for row in rows], first.policy.shards):
        tx = Transaction()
        store.shift(tx, first, change)
        tx.commit()
