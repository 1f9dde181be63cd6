"""Counters of SKUs at locations, and the conditions under which they move."""

from collections.abc import Mapping, Sequence
from typing import cast

from pynamodb.attributes import NumberAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.core.errors import AisleError, Contended, Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, OnConflict, RawItem, Transaction, find_many
from chalicelib.inventory.domain import (
    MAX_UNITS,
    Count,
    CountBelowReserved,
    CountOutdated,
    NotOnHand,
    ReservedTooLow,
    Shift,
    StillWaiting,
    Stock,
    StockLine,
    StockMoved,
    StockPolicy,
    StockTooLow,
    TooManyUnits,
    total,
)
from chalicelib.inventory.store.location import forget_locations


class StockItem(Item):
    """pk = STOCK#<sku>, sk = LOCATION#<location>. The counters are in no index, so changing them writes none.

    `waiting` and the policy are there from the first time that they matter. The further rows of a split line have
    pk = STOCK#<sku>#<row> and nothing but counters.
    """

    on_hand = NumberAttribute(default=0)
    available = NumberAttribute(default=0)
    reserved = NumberAttribute(default=0)
    waiting = NumberAttribute(null=True)
    safety = Json(null=True)
    backorder_limit = NumberAttribute(null=True)
    backorder_days = NumberAttribute(null=True)
    policy_version = NumberAttribute(null=True)
    shards = NumberAttribute(null=True)
    rows = NumberAttribute(null=True)
    version = NumberAttribute(default=0)


def stock_key(sku: str, location_id: str, row: int = 0) -> tuple[type[Item], str, str]:
    """Where the counters are, for a batch read."""
    return StockItem, key("STOCK", sku, str(row)) if row else key("STOCK", sku), key("LOCATION", location_id)


def _at(sku: str, location_id: str, row: int = 0) -> StockItem:
    _, pk, sk = stock_key(sku, location_id, row)
    return StockItem(pk, sk)


def _stock(item: StockItem) -> Stock:
    return Stock(
        sku=item.pk.split("#")[1],
        location_id=item.sk.removeprefix("LOCATION#"),
        on_hand=int(item.on_hand),
        available=int(item.available),
        reserved=int(item.reserved),
        waiting=int(item.waiting or 0),
        policy=StockPolicy(
            item.safety or {},
            int(item.backorder_limit or 0),
            int(item.backorder_days or 0),
            int(item.policy_version or 0),
            int(item.shards or 1),
        ),
        version=int(item.version),
        rows=int(item.rows or 1),
    )


def _stock_in(raw: RawItem | None, line: StockLine) -> Stock:
    return _stock(StockItem.from_raw_data(raw)) if raw else Stock(line.sku, line.location_id)


def in_batch(found: Mapping[tuple[str, str], Item], sku: str, location_id: str) -> Stock:
    """The stock out of a batch read with `stock_key` of all its rows; all zero where there never was any."""
    return total(rows_in_batch(found, sku, location_id))


def rows_in_batch(found: Mapping[tuple[str, str], Item], sku: str, location_id: str) -> list[Stock]:
    """The rows of the stock, out of such a batch read: one unless it is split."""
    first = _row_in_batch(found, sku, location_id, 0)
    return [first, *(_row_in_batch(found, sku, location_id, row) for row in range(1, first.rows))]


def _row_in_batch(found: Mapping[tuple[str, str], Item], sku: str, location_id: str, row: int) -> Stock:
    _, pk, sk = stock_key(sku, location_id, row)
    item = found.get((pk, sk))
    return _stock(cast(StockItem, item)) if item else Stock(sku, location_id)


def stock_of(sku: str) -> list[Stock]:
    """The SKU's stock everywhere, as it is now."""
    items = StockItem.query(key("STOCK", sku), StockItem.sk.startswith("LOCATION#"), consistent_read=True)
    return _with_all_rows({(item.pk, item.sk): item for item in items})


def _with_all_rows(found: dict[tuple[str, str], Item]) -> list[Stock]:
    first = [_stock(cast(StockItem, item)) for item in found.values()]
    split = [stock_key(one.sku, one.location_id, row) for one in first for row in range(1, one.rows)]
    if split:
        found = {**found, **find_many(split, consistent=True)}
    return [in_batch(found, one.sku, one.location_id) for one in first]


