"""Counters of SKUs at locations, and the conditions under which they move."""

from collections.abc import Mapping
from typing import cast

from pynamodb.attributes import NumberAttribute
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
    Settlement,
    Stock,
    StockLine,
    StockPolicy,
    StockTooLow,
    TooManyUnits,
)


class StockItem(Item):
    """pk = STOCK#<sku>, sk = LOCATION#<location>. The counters are in no index, so changing them writes none.

    `waiting` and the policy are there from the first time that they matter.
    """

    on_hand = NumberAttribute(default=0)
    available = NumberAttribute(default=0)
    reserved = NumberAttribute(default=0)
    waiting = NumberAttribute(null=True)
    safety = Json(null=True)
    backorder_limit = NumberAttribute(null=True)
    backorder_days = NumberAttribute(null=True)
    policy_version = NumberAttribute(null=True)
    version = NumberAttribute(default=0)


def stock_key(sku: str, location_id: str) -> tuple[type[Item], str, str]:
    """Where the counters are, for a batch read."""
    return StockItem, key("STOCK", sku), key("LOCATION", location_id)


def _at(sku: str, location_id: str) -> StockItem:
    return StockItem(key("STOCK", sku), key("LOCATION", location_id))


def _stock(item: StockItem) -> Stock:
    return Stock(
        sku=item.pk.removeprefix("STOCK#"),
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
        ),
        version=int(item.version),
    )


def _stock_in(raw: RawItem | None, line: StockLine) -> Stock:
    return _stock(StockItem.from_raw_data(raw)) if raw else Stock(line.sku, line.location_id)


def in_batch(found: Mapping[tuple[str, str], Item], sku: str, location_id: str) -> Stock:
    """The stock out of a batch read with `stock_key`; all zero where there never was any."""
    _, pk, sk = stock_key(sku, location_id)
    item = found.get((pk, sk))
    return _stock(cast(StockItem, item)) if item else Stock(sku, location_id)


def stock_of(sku: str) -> list[Stock]:
    """The SKU's stock everywhere, as it is now."""
    rows = StockItem.query(key("STOCK", sku), StockItem.sk.startswith("LOCATION#"), consistent_read=True)
    return [_stock(item) for item in rows]


def stock_at(location_id: str, after: str | None, count: int) -> list[Stock]:
    """What a location has or had, by SKU, with the counters as they are now."""
    condition = StockItem.gsi1sk > after if after else None
    rows = StockItem.by_owner.query(key("STOCK_AT", location_id), condition, limit=count)
    skus = [str(row.gsi1sk) for row in rows]
    found = find_many([stock_key(sku, location_id) for sku in skus], consistent=True)
    return [in_batch(found, sku, location_id) for sku in skus]


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


def take_out(tx: Transaction, line: StockLine) -> None:
    """Fewer on hand and to sell, if so many are not promised to anyone."""
    actions = _moving(-line.quantity, -line.quantity, 0)
    tx.update(_at(line.sku, line.location_id), actions, StockItem.available >= line.quantity, too_low(line))


def set_count(tx: Transaction, location_id: str, count: Count) -> None:
    """On hand becomes what was counted, if it still is what the counter was told, and fewer are there only of what nobody was
    promised."""
    delta = count.counted - count.expected_on_hand
    actions = [*_counting(delta, delta, 0), *_listing(count.sku, location_id)]
    as_told = StockItem.on_hand == count.expected_on_hand
    if delta < 0:
        as_told &= StockItem.available >= -delta
    condition = as_told | StockItem.pk.does_not_exist() if count.expected_on_hand == 0 else as_told

    def outdated(raw: RawItem | None) -> AisleError:
        now = _stock_in(raw, StockLine(count.sku, location_id, 0))
        kind = CountBelowReserved if now.on_hand == count.expected_on_hand else CountOutdated
        return kind.of(
            [
                {
                    "sku": count.sku,
                    "location_id": location_id,
                    "expected_on_hand": count.expected_on_hand,
                    "on_hand": now.on_hand,
                    "reserved": now.reserved,
                }
            ]
        )

    tx.update(_at(count.sku, location_id), actions, condition, outdated)


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


