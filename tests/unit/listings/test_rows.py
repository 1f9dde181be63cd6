"""Rows of feeds."""

from dataclasses import replace

from chalicelib.core.errors import Unavailable
from chalicelib.listings.service import run_register_product as steps
from chalicelib.listings.service.gather import gather
from chalicelib.listings.service.use_cases import (
    Prepared,
    RowOutcome,
    Taken,
    take_price_row,
    take_stock_row,
    take_withdrawal_row,
)
from chalicelib.reviews.store import get_case
from chalicelib.suppliers.service import find_seller
from tests.unit.listings.conftest import ACME, ANN, BOLT, FEED, GTIN, TASK

MUG = f"{ACME}:MUG"


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
    for same in (row, replace(row, prices={})):
        again = market.takes(same)
        assert (again.outcome, again.sku, again.code) == (Taken.UNCHANGED, first.sku, None)
    assert market.table.scan(TableName="aisle-test")["Items"] == before


def test_another_supplier_s_row_with_the_gtin_is_an_offer(market):
    first = market.takes(market.row())
    second = market.takes(market.row("M-1", title="A mug of theirs", prices={"GBP": 799}), BOLT)
    assert (second.outcome, second.sku) == (Taken.CREATED, first.sku)
    assert {offer.supplier_id for offer in market.offers(first.sku)} == {ACME, BOLT}
    assert market.variant(first.sku).name == "Red mug"


def test_rows_that_were_read_ahead_fare_as_those_that_were_not(market):
    rows = [market.row(f"S{number}", gtin=None, title=f"Mug {number}") for number in range(12)]
    prepared = Prepared.of(find_seller(ACME), rows)
    assert [market.takes(row, prepared=prepared).outcome for row in rows] == [Taken.CREATED] * 12
    prepared = Prepared.of(find_seller(ACME), rows)
    assert [market.takes(row, prepared=prepared).outcome for row in rows] == [Taken.UNCHANGED] * 12
    changed = replace(rows[3], title="Another mug")
    assert market.takes(changed, prepared=Prepared.of(find_seller(ACME), [changed])).outcome is Taken.UPDATED
    assert market.variant(market.listing(f"{ACME}:S3").sku).name == "Another mug"


def rules(outcome):
    return [one.rule for one in outcome.findings]


def stored(market):
    return market.table.scan(TableName="aisle-test")["Items"]


def test_a_row_that_cannot_be_sold_leaves_no_trace(market):
    before = stored(market)
    refused = market.takes(market.row(category_id="cat_none", gtin="1", prices={"GBP": "9.99"}))
    assert refused.outcome is Taken.REFUSED
    assert rules(refused) == ["category_unknown", "gtin_invalid", "price_invalid"]
    assert rules(market.takes(market.row("no spaces"))) == ["supplier_sku_invalid"]
    assert rules(market.takes(market.row(as_of="2099-01-01T00:00:00Z"))) == ["time_ahead"]
    market.seller(ACME, status="suspended")
    assert rules(market.takes(market.row())) == ["supplier_not_approved"]
    market.seller(ACME)
    assert stored(market) == before


def test_a_row_is_corrected(market):
    row = market.row(
        title="  Red mug ",
        gtin="4006381 333931",
        weight_grams="0.35 kg",
        prices={"gbp": "899"},
        tax_rate_bps="2000",
        handling_days="2",
    )
    done = market.takes(row)
    assert done.outcome is Taken.CREATED
    listing = market.listing(MUG)
    assert listing.published["weight_grams"] == 350
    assert dict(market.offers(done.sku)[0].prices) == {"GBP": 899}
    assert sorted(one.rule for one in listing.corrections) == [
        "currency_code",
        "gtin_digits",
        "number",
        "number",
        "weight_unit",
        "whitespace",
    ]
    assert market.events(MUG) == ["OfferChanged", "ListingCorrected", "ListingPublished"]
    assert market.takes(row).outcome is Taken.UNCHANGED


