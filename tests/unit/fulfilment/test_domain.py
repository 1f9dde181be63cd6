"""The life of a fulfilment, and what is out of turn in it."""

import pytest

from chalicelib.fulfilment.domain import (
    Fulfilment,
    FulfilmentLine,
    FulfilmentStatus,
    MoreThanRequested,
    OutOfTurn,
    cancel,
    deliver,
    fulfilment_id,
    order_of,
    pack,
    ship,
)

ORDER = "ord_01J00000000000000000000000"


def a_fulfilment(*quantities: int) -> Fulfilment:
    lines = tuple(FulfilmentLine(str(n), f"S{n}", quantity) for n, quantity in enumerate(quantities or (3,), start=1))
    return Fulfilment(fulfilment_id(ORDER, 1), ORDER, "loc_1", FulfilmentStatus.REQUESTED, lines, {"country": "GB"})


def test_the_id_tells_its_order() -> None:
    assert fulfilment_id(ORDER, 2) == "ful_01J00000000000000000000000_2"
    assert order_of("ful_01J00000000000000000000000_2") == (ORDER, "2")


def test_packed_shipped_delivered() -> None:
    packed = pack(a_fulfilment(3))
    shipped = ship(packed, {"1": 3}, {"carrier": "DPD", "number": "1"})
    delivered = deliver(shipped)
    assert [packed.status, shipped.status, delivered.status] == ["packed", "shipped", "delivered"]
    assert [packed.version, shipped.version, delivered.version] == [2, 3, 4]


def test_units_not_in_the_parcel_are_short() -> None:
    shipped = ship(a_fulfilment(3, 2), {"1": 1}, None)
    assert [(line.shipped, line.short) for line in shipped.lines] == [(1, 2), (0, 2)]
    assert shipped.status is FulfilmentStatus.SHIPPED


def test_nothing_found_is_short() -> None:
    assert ship(a_fulfilment(3), {}, None).status is FulfilmentStatus.SHORT


@pytest.mark.parametrize("answer", [{"1": 4}, {"9": 1}, {"1": -1}])
def test_more_than_requested_is_refused(answer: dict[str, int]) -> None:
    with pytest.raises(MoreThanRequested):
        ship(a_fulfilment(3), answer, None)


def test_out_of_turn() -> None:
    shipped = ship(a_fulfilment(), {"1": 3}, None)
    for step in (
        lambda: pack(shipped),
        lambda: ship(shipped, {"1": 3}, None),
        lambda: deliver(a_fulfilment()),
        lambda: cancel(shipped),
    ):
        with pytest.raises(OutOfTurn):
            step()
