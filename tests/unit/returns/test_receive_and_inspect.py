"""Goods come back over the API: receipts, inspections, what is refunded and what is on the shelf."""

from threading import Thread

import pytest

from chalicelib.core.idempotency import Idempotency, no_answer
from chalicelib.inventory import service as inventory
from chalicelib.payments import service as payments
from chalicelib.returns import service
from chalicelib.returns.domain.life import Finding
from chalicelib.returns.domain.model import MAX_LINES, Disposition
from tests.conftest import ASSOCIATE, SHOPPER, a_machine, a_shopper
from tests.unit.returns.conftest import a_key


def counters(desk, sku, at="leeds"):
    return desk.shop.stock(sku)[at]


def test_goods_come_back_to_the_shelf_and_the_money_to_the_card(desk):
    order_id = desk.delivered((desk.shop.sells("A", price=333, leeds=5), 3))
    return_id = desk.announced(order_id, line_1=2)
    received = desk.receive(return_id, line_1=2)
    assert (received.status, received.json["status"], received.etag) == (200, "receiving", '"2"')
    assert received.json["lines"][0]["waiting"] == {"leeds": 2}
    reply = desk.inspect(return_id, ("1", 1, "restock"), ("1", 1, "write_off"))
    assert (reply.status, reply.json["status"], reply.etag) == (200, "settled", '"3"')
    refund = {"amount": 666, "goods": 666, "discount": 0, "tax": 111, "shipping": 0, "fee": 0, "withheld": 0}
    assert reply.json["refund"] == refund
    [inspection] = reply.json["inspections"]
    assert (inspection["location_id"], inspection["to"], inspection["refund"]) == ("leeds", "original", refund)
    assert counters(desk, "A") == (3, 3, 0)
    movements = inventory.movements_of("A", 100, None, ASSOCIATE).items
    caused = {(str(one.kind), one.quantity) for one in movements if one.cause == return_id}
    assert caused == {("returned", 2), ("adjusted", -1)}
    order = desk.shop.read(order_id)
    assert (order["lines"][0]["returned"], order["status"]) == (2, "delivered")
    payment = desk.settled(order_id)
    assert (payment["captured"], payment["refunded"]) == (999, 666)
    assert desk.events(order_id) == ["ReturnAuthorised", "ReturnReceived", "ReturnInspected", "ReturnSettled"]
    [inspected] = desk.events(order_id, "ReturnInspected")
    assert inspected["lines"] == [{"line_id": "1", "sku": "A", "restocked": 1, "written_off": 1, "refused": 0}]
    assert (inspected["amount"], inspected["refund"]["goods"], inspected["to"]) == (666, 666, "original")
    [settled] = desk.events(order_id, "ReturnSettled")
    assert (settled["amount"], settled["units"]) == (666, {"accepted": 2, "refused": 0, "given_up": 0, "extra": 0})


def test_parts_of_parts_add_up_to_all_that_was_paid(desk):
    order_id = desk.delivered(
        (desk.shop.sells("A", price=333, leeds=9), 3), (desk.shop.sells("B", price=1001, leeds=9), 2), postage=500
    )
    amounts = [
        desk.back(order_id, line_1=1).json["refund"]["amount"],
        desk.back(order_id, line_2=1).json["refund"]["amount"],
        desk.back(order_id, line_1=2, line_2=1).json["refund"]["amount"],
    ]
    assert amounts == [333, 1001, 666 + 1001 + 500]
    payment = desk.settled(order_id)
    assert (payment["captured"], payment["refunded"]) == (3501, 3501)
    assert desk.shop.read(order_id)["status"] == "returned"


def test_a_return_inspected_in_parts_pays_in_parts(desk):
    desk.policy(terms_of_all={"restocking_fee_bps": 1500})
    order_id = desk.delivered((desk.shop.sells("A", price=100, leeds=5), 3))
    return_id = desk.announced(order_id, line_1=3)
    desk.receive(return_id, line_1=1)
    first = desk.inspect(return_id, ("1", 1, "restock")).json
    desk.receive(return_id, line_1=2)
    desk.inspect(return_id, ("1", 1, "restock"))
    last = desk.inspect(return_id, ("1", 1, "restock")).json
    assert [one["refund"]["amount"] for one in last["inspections"]] == [85, 85, 85]
    assert (first["status"], last["status"], last["refund"]["fee"]) == ("receiving", "settled", 45)
    assert desk.settled(order_id)["refunded"] == 255
    assert desk.events(order_id).count("ReturnSettled") == 1