def test_a_row_that_a_person_must_look_at_goes_through_the_workflow(market):
    row = market.row(brand="Apex", on_hand=4)
    first = market.takes(row)
    assert (first.outcome, rules(first)) == (Taken.IN_REVIEW, ["brand_not_registered"])
    assert market.events(MUG) == ["ListingSubmitted"]
    assert market.takes(row).outcome is Taken.IN_REVIEW
    assert market.events(MUG) == ["ListingSubmitted"]
    review = market.checks(MUG)["review_id"]
    assert market.takes(row).outcome is Taken.IN_REVIEW
    steps.reject_listing(MUG, 1, TASK)
    assert market.takes(row).outcome is Taken.REFUSED
    mended = market.takes(market.row(on_hand=4))
    assert mended.outcome is Taken.UPDATED
    assert market.stock(mended.sku) == (4, 4, 0)
    assert review


def test_a_clean_row_closes_the_case_of_the_one_before(market):
    market.takes(market.row(brand="Apex"))
    review = market.checks(MUG)["review_id"]
    assert market.takes(market.row()).outcome is Taken.UPDATED
    assert str(get_case(review).state) == "withdrawn"


def test_a_changed_row_changes_product_and_offer(market):
    sku = market.takes(market.row()).sku
    done = market.takes(market.row(title="Blue mug", handling_days=5, prices={"GBP": 950, "EUR": 1100}))
    assert (done.outcome, done.sku) == (Taken.UPDATED, sku)
    assert market.variant(sku).name == "Blue mug"
    [offer] = market.offers(sku)
    assert (offer.handling_days, dict(offer.prices)) == (5, {"GBP": 950, "EUR": 1100})
    assert market.events(MUG)[-2:] == ["OfferChanged", "ListingChanged"]


def test_a_row_of_an_earlier_moment_leaves_later_prices_and_units(market):
    sku = market.takes(market.row(as_of="2026-01-02T00:00:00Z", on_hand=5)).sku
    older = market.row(as_of="2026-01-01T00:00:00Z", on_hand=9, prices={"GBP": 800}, title="Blue mug")
    assert market.takes(older).outcome is Taken.UPDATED
    assert market.variant(sku).name == "Blue mug"
    assert dict(market.offers(sku)[0].prices) == {"GBP": 899}
    assert market.stock(sku) == (5, 5, 0)


EARLIER, LATER = "2026-01-01T00:00:00.000000Z", "2026-01-01T00:00:05.000000Z"
"""When files came; what the supplier does by the API it does later."""


def told(market, own="MUG", *, at, **changed):
    """A row of a file that came at a moment."""
    return replace(market.row(own, **changed), told_at=at, as_of=at)


def test_a_file_taken_late_does_not_bring_back_what_was_withdrawn_since(market):
    sku = market.takes(told(market, at=EARLIER)).sku
    market.call("POST", f"/v1/suppliers/{ACME}/listings/MUG/withdrawals", by=ANN)
    late = market.takes(told(market, at=LATER, on_hand=5))
    assert (late.outcome, late.code) == (Taken.UNCHANGED, "newer_known")
    assert (str(market.listing(MUG).status), market.offers(sku)) == ("withdrawn", ())
    assert market.takes(market.row()).outcome is Taken.UPDATED, "a file that came since does"


def test_a_withdrawal_that_races_with_an_earlier_row_wins(market, monkeypatch):
    sku = market.takes(told(market, at=EARLIER)).sku
    withdrawn = []

    def read_and_withdraw(*given):
        found = gather(*given)
        if not withdrawn:
            withdrawn.append(market.call("POST", f"/v1/suppliers/{ACME}/listings/MUG/withdrawals", by=ANN))
        return found

    monkeypatch.setattr("chalicelib.listings.service.take_rows.gather", read_and_withdraw)
    assert market.takes(told(market, at=LATER, title="Blue mug")).outcome is Taken.UNCHANGED
    assert (withdrawn[0].status, market.offers(sku)) == (200, ())


def test_what_a_file_does_not_name_stays_when_it_was_told_of_since(market):
    market.takes(told(market, at=LATER))
    seller = find_seller(ACME)
    kept = take_withdrawal_row(seller, "MUG", by=FEED, told_at=EARLIER)
    assert (kept.outcome, kept.code, str(market.listing(MUG).status)) == (Taken.UNCHANGED, "newer_known", "published")
    assert take_withdrawal_row(seller, "MUG", by=FEED, told_at=LATER).outcome is Taken.UPDATED


