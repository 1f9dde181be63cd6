"""What orders get: a judgement out of one batch read, and codes that are never used more often than they may be."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from chalicelib.core import clock
from chalicelib.core.errors import Conflict, Contended, Stale
from chalicelib.core.table import Transaction, find_many
from chalicelib.promotions import service, store
from chalicelib.promotions.domain import AmountOff, BuyGet, FixedPrice, Percentage, ShippingPrice, Status, Threshold
from chalicelib.promotions.service import CouponExhausted, CouponRefused
from tests.unit.promotions.builders import (
    ADMIN,
    NOON,
    a_basket,
    a_code,
    a_key,
    a_promotion,
    discounts_for,
    give_back,
    has_code,
    has_coupon,
    has_promotion,
    of_skus,
    redeem,
    rules,
    used,
)

pytestmark = pytest.mark.usefixtures("table")


def events(table, pk):
    answer = table.query(
        TableName="aisle-test",
        KeyConditionExpression="pk = :pk AND begins_with(sk, :event)",
        ExpressionAttributeValues={":pk": {"S": pk}, ":event": {"S": "EVENT#"}},
    )
    return [json.loads(item["event"]["S"]) for item in answer["Items"]]


# ---- definitions ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reward",
    [
        Percentage(1_234),
        AmountOff({"GBP": 500, "EUR": 600}, each_unit=True),
        FixedPrice({"GBP": 99}),
        BuyGet(2, 1, 5_000, of_skus("B", "C"), 3),
        BuyGet(1, 1),
        ShippingPrice({"GBP": 199}),
    ],
)
def test_a_promotion_is_read_as_it_was_written(reward):
    promotion = a_promotion(
        reward,
        selection=of_skus("A") if not isinstance(reward, ShippingPrice) else a_promotion().selection,
        excluded=of_skus("X"),
        threshold=Threshold({"GBP": 5_000}, 2, of_skus("A", "B")),
        channels=frozenset({"web", "till"}),
        segments=frozenset({"gold"}),
        starts_at=NOON,
        ends_at=NOON + timedelta(days=9999),
        by_code=True,
        per_customer=2,
        priority=7,
        exclusive=True,
        stops=True,
    )
    has_promotion(promotion)
    assert service.read_promotion("prm_1", ADMIN) == promotion
    assert store.live_promotions(NOON) == [promotion]
    assert service.list_promotions(Status.ACTIVE, 10, None, ADMIN).items == [promotion]


def test_what_has_ended_or_is_paused_is_not_read_for_orders():
    has_promotion(id="prm_1", ends_at=NOON)
    has_promotion(id="prm_2", ends_at=NOON + timedelta(microseconds=1))
    has_promotion(id="prm_3", status=Status.PAUSED)
    has_promotion(id="prm_4")
    assert [one.id for one in store.live_promotions(NOON)] == ["prm_2", "prm_4"]


def test_a_definition_and_its_changes_are_events(table):
    has_promotion()
    service.change_promotion(a_promotion(status=Status.PAUSED), 1, by=ADMIN)
    assert [(event["type"], event["aggregate"]["version"], event["data"]) for event in events(table, "PROMOTION#prm_1")] == [
        ("PromotionCreated", 1, {"status": "active", "by_code": False, "channels": []}),
        ("PromotionChanged", 2, {"status": "paused", "by_code": False, "channels": []}),
    ]  # fmt: skip


def test_of_two_changes_at_once_one_is_kept():
    has_promotion()
    first, second = Transaction(), Transaction()
    for tx in (first, second):
        store.change_promotion(tx, a_promotion(version=2))
    first.commit()
    with pytest.raises(Stale):
        second.commit()


def test_of_two_changes_of_a_code_at_once_one_is_kept():
    has_coupon("TEN")
    first, second = Transaction(), Transaction()
    for tx in (first, second):
        store.change_code(tx, a_code("TEN", version=2))
    first.commit()
    with pytest.raises(Stale):
        second.commit()


# ---- the list ---------------------------------------------------------------------------------------------------------------


def test_active_are_the_automatic_ones_of_the_channel_that_run():
    has_promotion(id="prm_1", priority=9)
    has_promotion(id="prm_2", priority=1, channels=frozenset({"web"}))
    has_promotion(id="prm_3", channels=frozenset({"till"}))
    has_promotion(id="prm_4", by_code=True)
    has_promotion(id="prm_5", starts_at=NOON + timedelta(hours=1))
    with clock.at(NOON):
        assert [one.id for one in service.active("web")] == ["prm_2", "prm_1"]
    with clock.at(NOON + timedelta(hours=1)):
        assert [one.id for one in service.active("till")] == ["prm_1", "prm_3", "prm_5"]


def test_the_list_is_kept_for_half_a_minute_even_when_empty():
    with clock.at(NOON):
        assert service.active("web") == ()
        tx = Transaction()
        store.add_promotion(tx, a_promotion())
        tx.commit()
    with clock.at(NOON + timedelta(seconds=29)):
        assert service.active("web") == ()
        assert len(service.active("web", fresh=True)) == 1
    with clock.at(NOON + timedelta(seconds=30)):
        assert len(service.active("web")) == 1


def test_who_changes_a_promotion_sees_it_changed_at_once():
    has_promotion()
    assert discounts_for(a_basket()).total == 100
    service.change_promotion(a_promotion(Percentage(5_000)), 1, by=ADMIN)
    assert discounts_for(a_basket()).total == 500
    service.archive_promotion("prm_1", 2, by=ADMIN)
    assert discounts_for(a_basket()).total == 0


def test_a_code_of_a_promotion_that_is_new_has_it_read():
    basket = a_basket(codes=("TEN",))
    with clock.at(NOON):
        assert service.active("web") == ()
        tx = Transaction()
        store.add_promotion(tx, a_promotion(by_code=True))
        tx.commit()
        has_code("TEN")
        assert rules(discounts_for(basket)) == [("prm_1", "code_not_active")]
    with clock.at(NOON + timedelta(seconds=2)):
        assert discounts_for(basket).total == 100


def test_without_codes_nothing_is_read():
    assert service.promotion_keys((), "c1") == []
    assert service.promotion_keys(("A#B", " "), "c1") == []


def test_with_codes_each_has_a_key_and_the_customer_one():
    keys = service.promotion_keys(("ten", "TEN", "five"), "c1")
    assert [pk for _, pk, _ in keys] == ["COUPON#TEN", "COUPON#FIVE", "COUPONUSES#c1"]


# ---- codes that do not count ------------------------------------------------------------------------------------------------


def test_codes_that_do_not_count_can_be_made_an_error():
    has_coupon("TEN", threshold=Threshold(goods={"GBP": 5_000}))
    codes = ("ten", "nothing")
    discounts = discounts_for(a_basket(codes=codes))
    with pytest.raises(CouponRefused) as caught:
        service.check_codes(discounts, codes)
    assert [(fault.pointer, fault.code) for fault in caught.value.faults] == [
        ("/coupons/0", "goods_below_threshold"),
        ("/coupons/1", "code_unknown"),
    ]
    assert caught.value.faults[0].detail == "TEN: goods below threshold (needed 5000, has 1000)."


def test_codes_that_count_are_no_error():
    has_coupon()
    service.check_codes(discounts_for(a_basket(codes=("ten",))), ("ten",))


# ---- use --------------------------------------------------------------------------------------------------------------------


def test_without_codes_an_order_has_no_action_more():
    has_promotion()
    tx = Transaction()
    service.redeem(tx, discounts_for(a_basket()), "ord_1", ADMIN)
    assert len(tx) == 0


def test_a_bounded_code_is_counted_and_the_event_holds_no_code(table):
    has_coupon(most=2)
    redeem("ord_1", discounts_for(a_basket(codes=("ten",))))
    assert used() == 1
    [event] = events(table, "ORDER#ord_1")
    assert (event["type"], event["data"]) == (
        "CouponRedeemed",
        {"promotions": [{"promotion_id": "prm_1", "amount": 100}]},
    )


def test_an_unbounded_code_is_not_counted():
    has_coupon()
    tx = Transaction()
    service.redeem(tx, discounts_for(a_basket(codes=("ten",))), "ord_1", ADMIN)
    assert len(tx) == 2
    tx.commit()
    assert used() == 0


def test_a_code_that_is_used_up_since_it_was_judged_is_named():
    has_coupon(most=1)
    one = discounts_for(a_basket(codes=("ten",)))
    redeem("ord_1", one)
    with pytest.raises(CouponExhausted) as caught:
        redeem("ord_2", one)
    assert caught.value.members == {"codes": ["TEN"]}
    assert used() == 1
    assert rules(discounts_for(a_basket(codes=("ten",)))) == [("prm_1", "code_used_up")]


def test_all_codes_that_are_used_up_are_named():
    has_coupon("TEN", most=1)
    has_coupon("FIVE", most=1, id="prm_2")
    both = discounts_for(a_basket(codes=("ten", "five")))
    redeem("ord_1", both)
    with pytest.raises(CouponExhausted) as caught:
        redeem("ord_2", both)
    assert caught.value.members == {"codes": ["TEN", "FIVE"]}


def test_a_code_that_was_disabled_since_is_refused():
    has_coupon(most=9)
    judged = discounts_for(a_basket(codes=("ten",)))
    service.change_code("prm_1", "TEN", 1, {"enabled": False}, by=ADMIN)
    with pytest.raises(CouponExhausted):
        redeem("ord_1", judged)


def test_a_bound_that_was_lowered_counts_at_once():
    has_coupon(most=9)
    judged = discounts_for(a_basket(codes=("ten",)))
    redeem("ord_1", judged)
    service.change_code("prm_1", "TEN", 1, {"most": 1}, by=ADMIN)
    with pytest.raises(CouponExhausted):
        redeem("ord_2", judged)


def test_a_customer_uses_all_codes_of_a_promotion_together():
    has_coupon("TEN", per_customer=2)
    has_code("ALSO", "MORE")
    for number, code in enumerate(("TEN", "ALSO")):
        redeem(f"ord_{number}", discounts_for(a_basket(customer_id="c1", codes=(code,))))
    mine = discounts_for(a_basket(customer_id="c1", codes=("MORE",)))
    assert rules(mine) == [("prm_1", "code_used_by_customer")]
    assert discounts_for(a_basket(customer_id="c2", codes=("MORE",))).total == 100


def test_one_customer_in_two_places_passes_no_bound():
    has_coupon(per_customer=1)
    judged = discounts_for(a_basket(customer_id="c1", codes=("TEN",)))
    redeem("ord_1", judged)
    with pytest.raises(Contended):
        redeem("ord_2", judged)


def test_an_order_redeems_once():
    has_coupon(most=9)
    judged = discounts_for(a_basket(codes=("ten",)))
    redeem("ord_1", judged)
    with pytest.raises(Conflict):
        redeem("ord_1", judged)
    assert used() == 1


# ---- giving back ------------------------------------------------------------------------------------------------------------


def test_what_is_given_back_can_be_used_again(table):
    has_coupon(most=1, per_customer=1)
    basket = a_basket(customer_id="c1", codes=("ten",))
    redeem("ord_1", discounts_for(basket))
    assert give_back("ord_1") == 4
    assert used() == 0
    redeem("ord_2", discounts_for(basket))
    assert [event["type"] for event in events(table, "ORDER#ord_1")] == ["CouponRedeemed", "CouponGivenBack"]


def test_giving_back_again_does_nothing():
    has_coupon(most=5)
    for order_id in ("ord_1", "ord_2"):
        redeem(order_id, discounts_for(a_basket(codes=("ten",))))
    give_back("ord_1")
    assert give_back("ord_1") == 0
    assert used() == 1


def test_of_two_that_give_back_at_once_one_does():
    has_coupon(most=5)
    for order_id in ("ord_1", "ord_2"):
        redeem(order_id, discounts_for(a_basket(codes=("ten",))))
    both = [Transaction(), Transaction()]
    for tx in both:
        service.give_back(tx, "ord_1", ADMIN)
    both[0].commit()
    with pytest.raises(Conflict):
        both[1].commit()
    assert used() == 1


def test_a_count_never_falls_below_zero():
    has_coupon(most=5)
    tx = Transaction()
    store.uncount_use(tx, "TEN", lambda _: Conflict("none"))
    with pytest.raises(Conflict):
        tx.commit()


def test_an_order_without_codes_gives_nothing_back():
    assert give_back("ord_1") == 0


# ---- races ------------------------------------------------------------------------------------------------------------------


def test_a_crowd_never_passes_the_bound_of_a_code():
    has_coupon(most=5)
    ready = Barrier(12)

    def order(number):
        judged = discounts_for(a_basket(codes=("ten",)))
        ready.wait(30)
        try:
            redeem(f"ord_{number}", judged)
        except CouponExhausted:
            return False
        return True

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(order, range(12))) == 5
    assert used() == 5


def test_a_customer_with_many_windows_never_passes_the_bound():
    has_coupon(per_customer=2)
    basket = a_basket(customer_id="c1", codes=("ten",))
    ready = Barrier(8)

    def order(number):
        judged = discounts_for(basket)
        ready.wait(30)
        for _ in range(4):
            try:
                redeem(f"ord_{number}", judged)
            except Contended:
                judged = discounts_for(basket)
                if not judged.redemptions:
                    return False
                continue
            return True
        return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(order, range(8))) == 2


# ---- generated codes --------------------------------------------------------------------------------------------------------


def test_hundreds_of_codes_in_one_command(table):
    has_promotion(by_code=True)
    made = []
    service.generate_codes(
        "prm_1", 110, 1, prefix="vip", by=ADMIN, once=a_key(), answer=lambda codes: made.extend(codes) or _nothing()
    )
    assert len({code.code for code in made}) == 110
    assert all(len(code.code) == 16 and code.code.startswith("VIP-") for code in made)
    assert not any(letter in code.code[4:] for code in made for letter in "ILOU")
    first = service.list_codes("prm_1", 100, None, ADMIN)
    assert len(first.items) == 100
    assert first.items[0].most == 1
    assert discounts_for(a_basket(codes=(made[-1].code.lower(),))).total == 100
    issued = [event["data"] for event in events(table, "PROMOTION#prm_1") if event["type"] == "CouponsIssued"]
    assert issued == [{"count": 110}]


def test_a_command_that_broke_off_is_completed_with_the_same_codes(monkeypatch):
    has_promotion(by_code=True)
    key = a_key()
    commit, commits = Transaction.commit, []

    def break_off(tx):
        commits.append(tx)
        if len(commits) == 3:  # the seed, the first codes, and no more
            raise ConnectionError
        commit(tx)

    def generate(into):
        return service.generate_codes(
            "prm_1", 120, 1, by=ADMIN, once=key, answer=lambda codes: into.extend(codes) or _nothing()
        )

    broken, whole = [], []
    with monkeypatch.context() as patched:
        patched.setattr(Transaction, "commit", break_off)
        with pytest.raises(ConnectionError):
            generate(broken)
    redeem("ord_1", discounts_for(a_basket(codes=(broken[0].code,))))
    generate(whole)
    assert [code.code for code in whole] == [code.code for code in broken]
    assert used(whole[0].code) == 1
    found = find_many([store.code_key(code.code) for code in whole])
    assert len(found) == 120


def _nothing():
    from chalicelib.core.idempotency import no_answer

    return no_answer()
