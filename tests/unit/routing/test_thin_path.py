"""From the request of fulfilment to the supplier's answer."""

from chalicelib.routing.service import use_cases
from tests.unit.routing.builders import ACCEPTED, ROUTING, SUPPLIER_ID, Market, says


def test_a_supplier_accepts_what_it_is_asked_to_ship(market: Market) -> None:
    part = market.requested(3)
    assert market.started == [(part, part)]
    market.endpoint.on("offer", says(ACCEPTED))
    outcome = market.offer()
    assert outcome == {"outcome": "accepted", "allocation_id": part, "next": "settle", "wait_seconds": 14400}
    assert (market.value.state, market.value.supplier_reference) == ("accepted", "A-17")
    assert market.units() == [(3, 0, 0, 0)]
    assert market.events() == ["OrderOfferedToSupplier", "OrderAcceptedBySupplier"]
    assert [one["called"] for one in market.events("OrderOfferedToSupplier")] == [True]
    assert {one["supplier_id"] for type in set(market.events()) for one in market.events(type)} == {SUPPLIER_ID}
    assert market.settle()["outcome"] == "settled"
    assert market.wanted() == [3]
    assert market.counted() == {"offered": 1, "accepted": 1, "units_asked": 3}
    assert market.log() == [("offer", "answer", "accepted")]


def test_a_repeated_request_asks_nothing_twice(market: Market) -> None:
    part = market.requested(3)
    use_cases.request_shipment(part, ROUTING, market.endpoint.ways)
    assert market.started == [(part, part)] * 2
    assert market.endpoint.asked == []
    assert market.value.version == 1