def test_a_file_taken_late_leaves_a_later_text_and_brings_units_and_prices(market):
    sku = market.takes(told(market, at=EARLIER, on_hand=5)).sku
    path, version = f"/v1/suppliers/{ACME}/listings/MUG", market.listing(MUG).version
    assert market.call("PATCH", path, by=ANN, json={"title": "Blue mug"}, version=version).status == 202
    market.checks(MUG)
    late = market.takes(told(market, at=LATER, on_hand=3, prices={"GBP": 950}))
    assert (late.outcome, market.variant(sku).name) == (Taken.UPDATED, "Blue mug")
    assert (market.stock(sku), dict(market.offers(sku)[0].prices)) == ((3, 3, 0), {"GBP": 950})
    again = market.takes(told(market, at=LATER, on_hand=3, prices={"GBP": 950}))
    assert (again.outcome, again.code) == (Taken.UNCHANGED, "newer_known")
    assert market.takes(market.row(prices={"GBP": 950})).outcome is Taken.UPDATED
    assert market.variant(sku).name == "Red mug"


def prices_at(market, day, amount=899, **more):
    return take_price_row(find_seller(ACME), "MUG", {"GBP": amount, **more}, f"2026-01-{day:02}T00:00:00Z", by=FEED)


def waits(market, **changed):
    """A listing that waits for a person, and its case."""
    market.takes(market.row(brand="Apex", as_of=EARLIER, on_hand=4, **changed))
    return market.checks(MUG)["review_id"]


def approve(market, review):
    return steps.publish_listing(MUG, market.listing(MUG).proposal.version, review, TASK)


def test_prices_and_units_of_a_listing_in_review_leave_its_case_alone(market):
    review = waits(market)
    before = market.listing(MUG)
    assert [prices_at(market, day, amount).outcome for day, amount in ((2, 899), (3, 950), (4, 990))] == [
        Taken.IN_REVIEW
    ] * 3
    row = market.row(brand="Apex", on_hand=7, prices={"GBP": 970}, as_of="2026-01-05T00:00:00Z")
    assert market.takes(row).outcome is Taken.IN_REVIEW
    assert (market.listing(MUG), market.events(MUG).count("ListingSubmitted")) == (before, 1)
    assert str(get_case(review).state) == "open"
    sku = approve(market, review)["sku"]
    assert (dict(market.offers(sku)[0].prices), market.stock(sku)) == ({"GBP": 970}, (7, 7, 0))


def test_a_price_that_nobody_has_checked_yet_is_proposed_instead(market):
    market.takes(market.row(brand="Apex", as_of=EARLIER))
    assert prices_at(market, 2).outcome is Taken.IN_REVIEW
    assert market.listing(MUG).version == 1
    assert prices_at(market, 3, 950).outcome is Taken.IN_REVIEW
    assert (market.listing(MUG).proposal.document["prices"], market.terms(MUG).prices) == ({"GBP": 950}, {})


def test_a_price_far_from_what_a_reviewer_sees_comes_to_review(market):
    review = waits(market)
    assert prices_at(market, 2, 90).outcome is Taken.IN_REVIEW
    assert str(get_case(review).state) == "withdrawn"
    assert market.listing(MUG).proposal.document["prices"] == {"GBP": 90}
    assert market.terms(MUG).prices == {}


def test_a_price_in_a_currency_that_a_reviewer_does_not_see_comes_to_review(market):
    waits(market)
    assert prices_at(market, 2, EUR=1).outcome is Taken.IN_REVIEW
    assert (market.listing(MUG).proposal.document["prices"], market.terms(MUG).prices) == ({"GBP": 899, "EUR": 1}, {})


def test_a_price_under_review_that_is_told_again_opens_no_other_case(market):
    sku = market.takes(market.row(as_of=EARLIER)).sku
    assert prices_at(market, 2, 89).outcome is Taken.IN_REVIEW
    review = market.checks(MUG)["review_id"]
    before = market.listing(MUG)
    assert prices_at(market, 4, 89).outcome is Taken.IN_REVIEW
    assert prices_at(market, 3, 900).outcome is Taken.UNCHANGED, "it is older than what was said last"
    assert market.takes(market.row(prices={"GBP": 89}, as_of="2026-01-05T00:00:00Z")).outcome is Taken.IN_REVIEW
    assert (market.listing(MUG), str(get_case(review).state)) == (before, "open")
    approve(market, review)
    assert dict(market.offers(sku)[0].prices) == {"GBP": 89}


