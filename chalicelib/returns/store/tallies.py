"""What of an order's units is in returns: one item for all of them, so that two that want the same units meet."""

from collections.abc import Mapping
from typing import cast

from pynamodb.attributes import NumberAttribute

from chalicelib.core.errors import AisleError, Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, RawItem, Transaction, fields_of
from chalicelib.returns.domain.refunds import PostageTally
from chalicelib.returns.domain.tally import Counts, Tally


class TallyItem(Item):
    """pk = ORDER#<order id>, sk = RETURNS. `returns` is how many the order has; lines without any are left out."""

    version = NumberAttribute()
    returns = NumberAttribute()
    document = Json()


def tally_key(order_id: str) -> tuple[type[Item], str, str]:
    return TallyItem, key("ORDER", order_id), "RETURNS"


def tally_in(found: Mapping[tuple[str, str], Item], order_id: str) -> Tally:
    """The tally out of a batch read with `tally_key`; an empty one when the order has no returns."""
    item = cast("TallyItem | None", found.get((key("ORDER", order_id), "RETURNS")))
    if item is None:
        return Tally(order_id)
    lines = {line_id: Counts(*counts) for line_id, counts in item.document["lines"].items()}
    postage = PostageTally(**item.document["postage"])
    return Tally(order_id, int(item.returns), lines, postage, int(item.version))


def change_tally(tx: Transaction, tally: Tally) -> None:
    """Write the next version. Raises `Stale` at commit when another return was quicker."""

    def stale(raw: RawItem | None) -> AisleError:
        return Stale("Another return of this order was quicker.")

    item = TallyItem(
        key("ORDER", tally.order_id),
        "RETURNS",
        version=tally.version,
        returns=tally.returns,
        document={
            "lines": {line_id: [one.open, one.returned, one.refused] for line_id, one in tally.lines.items()},
            "postage": fields_of(tally.postage),
        },
    )
    before = tally.version - 1
    tx.put(item, TallyItem.version == before if before else TallyItem.pk.does_not_exist(), stale)
