"""How a SKU is sold at a location: what is kept back, what may be sold before it is there, and in how many rows it lies."""

from collections.abc import Mapping

from chalicelib.core import observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import AisleError, NotFound, Stale
from chalicelib.core.table import Transaction, find_many
from chalicelib.inventory import store
from chalicelib.inventory.domain import SplitSellsWhatIsThere, StockPolicy, is_name
from chalicelib.inventory.service.manage_locations import read_location
from chalicelib.inventory.service.read_stock import stock_keys
from chalicelib.inventory.service.split_stock import list_rows, tidy, until_settled


def read_policy(sku: str, location_id: str, by: Principal) -> StockPolicy:
    """The policy of a SKU at a location, for staff; version 0 where none was ever set. Raises `NotFound`."""
    _check(sku, location_id, by)
    found = find_many(stock_keys([sku], [location_id]), consistent=True)
    return store.in_batch(found, sku, location_id).policy


def set_policy(
    sku: str,
    location_id: str,
    expected_version: int,
    *,
    safety: Mapping[str, int],
    backorder_limit: int,
    backorder_days: int,
    shards: int = 1,
    by: Principal,
) -> StockPolicy:
    """Replace the policy of a SKU at a location. It bounds what is sold from now on and moves nothing in or out.

    A limit below what was sold already holds for what follows. Other processes know of other `shards` (1 to `MAX_SHARDS`)
    within half a minute, and can sell less of a line until then. Raises `NotFound`, `Stale` unless the policy is at
    `expected_version`, `SplitSellsWhatIsThere` for a split line with a limit, `StillWaiting` for one that orders wait for,
    `TooManySplit`.
    """
    _check(sku, location_id, by)
    if shards > 1 and backorder_limit:
        raise SplitSellsWhatIsThere("Split stock has no backorder limit.")
    changed = StockPolicy(safety, backorder_limit, backorder_days, expected_version + 1, shards)
    rows = until_settled(lambda: _set(sku, location_id, changed))
    if rows > 1:
        store.forget_locations()
        _tidy_now(sku, location_id)
    return changed


def _set(sku: str, location_id: str, policy: StockPolicy) -> int:
    """Set it, and answer with the number of rows that there are now."""
    now = store.in_batch(find_many(stock_keys([sku], [location_id]), consistent=True), sku, location_id)
    if now.policy.version != policy.version - 1:
        raise Stale(
            f"The policy of {sku} at {location_id} is at version {now.policy.version}, not {policy.version - 1}."
        )
    rows = max(now.rows, policy.shards)
    tx = Transaction()
    store.set_policy(tx, now, policy)
    list_rows(tx, sku, location_id, rows)
    tx.commit()
    return rows


def _tidy_now(sku: str, location_id: str) -> None:
    try:
        tidy(sku, location_id)
    except AisleError:
        # The policy stands; the schedule comes by within a minute.
        observability.log.exception("split stock was not levelled yet", sku=sku, location_id=location_id)


def _check(sku: str, location_id: str, by: Principal) -> None:
    read_location(location_id, by)
    if not is_name(sku):
        raise NotFound(f"There was never any stock of {sku}.")
