"""GET /v1/orders/{order_id}/payment."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.payments import service
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, SUPPLIER, a_machine
from tests.unit.payments.builders import BY, ORDER, due, opened

PATH = f"/v1/orders/{ORDER}/payment"


def test_staff_see_amounts_and_no_token_nor_reference(call: Callable[..., Any]) -> None:
    opened("tok_timeout")
    service.authorise(ORDER, BY)
    assert "tok_" not in call("GET", PATH, by=ASSOCIATE).text
    service.look_up(ORDER, BY)
    due(ORDER, "f1", 600)
    due(ORDER, "f2", 300, final=True)
    service.capture(ORDER, "f1", BY)
    for by in (ASSOCIATE, ADMIN, a_machine("orders.read")):
        reply = call("GET", PATH, by=by)
        assert (reply.status, reply.etag) == (200, '"6"')
        assert reply.json == {
            "order_id": ORDER,
            "status": "partially_captured",
            "currency": "GBP",
            "amount": 1000,
            "authorised": 1000,
            "captured": 600,
            "voided": 0,
            "reason": None,
            "dues": {"f2": 300},
            "captures": {"f1": 600},
            "refunded": 0,
            "tenders": [
                {
                    "id": "1",
                    "type": "card",
                    "status": "authorised",
                    "amount": 1000,
                    "authorised": 1000,
                    "captured": 600,
                    "voided": 0,
                    "refunded": 0,
                }
            ],
            "refunds": [],
            "disputes": [],
            "final": True,
            "version": 6,
        }


@pytest.mark.parametrize("by", [SHOPPER, SUPPLIER])
def test_others_do_not(call: Callable[..., Any], by: Any) -> None:
    opened()
    assert (call("GET", PATH, by=by).status, call("GET", PATH, by=by).code) == (403, "forbidden")


def test_without_a_token_or_with_another_scope_the_gateway_refuses(call: Callable[..., Any]) -> None:
    for by in (None, a_machine("catalog.write")):
        assert call("GET", PATH, by=by).status == 401


def test_an_order_that_is_not_there(call: Callable[..., Any]) -> None:
    assert (call("GET", PATH, by=ADMIN).status, call("GET", PATH, by=ADMIN).code) == (404, "not_found")


@pytest.mark.parametrize("id", ["%23", "a%23b", "x" * 1500, "%00", "%F0%9F%92%B8"])
def test_an_id_of_any_shape_is_not_found(call: Callable[..., Any], id: str) -> None:
    assert call("GET", f"/v1/orders/{id}/payment", by=ADMIN).status == 404
