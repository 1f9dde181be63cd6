"""From an order that is packed to a door that opens: all nine steps, over HTTP and MQTT."""

from __future__ import annotations

import json
from uuid import uuid4

from tests.journeys.conftest import Shop, until
from tests.journeys.lockers import a_mall, a_phone


def test_an_order_is_collected_with_the_link(shop: Shop) -> None:
    with a_mall(shop) as mall:
        there = mall.waits("S")
        refused = mall.confirms(there.pickup_id, "0" * 8 if there.code != "0" * 8 else "1" * 8)
        assert (refused.status, refused.body["code"]) == (422, "passcode_refused")
        opened = mall.confirms(there.pickup_id, there.code)
        assert opened.status == 200, opened
        number = there.compartments[0].partition("/")[2]
        assert opened.body["compartments"] == [number]
        command = mall.cabinet.happenings.wait_for("opened", compartment=number, timeout=60)
        order = shop.reaches(there.order_id, "delivered")
        assert [part["status"] for part in order["fulfilments"]] == ["delivered"]
        assert mall.becomes(there.pickup_id, "collected")["places"][0]["state"] == "emptied"
        until(lambda: mall.compartment(there.compartments[0])["status"] == "free")
        until(lambda: shop.payment(there.order_id)["captured"] == shop.payment(there.order_id)["amount"])
        # The code was for once, whoever has it, and whatever is wrong is said in the same words.
        again = mall.confirms(there.pickup_id, there.code)
        unknown = mall.confirms(f"pck_{uuid4().int % 10**26:026}_1", there.code)
        same = {"detail", "code", "title", "status", "type", "errors", "retryable"}
        for answer in (again, unknown):
            assert answer.status == 422
            assert {name: answer.body[name] for name in same} == {name: refused.body[name] for name in same}
        assert mall.cabinet.happenings.count("opened", about=command.about) == 1
        types = [entry["type"] for entry in shop.get(f"/v1/orders/{there.order_id}/timeline").body["items"]]
        assert [one for one in types if one.startswith(("Fulfilment", "OrderReady"))] == [
            "FulfilmentPacked",
            "OrderReadyForPickup",
            "FulfilmentShipped",
            "FulfilmentDelivered",
        ]


def test_a_large_order_is_collected_at_the_keypad(shop: Shop) -> None:
    with a_mall(shop) as mall:
        there = mall.waits("L", "M", "S", units=3)
        assert len(there.compartments) > 1
        wrong = mall.cabinet.enter("12345678" if there.code != "12345678" else "87654321")
        assert wrong.result == "refused"
        answer = mall.cabinet.enter(there.code)
        assert answer.result == "accepted"
        assert sorted(answer.compartments) == sorted(label.partition("/")[2] for label in there.compartments)
        shop.reaches(there.order_id, "delivered")
        for label in there.compartments:
            number = label.partition("/")[2]
            mall.cabinet.happenings.wait_for("closed", compartment=number, timeout=60)
            assert mall.cabinet.happenings.count("opened", compartment=number) == 1
        assert mall.cabinet.enter(there.code).result == "refused"


def test_the_page_behind_the_link_knows_the_place_and_not_the_code(shop: Shop) -> None:
    with a_mall(shop) as mall:
        there = mall.waits("S")
        page = shop.stack.call("GET", f"/v1/pickups/{there.pickup_id}/page")
        assert page.status == 200
        assert page.headers["Content-Type"].startswith("text/html")
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert there.code not in str(page.body)
        place = shop.stack.call("GET", f"/v1/pickups/{there.pickup_id}/directions")
        assert (place.status, place.body["name"], place.body["open"]) == (200, "Mall of America", True)
        assert there.code not in json.dumps(place.body)
        mine = shop.get(f"/v1/pickups/{there.pickup_id}", role="associate").body
        assert there.code not in json.dumps(mine)


def test_another_person_collects_with_a_code_of_their_own(shop: Shop) -> None:
    with a_mall(shop) as mall:
        there = mall.waits("S")
        path = f"/v1/pickups/{there.pickup_id}"
        assert shop.post(f"{path}/delegates", {}, "supplier").status in (403, 404)
        first = shop.post(f"{path}/delegates", {}, "shopper")
        assert first.status == 201, first
        assert shop.post(f"{path}/delegate-revocations", {}, "shopper").status == 204
        assert mall.confirms(there.pickup_id, first.body["code"]).status == 422
        second = shop.post(f"{path}/delegates", {}, "shopper").body["code"]
        assert mall.confirms(there.pickup_id, second).status == 200
        shop.reaches(there.order_id, "delivered")
        assert mall.confirms(there.pickup_id, there.code).status == 422


def test_who_finds_no_compartment_waits_for_one(shop: Shop) -> None:
    with a_mall(shop, sizes=("S",)) as mall:
        first = mall.waits("S")
        phone = a_phone()
        order = mall.places(shop.sells(5), 1, phone)
        second = mall.packs(order, "S")
        mall.becomes(second, "waitlisted")
        assert mall.confirms(first.pickup_id, first.code).status == 200
        mall.load(second)
        assert mall.confirms(second, mall.code_for(phone)).status == 200
        shop.reaches(order["id"], "delivered")


def test_a_lost_code_is_sent_anew_and_kills_the_old_one(shop: Shop) -> None:
    with a_mall(shop) as mall:
        there = mall.waits("S")
        assert mall.staff(f"/v1/pickups/{there.pickup_id}/passcode-requests").status == 202
        code = mall.code_for(there.phone, not_this=there.code)
        assert mall.confirms(there.pickup_id, there.code).status == 422
        assert mall.confirms(there.pickup_id, code).status == 200
        shop.reaches(there.order_id, "delivered")
