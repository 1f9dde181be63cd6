"""What goes wrong at lockers, and how it is put right."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.journeys.conftest import Shop, until
from tests.journeys.lockers import Mall, a_mall

CLOSED_FOR_GOOD = 60.0


def number_of(label: str) -> str:
    return label.partition("/")[2]


def events(mall: Mall, type: str) -> list[dict[str, Any]]:
    return [one for one in mall.happened(mall.cabinet.id) if one["type"] == type]


def test_a_jammed_door_is_emptied_by_staff_and_the_shopper_gets_another(shop: Shop) -> None:
    with a_mall(shop, faults="jam@1") as mall:
        there = mall.waits("S")
        assert mall.confirms(there.pickup_id, there.code).status == 200
        mall.becomes(there.pickup_id, "faulted")
        broken = there.compartments[0]
        assert mall.compartment(broken)["status"] == "faulty"
        # Nobody takes the order off while it may be in the shopper's hands.
        assert shop.post(f"/v1/orders/{there.order_id}/cancellations", {"reason": "x"}, "associate").status >= 400
        target = next(one for one in ("1", "2", "3") if one != number_of(broken))
        moved = mall.staff(
            f"/v1/pickups/{there.pickup_id}/relocations",
            {"from_compartment": broken, "to_compartment": f"{mall.cabinet.id}/{target}"},
        )
        assert (moved.status, moved.body["status"]) == (200, "ready"), moved
        code = mall.code_for(there.phone, not_this=there.code)
        assert mall.confirms(there.pickup_id, code).status == 200
        mall.cabinet.happenings.wait_for("opened", compartment=target, timeout=60)
        shop.reaches(there.order_id, "delivered")
        assert (mall.compartment(broken)["status"], mall.compartment(broken)["pickup_id"]) == ("faulty", None)
        mended = mall.staff(f"/v1/cabinets/{mall.cabinet.id}/compartments/{number_of(broken)}/releases")
        assert mended.body["status"] == "free"


def test_a_command_that_got_lost_is_sent_once_more(shop: Shop) -> None:
    with a_mall(shop, faults="deaf@1") as mall:
        there = mall.waits("S")
        assert mall.confirms(there.pickup_id, there.code).status == 200
        shop.reaches(there.order_id, "delivered")
        assert mall.cabinet.happenings.count("opened") == 1
        assert mall.cabinet.happenings.count("commanded") == 2


def test_a_cabinet_that_says_nothing_is_a_case_for_staff(shop: Shop) -> None:
    with a_mall(shop, faults="silent") as mall:
        there = mall.waits("S")
        assert mall.confirms(there.pickup_id, there.code).status == 200
        mall.becomes(there.pickup_id, "faulted")
        assert mall.cabinet.happenings.count("opened") == 1
        handed = mall.staff(f"/v1/pickups/{there.pickup_id}/handovers")
        assert (handed.status, handed.body["status"]) == (200, "collected")
        shop.reaches(there.order_id, "delivered")


def test_acknowledgements_come_twice_and_in_the_wrong_order(shop: Shop) -> None:
    with a_mall(shop, faults="duplicate@1,resend@1,reorder@1") as mall:
        there = mall.waits("S")
        assert mall.confirms(there.pickup_id, there.code).status == 200
        shop.reaches(there.order_id, "delivered")
        until(lambda: mall.compartment(there.compartments[0])["status"] == "free")
        assert len(events(mall, "CompartmentOpened")) == 1
        assert shop.read(there.order_id)["lines"][0]["delivered"] == 1


def test_a_late_acknowledgement_still_counts(shop: Shop) -> None:
    with a_mall(shop, faults="late=14@1") as mall:
        there = mall.waits("S")
        assert mall.confirms(there.pickup_id, there.code).status == 200
        mall.becomes(there.pickup_id, "faulted")
        mall.becomes(there.pickup_id, "collected")
        shop.reaches(there.order_id, "delivered")


def test_a_door_that_is_left_open_rings(shop: Shop) -> None:
    with a_mall(shop, faults="left_open@1") as mall:
        there = mall.waits("S")
        assert mall.confirms(there.pickup_id, there.code).status == 200
        shop.reaches(there.order_id, "delivered")
        until(lambda: events(mall, "DoorLeftOpen"))
        assert mall.compartment(there.compartments[0])["status"] == "occupied"
        mall.cabinet.close_door(number_of(there.compartments[0]))
        until(lambda: mall.compartment(there.compartments[0])["status"] == "free")


def test_a_cabinet_without_a_line_opens_by_itself_and_tells_afterwards(shop: Shop) -> None:
    with a_mall(shop) as mall:
        there = mall.waits("S")
        mall.cabinet.happenings.wait_for("granted", timeout=60)
        mall.cabinet.drop(20)
        until(lambda: not shop.get(f"/v1/cabinets/{mall.cabinet.id}", "associate").body["connection"]["online"])
        assert mall.cabinet.enter("00000000" if there.code != "00000000" else "11111111").result == "refused"
        answer = mall.cabinet.enter(there.code)
        assert (answer.result, answer.offline) == ("accepted", True)
        assert mall.cabinet.enter(there.code).result == "refused"
        assert shop.read(there.order_id)["status"] == "confirmed"
        shop.reaches(there.order_id, "delivered")
        assert mall.cabinet.happenings.count("opened") == 1
        assert mall.confirms(there.pickup_id, there.code).status == 422
        mall.cabinet.happenings.wait_for("receipted", timeout=60)
        until(lambda: mall.compartment(there.compartments[0])["status"] == "free")


def test_who_is_let_in_by_a_grant_while_their_code_is_under_way_is_let_in_once(shop: Shop) -> None:
    with a_mall(shop) as mall, ThreadPoolExecutor(1) as hand:
        there = mall.waits("S")
        mall.cabinet.happenings.wait_for("granted", timeout=60)
        typing = hand.submit(mall.cabinet.enter, there.code)
        mall.cabinet.happenings.wait_for("keyed")
        mall.cabinet.drop(5)
        answer = typing.result()
        assert (answer.result, answer.offline) == ("accepted", True)
        mall.cabinet.happenings.wait_for("commanded", timeout=60)
        mall.cabinet.happenings.wait_for("receipted", timeout=60)
        shop.reaches(there.order_id, "delivered")
        until(lambda: mall.compartment(there.compartments[0])["status"] == "free")
        assert mall.cabinet.happenings.count("opened") == 1


def test_what_nobody_collects_goes_back_into_stock_and_its_money_back(shop: Shop) -> None:
    hold = {"window_seconds": 12, "reminder_seconds": 6, "extension_seconds": 10, "max_extensions": 1}
    with a_mall(shop, hold=hold) as mall:
        there = mall.waits("S")
        extended = shop.post(f"/v1/pickups/{there.pickup_id}/extensions", None, "shopper")
        assert extended.status == 200, extended
        assert shop.post(f"/v1/pickups/{there.pickup_id}/extensions", None, "shopper").status == 422
        expired = mall.becomes(there.pickup_id, "expired")
        assert expired["extensions"] == 1
        assert mall.confirms(there.pickup_id, there.code).status == 422
        assert any("still waiting" in text for text in mall.texts_to(there.phone))
        label = there.compartments[0]
        assert mall.compartment(label)["status"] == "to_clear"
        opened = mall.staff(
            f"/v1/cabinets/{mall.cabinet.id}/compartments/{number_of(label)}/openings",
            {"purpose": "clear", "reason": "expired"},
        )
        assert opened.status == 202, opened
        until(lambda: shop.get(opened.headers["Location"], "associate").body["state"] in ("opened", "closed"))
        cleared = mall.staff(f"/v1/pickups/{there.pickup_id}/clearings", {"compartment": label})
        assert (cleared.status, cleared.body["status"]) == (200, "cleared")
        order = shop.reaches(there.order_id, "cancelled")
        until(lambda: shop.payment(there.order_id)["voided"] == shop.payment(there.order_id)["amount"])
        sku = order["lines"][0]["sku"]
        assert shop.stock(sku) == {"on_hand": 6, "available": 6, "reserved": 0}
        requested = events(mall, "CompartmentOpenRequested")
        assert [one["data"]["reason"] for one in requested] == ["expired"]


def test_what_is_cancelled_in_the_locker_opens_to_nobody(shop: Shop) -> None:
    with a_mall(shop) as mall:
        there = mall.waits("S")
        cancelled = shop.post(f"/v1/orders/{there.order_id}/cancellations", {"reason": "changed_mind"}, "associate")
        assert cancelled.status in (200, 201, 202), cancelled
        mall.becomes(there.pickup_id, "cancelled")
        assert mall.confirms(there.pickup_id, there.code).status == 422
        cleared = mall.staff(f"/v1/pickups/{there.pickup_id}/clearings", {"compartment": there.compartments[0]})
        assert cleared.body["status"] == "cleared"
        assert mall.cabinet.happenings.count("opened") == 0


def test_whoever_guesses_is_locked_out_and_so_is_the_right_code(shop: Shop) -> None:
    with a_mall(shop) as mall:
        there = mall.waits("S")
        answers = [mall.cabinet.enter(f"{guess:08}").result for guess in range(10) if f"{guess:08}" != there.code]
        assert answers.count("refused") >= 9
        locked = mall.cabinet.enter(there.code)
        assert locked.result == "locked"
        assert locked.retry_after_seconds is not None
        assert 0 < locked.retry_after_seconds <= 300
        # The link asks elsewhere: whoever has it is let in.
        assert mall.confirms(there.pickup_id, there.code).status == 200
        shop.reaches(there.order_id, "delivered")


def test_a_cabinet_without_mqtt_polls_for_the_same_commands(shop: Shop) -> None:
    with a_mall(shop, sizes=("S",)) as mall:
        old = mall.adds_poller([{"number": "7", "size": "XL"}])
        there = mall.waits("XL")
        assert there.compartments == (f"{old.id}/7",)
        assert old.says("heartbeats", with_token="x").status == 401
        assert old.says("status", online=True).body["messages"][0]["channel"] == "welcome"
        assert old.polls() == []
        assert mall.confirms(there.pickup_id, there.code).status == 200
        [command] = until(old.polls)
        assert (command["compartment"], command["purpose"]) == ("7", "pickup")
        for outcome in ("opened", "closed"):
            said = old.says("acknowledgements", command_id=command["command_id"], compartment="7", outcome=outcome)
            assert said.status == 200, said
        shop.reaches(there.order_id, "delivered")
        assert old.polls() == []


def test_another_system_has_its_orders_collected_here(shop: Shop) -> None:
    with a_mall(shop) as mall:
        label = f"{mall.cabinet.id}/3"
        phone = mall.announces(label, times=2)
        code = mall.code_for(phone)
        assert mall.compartment(label)["status"] == "occupied"
        assert mall.cabinet.enter(code).result == "accepted"
        mall.cabinet.happenings.wait_for("closed", compartment="3", timeout=CLOSED_FOR_GOOD)
        until(lambda: mall.compartment(label)["status"] == "free")
