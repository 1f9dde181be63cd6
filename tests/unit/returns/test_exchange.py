"""What came back is exchanged: the replacement is ordered, paid for by its worth, or a refund takes its place."""

from importlib import import_module

import pytest

from chalicelib.core.errors import Unavailable
from chalicelib.core.idempotency import Idempotency, no_answer
from chalicelib.inventory import service as inventory
from chalicelib.inventory.domain import AdjustmentReason
from chalicelib.orders import service as orders
from chalicelib.payments import service as payments
from chalicelib.returns import service
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER
from tests.integration.orders.conftest import WORKFLOW
from tests.unit.returns.conftest import a_key

MODULE = import_module("chalicelib.returns.service.place_exchange")


def exchanged(desk, price=500, units=1, card=None, keep=0, captured=True):
    """A return of `units` at 500 each that were accepted but for `keep`, for as many of another SKU."""
    desk.shop.sells("NEW", price=price, leeds=9)
    order_id = desk.delivered((desk.shop.sells("OLD", price=500, leeds=9), units), captured=captured)
    resolution = {
        "exchange": [{"line_id": "1", "sku": "NEW", "quantity": units}],
        **({"card_token": card} if card else {}),
    }
    return_id = desk.announced(order_id, line_1=units, resolution=resolution)
    desk.receive(return_id, line_1=units)
    findings = [("1", units - keep, "restock"), ("1", keep, "refuse")]
    reply = desk.inspect(return_id, *(one for one in findings if one[1]))
    assert (reply.status, reply.json["inspections"][0]["to"]) == (200, "exchange")
    assert desk.shop.payment(order_id)["refunds"] == []
    return order_id, return_id


def place(return_id):
    return service.place_exchange(return_id, WORKFLOW)


def refunds(desk, order_id):
    return [(one["key"].rpartition(":")[2], one["amount"], one["to"]) for one in desk.shop.payment(order_id)["refunds"]]


def tenders(order_id):
    return [(str(one.type), one.amount) for one in payments.read_payment(order_id, ASSOCIATE).tenders]


def sold_out(sku):
    inventory.adjust_stock(
        "leeds",
        [(sku, -9)],
        AdjustmentReason.LOST,
        reference=None,
        by=ADMIN,
        once=Idempotency.of("test", a_key(), b""),
        answer=lambda _: no_answer(),
    )


def test_a_replacement_for_the_same_price_is_paid_by_what_came_back(desk):
    order_id, return_id = exchanged(desk)
    outcome = place(return_id)
    replacement = desk.shop.read(outcome["replacement_order_id"])
    assert outcome["outcome"] == "placed"
    assert (replacement["reference"], replacement["customer_id"]) == (return_id, SHOPPER.id)
    assert [(line["sku"], line["ordered"]) for line in replacement["lines"]] == [("NEW", 1)]
    assert replacement["shipping_address"] == desk.shop.read(order_id)["shipping_address"]
    assert tenders(replacement["id"]) == [("store_credit", 500)]
    assert refunds(desk, order_id) == [("credit", 500, f"credit:{SHOPPER.id}")]
    assert desk.shop.stock("NEW") == {"leeds": (9, 8, 1)}
    shown = desk.read(return_id)["exchange"]
    assert (shown["state"], shown["order_id"], shown["credit"], shown["difference"]) == (
        "placed",
        replacement["id"],
        500,
        0,
    )
    [event] = desk.events(order_id, "ExchangePlaced")
    assert (event["replacement_order_id"], event["credit"], event["difference"]) == (replacement["id"], 500, 0)


def test_what_the_replacement_costs_less_is_refunded(desk):
    order_id, return_id = exchanged(desk, price=320, units=2)
    outcome = place(return_id)
    assert tenders(outcome["replacement_order_id"]) == [("store_credit", 640)]
    assert refunds(desk, order_id) == [("credit", 640, f"credit:{SHOPPER.id}"), ("difference", 360, "original")]
    assert desk.read(return_id)["exchange"]["difference"] == 360