def stock_at(location_id: str, after: str | None, count: int) -> list[Stock]:
    """What a location has or had, by SKU, with the counters as they are now."""
    condition = StockItem.gsi1sk > after if after else None
    rows = StockItem.by_owner.query(key("STOCK_AT", location_id), condition, limit=count)
    skus = [str(row.gsi1sk) for row in rows]
    found = find_many([stock_key(sku, location_id) for sku in skus], consistent=True)
    return sorted(_with_all_rows(found), key=lambda one: one.sku)


def _moving(on_hand: int, available: int, reserved: int, waiting: int = 0) -> list[Action]:
    """Counters of a row that is there, as every condition on a counter requires."""
    moved = (
        (StockItem.on_hand, on_hand),
        (StockItem.available, available),
        (StockItem.reserved, reserved),
        (StockItem.waiting, waiting),
    )
    return [*(counter.add(units) for counter, units in moved if units), StockItem.version.add(1)]


def _counting(on_hand: int, available: int, reserved: int) -> list[Action]:
    """Counters of a row that may be new: adding zero makes one."""
    return [
        StockItem.on_hand.add(on_hand),
        StockItem.available.add(available),
        StockItem.reserved.add(reserved),
        StockItem.version.add(1),
    ]


def _listing(sku: str, location_id: str) -> list[Action]:
    # Only the first write of a row sets its index keys, and nothing else is in the index: no change of a counter writes it.
    return [
        StockItem.gsi1pk.set(StockItem.gsi1pk | key("STOCK_AT", location_id)),
        StockItem.gsi1sk.set(StockItem.gsi1sk | sku),
    ]


def bring_in(tx: Transaction, line: StockLine) -> None:
    """More on hand and to sell, up to `MAX_UNITS`; makes the row when there is none."""
    actions = [*_counting(line.quantity, line.quantity, 0), *_listing(line.sku, line.location_id)]
    fits = StockItem.pk.does_not_exist() | (StockItem.on_hand <= MAX_UNITS - line.quantity)

    def full(raw: RawItem | None) -> AisleError:
        now = _stock_in(raw, line)
        return TooManyUnits(f"{line.sku}: {now.on_hand} on hand, {line.quantity} more do not fit.")

    tx.update(_at(line.sku, line.location_id), actions, fits, full)


def take_out(tx: Transaction, line: StockLine, row: int = 0) -> None:
    """Fewer on hand and to sell, if so many are not promised to anyone."""
    actions = _moving(-line.quantity, -line.quantity, 0)
    there = StockItem.available >= line.quantity
    tx.update(_at(line.sku, line.location_id, row), actions, there, too_low(line, row=row))


def set_count(tx: Transaction, location_id: str, count: Count) -> None:
    """On hand becomes what was counted, if it still is what the counter was told, and fewer are there only of what nobody was
    promised."""
    delta = count.counted - count.expected_on_hand
    actions = [*_counting(delta, delta, 0), *_listing(count.sku, location_id)]
    as_told = StockItem.on_hand == count.expected_on_hand
    if delta < 0:
        as_told &= StockItem.available >= -delta
    condition = as_told | StockItem.pk.does_not_exist() if count.expected_on_hand == 0 else as_told

    def refused(raw: RawItem | None) -> AisleError:
        now = _stock_in(raw, StockLine(count.sku, location_id, 0))
        return _moved(now) if _is_split(raw) else outdated(count, now)

    tx.update(_at(count.sku, location_id), actions, condition, refused)


def set_count_of_split(tx: Transaction, rows: Sequence[Stock], changes: Mapping[int, int]) -> None:
    """On hand of these rows changes by so many units, if all rows still are as they were read: `StockMoved` at commit."""
    for number, row in enumerate(rows):
        item, delta = _at(row.sku, row.location_id, number), changes.get(number, 0)
        as_read = StockItem.on_hand == row.on_hand
        if not row.on_hand:
            as_read |= StockItem.pk.does_not_exist()
        if delta < 0:
            as_read &= StockItem.available >= -delta
        if delta:
            tx.update(item, _counting(delta, delta, 0), as_read, lambda _, row=row: _moved(row))  # type: ignore[misc]
        else:
            tx.check(item, as_read, lambda _, row=row: _moved(row))  # type: ignore[misc]


def outdated(count: Count, now: Stock) -> AisleError:
    """The error of a count that does not fit the stock as it is."""
    kind = CountBelowReserved if now.on_hand == count.expected_on_hand else CountOutdated
    return kind.of(
        [
            {
                "sku": count.sku,
                "location_id": now.location_id,
                "expected_on_hand": count.expected_on_hand,
                "on_hand": now.on_hand,
                "reserved": now.reserved,
            }
        ]
    )


