"""What may be returned, over the API: options and authorisation."""

from datetime import datetime, timedelta
from threading import Thread

import pytest

from chalicelib.core.idempotency import Idempotency, no_answer
from chalicelib.returns import service
from chalicelib.returns.domain.policy import Reason
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, SUPPLIER, a_machine, a_shopper
from tests.unit.returns.conftest import a_key, days_later


def options(desk, order_id, by=SHOPPER, query=""):
    return desk.shop.call("GET", f"/v1/orders/{order_id}/return-options{query}", by=by)


def reason(line, name):
    return next(one for one in line["reasons"] if one["reason"] == name)


def test_a_return_is_authorised_and_its_units_are_taken(desk):
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 3), (desk.shop.sells("B", leeds=5), 1))
    reply = desk.announce(order_id, line_1=2, line_2=1)
    assert reply.status == 201
    value = reply.json
    assert value["id"] == f"ret_{order_id[4:]}_1"
    assert (reply.headers["location"], reply.etag) == (f"/v1/returns/{value['id']}", '"1"')
    assert (value["status"], value["resolution"], value["currency"]) == ("authorised", "refund", "GBP")
    assert [(one["line_id"], one["sku"], one["expected"]) for one in value["lines"]] == [("1", "A", 2), ("2", "B", 1)]
    assert value["lines"][0]["agreement"] == {
        "policy_id": "default",
        "policy_version": 1,
        "prepaid": False,
        "fee_bps": 0,
        "shares_postage": False,
        "withdrawn": True,
    }
    lines = options(desk, order_id).json["items"]
    assert [(one["returnable"], one["code"]) for one in lines] == [(1, None), (0, "in_a_return")]
    refused = desk.announce(order_id, line_1=2, line_2=1)
    assert (refused.status, refused.code) == (422, "return_not_allowed")
    assert [(one["pointer"], one["code"]) for one in refused.json["errors"]] == [
        ("/lines/0", "in_a_return"),
        ("/lines/1", "in_a_return"),
    ]
    assert desk.announced(order_id, line_1=1) == f"ret_{order_id[4:]}_2"
    assert desk.events(order_id) == ["ReturnAuthorised", "ReturnAuthorised"]


def test_the_event_says_what_may_come_and_no_words_of_the_customer(desk):
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 3))
    lines = [{"line_id": "1", "quantity": 2, "reason": "damaged", "condition": "broken", "note": "my Ming vase"}]
    reply = desk.announce(order_id, lines=lines)
    assert reply.json["lines"][0]["note"] == "my Ming vase"
    [data] = desk.events(order_id, "ReturnAuthorised")
    assert data == {
        "order_id": order_id,
        "currency": "GBP",
        "status": "authorised",
        "customer_id": SHOPPER.id,
        "remedy": "refund",
        "lines": [{"line_id": "1", "sku": "A", "quantity": 2, "reason": "damaged", "seller": None}],
        "send_by": reply.json["send_by"],
        "waived": {},
        "waived_for": None,
    }


def test_an_announcement_that_is_sent_again_is_answered_again(desk):
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 1))
    key = a_key()
    first, again = desk.announce(order_id, key=key, line_1=1), desk.announce(order_id, key=key, line_1=1)
    assert (again.status, again.text) == (201, first.text)
    assert again.headers["idempotent-replayed"] == "true"
    assert desk.announce(order_id, key=key, line_1=1, reason="late").code == "idempotency_key_reused"
    assert len(desk.events(order_id)) == 1


def test_options_before_and_after_the_window(desk):
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 3))
    [line] = options(desk, order_id).json["items"]
    assert (line["sku"], line["shipped"], line["returnable"], line["policy_id"]) == ("A", 3, 3, "default")
    pleased = reason(line, "changed_mind")
    assert (pleased["accepted"], pleased["code"], pleased["terms"]["window_days"]) == (True, None, 30)
    with days_later(30):
        assert desk.announce(order_id, line_1=1).status == 201
    with days_later(31):
        [line] = options(desk, order_id).json["items"]
        assert reason(line, "changed_mind")["code"] == "window_over"
        assert reason(line, "changed_mind")["words"] == f"It could be announced until {pleased['until']}."
        assert reason(line, "damaged")["accepted"]
        refused = desk.announce(order_id, line_1=1)
        assert [one["code"] for one in refused.json["errors"]] == ["window_over"]
        assert desk.announce(order_id, line_1=1, reason="damaged").status == 201


