"""Split stock: the counters of a SKU at a location that sells too fast for one item, in several rows.

One item takes about a thousand write units a second, and a transaction takes two of them; transactions that meet on an
item refuse one another long before. Each row has counters of its own for which `on_hand = available + reserved` holds; what
there is, is their sum. Units are alike: which row a promise was taken from is not kept, and any row that has reserved units
can ship them or give them up. Row 0 is the one that is there without a split: it has the policy, and takes what comes in.

A promise is made in one row, chosen by whom it is for, and in others only if that has not enough. So the rows run dry at
different times, and are levelled each minute. A split line sells only what is there: units that are still to come are
waited for in an order, and an order needs one queue.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from chalicelib.core.errors import Conflict, RuleBroken, Stale
from chalicelib.core.keys import shard
from chalicelib.inventory.domain.stock import Stock, StockPolicy

MAX_SHARDS = 16

MAX_SPLIT_LINES = 100
"""Split SKUs of one location: each process keeps the list."""


class StockMoved(Stale):
    """Units of a split line are in other rows than they were read in."""

    code = "stock_moved"
    title = "The units moved meanwhile"


class SplitSellsWhatIsThere(RuleBroken):
    code = "split_backorders"
    title = "Split stock is sold only when it is there"


class StillWaiting(Conflict):
    code = "still_waiting"
    title = "Orders wait for units of it"


class TooManySplit(RuleBroken):
    code = "too_many_split"
    title = "The location has too many split SKUs"


@dataclass(frozen=True, slots=True)
class Shift:
    """Available units that go from one row of a split line to another."""

    giver: int
    taker: int
    units: int


def home(of: str, shards: int) -> int:
    """The row in which this id's units are looked for first."""
    return int(shard(of, shards))


def total(rows: Sequence[Stock]) -> Stock:
    """The rows of a line as one, with the policy of the first."""
    if len(rows) == 1:
        return rows[0]
    return replace(
        rows[0],
        on_hand=sum(row.on_hand for row in rows),
        available=sum(row.available for row in rows),
        reserved=sum(row.reserved for row in rows),
        waiting=sum(row.waiting for row in rows),
        version=sum(row.version for row in rows),
    )


def safety_of(row: int, policy: StockPolicy, channel: str | None) -> int:
    """Units that a row keeps back from the channel: its share of the line's, for they are kept back by all rows together."""
    if channel is None:
        return 0
    kept = policy.safety.get(channel, 0)
    return kept // policy.shards + (row < kept % policy.shards) if row < policy.shards else 0


def spread(units: int, room: Sequence[int], first: int) -> Mapping[int, int]:
    """From which rows to take the units: few rows, and only `first` if that has them.

    `room` says what each row has to give. Where all together have not enough, `first` is named, whose condition says so.
    """
    if room[first] >= units or sum(max(0, each) for each in room) < units:
        return {first: units}
    for row in _from(first, len(room)):
        if room[row] >= units:
            return {row: units}
    taken: dict[int, int] = {}
    for row in sorted(_from(first, len(room)), key=lambda row: -room[row]):
        if units and room[row] > 0:
            taken[row] = min(units, room[row])
            units -= taken[row]
    return taken


def _from(first: int, count: int) -> list[int]:
    return [(first + step) % count for step in range(count)]


def level(available: Sequence[int], shards: int) -> list[Shift]:
    """What makes the first `shards` rows have about the same available, and those behind them none.

    Nothing while each of the first has half of its share: that is not worth the writes.
    """
    share, odd = divmod(sum(available), shards)
    wanted = [share + (row < odd) if row < shards else 0 for row in range(len(available))]
    if not any(available[shards:]) and all(
        2 * has >= want for has, want in zip(available, wanted[:shards], strict=False)
    ):
        return []
    over = [has - want for has, want in zip(available, wanted, strict=True)]
    givers = [row for row, units in enumerate(over) if units > 0]
    shifts = []
    for taker in (row for row, units in enumerate(over) if units < 0):
        while over[taker] < 0:
            giver = givers[-1]
            units = min(over[giver], -over[taker])
            shifts.append(Shift(giver, taker, units))
            over[taker] += units
            over[giver] -= units
            if not over[giver]:
                givers.pop()
    return shifts
