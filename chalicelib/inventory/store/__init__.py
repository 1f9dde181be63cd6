"""Inventory in the table.

| item | pk | sk | index |
|---|---|---|---|
| location | LOCATION#<id> | LOCATION | gsi1 LOCATIONS / <id> |
| stock | STOCK#<sku> | LOCATION#<id> | gsi1 STOCK_AT#<location> / <sku>, never rewritten |
| further row of split stock | STOCK#<sku>#<row> | LOCATION#<id> | |
| movement | STOCK#<sku> | MOVEMENT#<ulid> | |
| reservation | RESERVATION#<id> | RESERVATION | gsi3 DUE#RESERVATION#<shard> / <expiry>#<id>, while it expires or gives back |
| part of one | RESERVATION#<id> | PART#<nnn> | |
| transfer | TRANSFER#<id> | TRANSFER | gsi1 TRANSFERS#<state> / <id> |
"""

from chalicelib.inventory.store.location import (
    add_location,
    change_location,
    forget_locations,
    get_location,
    listed_locations,
    locations,
)
from chalicelib.inventory.store.movement import movements, record
from chalicelib.inventory.store.reservation import (
    add_reservation,
    begin_expiry,
    begin_release,
    check_building,
    commit_reservation,
    due_reservations,
    end_release,
    expire_reservation,
    get_reservation,
    open_reservation,
    release_hold,
    release_reservation,
)
from chalicelib.inventory.store.reservation_part import add_part, held_parts, release_part
from chalicelib.inventory.store.stock import (
    bring_in,
    end_folding,
    fold,
    free,
    in_batch,
    outdated,
    promise,
    rows_in_batch,
    serve,
    set_count,
    set_count_of_split,
    set_policy,
    set_safety,
    settle,
    shift,
    stock_at,
    stock_key,
    stock_of,
    take_out,
    too_low,
    wait_again,
)
from chalicelib.inventory.store.transfer import add_transfer, change_transfer, get_transfer, transfers_in

__all__ = [
    "add_location",
    "add_part",
    "add_reservation",
    "add_transfer",
    "begin_expiry",
    "begin_release",
    "bring_in",
    "change_location",
    "change_transfer",
    "check_building",
    "commit_reservation",
    "due_reservations",
    "end_folding",
    "end_release",
    "expire_reservation",
    "fold",
    "forget_locations",
    "free",
    "get_location",
    "get_reservation",
    "get_transfer",
    "held_parts",
    "in_batch",
    "listed_locations",
    "locations",
    "movements",
    "open_reservation",
    "outdated",
    "promise",
    "record",
    "release_hold",
    "release_part",
    "release_reservation",
    "rows_in_batch",
    "serve",
    "set_count",
    "set_count_of_split",
    "set_policy",
    "set_safety",
    "settle",
    "shift",
    "stock_at",
    "stock_key",
    "stock_of",
    "take_out",
    "too_low",
    "transfers_in",
    "wait_again",
]
