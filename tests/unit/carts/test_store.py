"""What is kept of carts, and whoever comes at the same moment."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest

from chalicelib.carts import domain, service, store
from chalicelib.carts.domain import MAX_LINES, MAX_QUANTITY, CartLine, State
from chalicelib.carts.schemas.checking_out import CheckOut
from chalicelib.carts.tasks import tasks
from chalicelib.core import clock
from chalicelib.core.auth import system
from chalicelib.core.errors import AisleError, Conflict, Stale
from chalicelib.core.idempotency import Idempotency, no_answer
from chalicelib.core.table import Transaction
from tests.conftest import SHOPPER, a_shopper
from tests.unit.carts.builders import NOON, a_cart, a_guest_cart, contents
from tests.unit.carts.visitors import CHECKOUT, Customer, Guest

SCHEDULE = system("carts")


def kept(*carts):
    tx = Transaction()
    for cart in carts:
        store.add(tx, cart)
    tx.commit()


def at_once(*works):
    """All at the same moment; how each ended."""
    ready = Barrier(len(works))

    def run(work):
        ready.wait(30)
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def events(table, type):
    found = [json.loads(item["event"]["S"]) for item in table.scan(TableName="aisle-test")["Items"] if "event" in item]
    return [event for event in found if event["type"] == type]


# ---- what is kept -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cart",
    [
        a_cart(),
        a_guest_cart(CartLine("A", 1, 100), CartLine("B", 2)),
        a_cart(CartLine("A", 1, 100), CartLine("A", 2, 90, "own"), CartLine("A", 3, None, "sup_1")),
        a_cart(("A", 1), coupons=("X",), country="US", region="CA", shipping_method="parcel", due_at=NOON),
        a_cart(("A", 1), state=State.ORDERED, order_id="ord_1", version=7),
        a_cart(("A", 1), state=State.MERGED, merged_into="crt_2"),
    ],
)
def test_a_cart_is_read_as_it_was_written(table, cart):
    kept(cart)
    assert store.get(cart.id) == cart


def test_a_full_cart_is_far_from_the_bound_of_an_item(table):
    lines = [CartLine(f"{number:064}", MAX_QUANTITY, 9_999_999) for number in range(MAX_LINES)]
    kept(a_cart(*lines))
    item = table.get_item(TableName="aisle-test", Key={"pk": {"S": "CART#crt_1"}, "sk": {"S": "CART"}})["Item"]
    assert 40_000 < len(item["document"]["S"]) < 50_000
    assert store.get("crt_1").lines == tuple(lines)


def test_of_two_changes_at_once_one_is_kept(table):
    kept(a_cart(("A", 1)))
    first, second = Transaction(), Transaction()
    for tx, quantity in ((first, 2), (second, 3)):
        store.change(tx, domain.set_line(store.get("crt_1"), ("A", None), quantity, NOON))
    first.commit()
    with pytest.raises(Stale):
        second.commit()
    assert contents(store.get("crt_1")) == {"A": 2}


# ---- carts that fall idle ---------------------------------------------------------------------------------------------------


def abandon(at):
    with clock.at(at):
        return service.abandon_idle(SCHEDULE, within=30)


DAY = timedelta(days=1)


@pytest.fixture
def idle(table):
    """A guest's cart whose look is due a day after noon."""
    cart = a_guest_cart(("A", 2), due_at=NOON + DAY)
    kept(cart)
    return cart


def outcome(**counts):
    return {"abandoned": 0, "later": 0, "settled": 0, "failed": 0, "left": 0, **counts}


def test_a_cart_is_abandoned_after_a_day_and_told_of_once(idle, table):
    assert abandon(NOON + DAY - timedelta(seconds=1)) == outcome()
    assert abandon(NOON + DAY) == outcome(abandoned=1)
    assert abandon(NOON + 2 * DAY) == outcome()
    [event] = events(table, "CartAbandoned")
    assert event["aggregate"] == {"type": "cart", "id": "crt_guest", "version": 1}
    assert event["data"] == {
        "channel": "web",
        "currency": "GBP",
        "customer_id": None,
        "idle_since": "2026-01-01T12:00:00.000000Z",
        "lines": [["A", 2]],
    }