def set_safety(tx: Transaction, sku: str, location_id: str, safety: Mapping[str, int]) -> None:
    """Units to keep back, by channel, in place of those before; makes the row when there is none."""
    actions = [
        StockItem.safety.set(dict(safety)),
        StockItem.policy_version.add(1),
        *_counting(0, 0, 0),
        *_listing(sku, location_id),
    ]
    # Always true: what is kept back depends on nothing, and every update states its condition.
    anything = StockItem.pk.does_not_exist() | StockItem.pk.exists()
    tx.update(_at(sku, location_id), actions, anything, lambda _: Contended("The stock row changed."))


def set_policy(tx: Transaction, before: Stock, policy: StockPolicy) -> None:
    """The next version of the policy, in place of that in `before`; makes the row when there is none.

    `Stale` at commit unless that one stands, `StillWaiting` when it would split what orders wait for.
    """
    rows = max(before.rows, policy.shards)
    actions = [
        StockItem.safety.set(dict(policy.safety)),
        StockItem.backorder_limit.set(policy.backorder_limit),
        StockItem.backorder_days.set(policy.backorder_days),
        StockItem.policy_version.set(policy.version),
        StockItem.shards.set(policy.shards) if policy.shards > 1 else StockItem.shards.remove(),
        StockItem.rows.set(rows) if rows > 1 else StockItem.rows.remove(),
        *_counting(0, 0, 0),
        *_listing(before.sku, before.location_id),
    ]
    version = before.policy.version
    as_read = StockItem.policy_version == version if version else StockItem.policy_version.does_not_exist()
    as_read &= _has_rows(before.rows)
    if policy.shards > 1:
        as_read &= StockItem.waiting.does_not_exist() | (StockItem.waiting == 0)

    def refused(raw: RawItem | None) -> AisleError:
        now = _stock_in(raw, StockLine(before.sku, before.location_id, 0))
        if now.policy.version == version and now.waiting and policy.shards > 1:
            return StillWaiting(f"{now.waiting} units of {now.sku} are waited for at {now.location_id}.")
        return Stale(f"The policy of {now.sku} at {now.location_id} is at version {now.policy.version}, not {version}.")

    tx.update(_at(before.sku, before.location_id), actions, as_read, refused)


def _has_rows(rows: int) -> Condition:
    as_read: Condition = StockItem.rows == rows if rows > 1 else StockItem.rows.does_not_exist()
    return as_read


def promise(
    tx: Transaction, line: StockLine, *, channel: str | None, safety: int, limit: int = 0, row: int = 0
) -> None:
    """Available units become reserved, if `safety` units stay; the error tells what the channel has left to sell.

    Those of them that wait may take `available` below zero, as far as `limit`: the row's own as it was read, or a lower one.
    A condition adds up nothing, so it states that the row's limit is not below the one that was read.
    """
    actions = _moving(0, -line.quantity, line.quantity, line.waiting)
    there = line.quantity - line.waiting
    if line.waiting:
        condition = StockItem.available >= line.quantity + safety - limit
        if limit:
            condition &= StockItem.backorder_limit >= limit
        if there:
            condition &= StockItem.available >= there + safety
    else:
        condition = StockItem.available >= there + safety
    tx.update(_at(line.sku, line.location_id, row), actions, condition, too_low(line, channel, row=row))


def free(tx: Transaction, line: StockLine, row: int = 0) -> None:
    """Reserved units can be sold again; those that waited wait no more."""
    actions = _moving(0, line.quantity, -line.quantity, -line.waiting)
    condition = StockItem.reserved >= line.quantity
    if line.waiting:
        condition &= StockItem.waiting >= line.waiting
    tx.update(_at(line.sku, line.location_id, row), actions, condition, _not_reserved(line, row))


def serve(tx: Transaction, line: StockLine, now: Stock) -> None:
    """Units that waited are there, and wait no more.

    `available + waiting` is what they can be taken from. Neither may be below what it was read as, less what was to spare:
    a sale of units to come moves one into the other and may refuse this for once, never allow it wrongly.
    """
    to_spare = now.uncommitted - line.quantity
    condition = (StockItem.available >= now.available - to_spare) & (StockItem.waiting >= now.waiting)
    tx.update(_at(line.sku, line.location_id), _moving(0, 0, 0, -line.quantity), condition, too_low(line))