def test_a_rejected_listing_stays_rejected_until_it_is_changed(market):
    waits(market)
    steps.reject_listing(MUG, 1, TASK)
    before = market.listing(MUG)
    assert prices_at(market, 2, 950).outcome is Taken.REFUSED
    assert prices_at(market, 3, 950).outcome is Taken.REFUSED
    row = market.row(brand="Apex", on_hand=7, prices={"GBP": 970}, as_of="2026-01-05T00:00:00Z")
    refused = market.takes(row)
    assert (refused.outcome, rules(refused)) == (Taken.REFUSED, ["brand_not_registered"])
    assert (market.listing(MUG), market.terms(MUG).on_hand) == (before, 7)
    mended = market.takes(replace(row, brand="Acme"))
    assert (mended.outcome, market.stock(mended.sku)) == (Taken.UPDATED, (7, 7, 0))


def test_what_was_rejected_for_its_price_is_mended_by_another(market):
    sku = market.takes(market.row("M-1", prices={"GBP": 900}), BOLT).sku
    row = market.row(prices={"GBP": 10}, as_of=EARLIER)
    assert rules(market.takes(row)) == ["price_far_from_others"]
    market.checks(MUG)
    steps.reject_listing(MUG, 1, TASK)
    assert market.takes(replace(row, as_of="2026-01-02T00:00:00Z")).outcome is Taken.REFUSED
    assert prices_at(market, 3, 11).outcome is Taken.REFUSED
    assert market.terms(MUG).prices == {}
    mended = market.takes(replace(row, prices={"GBP": 899}, as_of="2026-01-04T00:00:00Z"))
    assert (mended.outcome, mended.sku) == (Taken.UPDATED, sku)


def test_a_rejected_change_does_not_come_back_with_a_price(market):
    sku = market.takes(market.row(as_of=EARLIER)).sku
    changed = market.row(title="Cheapest mug", as_of="2026-01-02T00:00:00Z")
    market.sets(forbidden_words=["cheapest"])
    assert market.takes(changed).outcome is Taken.IN_REVIEW
    market.checks(MUG)
    steps.reject_listing(MUG, market.listing(MUG).proposal.version, TASK)
    assert prices_at(market, 3, 950).outcome is Taken.UPDATED
    assert market.takes(replace(changed, on_hand=3, as_of="2026-01-03T00:00:00Z")).outcome is Taken.REFUSED
    assert market.stock(sku) == (3, 3, 0)
    assert prices_at(market, 4, 9000).outcome is Taken.IN_REVIEW
    assert market.listing(MUG).proposal.document["title"] == "Red mug"
    assert market.takes(replace(changed, as_of="2026-01-05T00:00:00Z")).outcome is Taken.IN_REVIEW, "nobody forgets it"


def test_only_the_units_changed(market):
    sku = market.takes(market.row(as_of="2026-01-01T00:00:00Z", on_hand=5)).sku
    assert market.takes(market.row(as_of="2026-01-02T00:00:00Z", on_hand=7)).outcome is Taken.UPDATED
    assert market.stock(sku) == (7, 7, 0)


def test_the_price_was_changed_elsewhere(market):
    row = market.row(as_of="2026-01-01T00:00:00Z")
    sku = market.takes(row).sku
    take_price_row(find_seller(ACME), "MUG", {"GBP": 950}, "2026-01-02T00:00:00Z", by=FEED)
    assert market.takes(row).outcome is Taken.UNCHANGED
    assert market.takes(replace(row, as_of="2026-01-03T00:00:00Z")).outcome is Taken.UPDATED
    assert dict(market.offers(sku)[0].prices) == {"GBP": 899}


def test_a_paused_listing_stays_paused(market):
    sku = market.takes(market.row()).sku
    market.call("POST", f"/v1/suppliers/{ACME}/listings/MUG/pauses", by=ANN)
    assert market.takes(market.row(handling_days=5)).outcome is Taken.UPDATED
    assert market.offers(sku) == ()
    market.call("POST", f"/v1/suppliers/{ACME}/listings/MUG/resumptions", by=ANN)
    assert market.offers(sku)[0].handling_days == 5