def set_policy(tx: Transaction, sku: str, location_id: str, policy: StockPolicy) -> None:
    """The next version of the policy; makes the row when there is none. `Stale` at commit unless the one before stands."""
    actions = [
        StockItem.safety.set(dict(policy.safety)),
        StockItem.backorder_limit.set(policy.backorder_limit),
        StockItem.backorder_days.set(policy.backorder_days),
        StockItem.policy_version.set(policy.version),
        *_counting(0, 0, 0),
        *_listing(sku, location_id),
    ]
    before = policy.version - 1
    as_read = StockItem.policy_version == before if before else StockItem.policy_version.does_not_exist()

    def stale(raw: RawItem | None) -> AisleError:
        now = _stock_in(raw, StockLine(sku, location_id, 0)).policy.version
        return Stale(f"The policy of {sku} at {location_id} is at version {now}, not {before}.")

    tx.update(_at(sku, location_id), actions, as_read, stale)


def promise(tx: Transaction, line: StockLine, *, channel: str | None, safety: int, limit: int = 0) -> None:
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
    tx.update(_at(line.sku, line.location_id), actions, condition, too_low(line, channel))


def free(tx: Transaction, line: StockLine) -> None:
    """Reserved units can be sold again; those that waited wait no more."""
    actions = _moving(0, line.quantity, -line.quantity, -line.waiting)
    condition = StockItem.reserved >= line.quantity
    if line.waiting:
        condition &= StockItem.waiting >= line.waiting
    tx.update(_at(line.sku, line.location_id), actions, condition, _not_reserved(line))


def serve(tx: Transaction, line: StockLine, now: Stock) -> None:
    """Units that waited are there, and wait no more.

    `available + waiting` is what they can be taken from. Neither may be below what it was read as, less what was to spare:
    a sale of units to come moves one into the other and may refuse this for once, never allow it wrongly.
    """
    to_spare = now.uncommitted - line.quantity
    condition = (StockItem.available >= now.available - to_spare) & (StockItem.waiting >= now.waiting)
    tx.update(_at(line.sku, line.location_id), _moving(0, 0, 0, -line.quantity), condition, too_low(line))


def wait_again(tx: Transaction, line: StockLine) -> None:
    """Reserved units that did not wait any more do so: the undo of `serve`."""
    actions = _moving(0, 0, 0, line.quantity)
    tx.update(_at(line.sku, line.location_id), actions, StockItem.reserved >= line.quantity, _not_reserved(line))


def settle(tx: Transaction, settlement: Settlement) -> None:
    """Reserved units left, or are not there."""
    line = StockLine(settlement.sku, settlement.location_id, settlement.shipped + settlement.short)
    actions = _moving(-line.quantity, 0, -line.quantity)
    condition = (StockItem.reserved >= line.quantity) & (StockItem.on_hand >= line.quantity)
    tx.update(_at(line.sku, line.location_id), actions, condition, _not_reserved(line))


def too_low(line: StockLine, channel: str | None = None) -> OnConflict:
    """The error of a row that has not enough, with what it has available, or what the channel has left to sell."""

    def error(raw: RawItem | None) -> AisleError:
        now = _stock_in(raw, line)
        left = max(0, now.available) if channel is None else now.sellable(channel)
        if channel is not None and line.waiting:
            left += now.backorderable(channel)
        return StockTooLow.of(
            [{"sku": line.sku, "location_id": line.location_id, "wanted": line.quantity, "left": left}]
        )

    return error


def _not_reserved(line: StockLine) -> OnConflict:
    def error(raw: RawItem | None) -> AisleError:
        now = _stock_in(raw, line)
        words = f"{line.sku} at {line.location_id} has {now.on_hand} on hand, {now.reserved} reserved, {now.waiting} of them"
        kind = NotOnHand if now.on_hand < line.quantity <= now.reserved else ReservedTooLow
        return kind(f"{words} waiting, not {line.quantity} as asked for.")

    return error