def test_what_is_not_shipped_is_cancelled_not_returned(desk):
    order_id = desk.shipped((desk.shop.sells("A", leeds=5), 3), (desk.shop.sells("B", leeds=5), 1), units={"1": 2})
    lines = options(desk, order_id).json["items"]
    assert [(one["returnable"], one["code"], one["delivered_on"]) for one in lines] == [
        (2, None, None),
        (0, "not_shipped", None),
    ]
    refused = desk.announce(order_id, line_1=3, line_2=1, line_9=1)
    assert [one["code"] for one in refused.json["errors"]] == ["in_a_return", "not_shipped", "unknown_line"]


def test_options_come_in_pages(desk):
    order_id = desk.delivered(*((desk.shop.sells(sku, leeds=1), 1) for sku in "ABC"))
    first = options(desk, order_id, query="?limit=2").json
    assert [one["sku"] for one in first["items"]] == ["A", "B"]
    rest = options(desk, order_id, query=f"?limit=2&cursor={first['next_cursor']}").json
    assert ([one["sku"] for one in rest["items"]], rest["next_cursor"]) == (["C"], None)


def test_the_staff_waives_rules_and_says_why(desk):
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 3))
    with days_later(31):
        assert desk.announce(order_id, line_1=1, waive_for="she was ill").code == "forbidden"
        reply = desk.announce(order_id, by=ASSOCIATE, line_1=1, waive_for="she was ill")
        assert (reply.json["waived"], reply.json["waived_for"]) == ({"1": ["window_over"]}, "she was ill")
        assert reply.json["lines"][0]["agreement"]["withdrawn"] is False
        refused = desk.announce(order_id, by=ASSOCIATE, line_1=3, waive_for="she was ill")
        assert [one["code"] for one in refused.json["errors"]] == ["in_a_return"]
    [data] = desk.events(order_id, "ReturnAuthorised")
    assert (data["waived"], data["waived_for"]) == ({"1": ["window_over"]}, "she was ill")
    needless = desk.announce(order_id, by=ASSOCIATE, line_1=1, waive_for="to be sure").json
    assert (needless["waived"], needless["waived_for"]) == ({}, None)


def test_a_reason_that_no_policy_accepts_comes_back_by_grace(desk):
    desk.policy(reasons=["damaged"])
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 1))
    assert [one["code"] for one in desk.announce(order_id, line_1=1).json["errors"]] == ["reason_not_accepted"]
    agreed = desk.announce(order_id, by=ASSOCIATE, line_1=1, waive_for="a friend").json["lines"][0]["agreement"]
    assert (agreed["prepaid"], agreed["fee_bps"], agreed["shares_postage"]) == (False, 0, False)


def test_what_was_promised_at_purchase_holds(desk):
    generous = desk.policy(terms_of_all={"window_days": 100})
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 2))
    body = {"name": "Hard", "terms": {"changed_mind": {"window_days": 3, "shipping_paid_by": "customer"}}}
    assert desk.changed("PUT", f"/v1/return-policies/{generous['id']}", 1, body).json["version"] == 2
    with days_later(50):
        value = desk.announce(order_id, line_1=1).json
        assert value["lines"][0]["agreement"]["policy_version"] == 1
        later = desk.delivered((desk.shop.sells("B", leeds=5), 1))
        with days_later(4):
            assert [one["code"] for one in desk.announce(later, line_1=1).json["errors"]] == ["window_over"]


@pytest.mark.parametrize(
    ("scope", "decides"),
    [("skus", True), ("products", True), ("categories", True), ("channels", False)],
)
def test_final_sale_by_sku_product_or_category(desk, scope, decides):
    sku = desk.shop.sells("A", leeds=5)
    product = desk.shop.call("GET", f"/v1/variants/{sku}").json["product_id"]
    named = {"skus": [sku], "products": [product], "categories": [desk.shop.category], "channels": ["store"]}
    desk.policy(final_sale=True, reasons=["changed_mind", "damaged"], scope={scope: named[scope]})
    order_id = desk.delivered((sku, 2))
    reply = desk.announce(order_id, line_1=1)
    assert (reply.status == 422) is decides
    if decides:
        assert [one["code"] for one in reply.json["errors"]] == ["final_sale"]
        assert desk.announce(order_id, line_1=1, reason="damaged").status == 201


