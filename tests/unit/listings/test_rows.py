"""Rows of feeds."""

from dataclasses import replace

from chalicelib.listings.service import Prepared, Taken
from tests.unit.listings.conftest import ACME, BOLT, GTIN


def test_a_clean_row_is_published_at_once(market):
    done = market.takes(market.row(on_hand=7))
    assert (done.outcome, done.findings) == (Taken.CREATED, ())
    [offer] = market.offers(done.sku)
    assert (offer.supplier_id, offer.supplier_sku, dict(offer.prices), offer.handling_days) == (
        ACME,
        "MUG",
        {"GBP": 899},
        2,
    )
    assert market.stock(done.sku) == (7, 7, 0)
    variant = market.variant(done.sku)
    assert (variant.name, variant.gtin, variant.prices, variant.is_for_sale) == ("Red mug", "0" + GTIN, {}, True)
    assert market.events(f"{ACME}:MUG") == ["OfferChanged", "ListingPublished"]


def test_the_same_row_again_writes_nothing(market):
    row = market.row(on_hand=7)
    first = market.takes(row)
    before = market.table.scan(TableName="aisle-test")["Items"]
    again = market.takes(row)
    assert (again.outcome, again.sku) == (Taken.UNCHANGED, first.sku)
    assert market.table.scan(TableName="aisle-test")["Items"] == before


def test_another_supplier_s_row_with_the_gtin_is_an_offer(market):
    first = market.takes(market.row())
    second = market.takes(market.row("M-1", title="A mug of theirs", prices={"GBP": 799}), BOLT)
    assert (second.outcome, second.sku) == (Taken.CREATED, first.sku)
    assert {offer.supplier_id for offer in market.offers(first.sku)} == {ACME, BOLT}
    assert market.variant(first.sku).name == "Red mug"


def test_rows_that_were_read_ahead_fare_as_those_that_were_not(market):
    from chalicelib.suppliers.service import find_seller

    rows = [market.row(f"S{number}", gtin=None, title=f"Mug {number}") for number in range(12)]
    prepared = Prepared.of(find_seller(ACME), rows)
    assert [market.takes(row, prepared=prepared).outcome for row in rows] == [Taken.CREATED] * 12
    prepared = Prepared.of(find_seller(ACME), rows)
    assert [market.takes(row, prepared=prepared).outcome for row in rows] == [Taken.UNCHANGED] * 12
    changed = replace(rows[3], title="Another mug")
    assert market.takes(changed, prepared=Prepared.of(find_seller(ACME), [changed])).outcome is Taken.UPDATED
    assert market.variant(market.listing(f"{ACME}:S3").sku).name == "Another mug"