def wait_again(tx: Transaction, line: StockLine) -> None:
    """Reserved units that did not wait any more do so: the undo of `serve`. None of split stock waits: `StockMoved`."""
    actions = _moving(0, 0, 0, line.quantity)
    condition = (StockItem.reserved >= line.quantity) & _has_rows(1)
    tx.update(_at(line.sku, line.location_id), actions, condition, _not_reserved(line))


def settle(tx: Transaction, line: StockLine, row: int = 0) -> None:
    """Reserved units left, or are not there."""
    actions = _moving(-line.quantity, 0, -line.quantity)
    condition = (StockItem.reserved >= line.quantity) & (StockItem.on_hand >= line.quantity)
    tx.update(_at(line.sku, line.location_id, row), actions, condition, _not_reserved(line, row))


# ---- split lines --------------------------------------------------------------------------------------------------------


def shift(tx: Transaction, before: Stock, change: Shift) -> None:
    """Available units go from one row to another, which is made when it is not there, while the line is split as it was."""
    guard = _split_as(before)
    for row, units in ((change.giver, -change.units), (change.taker, change.units)):
        condition = (
            StockItem.available >= -units if units < 0 else StockItem.pk.exists() | StockItem.pk.does_not_exist()
        )
        if not row:
            condition &= guard
        tx.update(
            _at(before.sku, before.location_id, row), _counting(units, units, 0), condition, lambda _: _moved(before)
        )
    if change.giver and change.taker:
        tx.check(_at(before.sku, before.location_id), guard, lambda _: _moved(before))


def fold(tx: Transaction, before: Stock, number: int, row: Stock) -> None:
    """All units of a row that nothing is promised from any more go to the first, and it is no more."""
    actions = [*_moving(row.on_hand, row.available, row.reserved)[:-1], StockItem.version.add(row.version + 1)]
    first, last = _at(row.sku, row.location_id), _at(row.sku, row.location_id, number)
    tx.update(first, actions, _split_as(before), lambda _: _moved(row))
    tx.delete(last, StockItem.version == row.version, lambda _: _moved(row))


def end_folding(tx: Transaction, before: Stock) -> None:
    """The line has no more rows than it is split into."""
    shards = before.policy.shards
    actions = [StockItem.rows.set(shards) if shards > 1 else StockItem.rows.remove(), StockItem.version.add(1)]
    tx.update(_at(before.sku, before.location_id), actions, _split_as(before), lambda _: _moved(before))


def _split_as(before: Stock) -> Condition:
    shards = before.policy.shards
    split = StockItem.shards == shards if shards > 1 else StockItem.shards.does_not_exist()
    as_read: Condition = _has_rows(before.rows) & split
    return as_read


# ---- what stood in the way ----------------------------------------------------------------------------------------------


def _is_split(raw: RawItem | None, row: int = 0) -> bool:
    return row > 0 or (raw is not None and "rows" in raw)


def _moved(line: StockLine | Stock) -> AisleError:
    # Who did not know that the line is split, or into how many rows, reads that anew.
    forget_locations()
    return StockMoved(f"The units of {line.sku} at {line.location_id} moved between rows.")


def too_low(line: StockLine, channel: str | None = None, row: int = 0) -> OnConflict:
    """The error of a row that has not enough, with what it has available, or what the channel has left to sell."""

    def error(raw: RawItem | None) -> AisleError:
        if _is_split(raw, row):
            return _moved(line)
        now = _stock_in(raw, line)
        left = max(0, now.available) if channel is None else now.sellable(channel)
        if channel is not None and line.waiting:
            left += now.backorderable(channel)
        return StockTooLow.of(
            [{"sku": line.sku, "location_id": line.location_id, "wanted": line.quantity, "left": left}]
        )

    return error


def _not_reserved(line: StockLine, row: int = 0) -> OnConflict:
    def error(raw: RawItem | None) -> AisleError:
        if _is_split(raw, row):
            return _moved(line)
        now = _stock_in(raw, line)
        words = f"{line.sku} at {line.location_id} has {now.on_hand} on hand, {now.reserved} reserved, {now.waiting} of them"
        kind = NotOnHand if now.on_hand < line.quantity <= now.reserved else ReservedTooLow
        return kind(f"{words} waiting, not {line.quantity} as asked for.")

    return error