def test_units_are_sold_as_they_are_now_while_a_change_is_looked_at(market):
    sku = market.takes(market.row(on_hand=5, as_of="2026-01-01T00:00:00Z")).sku
    leap = market.row(on_hand=0, prices={"GBP": 9000}, as_of="2026-01-02T00:00:00Z")
    assert market.takes(leap).outcome is Taken.IN_REVIEW
    assert market.stock(sku) == (0, 0, 0)
    review = market.checks(MUG)["review_id"]
    assert steps.publish_listing(MUG, market.listing(MUG).proposal.version, review, TASK)["outcome"] == "published"
    assert market.stock(sku) == (0, 0, 0)
    assert dict(market.offers(sku)[0].prices) == {"GBP": 9000}


def test_rows_that_withdraw(market):
    row = market.row(on_hand=3, as_of="2026-01-01T00:00:00Z")
    sku = market.takes(row).sku
    seller = find_seller(ACME)
    assert take_withdrawal_row(seller, "MUG", by=FEED).outcome is Taken.UPDATED
    assert (market.offers(sku), market.stock(sku)) == ((), (0, 0, 0))
    assert take_withdrawal_row(seller, "MUG", by=FEED).outcome is Taken.UNCHANGED
    assert rules(take_withdrawal_row(seller, "NONE", by=FEED)) == ["not_found"]
    assert market.takes(row).sku == sku
    assert market.stock(sku) == (3, 3, 0), "also when it says so as of the moment of the first time"


def test_rows_of_prices_and_stock(market):
    seller = find_seller(ACME)
    market.takes(market.row(as_of="2026-01-01T00:00:00Z", on_hand=1))
    later = "2026-01-02T00:00:00Z"
    assert take_price_row(seller, "MUG", {"GBP": 899}, later, by=FEED).outcome is Taken.UNCHANGED
    assert take_price_row(seller, "MUG", {"GBP": 1}, "2026-01-03T00:00:00Z", by=FEED).outcome is Taken.IN_REVIEW
    assert rules(take_price_row(seller, "MUG", {"XXX": 1}, "2026-01-04T00:00:00Z", by=FEED)) == ["currency_unknown"]
    assert rules(take_stock_row(seller, "NONE", 1, later, by=FEED)) == ["not_found"]
    assert take_stock_row(seller, "MUG", 1, later, by=FEED).outcome is Taken.UNCHANGED
    assert take_stock_row(seller, "MUG", 2, later, by=FEED).outcome is Taken.UNCHANGED
    assert market.terms(MUG).on_hand == 1


def test_what_passes_is_deferred(market, monkeypatch):
    def busy(*_, **__):
        raise Unavailable("Try again.")

    monkeypatch.setattr("chalicelib.listings.service.take_rows.gather", busy)
    assert market.takes(market.row()) == RowOutcome(Taken.DEFERRED, code="unavailable")
    monkeypatch.setattr("chalicelib.listings.service.take_rows.gather", lambda *_: 1 / 0)
    assert market.takes(market.row()) == RowOutcome(Taken.DEFERRED, code="internal_error")


def test_a_batch_looks_at_so_many_images_and_no_more(market, monkeypatch):
    monkeypatch.setattr("chalicelib.listings.service.take_rows.IMAGES_AT_ONCE", 3)
    rows = [market.row(f"S{n}", gtin=None, images=[f"https://e.com/{n}a", f"https://e.com/{n}b"]) for n in range(3)]
    prepared = Prepared.of(find_seller(ACME), rows)
    found = [rules(market.takes(row, prepared=prepared)) for row in rows]
    assert found == [[], ["image_unchecked"], ["image_unchecked", "image_unchecked"]]
    assert len(market.pictures.looked) == 3
    for url in ("http://10.0.0.1/x", "javascript:alert(1)", "https://e.com:22/x"):
        odd = Prepared.of(find_seller(ACME), [market.row("ODD", gtin=None, images=[url])])
        odd.images_left = 0
        refused = market.takes(next(iter(odd._rows.values())), prepared=odd)
        assert (refused.outcome, rules(refused)) == (Taken.REFUSED, ["image_url"]), url


def test_two_rows_for_one_listing_in_a_batch(market):
    rows = [market.row(), market.row(title="Blue mug")]
    prepared = Prepared.of(find_seller(ACME), rows)
    assert [market.takes(row, prepared=prepared).outcome for row in rows] == [Taken.CREATED, Taken.UPDATED]
    assert market.listing(MUG).published["title"] == "Blue mug"
    assert market.listing(MUG).source == "fed_1:1"
