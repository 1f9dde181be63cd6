"""Inventory in the table.

| item | pk | sk | index |
|---|---|---|---|
| location | LOCATION#<id> | LOCATION | gsi1 LOCATIONS / <id> |
| stock | STOCK#<sku> | LOCATION#<id> | gsi1 STOCK_AT#<location> / <sku>, never rewritten |
| movement | STOCK#<sku> | MOVEMENT#<ulid> | |
| reservation | RESERVATION#<id> | RESERVATION | gsi3 DUE#RESERVATION#<shard> / <expiry>#<id>, while open |
| transfer | TRANSFER#<id> | TRANSFER | gsi1 TRANSFERS#<state> / <id> |
"""

from chalicelib.inventory.store.location import add_location, change_location, get_location, locations
from chalicelib.inventory.store.movement import movements, record
from chalicelib.inventory.store.reservation import (
    add_reservation,
    commit_reservation,
    due_reservations,
    expire_reservation,
    get_reservation,
    release_hold,
    release_reservation,
)
from chalicelib.inventory.store.stock import (
    bring_in,
    free,
    in_batch,
    promise,
    set_count,
    set_safety,
    settle,
    stock_at,
    stock_key,
    stock_of,
    take_out,
    too_low,
)
from chalicelib.inventory.store.transfer import add_transfer, change_transfer, get_transfer, transfers_in

__all__ = [
    "add_location",
    "add_reservation",
    "add_transfer",
    "bring_in",
    "change_location",
    "change_transfer",
    "commit_reservation",
    "due_reservations",
    "expire_reservation",
    "free",
    "get_location",
    "get_reservation",
    "get_transfer",
    "in_batch",
    "locations",
    "movements",
    "promise",
    "record",
    "release_hold",
    "release_reservation",
    "set_count",
    "set_safety",
    "settle",
    "stock_at",
    "stock_key",
    "stock_of",
    "take_out",
    "too_low",
    "transfers_in",
]