def test_a_fault_brings_its_share_of_the_postage(desk):
    order_id = desk.delivered(
        (desk.shop.sells("A", price=1000, leeds=5), 1), (desk.shop.sells("B", price=500, leeds=5), 1), postage=300
    )
    reply = desk.back(order_id, line_1=1, reason="defective", disposition="write_off")
    assert (reply.json["refund"]["shipping"], reply.json["refund"]["amount"]) == (200, 1200)
    assert reply.json["lines"][0]["agreement"]["prepaid"] is True
    assert counters(desk, "A") == (4, 4, 0)


def test_refused_units_go_back_to_the_customer_unpaid(desk):
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 3))
    reply = desk.back(order_id, "refuse", line_1=2)
    assert (reply.json["status"], reply.json["refund"]["amount"]) == ("settled", 0)
    assert counters(desk, "A") == (2, 2, 0)
    assert desk.settled(order_id)["refunded"] == 0
    assert desk.shop.read(order_id)["lines"][0]["returned"] == 0
    refused = desk.announce(order_id, line_1=2)
    assert [one["code"] for one in refused.json["errors"]] == ["refused_before"]
    assert desk.announce(order_id, line_1=1).status == 201
    assert desk.announce(order_id, by=ASSOCIATE, line_1=2, waive_for="our mistake").status == 201


def test_store_credit_goes_to_the_account_of_the_customer(desk):
    order_id = desk.delivered((desk.shop.sells("A", price=500, leeds=5), 1))
    reply = desk.back(order_id, resolution="store_credit", line_1=1)
    assert reply.json["inspections"][0]["to"] == "store_credit"
    [refund] = desk.shop.payment(order_id)["refunds"]
    assert (refund["to"], refund["amount"]) == (f"credit:{SHOPPER.id}.GBP", 500)
    assert payments.credit_balance(f"{SHOPPER.id}.GBP") == 500


def test_store_credit_for_goods_of_two_parcels(desk):
    desk.shop.opens("york", 2)
    desk.shop.sells("A", price=333, leeds=1, york=2)
    order_id = desk.delivered(("A", 3))
    assert len(desk.shop.read(order_id)["fulfilments"]) == 2
    reply = desk.back(order_id, resolution="store_credit", line_1=3)
    assert reply.status == 200, reply
    assert reply.json["refund"]["amount"] == 999
    assert payments.credit_balance(f"{SHOPPER.id}.GBP") == 999


def test_no_more_is_refunded_than_is_left_of_what_was_paid(desk):
    order_id = desk.delivered((desk.shop.sells("A", price=500, leeds=5), 2))
    desk.refund(order_id, 700)
    refund = desk.back(order_id, line_1=2).json["refund"]
    assert (refund["goods"], refund["withheld"], refund["amount"]) == (1000, 700, 300)
    assert desk.settled(order_id)["refunded"] == 1000


def test_extra_units_are_noted_and_not_refunded(desk):
    order_id = desk.delivered((desk.shop.sells("A", price=500, leeds=5), 3))
    return_id = desk.announced(order_id, line_1=1)
    line = desk.receive(return_id, line_1=3).json["lines"][0]
    assert (line["waiting"], line["extra"], line["expected"]) == ({"leeds": 1}, 2, 0)
    assert desk.events(order_id, "ReturnReceived")[0]["lines"] == [
        {"line_id": "1", "sku": "A", "quantity": 3, "extra": 2}
    ]
    refused = desk.inspect(return_id, ("1", 3, "restock"))
    assert (refused.code, refused.json["errors"][0]["pointer"]) == ("not_received", "/lines/0/quantity")
    assert desk.inspect(return_id, ("1", 1, "restock")).json["refund"]["amount"] == 500
    assert desk.back(order_id, line_1=2).json["refund"]["amount"] == 1000


def test_more_than_was_shipped_is_refused(desk):
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 3))
    desk.back(order_id, line_1=1)
    return_id = desk.announced(order_id, line_1=1)
    assert desk.receive(return_id, line_1=3).code == "more_than_shipped"
    assert desk.receive(return_id, line_1=2).status == 200


def test_units_at_two_locations_go_on_their_shelves(desk):
    desk.shop.opens("york", 2)
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 2))
    return_id = desk.announced(order_id, line_1=2)
    desk.receive(return_id, line_1=1)
    desk.receive(return_id, at="york", line_1=1)
    assert desk.inspect(return_id, ("1", 1, "restock")).code == "location_needed"
    assert desk.inspect(return_id, ("1", 2, "restock"), at="york").code == "not_received"
    desk.inspect(return_id, ("1", 1, "restock"), at="york")
    desk.inspect(return_id, ("1", 1, "restock"))
    assert desk.shop.stock("A") == {"leeds": (4, 4, 0), "york": (1, 1, 0)}


