"""How a SKU is sold at a location: what is kept back, and what may be sold before it is there."""

from collections.abc import Mapping
from dataclasses import replace

from chalicelib.core.auth import Principal
from chalicelib.core.errors import NotFound
from chalicelib.core.table import Transaction, find_many
from chalicelib.inventory import store
from chalicelib.inventory.domain import StockPolicy, is_name
from chalicelib.inventory.service.manage_locations import read_location
from chalicelib.inventory.service.read_stock import stock_keys


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
    by: Principal,
) -> StockPolicy:
    """Replace the policy of a SKU at a location. It bounds what is sold from now on and moves nothing.

    A limit below what was sold already holds for what follows. Raises `NotFound`, and `Stale` unless the policy is at
    `expected_version`.
    """
    _check(sku, location_id, by)
    policy = StockPolicy(safety, backorder_limit, backorder_days, expected_version)
    changed = replace(policy, version=expected_version + 1)
    tx = Transaction()
    store.set_policy(tx, sku, location_id, changed)
    tx.commit()
    return changed


def _check(sku: str, location_id: str, by: Principal) -> None:
    read_location(location_id, by)
    if not is_name(sku):
        raise NotFound(f"There was never any stock of {sku}.")