def test_what_the_replacement_costs_more_the_card_pays(desk):
    order_id, return_id = exchanged(desk, price=800, card="tok_approve")
    outcome = place(return_id)
    assert tenders(outcome["replacement_order_id"]) == [("store_credit", 500), ("card", 300)]
    assert refunds(desk, order_id) == [("credit", 500, f"credit:{SHOPPER.id}")]
    assert MODULE.store.card_of(return_id) is None


def test_only_what_was_accepted_is_replaced(desk):
    order_id, return_id = exchanged(desk, units=3, keep=2)
    outcome = place(return_id)
    assert [line["ordered"] for line in desk.shop.read(outcome["replacement_order_id"])["lines"]] == [1]
    assert refunds(desk, order_id) == [("credit", 500, f"credit:{SHOPPER.id}")]


@pytest.mark.parametrize("again", [1, 3])
def test_it_is_ordered_once_however_often_it_is_asked_for(desk, again):
    order_id, return_id = exchanged(desk, price=320)
    first = place(return_id)
    assert [place(return_id) for _ in range(again)] == [first] * again
    assert len(refunds(desk, order_id)) == 2
    assert desk.events(order_id).count("ExchangePlaced") == 1
    assert desk.shop.stock("NEW") == {"leeds": (9, 8, 1)}


def test_the_difference_is_owed_after_a_crash_between_the_two(desk, monkeypatch):
    order_id, return_id = exchanged(desk, price=320)
    with monkeypatch.context() as crash:
        crash.setattr(MODULE, "_owe_difference", _crash)
        with pytest.raises(Unavailable):
            place(return_id)
    assert refunds(desk, order_id) == [("credit", 320, f"credit:{SHOPPER.id}")]
    assert place(return_id)["outcome"] == "placed"
    assert refunds(desk, order_id)[1:] == [("difference", 180, "original")]


def _crash(*_):
    raise Unavailable("gone")


@pytest.mark.parametrize(
    ("reason", "given", "before"),
    [
        ("stock_too_low", {}, lambda: sold_out("NEW")),
        ("difference_unpaid", {"price": 800}, lambda: None),
        ("not_for_sale", {}, lambda: None),
    ],
)
def test_a_replacement_that_cannot_be_had_leaves_a_refund(desk, reason, given, before):
    order_id, return_id = exchanged(desk, **given)
    before()
    if reason == "not_for_sale":
        variant = desk.shop.call("GET", "/v1/variants/NEW").json
        changed = desk.changed("PATCH", "/v1/variants/NEW", variant["version"], {"status": "archived"})
        assert changed.status == 200
    assert place(return_id) == {"outcome": "fell_back", "reason": reason}
    assert place(return_id) == {"outcome": "fell_back", "reason": reason}
    assert refunds(desk, order_id) == [("refund", 500, "original")]
    assert desk.settled(order_id)["refunded"] == 500
    assert desk.events(order_id, "ExchangeFellBack")[0]["reason"] == reason
    assert desk.events(order_id, "ExchangeFellBack")[0]["amount"] == 500
    assert desk.read(return_id)["exchange"]["state"] == "fell_back"


def test_money_that_is_still_to_be_taken_pays_for_nothing(desk):
    order_id, return_id = exchanged(desk, captured=False)
    assert place(return_id) == {"outcome": "fell_back", "reason": "not_captured"}
    assert refunds(desk, order_id) == [("refund", 500, "original")]
    assert desk.settled(order_id)["refunded"] == 500


def test_a_return_that_is_no_exchange_has_no_replacement(desk):
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 1))
    assert place(desk.back(order_id, line_1=1).json["id"]) == {"outcome": "nothing"}


def test_an_exchange_of_a_return_that_was_refunded_in_goodwill_before(desk):
    order_id, return_id = exchanged(desk, units=2)
    desk.refund(order_id, 700)
    outcome = place(return_id)
    assert outcome == {"outcome": "fell_back", "reason": "difference_unpaid"}
    assert refunds(desk, order_id)[1:] == [("refund", 300, "original")]
    assert orders.find_order(order_id).lines[0].returned == 2
