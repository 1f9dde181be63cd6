"""Who may do what: every use case refuses nobody, shoppers and machines without the scope, before it reads anything."""

from typing import Any

import pytest

from chalicelib.core.auth import NOBODY, Principal, Role
from chalicelib.core.errors import Forbidden, Unauthenticated
from chalicelib.inventory import service
from chalicelib.inventory.domain import AdjustmentReason, TransferStatus
from tests.unit.inventory.builders import ASSOCIATE, a_location

SHOPPER = Principal("user", "usr_1", roles=frozenset({Role.SHOPPER}))
OTHER = Principal("machine", "other", scopes=frozenset({"orders.write"}))

_ONCE: Any = {"once": None, "answer": None}
_COMMANDS = {
    "receive": lambda by: service.receive_stock("leeds", [("A", 1)], reference=None, by=by, **_ONCE),
    "adjust": lambda by: service.adjust_stock(
        "leeds", [("A", 1)], AdjustmentReason.FOUND, reference=None, by=by, **_ONCE
    ),
    "count": lambda by: service.count_stock("leeds", [], reference=None, by=by, **_ONCE),
    "safety": lambda by: service.set_safety_stock("leeds", {}, by=by, **_ONCE),
    "create location": lambda by: service.create_location(a_location("x"), by=by, **_ONCE),
    "change location": lambda by: service.change_location("leeds", 1, {}, by=by),
    "read location": lambda by: service.read_location("leeds", by),
    "list locations": lambda by: service.list_locations(1, None, by),
    "stock of sku": lambda by: service.stock_of_sku("A", by),
    "stock at location": lambda by: service.stock_at_location("leeds", 1, None, by),
    "movements": lambda by: service.movements_of("A", 1, None, by),
    "hold": lambda by: service.hold_stock([], channel="store", seconds=9, by=by, **_ONCE),
    "release hold": lambda by: service.release_hold("rsv_1", 1, by=by),
    "read hold": lambda by: service.read_hold("rsv_1", by),
    "dispatch": lambda by: service.dispatch_transfer("leeds", "york", [("A", 1)], reference=None, by=by, **_ONCE),
    "receive transfer": lambda by: service.receive_transfer("trf_1", {}, complete=True, by=by, **_ONCE),
    "cancel transfer": lambda by: service.cancel_transfer("trf_1", by=by, **_ONCE),
    "read transfer": lambda by: service.read_transfer("trf_1", by),
    "list transfers": lambda by: service.list_transfers(TransferStatus.IN_TRANSIT, 1, None, by),
}


@pytest.mark.parametrize("command", _COMMANDS)
@pytest.mark.parametrize(("by", "error"), [(NOBODY, Unauthenticated), (SHOPPER, Forbidden), (OTHER, Forbidden)])
def test_stock_is_for_staff_and_machines_with_the_scope(command, by, error):
    with pytest.raises(error):
        _COMMANDS[command](by)


def test_associates_do_not_make_locations():
    with pytest.raises(Forbidden):
        _COMMANDS["create location"](ASSOCIATE)
    with pytest.raises(Forbidden):
        _COMMANDS["change location"](ASSOCIATE)