def test_an_abandoned_cart_names_each_sku_once_whoever_is_to_sell_it(table):
    kept(a_guest_cart(("A", 2), ("B", 1), CartLine("A", 3, seller="own"), due_at=NOON + DAY))
    assert abandon(NOON + DAY) == outcome(abandoned=1)
    [event] = events(table, "CartAbandoned")
    assert event["data"]["lines"] == [["A", 5], ["B", 1]]


def test_the_owner_s_version_stays_good_when_the_cart_is_abandoned(idle):
    abandon(NOON + DAY)
    assert store.get("crt_guest") == replace(idle, due_at=None)


def test_a_cart_that_was_changed_is_looked_at_a_day_after_that(idle, table):
    tx = Transaction()
    store.change(tx, domain.set_line(idle, ("A", None), 3, NOON + timedelta(hours=20)))
    tx.commit()
    assert abandon(NOON + DAY) == outcome(later=1)
    assert abandon(NOON + DAY + timedelta(hours=19)) == outcome()
    assert events(table, "CartAbandoned") == []
    assert abandon(NOON + DAY + timedelta(hours=20)) == outcome(abandoned=1)


def test_a_cart_that_falls_idle_again_is_told_of_again(idle, table):
    abandon(NOON + DAY)
    tx = Transaction()
    store.change(tx, domain.set_line(store.get("crt_guest"), ("B", None), 1, NOON + 3 * DAY))
    tx.commit()
    assert abandon(NOON + 4 * DAY) == outcome(abandoned=1)
    assert [event["data"]["idle_since"][:10] for event in events(table, "CartAbandoned")] == [
        "2026-01-01",
        "2026-01-04",
    ]


def test_what_was_ordered_is_not_abandoned(idle, table):
    tx = Transaction()
    store.change(tx, domain.order(idle, "ord_1"))
    tx.commit()
    assert abandon(NOON + 2 * DAY) == outcome()


def test_several_schedules_at_once_tell_of_each_cart_once(table):
    kept(*(a_guest_cart(("A", 1), id=f"crt_{number}", due_at=NOON + DAY) for number in range(4)))
    with clock.at(NOON + DAY):
        ended = at_once(*[lambda: service.abandon_idle(SCHEDULE, within=30)] * 4)
    assert sum(one["abandoned"] for one in ended) == 4
    assert sum(one["failed"] for one in ended) == 0
    assert sorted(event["aggregate"]["id"] for event in events(table, "CartAbandoned")) == [
        f"crt_{number}" for number in range(4)
    ]


def test_a_look_counts_for_the_version_and_moment_that_were_read(idle):
    for changed in (replace(idle, version=2), replace(idle, due_at=NOON + 2 * DAY)):
        tx = Transaction()
        store.look_again(tx, changed, None)
        with pytest.raises(Conflict):
            tx.commit()


def test_a_cart_that_cannot_be_looked_at_keeps_no_other_from_it(idle, monkeypatch):
    kept(a_guest_cart(("A", 1), id="crt_broken", due_at=NOON + DAY))
    get = store.get
    monkeypatch.setattr(store, "get", lambda cart_id: get(cart_id) if cart_id != "crt_broken" else 1 / 0)
    assert abandon(NOON + DAY) == outcome(abandoned=1, failed=1)


def test_a_run_ends_in_time(idle):
    with clock.at(NOON + DAY):
        assert service.abandon_idle(SCHEDULE, within=0) == outcome(left=1)


def test_the_schedule_s_function_does_it(idle):
    assert tasks.names == {"abandon_idle_carts"}
    assert tasks.run({"task": "abandon_idle_carts"}) == {"outcome": "done", **outcome(abandoned=1)}


# ---- races ------------------------------------------------------------------------------------------------------------------


def stock(shop, sku):
    [row] = shop("GET", f"/v1/inventory/stock/{sku}").json["items"]
    return row["available"], row["reserved"]


def test_two_devices_open_the_same_cart(table, shop):
    opened = at_once(*[lambda: service.open_cart("web", "GBP", None, SHOPPER)] * 6)
    assert len({seen.cart.id for seen, _ in opened}) == 1
    assert sum(is_new for _, is_new in opened) == 1


def outcomes(works):
    def told(work):
        def run():
            try:
                work()
            except AisleError as error:
                return error.code
            return "done"

        return run

    return sorted(at_once(*(told(work) for work in works)))


def checkout(visitor, number):
    wanted = CheckOut(**CHECKOUT).as_request()
    once = Idempotency.of("race", f"key-{visitor.id}-{number}", b"")
    return lambda: service.check_out(visitor.id, wanted, by_of(visitor), once=once, answer=lambda _: no_answer())