def test_a_complete_receipt_frees_what_did_not_come(desk):
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 3))
    return_id = desk.announced(order_id, line_1=3)
    value = desk.receive(return_id, complete=True, line_1=1).json
    assert (value["lines"][0]["given_up"], value["status"]) == (2, "receiving")
    assert desk.announce(order_id, line_1=2).status == 201
    assert desk.inspect(return_id, ("1", 1, "restock")).json["status"] == "settled"


def test_a_receipt_that_completes_an_inspected_return_settles_it(desk):
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 3))
    return_id = desk.announced(order_id, line_1=3)
    desk.receive(return_id, line_1=1)
    desk.inspect(return_id, ("1", 1, "restock"))
    assert desk.receive(return_id, complete=True).json["status"] == "settled"
    assert desk.events(order_id)[-2:] == ["ReturnReceived", "ReturnSettled"]


def test_what_a_receipt_cannot_name(desk):
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 3))
    return_id = desk.announced(order_id, line_1=1)
    assert desk.receive(return_id, at="nowhere", line_1=1).code == "location_unknown"
    assert desk.receive(return_id, line_2=1).code == "not_in_return"
    assert desk.receive(return_id).code == "nothing_came"
    assert desk.inspect(return_id, ("1", 1, "restock")).code == "not_received"
    assert desk.receive(f"{return_id}9", line_1=1).status == 404
    assert desk.receive("ret_x", line_1=1).status == 404
    desk.back(order_id, line_1=1)
    assert desk.events(order_id).count("ReturnReceived") == 1


def test_nothing_comes_to_a_return_that_is_closed(desk):
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 1))
    return_id = desk.back(order_id, line_1=1).json["id"]
    assert desk.receive(return_id, line_1=1).code == "return_closed"
    assert desk.inspect(return_id, ("1", 1, "restock")).code == "not_received"


def test_what_is_sent_again_is_answered_again(desk):
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 2))
    return_id = desk.announced(order_id, line_1=1)
    key = a_key()
    first, again = desk.receive(return_id, key=key, line_1=1), desk.receive(return_id, key=key, line_1=1)
    assert (first.text, again.headers["idempotent-replayed"]) == (again.text, "true")
    first, again = (desk.inspect(return_id, ("1", 1, "restock"), key=key) for _ in range(2))
    assert (first.text, again.headers["idempotent-replayed"]) == (again.text, "true")
    assert counters(desk, "A") == (4, 4, 0)
    assert desk.settled(order_id)["refunded"] == 500


def test_a_return_is_cancelled_before_it_comes(desk):
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 1))
    return_id = desk.announced(order_id, line_1=1)
    path = f"/v1/returns/{return_id}"
    assert desk.changed("DELETE", path, 2, by=SHOPPER).code == "stale_version"
    assert desk.changed("DELETE", path, 1, by=a_shopper("usr_other")).status == 404
    reply = desk.changed("DELETE", path, 1, by=SHOPPER)
    assert (reply.status, reply.json["status"]) == (200, "cancelled")
    assert desk.changed("DELETE", path, 2, by=SHOPPER).code == "return_closed"
    assert desk.receive(return_id, line_1=1).code == "return_closed"
    assert desk.events(order_id, "ReturnCancelled")[0]["lines"] == [{"line_id": "1", "sku": "A", "quantity": 1}]
    again = desk.announced(order_id, line_1=1)
    desk.receive(again, line_1=1)
    assert desk.changed("DELETE", f"/v1/returns/{again}", 2, by=SHOPPER).code == "return_received"


def test_reading_returns(desk):
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 3))
    ids = [desk.announced(order_id, line_1=1) for _ in range(3)]
    assert desk.read(ids[0])["order_id"] == order_id
    assert desk.shop.call("GET", f"/v1/returns/{ids[0]}", by=a_shopper("usr_other")).status == 404
    assert desk.shop.call("GET", f"/v1/returns/{ids[0]}", by=a_machine("returns.write")).status == 200
    page = desk.shop.call("GET", f"/v1/orders/{order_id}/returns?limit=2", by=SHOPPER).json
    assert [one["id"] for one in page["items"]] == ids[:0:-1]
    rest = desk.shop.call("GET", f"/v1/orders/{order_id}/returns?limit=2&cursor={page['next_cursor']}", by=SHOPPER).json
    assert ([one["id"] for one in rest["items"]], rest["next_cursor"]) == (ids[:1], None)


