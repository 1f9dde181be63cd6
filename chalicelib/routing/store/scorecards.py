"""Counters of suppliers, month by month; two items a month, because every change of an allocation adds to one."""

from collections.abc import Iterable, Mapping
from typing import cast

from pynamodb.attributes import NumberAttribute
from pynamodb.expressions.update import Action

from chalicelib.core.errors import Contended
from chalicelib.core.keys import key, shard
from chalicelib.core.table import Item, Transaction, find_many
from chalicelib.routing.domain.scorecard import total

SHARDS = 2


class MonthItem(Item):
    """pk = SCORECARD#<supplier>, sk = MONTH#<yyyy-mm>#<shard>."""

    offered = NumberAttribute(null=True)
    accepted = NumberAttribute(null=True)
    partial = NumberAttribute(null=True)
    rejected = NumberAttribute(null=True)
    silent = NumberAttribute(null=True)
    late_answers = NumberAttribute(null=True)
    misbehaved = NumberAttribute(null=True)
    cancelled_after_acceptance = NumberAttribute(null=True)
    shipped = NumberAttribute(null=True)
    shipped_late = NumberAttribute(null=True)
    units_asked = NumberAttribute(null=True)
    units_refused = NumberAttribute(null=True)


def month_key(supplier_id: str, month: str, number: str) -> tuple[type[Item], str, str]:
    return MonthItem, key("SCORECARD", supplier_id), key("MONTH", month, number)


def month_keys(supplier_id: str, months: Iterable[str]) -> list[tuple[type[Item], str, str]]:
    """Where the counters of these months (`yyyy-mm`) are."""
    return [month_key(supplier_id, month, str(number)) for month in months for number in range(SHARDS)]


def add_to_scorecard(tx: Transaction, supplier_id: str, month: str, spread_by: str, counts: Mapping[str, int]) -> None:
    """Add to a supplier's counters of a month (`yyyy-mm`); nothing for counts of nothing. Once in a transaction."""
    actions: list[Action] = [getattr(MonthItem, name).add(count) for name, count in counts.items() if count]
    if not actions:
        return
    _, pk, sk = month_key(supplier_id, month, shard(spread_by, SHARDS))
    anything = MonthItem.pk.exists() | MonthItem.pk.does_not_exist()
    tx.update(MonthItem(pk, sk), actions, anything, lambda _: Contended("A counter was not added to."))


def months_in(found: Mapping[tuple[str, str], Item], supplier_id: str, months: Iterable[str]) -> dict[str, int]:
    """The counters of these months together, out of a batch read with `month_keys`."""
    items = [found.get((pk, sk)) for _, pk, sk in month_keys(supplier_id, months)]
    return total(_counts(cast(MonthItem, item)) for item in items if item is not None)


def scorecard_of(supplier_id: str, months: Iterable[str]) -> dict[str, dict[str, int]]:
    """The counters of each of these months."""
    wanted = list(months)
    found = find_many(month_keys(supplier_id, wanted))
    return {month: months_in(found, supplier_id, [month]) for month in wanted}


def _counts(item: MonthItem) -> dict[str, int]:
    return {name: int(getattr(item, name) or 0) for name in total(())}
