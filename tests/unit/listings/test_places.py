"""How many listings a supplier may have."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Barrier

import pytest

from chalicelib.core import clock
from chalicelib.core.errors import Unavailable
from chalicelib.listings.service import places
from chalicelib.listings.service import use_cases as service
from chalicelib.listings.service.use_cases import Prepared, Taken
from chalicelib.listings.store import items as store
from chalicelib.suppliers.service import find_seller
from tests.unit.listings.conftest import ACME, ANN, BEN, BOLT, FEED
from tests.unit.listings.test_routes import path


def items(market, sk="PLACES", supplier=ACME):
    found = market.table.query(
        TableName="aisle-test",
        KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues={":pk": {"S": f"LISTING#PLACES#{supplier}"}, ":sk": {"S": sk}},
    )
    return found["Items"]


def taken(market, supplier=ACME):
    """Places that are counted as taken."""
    [counter] = items(market, supplier=supplier) or [{"taken": {"N": "0"}}]
    return int(counter["taken"]["N"])


def standing(market, supplier=ACME):
    """Listings that there are and that are not withdrawn."""
    page = service.list_listings(supplier, None, 100, None, FEED)
    return sorted(row["supplier_sku"] for row in page.items if row["status"] != "withdrawn")


def plain(market, own, **changed):
    return market.row(own, gtin=None, title=f"Mug {own}", **changed)


def batch(market, rows, before=None):
    """What becomes of rows that are taken together, in their order."""
    seller = find_seller(ACME)
    with Prepared.of(seller, rows) as prepared:
        if before:
            before()
        return [
            service.take_row(seller, row, feed_id="fed_1", line=line, by=FEED, prepared=prepared)
            for line, row in enumerate(rows)
        ]


def outcomes(done):
    return [one.findings[0].rule if one.outcome is Taken.REFUSED else str(one.outcome) for one in done]


def withdraws(market, own):
    return market.call("POST", path(own, "/withdrawals"), by=ANN)


# ---- one by one -----------------------------------------------------------------------------------------------------


def test_there_are_so_many_and_no_more(market):
    market.sets(max_listings=2)
    assert [market.registers(own).status for own in ("A", "B")] == [202, 202]
    refused = market.registers("C")
    assert (refused.status, refused.code) == (409, "listing_limit_reached")
    assert (refused.json["limit"], refused.json["taken"], refused.json["retryable"]) == (2, 2, False)
    assert standing(market) == ["A", "B"]
    assert market.registers("C", supplier=BOLT, by=BEN).status == 202, "it is counted for each supplier"
    assert market.takes(plain(market, "C")).findings[0].rule == "listing_limit_reached"
    market.sets(max_listings=3)
    assert market.registers("C").status == 202
    assert taken(market) == 3


def test_what_is_there_is_changed_all_the_same(market):
    market.takes(plain(market, "A"))
    market.registered("B")
    market.sets(max_listings=1)
    assert market.takes(plain(market, "A", description="A better mug.")).outcome is Taken.UPDATED
    changed = market.call("PATCH", path("B"), by=ANN, json={"title": "Blue mug"}, version=1)
    assert changed.status in (200, 202), changed
    assert outcomes(batch(market, [plain(market, "A", description="The best mug."), plain(market, "C")])) == [
        "updated",
        "listing_limit_reached",
    ]
    assert taken(market) == 2


def test_a_withdrawn_one_makes_room(market):
    market.sets(max_listings=1)
    market.registered("A")
    assert withdraws(market, "A").status == 200
    assert taken(market) == 0
    market.registered("B")
    assert market.registers("A").code == "listing_limit_reached"
    assert service.take_withdrawal_row(find_seller(ACME), "B", by=FEED).outcome is Taken.UPDATED
    assert service.take_withdrawal_row(find_seller(ACME), "B", by=FEED).outcome is Taken.UNCHANGED
    assert taken(market) == 0
    assert market.registers("A").status == 202, "one that is registered anew takes a place again"
    assert taken(market) == 1


def test_the_same_registration_again_takes_no_second_place(market):
    for _ in range(2):
        reply = market.call("POST", f"/v1/suppliers/{ACME}/listings", by=ANN, json=market.body("A"), key="k")
        assert reply.status == 202
    assert taken(market) == 1


def test_what_is_refused_takes_none(market):
    assert market.takes(market.row(category_id="cat_none")).outcome is Taken.REFUSED
    assert items(market) == []


@pytest.mark.parametrize("room", [1, 3])
def test_of_many_at_once_as_many_go_in_as_there_is_room_for(market, room):
    market.registered("THERE")
    market.sets(max_listings=1 + room)
    barrier = Barrier(8)

    def registers(number):
        barrier.wait(30)
        return market.registers(f"N{number}", gtin=None)

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(registers, range(8)))
    assert sorted(reply.status for reply in replies) == [202] * room + [409] * (8 - room)
    assert {reply.code for reply in replies if reply.status == 409} == {"listing_limit_reached"}
    assert len(standing(market)) == taken(market) == 1 + room


@pytest.mark.parametrize("limit", [0, 10_000_001])
def test_a_limit_that_is_none(market, limit):
    reply = market.call("PUT", "/v1/listing-settings", json={"max_listings": limit}, version=0)
    assert (reply.status, reply.json["errors"][0]["pointer"]) == (400, "/max_listings")
    assert market.call("GET", "/v1/listing-settings").json["max_listings"] == 500_000


# ---- in batches -----------------------------------------------------------------------------------------------------


def test_a_batch_takes_its_places_at_once(market, monkeypatch):
    written = []
    take_places = store.take_places
    monkeypatch.setattr(
        places.store,
        "take_places",
        lambda tx, seller, count, limit: (written.append(count), take_places(tx, seller, count, limit)),
    )
    rows = [plain(market, f"S{number}") for number in range(6)]
    assert outcomes(batch(market, rows)) == ["created"] * 6
    assert (written, taken(market), items(market, "HOLD")) == ([6], 6, [])
    assert outcomes(batch(market, rows)) == ["unchanged"] * 6
    assert written == [6], "a batch without new listings writes nothing"
    mixed = [*rows[:2], plain(market, "NEW"), plain(market, "BAD", category_id="cat_none")]
    assert outcomes(batch(market, mixed)) == ["unchanged", "unchanged", "created", "category_unknown"]
    assert (written, taken(market), items(market, "HOLD")) == ([6, 2], 7, [])


def test_a_batch_fills_what_is_left_and_says_so_of_the_others(market):
    market.registered("THERE")
    market.sets(max_listings=4)
    rows = [plain(market, f"S{number}") for number in range(5)]
    assert outcomes(batch(market, rows)) == ["created"] * 3 + ["listing_limit_reached"] * 2
    assert (taken(market), items(market, "HOLD")) == (4, [])
    assert outcomes(batch(market, rows)) == ["unchanged"] * 3 + ["listing_limit_reached"] * 2
    assert taken(market) == 4


def test_what_a_check_refuses_leaves_its_place_to_the_next(market):
    market.sets(max_listings=1)
    rows = [plain(market, "BAD", category_id="cat_none"), plain(market, "GOOD")]
    assert outcomes(batch(market, rows)) == ["category_unknown", "created"]
    assert taken(market) == 1


def test_batches_at_once_do_not_go_beyond(market):
    market.sets(max_listings=7)
    barrier = Barrier(4)

    def lane(number):
        rows = [plain(market, f"L{number}-{row}") for row in range(3)]
        return outcomes(batch(market, rows, before=partial(barrier.wait, 30)))

    with ThreadPoolExecutor(4) as pool:
        done = [one for lane_done in pool.map(lane, range(4)) for one in lane_done]
    assert done.count("created") == 7
    assert done.count("listing_limit_reached") == 5
    assert len(standing(market)) == taken(market) == 7


def test_a_place_is_not_counted_twice_when_another_registers_the_same(market):
    rows = [plain(market, "A"), plain(market, "B")]
    done = batch(market, rows, before=lambda: market.registered("A", gtin=None))
    assert outcomes(done) == ["updated", "created"]
    assert (standing(market), taken(market)) == (["A", "B"], 2)


def test_one_that_is_withdrawn_meanwhile_takes_a_place_of_its_own(market):
    market.takes(plain(market, "A"))
    rows = [plain(market, "A", description="Again."), plain(market, "B")]
    done = batch(market, rows, before=lambda: withdraws(market, "A"))
    assert outcomes(done)[1] == "created"
    assert len(standing(market)) == taken(market)


def test_one_that_is_withdrawn_before_its_batch_ends_is_counted_out_once(market):
    seller, rows = find_seller(ACME), [plain(market, "A"), plain(market, "B")]
    with Prepared.of(seller, rows) as prepared:
        for row in rows:
            service.take_row(seller, row, feed_id="fed_1", line=1, by=FEED, prepared=prepared)
        assert withdraws(market, "A").status == 200
    assert (standing(market), taken(market)) == (["B"], 1)


def test_one_that_is_changed_before_its_batch_ends_is_counted(market):
    seller, row = find_seller(ACME), plain(market, "A")
    with Prepared.of(seller, [row]) as prepared:
        service.take_row(seller, row, feed_id="fed_1", line=1, by=FEED, prepared=prepared)
        version = market.listing(f"{ACME}:A").version
        changed = market.call("PATCH", path("A"), by=ANN, json={"title": "Blue mug"}, version=version)
        assert changed.status in (200, 202), changed
    assert (standing(market), taken(market)) == (["A"], 1)


def test_a_batch_that_fails_keeps_no_places(market):
    rows = [plain(market, "A"), plain(market, "B")]

    def fails():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        batch(market, rows, before=fails)
    assert (standing(market), taken(market), items(market, "HOLD")) == ([], 0, [])


def dies(market, monkeypatch):
    """A batch of four is ended after two of its rows; nothing is settled."""
    rows = [plain(market, f"S{number}") for number in range(4)]
    with monkeypatch.context() as patched:
        patched.setattr(places, "_settle", lambda *_: None)
        batch_of_two = Prepared.of(find_seller(ACME), rows)
        with batch_of_two as prepared:
            for row in rows[:2]:
                service.take_row(find_seller(ACME), row, feed_id="fed_1", line=1, by=FEED, prepared=prepared)
    return rows


def test_places_of_a_batch_that_died_are_found_again(market, monkeypatch):
    market.sets(max_listings=4)
    rows = dies(market, monkeypatch)
    assert (len(standing(market)), taken(market), len(items(market, "HOLD"))) == (2, 4, 1)
    assert market.registers("NEW", gtin=None).code == "listing_limit_reached", "it may be at work"
    with clock.at(datetime.now(UTC) + timedelta(minutes=16)):
        assert market.registers("NEW", gtin=None).status == 202
        assert (taken(market), items(market, "HOLD")) == (3, [])
        assert outcomes(batch(market, rows)) == ["unchanged", "unchanged", "created", "listing_limit_reached"]
    assert len(standing(market)) == taken(market) == 4


def test_a_batch_finds_them_too(market, monkeypatch):
    market.sets(max_listings=4)
    rows = dies(market, monkeypatch)
    with clock.at(datetime.now(UTC) + timedelta(minutes=16)):
        assert outcomes(batch(market, rows)) == ["unchanged"] * 2 + ["created"] * 2
    assert (taken(market), items(market, "HOLD")) == (4, [])


def test_what_died_is_counted_once(market, monkeypatch):
    dies(market, monkeypatch)
    [hold] = store.holds_of(ACME, "Z")
    for _ in range(2):
        places._settle(ACME, hold)
    assert taken(market) == 2


def test_a_count_that_fails_fails_no_row(market, monkeypatch):
    end_hold = store.end_hold

    def breaks(tx, id, hold):
        end_hold(tx, id, hold)
        raise Unavailable("The data store did not answer.")

    with monkeypatch.context() as patched:
        patched.setattr(places.store, "end_hold", breaks)
        assert outcomes(batch(market, [plain(market, "A")])) == ["created"]
    assert (taken(market), len(items(market, "HOLD"))) == (1, 1)


def test_withdrawals_of_a_batch_are_counted_together(market):
    seller = find_seller(ACME)
    batch(market, [plain(market, f"S{number}") for number in range(4)])
    withdraws(market, "S0")
    with service.leaving(ACME, ["S0", "S1", "S2"]) as hold:
        for own in ("S0", "S1", "S2"):
            service.take_withdrawal_row(seller, own, by=FEED, hold=hold)
        assert taken(market) == 3, "not one by one"
    assert (standing(market), taken(market), items(market, "HOLD")) == (["S3"], 1, [])


def unsettled(market, monkeypatch, act):
    """`act`, of whose batch nothing is counted."""
    with monkeypatch.context() as patched:
        patched.setattr(places, "_settle", lambda *_: None)
        act()


def lets_go(*skus):
    with service.leaving(ACME, skus) as hold:
        for own in skus:
            service.take_withdrawal_row(find_seller(ACME), own, by=FEED, hold=hold)


def count_all(market):
    with clock.at(datetime.now(UTC) + timedelta(minutes=16)):
        places.settle_forgotten(ACME)
    assert items(market, "HOLD") == []
    return taken(market) - len(standing(market))


def test_one_that_comes_back_before_its_withdrawal_is_counted_keeps_its_place(market, monkeypatch):
    batch(market, [plain(market, f"S{number}") for number in range(4)])
    unsettled(market, monkeypatch, lambda: lets_go("S0", "S1", "S2"))
    assert market.registers("S0", gtin=None).status == 202
    assert outcomes(batch(market, [plain(market, "S1"), plain(market, "NEW")])) == ["updated", "created"]
    assert count_all(market) == 0
    assert standing(market) == ["NEW", "S0", "S1", "S3"]


def test_one_that_goes_and_comes_back_before_its_registration_is_counted(market, monkeypatch):
    rows = [plain(market, "A"), plain(market, "B"), plain(market, "C")]
    unsettled(market, monkeypatch, lambda: batch(market, rows))
    withdraws(market, "A")
    assert market.registers("A", gtin=None).status == 202
    lets_go("B")
    assert count_all(market) == 0
    assert standing(market) == ["A", "C"]


def test_one_that_comes_back_while_its_withdrawal_is_counted(market, monkeypatch):
    batch(market, [plain(market, f"S{number}") for number in range(3)])
    unsettled(market, monkeypatch, lambda: lets_go("S0", "S1"))
    done_under, back = places._done_under, []

    def comes_back_meanwhile(*given):
        done = done_under(*given)
        if not back:
            back.append(market.registers("S0", gtin=None).status)
        return done

    monkeypatch.setattr(places, "_done_under", comes_back_meanwhile)
    assert count_all(market) == 0
    assert (back, standing(market)) == ([202], ["S0", "S2"])
