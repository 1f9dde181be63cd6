"""Confirming and refusing while others do the same, and giving up in order when the money cannot be given back."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.core import clock
from chalicelib.core.errors import AisleError
from chalicelib.inventory import service as inventory
from chalicelib.orders import service
from chalicelib.orders.domain import NotPending
from chalicelib.payments import service as payments
from chalicelib.payments.service import VoidDeclined
from tests.integration.orders.conftest import WORKFLOW, Shop, Wire, answer_lost, meeting

pytestmark = pytest.mark.local_cloud

COMMIT = "TransactWriteItems"


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """What each came to: its outcome, or its error."""

    def run(work: Callable[[], Any]) -> Any:
        try:
            return work()
        except AisleError as error:
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def paid(shop: Shop, *lines: tuple[str, int], token: str = "tok_approve") -> str:
    """An order that only waits to be confirmed."""
    order_id = shop.placed(*lines, token=token)
    assert payments.authorise(order_id, WORKFLOW) == {"outcome": "authorised"}
    return order_id


def test_two_confirmations_at_once_are_one(shop: Shop, wire: Wire) -> None:
    order_id = paid(shop, (shop.sells("A", leeds=5), 2))
    wire.next(COMMIT, *meeting(2))
    outcomes = at_once(*[lambda: service.confirm_order(order_id, WORKFLOW)] * 2)
    [note] = shop.read(order_id)["fulfilments"]
    assert outcomes == [{"outcome": "confirmed", "fulfilments": [{"fulfilment_id": note["id"]}]}] * 2
    assert shop.events(order_id) == ["OrderConfirmed", "OrderPlaced", "PaymentAuthorised"]
    assert shop.stock("A") == {"leeds": (5, 3, 2)}


def test_a_confirmation_whose_answer_was_lost_is_found_done(shop: Shop, wire: Wire) -> None:
    order_id = paid(shop, (shop.sells("A", leeds=5), 2))
    wire.next(COMMIT, answer_lost)
    with pytest.raises(AisleError, match="did not answer"):
        service.confirm_order(order_id, WORKFLOW)
    assert service.confirm_order(order_id, WORKFLOW)["outcome"] == "confirmed"
    assert shop.events(order_id).count("OrderConfirmed") == 1


def test_two_authorisations_at_once_hold_the_amount_once(shop: Shop, wire: Wire) -> None:
    order_id = shop.placed((shop.sells("A", price=500, leeds=5), 2))
    wire.next(COMMIT, *meeting(2))
    assert at_once(*[lambda: payments.authorise(order_id, WORKFLOW)] * 2) == [{"outcome": "authorised"}] * 2
    assert shop.payment(order_id)["authorised"] == 1000
    assert shop.events(order_id) == ["OrderPlaced", "PaymentAuthorised"]


def test_a_refusal_against_a_confirmation(shop: Shop, wire: Wire) -> None:
    """Whoever commits first, the order is refused: a confirmation of which nothing left is undone."""
    order_id = paid(shop, (shop.sells("A", leeds=5), 2))
    wire.next(COMMIT, *meeting(2))
    confirmed, refused = at_once(
        lambda: service.confirm_order(order_id, WORKFLOW), lambda: service.refuse_order(order_id, "late", WORKFLOW)
    )
    assert confirmed["outcome"] in ("confirmed", "refused", "reservation_lost")
    assert refused == {"outcome": "refused"}
    order = shop.read(order_id)
    assert (order["status"], order["refusal"]) == ("refused", "late")
    assert {note["status"] for note in order["fulfilments"]} <= {"cancelled"}
    assert shop.stock("A") == {"leeds": (5, 5, 0)}
    assert shop.events(order_id).count("OrderRefused") == 1


def test_two_refusals_at_once_free_the_stock_once(shop: Shop, wire: Wire) -> None:
    order_id = shop.placed((shop.sells("A", leeds=5), 2))
    wire.next(COMMIT, *meeting(2))
    assert at_once(*[lambda: service.refuse_order(order_id, "late", WORKFLOW)] * 2) == [{"outcome": "refused"}] * 2
    assert shop.stock("A") == {"leeds": (5, 5, 0)}
    assert shop.events(order_id) == ["OrderPlaced", "OrderRefused"]


def test_a_refusal_against_a_shipment(shop: Shop, wire: Wire) -> None:
    """Either the parcel left and the order stands, or it was called off and nothing left."""
    order_id = paid(shop, (shop.sells("A", leeds=5), 2))
    fulfilment_id = service.confirm_order(order_id, WORKFLOW)["fulfilments"][0]["fulfilment_id"]
    wire.next(COMMIT, *meeting(2))
    refused, shipped = at_once(
        lambda: service.refuse_order(order_id, "late", WORKFLOW), lambda: shop.ships(fulfilment_id, line_1=2)
    )
    if shipped.status == 200:
        assert isinstance(refused, NotPending)
        assert (shop.read(order_id)["status"], shop.stock("A")) == ("shipped", {"leeds": (3, 3, 0)})
        assert shop.payment(order_id)["dues"] == {fulfilment_id: 1000}
    else:
        assert (shipped.status, shipped.code) == (409, "fulfilment_out_of_turn")
        assert refused == {"outcome": "refused"}
        assert (shop.read(order_id)["status"], shop.stock("A")) == ("refused", {"leeds": (5, 5, 0)})
        assert shop.payment(order_id)["dues"] == {}


@pytest.mark.parametrize("schedule_first", [True, False])
def test_an_expired_reservation_is_given_back_once(shop: Shop, schedule_first: bool) -> None:
    order_id = paid(shop, (shop.sells("A", leeds=5), 2))
    with clock.at(datetime.now(UTC) + timedelta(hours=1)):
        if schedule_first:
            assert inventory.release_expired(WORKFLOW, within=5)["released"] == 1
        assert service.confirm_order(order_id, WORKFLOW) == {"outcome": "reservation_lost"}
        assert payments.void(order_id, "reservation_lost", WORKFLOW)["outcome"] == "voided"
        assert service.refuse_order(order_id, "reservation_lost", WORKFLOW) == {"outcome": "refused"}
        assert inventory.release_expired(WORKFLOW, within=5)["released"] == 0
    assert shop.stock("A") == {"leeds": (5, 5, 0)}


def test_money_that_cannot_be_given_back_is_parked_once(shop: Shop) -> None:
    order_id = paid(shop, (shop.sells("A", leeds=5), 2), token="tok_void_fails")
    with pytest.raises(VoidDeclined):
        payments.void(order_id, "reservation_lost", WORKFLOW)
    for _ in range(2):
        parked = service.park_compensation(
            order_id, "VoidPayment", "VoidDeclined", WORKFLOW, reason="void_failed", fulfilment_id=None
        )
        assert parked["outcome"] == "parked"
    assert service.refuse_order(order_id, "reservation_lost", WORKFLOW) == {"outcome": "refused"}
    [review] = shop.call("GET", "/v1/reviews").json["items"]
    assert (review["id"], review["order_id"], review["state"]) == (parked["review_id"], order_id, "VoidPayment")
    # The goods are free for others, and what is still held of the customer's money can be seen.
    assert shop.stock("A") == {"leeds": (5, 5, 0)}
    payment = shop.payment(order_id)
    assert (payment["authorised"], payment["voided"]) == (1000, 0)