def by_of(visitor):
    return service.Visitor.guest(visitor.token) if isinstance(visitor, Guest) else service.Visitor(visitor.by)


def test_two_checkouts_order_a_cart_once(guest, shop):
    guest.sets("MUG", 3)
    ended = outcomes([checkout(guest, number) for number in range(6)])
    assert ended.count("done") == 1
    assert set(ended) <= {"done", "cart_closed", "cart_changed"}
    assert stock(shop, "MUG") == (7, 3)


@pytest.mark.parametrize("turn", range(3))
def test_merging_and_ordering_a_guest_s_cart_has_one_winner(turn, guest, customer, shop):
    guest.sets("MUG", 3)
    ended = outcomes(
        [
            checkout(guest, 0),
            lambda: service.merge_carts(customer.id, guest.id, guest.token, SHOPPER),
            checkout(guest, 1),
        ]
    )
    assert ended.count("done") == 1
    assert set(ended) <= {"done", "cart_closed", "cart_changed"}
    left = store.get(guest.id)
    merged = contents(store.get(customer.id))
    if left.state is State.MERGED:
        assert (merged, stock(shop, "MUG")) == ({"MUG": 3}, (10, 0))
    else:
        assert (left.state, merged, stock(shop, "MUG")) == (State.ORDERED, {}, (7, 3))


def test_merging_many_times_at_once_doubles_nothing(guest, customer):
    guest.sets("MUG", 3)
    customer.sets("MUG", 1)
    ended = outcomes([lambda: service.merge_carts(customer.id, guest.id, guest.token, SHOPPER)] * 6)
    assert ended == ["done"] * 6
    assert contents(store.get(customer.id)) == {"MUG": 4}


def test_a_guest_s_cart_goes_to_one_of_two_customers(call, guest, customer):
    guest.sets("MUG", 3)
    other = Customer.enters(call, a_shopper("usr_other"))
    ended = outcomes(
        [
            lambda: service.merge_carts(customer.id, guest.id, guest.token, SHOPPER),
            lambda: service.merge_carts(other.id, guest.id, guest.token, other.by),
        ]
    )
    assert ended == ["cart_closed", "done"]
    held = [contents(store.get(visitor.id)) for visitor in (customer, other)]
    assert sorted(held, key=len) == [{}, {"MUG": 3}]


def test_a_customer_s_cart_that_is_ordered_while_it_is_merged_into_keeps_its_total(guest, customer, shop):
    guest.sets("MUG", 2)
    customer.sets("MUG", 1)
    ended = outcomes([checkout(customer, 0), lambda: service.merge_carts(customer.id, guest.id, guest.token, SHOPPER)])
    cart, left = store.get(customer.id), store.get(guest.id)
    if ended == ["done", "done"]:  # it was merged before its order looked at it
        assert (contents(cart), left.state, stock(shop, "MUG")) == ({"MUG": 3}, State.MERGED, (7, 3))
    elif cart.state is State.ORDERED:
        assert ended == ["cart_closed", "done"]
        assert (contents(cart), left.state, stock(shop, "MUG")) == ({"MUG": 1}, State.ACTIVE, (9, 1))
    else:
        assert ended == ["cart_changed", "done"]
        assert (contents(cart), left.state, stock(shop, "MUG")) == ({"MUG": 3}, State.MERGED, (10, 0))


def test_a_line_that_is_set_while_the_cart_is_ordered_is_in_the_order_or_refused(guest, shop):
    guest.sets("MUG", 1)
    version = store.get(guest.id).version
    visitor = by_of(guest)
    ended = outcomes([checkout(guest, 0), lambda: service.set_line(guest.id, ("POT", None), 1, version, visitor)])
    cart = store.get(guest.id)
    if ended == ["done", "done"]:  # it was set before the order looked at the cart
        assert (contents(cart), cart.state) == ({"MUG": 1, "POT": 1}, State.ORDERED)
        assert (stock(shop, "MUG")[1], stock(shop, "POT")[1]) == (1, 1)
    elif cart.state is State.ORDERED:
        assert contents(cart) == {"MUG": 1}
        assert ended in (["cart_closed", "done"], ["done", "stale_version"])
    else:
        assert (contents(cart), ended) == ({"MUG": 1, "POT": 1}, ["cart_changed", "done"])
        assert stock(shop, "MUG") == (10, 0)
