"""Units that whoever was asked for them will not ship."""

import pytest

from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import Forbidden, NotFound
from chalicelib.core.idempotency import Idempotency
from chalicelib.core.table import Transaction
from chalicelib.fulfilment.domain import MoreThanRequested
from chalicelib.fulfilment.service import OutOfTurn
from chalicelib.orders import service
from chalicelib.suppliers import store as suppliers
from tests.integration.orders.conftest import WORKFLOW, Shop
from tests.unit.orders.test_cancel_order import confirmed

SUPPLIER = Principal("user", "usr_supplier", roles=frozenset({Role.SUPPLIER}))


def once(key: str = "k") -> Idempotency:
    return Idempotency.of("declined", key, b"")


def decline(part: str, key: str = "k", by: Principal = WORKFLOW, **units: int) -> None:
    lines = {name.removeprefix("line_"): count for name, count in units.items()}
    service.decline_units(part, lines, "out_of_stock", by=by, once=once(key))


@pytest.fixture
def sold(shop: Shop) -> tuple[Shop, str, str]:
    shop.opens("york", priority=2)
    shop.sells("A", leeds=5, york=5)
    order_id, [part] = confirmed(shop, ("A", 5))
    return shop, order_id, part


def line_of(shop: Shop, order_id: str) -> tuple[int, int]:
    [line] = service.find_order(order_id).lines
    return line.allocated, line.unassigned


def test_some_units_are_sought_elsewhere_while_the_others_are_still_to_be_shipped(sold: tuple[Shop, str, str]) -> None:
    shop, order_id, part = sold
    decline(part, line_1=2)
    assert line_of(shop, order_id) == (3, 2)
    assert shop.stock("A") == {"leeds": (3, 0, 3), "york": (5, 5, 0)}
    assert shop.events(order_id).count("OrderUnitsMissing") == 1
    assert "FulfilmentShort" not in shop.events(order_id)
    service.reassign_units(order_id, part, WORKFLOW)
    assert shop.stock("A") == {"leeds": (3, 0, 3), "york": (5, 3, 2)}
    assert shop.ships(part, line_1=3).status == 200
    other = f"{part[:-1]}2"
    assert shop.ships(other, line_1=2).status == 200
    assert shop.read(order_id)["status"] == "shipped"


def test_with_all_of_them_the_fulfilment_is_short(sold: tuple[Shop, str, str]) -> None:
    shop, order_id, part = sold
    decline(part, line_1=5)
    assert line_of(shop, order_id) == (0, 5)
    assert shop.read(order_id)["fulfilments"][0]["status"] == "short"
    assert {"FulfilmentShort", "OrderUnitsMissing"} <= set(shop.events(order_id))
    assert shop.stock("A")["leeds"] == (0, 0, 0)


def test_a_repetition_declines_nothing_more(sold: tuple[Shop, str, str]) -> None:
    shop, order_id, part = sold
    decline(part, line_1=2)
    decline(part, line_1=2)
    assert line_of(shop, order_id) == (3, 2)
    decline(part, key="another", line_1=1)
    assert line_of(shop, order_id) == (2, 3)


def test_what_left_or_was_not_asked_for_is_not_declined(sold: tuple[Shop, str, str]) -> None:
    shop, order_id, part = sold
    with pytest.raises(MoreThanRequested):
        decline(part, line_1=6)
    assert shop.ships(part, line_1=5).status == 200
    with pytest.raises(OutOfTurn):
        decline(part, line_1=1)
    assert line_of(shop, order_id) == (5, 0)


def test_what_is_held_is_declined_as_well(sold: tuple[Shop, str, str]) -> None:
    shop, order_id, part = sold
    assert shop.call("POST", f"/v1/orders/{order_id}/holds", json={"reason": "fraud"}).status in (200, 201)
    decline(part, line_1=5)
    assert line_of(shop, order_id) == (0, 5)


def test_a_supplier_speaks_of_its_own_parcels_only(sold: tuple[Shop, str, str]) -> None:
    shop, order_id, part = sold
    with pytest.raises(Forbidden):
        decline(part, by=SUPPLIER, line_1=1)
    tx = Transaction()
    suppliers.add_member(tx, "sup_other", "user:usr_supplier")
    tx.commit()
    with pytest.raises(NotFound):
        decline(part, by=SUPPLIER, line_1=1)
    assert line_of(shop, order_id) == (5, 0)
    with pytest.raises(NotFound):
        service.record_answer(part, service.WarehouseAnswer("packed"), by=SUPPLIER, once=once("packed"))


def test_a_supplier_declines_what_it_was_asked_for(shop: Shop) -> None:
    shop.opens("leeds2", priority=0)
    shop.sells("A", leeds2=2)
    order_id, [part] = confirmed(shop, ("A", 2))
    tx = Transaction()
    suppliers.add_member(tx, "leeds2", "user:usr_supplier")
    tx.commit()
    decline(part, by=SUPPLIER, line_1=2)
    assert line_of(shop, order_id) == (0, 2)
