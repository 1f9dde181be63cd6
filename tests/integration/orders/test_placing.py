"""Placing orders while the network fails and others are quicker: the key finds the first effect, and nothing is half done."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.core import clock
from chalicelib.core.idempotency import Answer, Idempotency, Replay
from chalicelib.inventory import store
from chalicelib.inventory.service import manage_locations
from chalicelib.orders import service
from chalicelib.payments.service import TenderRequest
from tests.conftest import SHOPPER
from tests.integration.orders.conftest import (
    Shop,
    Wire,
    answer_lost,
    connection_closed,
    first,
    in_conflict,
    meeting,
    request_lost,
    without_stock,
)

pytestmark = pytest.mark.local_cloud

COMMIT = "TransactWriteItems"


def test_an_answer_lost_once_is_no_failure(shop: Shop, wire: Wire) -> None:
    """The client sends the transaction again, and DynamoDB knows it by its token."""
    sku = shop.sells("A", leeds=5)
    wire.next(COMMIT, connection_closed)
    reply = shop.order((sku, 2))
    assert reply.status == 202
    assert "idempotent-replayed" not in reply.headers
    assert (shop.count("ORDER"), shop.stock(sku)) == (1, {"leeds": (5, 3, 2)})


def test_an_order_whose_answer_was_lost_is_found_under_its_key_at_once(shop: Shop, wire: Wire) -> None:
    sku = shop.sells("A", leeds=5)
    wire.next(COMMIT, answer_lost)
    reply = shop.order((sku, 2))
    assert (reply.status, reply.headers["idempotent-replayed"]) == (202, "true")
    assert shop.read(reply.json["id"])["status"] == "placed"
    assert (shop.count("ORDER"), shop.stock(sku)) == (1, {"leeds": (5, 3, 2)})


def test_an_order_of_which_nothing_was_heard_is_found_under_its_key(shop: Shop, wire: Wire) -> None:
    """It took the last unit, so its repetition cannot be planned any more; it need not be."""
    sku = shop.sells("A", leeds=2)
    wire.next(COMMIT, answer_lost)
    wire.next("GetItem", request_lost)
    lost = shop.order((sku, 2), key="k")
    assert (lost.status, lost.code, lost.json["retryable"]) == (503, "unavailable", True)
    again = shop.order((sku, 2), key="k")
    assert (again.status, again.headers["idempotent-replayed"]) == (202, "true")
    other = shop.order((sku, 2), key="another")
    assert (other.status, other.code) == (409, "stock_too_low")
    assert (shop.count("ORDER"), shop.stock(sku)) == (1, {"leeds": (2, 0, 2)})


def test_an_order_is_sourced_from_a_location_that_another_process_opened_just_now(shop: Shop) -> None:
    sku = shop.sells("A", leeds=1)
    assert shop.order((sku, 1)).status == 202  # this process knows the locations now
    shop.opens("york")
    shop.moves("york", sku, 3)
    manage_locations._listed = (clock.now(), [one for one in store.locations() if one.id == "leeds"])
    assert shop.order((sku, 2)).status == 202
    assert shop.stock(sku)["york"] == (3, 1, 2)


def test_an_order_whose_request_was_lost_was_never_placed(shop: Shop, wire: Wire) -> None:
    sku = shop.sells("A", leeds=5)
    wire.next(COMMIT, request_lost)
    assert shop.order((sku, 2), key="k").status == 503
    assert (shop.count("ORDER"), shop.stock(sku)) == (0, {"leeds": (5, 5, 0)})
    again = shop.order((sku, 2), key="k")
    assert again.status == 202
    assert "idempotent-replayed" not in again.headers
    assert shop.stock(sku) == {"leeds": (5, 3, 2)}


def test_a_read_that_fails_places_nothing(shop: Shop, wire: Wire) -> None:
    sku = shop.sells("A", leeds=5)
    wire.next("BatchGetItem", request_lost)
    reply = shop.order((sku, 2), key="k")
    assert (reply.status, reply.code) == (503, "unavailable")
    assert shop.count("ORDER") == 0


def test_one_key_from_two_callers_at_once_is_one_order(shop: Shop, wire: Wire) -> None:
    sku = shop.sells("A", leeds=5)
    wire.next(COMMIT, *meeting(2))
    with ThreadPoolExecutor(2) as pool:
        # In one process the application answers one request at a time, as a Lambda worker does, so the second caller
        # is another worker: the service itself.
        replies = list(pool.map(lambda _: _place_by_service(sku, key="k"), range(2)))
    assert sorted(replies) == ["placed", "replayed"]
    assert (shop.count("ORDER"), shop.stock(sku)) == (1, {"leeds": (5, 4, 1)})


def test_what_others_took_between_read_and_write_is_planned_anew(shop: Shop, wire: Wire) -> None:
    shop.opens("york", priority=2)
    sku = shop.sells("A", leeds=5, york=5)
    wire.next(COMMIT, first(lambda: shop.moves("leeds", sku, -4)))
    reply = shop.order((sku, 2))
    assert reply.status == 202
    assert [one["location_id"] for one in reply.json["allocation_reasons"]] == ["york"]
    assert shop.stock(sku) == {"leeds": (1, 1, 0), "york": (5, 3, 2)}
    assert shop.count("ORDER") == 1


def test_what_others_took_for_good_is_named_with_what_is_left(shop: Shop, wire: Wire) -> None:
    sku = shop.sells("A", leeds=5)
    wire.next(COMMIT, first(lambda: shop.moves("leeds", sku, -4)))
    reply = shop.order((sku, 2))
    assert (reply.status, reply.code) == (409, "stock_too_low")
    assert reply.json["shortages"] == [{"sku": sku, "wanted": 2, "left": 1}]
    assert (shop.count("ORDER"), shop.stock(sku)) == (0, {"leeds": (1, 1, 0)})


def test_a_read_that_is_behind_refuses_nobody(shop: Shop, wire: Wire) -> None:
    sku = shop.sells("A", leeds=5)
    wire.next("BatchGetItem", without_stock)
    reply = shop.order((sku, 2))
    assert reply.status == 202, reply
    assert shop.stock(sku) == {"leeds": (5, 3, 2)}


def test_a_passing_conflict_is_waited_out(shop: Shop, wire: Wire) -> None:
    sku = shop.sells("A", leeds=5)
    wire.next(COMMIT, in_conflict, in_conflict)
    assert shop.order((sku, 2)).status == 202
    assert (shop.count("ORDER"), shop.stock(sku)) == (1, {"leeds": (5, 3, 2)})


def test_a_lasting_conflict_is_told_and_may_be_retried_under_the_same_key(shop: Shop, wire: Wire) -> None:
    sku = shop.sells("A", leeds=5)
    wire.next(COMMIT, *[in_conflict] * 6)
    reply = shop.order((sku, 2), key="k")
    assert (reply.status, reply.code, reply.json["retryable"]) == (409, "contended", True)
    assert reply.headers["retry-after"] == "1"
    assert shop.count("ORDER") == 0
    assert shop.order((sku, 2), key="k").status == 202
    assert shop.stock(sku) == {"leeds": (5, 3, 2)}


def _place_by_service(sku: str, key: str) -> str:
    wanted = service.OrderRequest(
        channel="web",
        currency="GBP",
        customer_id=None,
        reference=None,
        lines=[service.LineRequest(sku, 1)],
        charges=[],
        contact={"name": "Ada Lovelace"},
        shipping_address={"name": "Ada", "line1": "12 St James Square", "city": "London", "country": "GB"},
        tenders=[TenderRequest("card", "tok_approve")],
    )
    once = Idempotency.of("test", key, b"")
    try:
        service.place_order(wanted, by=SHOPPER, once=once, answer=lambda order: Answer(202, order.id, {}))
    except Replay:
        return "replayed"
    return "placed"