def test_goods_come_back_through_the_channels_of_their_policy(desk):
    desk.policy(return_channels=["store"])
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 1))
    assert [one["code"] for one in desk.announce(order_id, line_1=1).json["errors"]] == ["channel_not_accepted"]
    [line] = options(desk, order_id, query="?channel=store").json["items"]
    assert reason(line, "changed_mind")["accepted"]
    assert desk.announce(order_id, line_1=1, channel="store").json["channel"] == "store"


def test_goods_have_the_days_of_their_policy_to_arrive(desk):
    desk.policy(send_within_days=21)
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 1))
    value = desk.announce(order_id, line_1=1).json
    assert value["send_by"][:10] == _plus(value["announced_at"], 21)


def _plus(moment, days):
    return (datetime.fromisoformat(moment) + timedelta(days=days)).date().isoformat()


@pytest.mark.parametrize(
    ("by", "status"), [(None, 401), (SUPPLIER, 403), (a_shopper("usr_other"), 404), (a_machine("orders.write"), 401)]
)
def test_whose_order_it_is(desk, by, status):
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 1))
    assert desk.announce(order_id, by=by, line_1=1).status == status
    assert options(desk, order_id, by=by).status == status


@pytest.mark.parametrize("by", [ASSOCIATE, ADMIN, a_machine("returns.write")])
def test_who_acts_for_customers(desk, by):
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 1))
    assert desk.announce(order_id, by=by, line_1=1).status == 201


@pytest.mark.parametrize(
    "body",
    [
        {"lines": []},
        {"lines": [{"line_id": "1", "quantity": 1, "reason": "bored"}]},
        {"lines": [{"line_id": "1", "quantity": 0, "reason": "late"}]},
        {"lines": [{"line_id": "1", "quantity": 1, "reason": "late"}] * 2},
        {"lines": [{"line_id": "1", "quantity": 1, "reason": "late"}], "resolution": "gold"},
        {"lines": [{"line_id": "1", "quantity": 1, "reason": "late"}], "resolution": {"exchange": []}},
    ],
)
def test_what_cannot_be_understood(desk, body):
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 1))
    assert desk.announce(order_id, **body).status == 400


def test_exchanges_and_credit_need_an_account(desk):
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 2), by=ADMIN)
    assert desk.shop.read(order_id)["customer_id"] is None
    for resolution in ("store_credit", {"exchange": [{"line_id": "1", "sku": "A", "quantity": 1}]}):
        assert desk.announce(order_id, by=ASSOCIATE, line_1=1, resolution=resolution).code == "account_needed"
    assert desk.announce(order_id, by=ASSOCIATE, line_1=1).status == 201


@pytest.mark.parametrize(
    ("wanted", "code", "pointer"),
    [
        ({"line_id": "1", "sku": "B", "quantity": 3}, "exchange_mismatch", "/resolution/exchange/0"),
        ({"line_id": "2", "sku": "B", "quantity": 1}, "exchange_mismatch", "/resolution/exchange/0"),
        ({"line_id": "1", "sku": "NONE", "quantity": 1}, "not_for_sale", "/resolution/exchange/0/sku"),
    ],
)
def test_an_exchange_goes_with_what_comes_back(desk, wanted, code, pointer):
    desk.shop.sells("B", leeds=5)
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 2))
    refused = desk.announce(order_id, line_1=2, resolution={"exchange": [wanted]})
    assert (refused.code, refused.json["errors"][0]["pointer"]) == (code, pointer)


def test_two_who_announce_the_same_units_at_once(desk):
    order_id = desk.delivered((desk.shop.sells("A", leeds=9), 5))
    replies = []

    def announce(key):
        wanted = service.Announcement([service.AnnouncedLine("1", 3, Reason.LATE)])
        try:
            service.announce_return(
                order_id, wanted, by=SHOPPER, once=Idempotency.of("t", key, b""), answer=lambda _: no_answer()
            )
            replies.append("authorised")
        except service.ReturnNotAllowed:
            replies.append("refused")

    threads = [Thread(target=announce, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(replies) == ["authorised", "refused", "refused", "refused"]
    [line] = options(desk, order_id).json["items"]
    assert line["returnable"] == 2
