"""What goes into a locker the other way, what does not go into one at all, and cabinets that are taken away."""

from __future__ import annotations

from infra.local.testing import Answer
from tests.journeys.conftest import Shop, until
from tests.journeys.lockers import Mall, a_mall, a_phone
from tests.journeys.test_returns import announce, delivered, inspect, receive, settled


def drop(mall: Mall, return_id: str, key: str | None = None) -> Answer:
    body = {"site_id": mall.site_id, "size": "S"}
    return mall.shop.post(f"/v1/returns/{return_id}/drop-offs", body, "shopper", key)


def test_a_return_is_dropped_into_a_locker_and_paid_back(shop: Shop) -> None:
    order = delivered(shop, shop.sells(units=5), 1)
    return_id = announce(shop, order, 1).body["id"]
    with a_mall(shop, faults="jam@1") as mall:
        jammed = drop(mall, return_id)
        assert (jammed.status, jammed.body["status"]) == (202, "opening"), jammed
        path = f"/v1/drop-offs/{jammed.body['id']}"
        until(lambda: shop.get(path, "shopper").body["status"] == "failed")
        made = drop(mall, return_id, "once")
        assert drop(mall, return_id, "once").body["id"] == made.body["id"]
        assert made.body["number"] != jammed.body["number"]
        path = f"/v1/drop-offs/{made.body['id']}"
        mall.cabinet.happenings.wait_for("closed", compartment=made.body["number"], timeout=60)
        until(lambda: shop.get(path, "shopper").body["status"] == "dropped")
        until(lambda: shop.get(f"/v1/returns/{return_id}", "shopper").body["dropped_at"])
        assert mall.cabinet.happenings.count("opened", compartment=made.body["number"]) == 1
        assert mall.compartment(made.body["label"])["status"] == "to_clear"
        listed = shop.get(f"/v1/locker-sites/{mall.site_id}/drop-offs", "associate").body["items"]
        assert [one["id"] for one in listed] == [made.body["id"]]
        assert mall.staff(f"{path}/clearings").body["status"] == "cleared"
        assert mall.compartment(made.body["label"])["status"] == "free"
    assert receive(shop, return_id, 1).status == 200
    assert inspect(shop, return_id, restock=1).status == 200
    settled(shop, order, 500)


def test_what_fits_no_compartment_is_paid_back(shop: Shop) -> None:
    with a_mall(shop) as mall:
        order = mall.places(shop.sells(5), 1, a_phone())
        pickup_id = mall.packs(order, "XL")
        assert mall.becomes(pickup_id, "cleared")["reason"] == "too_large_for_locker"
        shop.reaches(order["id"], "cancelled")
        until(lambda: shop.payment(order["id"])["final"])
        assert shop.payment(order["id"])["captured"] == 0


def test_a_retired_cabinet_is_off_the_line_and_out_of_use(shop: Shop) -> None:
    with a_mall(shop, sizes=("S",)) as mall:
        there = mall.waits("S")
        path = f"/v1/cabinets/{mall.cabinet.id}"
        assert mall.staff(f"{path}/blocks", {"reason": "to be taken away"}).body["status"] == "blocked"
        assert shop.post(f"{path}/retirements", {"reason": "sold"}, "associate").status == 403
        early = shop.post(f"{path}/retirements", {"reason": "sold"}, "admin")
        assert (early.status, early.body["code"]) == (409, "compartment_taken")
        assert mall.confirms(there.pickup_id, there.code).status == 200
        shop.reaches(there.order_id, "delivered")
        until(lambda: mall.compartment(there.compartments[0])["status"] == "free")
        gone = shop.post(f"{path}/retirements", {"reason": "sold"}, "admin")
        assert (gone.status, gone.body["status"]) == (200, "retired"), gone
        assert set(shop.get(path, "associate").body["certificates"].values()) == {"revoked"}
