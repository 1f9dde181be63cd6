"""Commands at the same time, and updates in any order."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from threading import Barrier

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core import clock
from chalicelib.core.auth import system
from chalicelib.core.table import Transaction
from chalicelib.inventory import service as inventory
from chalicelib.listings.domain.listing import Terms
from chalicelib.listings.domain.offers import OfferBook, TooManyOffers
from chalicelib.listings.service import gather as gathering
from chalicelib.listings.service import update_terms, use_cases
from chalicelib.listings.service.use_cases import Taken
from chalicelib.listings.store import items as store
from chalicelib.listings.store import listings as listings_store
from chalicelib.suppliers.service import find_seller
from tests.conftest import ADMIN
from tests.unit.listings.conftest import ACME, BOLT, FEED

MUG = f"{ACME}:MUG"


def at_once(*commands):
    """What commands that start together answer."""
    barrier = Barrier(len(commands))

    def run(command):
        barrier.wait(30)
        return command()

    with ThreadPoolExecutor(len(commands)) as pool:
        return [one.result() for one in [pool.submit(run, command) for command in commands]]


def test_two_suppliers_register_one_new_gtin(market):
    for attempt in range(5):
        gtin = f"40063813{attempt}000"
        gtin = next(gtin + str(digit) for digit in range(10) if _is_gtin(gtin + str(digit)))
        rows = {ACME: market.row(f"A{attempt}", gtin=gtin), BOLT: market.row(f"B{attempt}", gtin=gtin)}
        takes = [
            partial(use_cases.take_row, find_seller(supplier), row, feed_id="f", line=1, by=FEED)
            for supplier, row in rows.items()
        ]
        done = at_once(*takes)
        assert [one.outcome for one in done] == [Taken.CREATED] * 2, done
        [sku] = {one.sku for one in done}
        assert {offer.supplier_id for offer in market.offers(sku)} == {ACME, BOLT}
        owners = [market.listing(f"{ACME}:A{attempt}").owns_product, market.listing(f"{BOLT}:B{attempt}").owns_product]
        assert sorted(owners) == [False, True]


def _is_gtin(text):
    from chalicelib.catalog.service import is_gtin

    return is_gtin(text)


def test_eight_suppliers_offer_one_sku_at_once(market):
    sku = market.takes(market.row()).sku
    sellers = [market.seller(f"sup_01J9Z3K4M5N6P7Q8R9S0T1V3{number}0", name=f"S{number}") for number in range(8)]
    done = at_once(
        *(
            lambda seller=seller: use_cases.take_row(
                seller, market.row("X", prices={"GBP": 900}), feed_id="f", line=1, by=FEED
            )
            for seller in sellers
        )
    )
    assert [one.outcome for one in done] == [Taken.CREATED] * 8, done
    assert {offer.supplier_id for offer in market.offers(sku)} == {ACME, *(seller.id for seller in sellers)}
    assert store.get_book(sku).version == 9


def test_a_book_takes_forty_offers(market):
    sku = market.takes(market.row()).sku
    for number in range(39):
        seller = market.seller(f"sup_01J9Z3K4M5N6P7Q8R9S0T1V3{number:02}")
        assert use_cases.take_row(seller, market.row("X"), feed_id="f", line=1, by=FEED).outcome is Taken.CREATED
    refused = market.takes(market.row("Y"), BOLT)
    assert refused.outcome is Taken.REFUSED
    assert [(one.field, one.rule) for one in refused.findings] == [("/sku", "too_many_offers")]
    assert len(market.offers(sku)) == 40


def test_eight_price_updates_at_once_end_with_the_newest(market):
    sku = market.takes(market.row(as_of="2026-01-01T00:00:00Z")).sku
    seller = find_seller(ACME)
    done = at_once(
        *(
            lambda hour=hour: use_cases.take_price_row(
                seller, "MUG", {"GBP": 890 + hour}, f"2026-01-02T0{hour}:00:00Z", by=FEED
            )
            for hour in range(8)
        )
    )
    assert {one.outcome for one in done} <= {Taken.UPDATED, Taken.UNCHANGED}, done
    assert dict(market.offers(sku)[0].prices) == {"GBP": 897}
    assert market.terms(MUG).price_as_of == "2026-01-02T07:00:00.000000Z"


@settings(max_examples=25)
@given(order=st.permutations(range(1, 7)), repeats=st.lists(st.integers(1, 6), max_size=3))
def test_any_order_of_prices_and_stock_ends_with_the_newest(memory, order, repeats):
    """Updates come in any order, some of them again; the moment that they hold from decides."""
    from tests.conftest import empty
    from tests.unit.listings.conftest import Marketplace

    empty(memory)
    use_cases.forget_settings()
    inventory.forget_locations()
    market = Marketplace(memory)
    seller = market.seller(ACME)
    category = market.call("POST", "/v1/categories", json={"name": "Mugs", "slug": "mugs"}).json["id"]
    market.category = category
    sku = market.takes(market.row(as_of="2026-01-01T00:00:00Z", on_hand=0)).sku
    for number in [*order, *repeats]:
        as_of = f"2026-01-0{number + 1}T00:00:00Z"
        use_cases.take_price_row(seller, "MUG", {"GBP": 900 + number}, as_of, by=FEED)
        use_cases.take_stock_row(seller, "MUG", 10 * number, as_of, by=FEED)
    assert dict(market.offers(sku)[0].prices) == {"GBP": 906}
    assert market.stock(sku) == (60, 60, 0)
    terms = market.terms(MUG)
    assert (dict(terms.prices), terms.on_hand) == ({"GBP": 906}, 60)


def test_a_listing_and_its_terms_are_written_as_they_were_read(market):
    market.takes(market.row())
    listing, terms = store.get_both(MUG)
    for write in (
        lambda tx: store.put_listing(tx, replace(listing, version=listing.version - 1), listing),
        lambda tx: store.put_listing(tx, None, listing),
        lambda tx: store.put_terms(tx, terms.version - 1, terms),
        lambda tx: store.put_terms(tx, 0, terms),
    ):
        tx = Transaction()
        write(tx)
        with pytest.raises(store.NextListing):
            tx.commit()


def test_a_book_has_room_for_forty(market):
    offer = market.offers(market.takes(market.row()).sku)[0]
    book = OfferBook("S1", tuple(replace(offer, supplier_id=f"sup_{number}") for number in range(40)))
    assert len(book.with_offer(replace(offer, supplier_id="sup_7")).offers) == 40
    with pytest.raises(TooManyOffers):
        book.with_offer(replace(offer, supplier_id="sup_40"))


def test_units_that_are_sold_while_they_are_restated(market, monkeypatch):
    sku = market.takes(market.row(on_hand=5, as_of="2026-01-01T00:00:00Z")).sku
    restate, sold = inventory.restate_stock, []

    def sell_meanwhile(*given, **named):
        movement = restate(*given, **named)
        if not sold:
            tx = Transaction()
            inventory.promise_more(tx, [inventory.StockLine(sku, ACME, 4)], of="ord_1")
            tx.commit()
            sold.append(sku)
        return movement

    monkeypatch.setattr(inventory, "restate_stock", sell_meanwhile)
    done = use_cases.take_stock_row(find_seller(ACME), "MUG", 2, "2026-01-02T00:00:00Z", by=FEED)
    assert (done.outcome, market.stock(sku)) == (Taken.UPDATED, (4, 0, 4))


def test_fewer_units_than_are_reserved(market):
    sku = market.takes(market.row(on_hand=5, as_of="2026-01-01T00:00:00Z")).sku
    seller = find_seller(ACME)
    tx = Transaction()
    inventory.promise_more(tx, [inventory.StockLine(sku, ACME, 3)], of="ord_1")
    tx.commit()
    assert market.stock(sku) == (5, 2, 3)
    assert use_cases.take_stock_row(seller, "MUG", 1, "2026-01-02T00:00:00Z", by=FEED).outcome is Taken.UPDATED
    assert market.stock(sku) == (3, 0, 3)
    assert market.terms(MUG).on_hand == 1
    use_cases.take_stock_row(seller, "MUG", 4, "2026-01-03T00:00:00Z", by=FEED)
    assert market.stock(sku) == (4, 1, 3)
    [first, *_] = inventory.movements_of(sku, 20, None, ADMIN).items
    assert (str(first.kind), first.quantity, first.cause) == ("counted", 5, MUG)


def test_restated_to_what_is_known_nothing_is_written(market):
    sku = market.takes(market.row(on_hand=5)).sku
    tx = Transaction()
    assert inventory.restate_stock(tx, ACME, sku, 5, cause="c", by=system("t")) is None
    assert len(tx) == 0


def test_sales_while_stock_is_restated(market):
    sku = market.takes(market.row(on_hand=40, as_of="2026-01-01T00:00:00Z")).sku
    seller = find_seller(ACME)

    def sell():
        for _ in range(8):
            tx = Transaction()
            inventory.promise_more(tx, [inventory.StockLine(sku, ACME, 1)], of="ord_1")
            try:
                tx.commit()
            except inventory.StockTooLow:
                return

    def tell(first):
        for number in range(4):
            as_of = clock.rfc3339(datetime(2026, 1, 2, tzinfo=UTC) + timedelta(hours=first + 2 * number))
            assert use_cases.take_stock_row(seller, "MUG", 20, as_of, by=FEED).outcome is not Taken.DEFERRED

    at_once(sell, sell, sell, lambda: tell(0), lambda: tell(1))
    on_hand, available, reserved = market.stock(sku)
    assert (on_hand, available + reserved, available >= 0) == (max(20, reserved), on_hand, True)


def test_a_price_that_is_taken_back_leaves_the_terms(market):
    market.takes(market.row(as_of="2026-01-01T00:00:00Z"))
    before = market.terms(MUG)
    assert isinstance(before, Terms)
    done = update_terms.put_price(ACME, "MUG", {"GBP": 1}, "2025-12-31T00:00:00Z", FEED)
    assert (done.applied, done.changed, market.terms(MUG)) == (False, False, before)


def once_before(monkeypatch, module, name, is_it, act):
    """Let `act` happen once, right before a call of `module.name` whose arguments are the ones."""
    real, done = getattr(module, name), []

    def late(*given, **named):
        if not done and is_it(*given):
            done.append(name)
            act()
        return real(*given, **named)

    monkeypatch.setattr(module, name, late)


def test_a_price_that_comes_between_terms_and_offers_is_the_offer_s(market, monkeypatch):
    sku = market.takes(market.row(as_of="2026-01-01T00:00:00Z")).sku
    path, version = f"/v1/suppliers/{ACME}/listings/MUG", market.listing(MUG).version
    assert market.call("PATCH", path, json={"handling_days": 4}, version=version).status == 202
    once_before(
        monkeypatch,
        gathering,
        "find_many",
        lambda keys: any(pk == f"OFFERS#{sku}" for _, pk, _ in keys),
        lambda: update_terms.put_price(ACME, "MUG", {"GBP": 950}, "2026-01-02T00:00:00Z", FEED),
    )
    assert market.checks(MUG)["outcome"] == "published"
    [offer] = market.offers(sku)
    assert (dict(offer.prices), offer.handling_days) == ({"GBP": 950}, 4)
    assert dict(market.terms(MUG).prices) == {"GBP": 950}


def test_units_that_are_told_while_it_is_published_are_on_sale(market, monkeypatch):
    market.registered(on_hand=1)
    reads = count(1)
    once_before(
        monkeypatch,
        listings_store,
        "find",
        lambda *_: next(reads) == 2,
        lambda: market.checks(MUG),
    )
    now = clock.rfc3339(clock.now())
    assert use_cases.take_stock_row(find_seller(ACME), "MUG", 9, now, by=FEED).outcome is Taken.UPDATED
    assert market.stock(market.listing(MUG).sku) == (9, 9, 0)