def test_the_staff_lists_returns_by_day_and_status(desk):
    order_id = desk.delivered((desk.shop.sells("A", price=500, leeds=5), 3))
    done = desk.back(order_id, line_1=1).json
    waiting = [desk.announced(order_id, line_1=1) for _ in range(2)]
    day = done["announced_at"][:10]

    def listed(status, more=""):
        return desk.shop.call("GET", f"/v1/returns?day={day}&status={status}{more}", by=ASSOCIATE)

    assert [one["id"] for one in listed("authorised").json["items"]] == waiting[::-1]
    page = listed("authorised", "&limit=1").json
    rest = listed("authorised", f"&limit=1&cursor={page['next_cursor']}").json
    assert [one["id"] for one in (*page["items"], *rest["items"])] == waiting[::-1]
    [row] = listed("settled").json["items"]
    assert (row["id"], row["order_id"], row["units"], row["refunded"]) == (done["id"], order_id, 1, 500)
    assert listed("expired").json["items"] == []
    assert desk.shop.call("GET", f"/v1/returns?day={day}", by=SHOPPER).status == 403
    assert desk.shop.call("GET", "/v1/returns", by=ASSOCIATE).status == 400


@pytest.mark.parametrize("by", [SHOPPER, a_machine("orders.write")])
def test_only_the_staff_receives_and_inspects(desk, by):
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 1))
    return_id = desk.announced(order_id, line_1=1)
    assert desk.receive(return_id, by=by, line_1=1).status in (401, 403)
    desk.receive(return_id, line_1=1)
    assert desk.inspect(return_id, ("1", 1, "restock"), by=by).status in (401, 403)


def test_a_whole_return_of_the_most_lines_fits_into_one_transaction(desk):
    skus = [desk.shop.sells(f"S{number}", leeds=3) for number in range(MAX_LINES)]
    order_id = desk.delivered(*((sku, 2) for sku in skus))
    units = {f"line_{number}": 2 for number in range(1, MAX_LINES + 1)}
    return_id = desk.announced(order_id, **units)
    assert desk.receive(return_id, **units).status == 200
    findings = [(str(line), 1, what) for line in range(1, MAX_LINES + 1) for what in ("restock", "write_off")]
    reply = desk.inspect(return_id, *findings)
    assert (reply.status, reply.json["status"]) == (200, "settled")


def test_receipts_at_once_all_count(desk):
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 4))
    return_id = desk.announced(order_id, line_1=4)

    def receive(key):
        service.receive_return(
            return_id,
            "leeds",
            {"1": 1},
            complete=False,
            by=ASSOCIATE,
            once=Idempotency.of("t", key, b""),
            answer=lambda _: no_answer(),
        )

    threads = [Thread(target=receive, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert desk.read(return_id)["lines"][0]["waiting"] == {"leeds": 4}
    assert desk.read(return_id)["version"] == 5


def test_two_inspections_of_the_same_units_at_once(desk):
    order_id = desk.delivered((desk.shop.sells("A", price=500, leeds=5), 4))
    return_id = desk.announced(order_id, line_1=3)
    desk.receive(return_id, line_1=3)
    outcomes = []

    def inspect(key):
        try:
            service.inspect_return(
                return_id,
                [Finding("1", 2, Disposition.RESTOCK)],
                None,
                by=ASSOCIATE,
                once=Idempotency.of("t", key, b""),
                answer=lambda _: no_answer(),
            )
            outcomes.append("inspected")
        except Exception as error:
            outcomes.append(type(error).__name__)

    threads = [Thread(target=inspect, args=(str(number),)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["NotReceived", "NotReceived", "inspected"]
    assert desk.settled(order_id)["refunded"] == 1000
    assert counters(desk, "A") == (3, 3, 0)
    assert desk.shop.read(order_id)["lines"][0]["returned"] == 2


def test_two_returns_of_an_order_inspected_at_once_share_its_money_exactly(desk):
    order_id = desk.delivered((desk.shop.sells("A", price=333, leeds=5), 3), postage=100)
    ids = [desk.announced(order_id, line_1=1) for _ in range(3)]
    for return_id in ids:
        desk.receive(return_id, line_1=1)

    def inspect(return_id):
        service.inspect_return(
            return_id,
            [Finding("1", 1, Disposition.RESTOCK)],
            None,
            by=ASSOCIATE,
            once=Idempotency.of("t", return_id, b""),
            answer=lambda _: no_answer(),
        )

    threads = [Thread(target=inspect, args=(return_id,)) for return_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    payment = desk.settled(order_id)
    assert (payment["captured"], payment["refunded"]) == (1099, 1099)
    assert payments.read_payment(order_id, ASSOCIATE).refundable == 0
