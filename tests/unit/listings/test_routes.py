"""The API of listings."""

import pytest

from tests.conftest import ADMIN, SHOPPER, a_machine
from tests.unit.listings.conftest import ACME, ANN, BEN, BOLT, GTIN

LATER = "2026-01-02T10:00:00Z"


def path(sku="MUG", rest="", supplier=ACME):
    return f"/v1/suppliers/{supplier}/listings/{sku}{rest}"


def test_a_listing_is_registered_checked_and_on_sale(market):
    reply = market.registers(on_hand=5)
    assert (reply.status, reply.headers["location"]) == (202, path())
    assert reply.json == {
        "listing_id": f"{ACME}:MUG",
        "supplier_sku": "MUG",
        "status": "submitted",
        "sku": None,
        "proposal": "submitted",
        "version": 1,
    }
    done = market.checks(f"{ACME}:MUG")
    assert done["outcome"] == "published"
    shown = market.call("GET", path(), by=ANN).json
    assert (shown["status"], shown["sku"], shown["proposal"]) == ("published", done["sku"], None)
    assert (shown["prices"], shown["on_hand"], shown["owns_product"]) == ({"GBP": 899}, 5, True)
    assert shown["offer"]["handling_days"] == 2
    public = market.call("GET", f"/v1/variants/{done['sku']}/offers", by=None).json["items"]
    assert public == [
        {
            "supplier_id": ACME,
            "supplier_name": "Acme Ltd",
            "prices": {"GBP": 899},
            "handling_days": 2,
            "condition": "new",
            "min_quantity": 1,
            "max_quantity": None,
            "available": 5,
        }
    ]
    assert market.events(f"{ACME}:MUG") == ["ListingSubmitted", "OfferChanged", "ListingPublished"]


def test_registering_is_done_once(market):
    body = market.body()
    replies = [market.call("POST", path("", "")[:-1], by=ANN, json=body, key="k1") for _ in range(2)]
    assert [reply.status for reply in replies] == [202, 202]
    assert replies[1].headers["idempotent-replayed"] == "true"
    assert market.events(f"{ACME}:MUG") == ["ListingSubmitted"]
    again = market.registers()
    assert (again.status, again.code) == (409, "listing_exists")


def test_only_an_approved_supplier_registers(market):
    market.seller(ACME, status="suspended")
    reply = market.registers()
    assert (reply.status, reply.code) == (409, "supplier_not_approved")


@pytest.mark.parametrize(
    ("method", "rest", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"title": "x"}),
        ("PUT", "/price", {"prices": {"GBP": 1}, "as_of": LATER}),
        ("PUT", "/stock", {"on_hand": 1, "as_of": LATER}),
        ("POST", "/pauses", None),
        ("POST", "/resumptions", None),
        ("POST", "/withdrawals", None),
    ],
)
def test_another_supplier_s_listing_is_not_there(market, method, rest, body):
    market.takes(market.row())
    before = market.listing(f"{ACME}:MUG"), market.terms(f"{ACME}:MUG")
    for who, status in ((BEN, 404), (SHOPPER, 403), (a_machine("catalog.write"), 401), (None, 401)):
        reply = market.call(method, path(rest=rest), by=who, json=body, version=before[0].version)
        assert reply.status == status, (who, reply)
    assert (market.listing(f"{ACME}:MUG"), market.terms(f"{ACME}:MUG")) == before


def test_a_supplier_lists_and_registers_only_its_own(market):
    assert market.registers(by=BEN).status == 404
    assert market.call("GET", f"/v1/suppliers/{ACME}/listings", by=BEN).status == 404
    assert market.call("GET", path(supplier=BOLT), by=BEN).status == 404


def test_the_operator_may_what_the_supplier_may(market):
    assert market.registers(by=ADMIN).status == 202
    assert market.call("GET", path(), by=a_machine("suppliers.write")).status == 200


def test_listings_are_listed_by_status(market):
    for number in range(3):
        market.takes(market.row(f"S{number}", gtin=None))
    market.registers("T1", gtin=None)
    every = market.call("GET", f"/v1/suppliers/{ACME}/listings", by=ANN).json
    assert [one["supplier_sku"] for one in every["items"]] == ["S0", "S1", "S2", "T1"]
    first = market.call("GET", f"/v1/suppliers/{ACME}/listings?status=published&limit=2", by=ANN).json
    assert [one["supplier_sku"] for one in first["items"]] == ["S0", "S1"]
    rest = market.call(
        "GET", f"/v1/suppliers/{ACME}/listings?status=published&limit=2&cursor={first['next_cursor']}", by=ANN
    )
    assert [one["supplier_sku"] for one in rest.json["items"]] == ["S2"]
    waiting = market.call("GET", f"/v1/suppliers/{ACME}/listings?status=submitted", by=ANN).json["items"]
    assert [(one["supplier_sku"], one["proposal"]) for one in waiting] == [("T1", "submitted")]


def test_a_change_is_checked_while_the_published_version_sells(market):
    sku = market.takes(market.row()).sku
    listing = market.listing(f"{ACME}:MUG")
    changes = {"title": "Large red mug", "handling_days": 4}
    stale = market.call("PATCH", path(), by=ANN, json=changes, version=listing.version + 1)
    assert stale.status == 412
    reply = market.call("PATCH", path(), by=ANN, json=changes, version=listing.version)
    assert (reply.status, reply.json["status"], reply.json["proposal"]) == (202, "published", "submitted")
    assert market.offers(sku)[0].handling_days == 2
    assert market.variant(sku).name == "Red mug"
    assert market.checks(f"{ACME}:MUG")["outcome"] == "published"
    assert market.offers(sku)[0].handling_days == 4
    assert market.variant(sku).name == "Large red mug"
    assert market.events(f"{ACME}:MUG")[-3:] == ["ListingSubmitted", "OfferChanged", "ListingChanged"]


def test_a_change_of_another_than_the_owner_leaves_the_product_alone(market):
    sku = market.takes(market.row()).sku
    market.takes(market.row("M1", title="Mug of Bolt"), BOLT)
    version = market.listing(f"{BOLT}:M1").version
    market.call("PATCH", path("M1", supplier=BOLT), by=BEN, json={"title": "The best mug"}, version=version)
    assert market.checks(f"{BOLT}:M1")["outcome"] == "published"
    assert market.variant(sku).name == "Red mug"
    assert market.listing(f"{BOLT}:M1").published["title"] == "The best mug"


def test_paused_and_resumed(market):
    sku = market.takes(market.row()).sku
    assert market.call("POST", path(rest="/resumptions"), by=ANN).code == "listing_state"
    assert market.call("POST", path(rest="/pauses"), by=ANN).json["status"] == "paused"
    assert market.offers(sku) == ()
    assert market.call("GET", f"/v1/variants/{sku}/offers", by=None).json["items"] == []
    assert market.call("POST", path(rest="/pauses"), by=ANN).status == 409
    market.call("PUT", path(rest="/price"), by=ANN, json={"prices": {"GBP": 950}, "as_of": "2026-11-22T00:00:00Z"})
    assert market.call("POST", path(rest="/resumptions"), by=ANN).json["status"] == "published"
    assert len(market.offers(sku)) == 1
    assert market.events(f"{ACME}:MUG")[2:] == ["OfferChanged", "ListingPaused", "OfferChanged", "ListingResumed"]


def test_withdrawn_and_registered_anew(market):
    sku = market.takes(market.row(on_hand=9)).sku
    assert market.call("POST", path(rest="/withdrawals"), by=ANN).json["status"] == "withdrawn"
    assert market.offers(sku) == ()
    assert market.stock(sku) == (0, 0, 0)
    assert market.call("POST", path(rest="/withdrawals"), by=ANN).status == 409
    assert market.call("PUT", path(rest="/stock"), by=ANN, json={"on_hand": 1, "as_of": LATER}).status == 409
    assert market.call("PATCH", path(), by=ANN, json={"title": "Mug"}, version=3).status == 409
    market.registered(on_hand=4)
    assert market.checks(f"{ACME}:MUG") == {"outcome": "published", "sku": sku}
    assert market.stock(sku) == (4, 4, 0)
    assert market.variant(sku).gtin == "0" + GTIN


def test_prices_in_any_order(market):
    sku = market.takes(market.row(as_of="2026-01-01T00:00:00Z")).sku

    def put(amount, as_of):
        return market.call("PUT", path(rest="/price"), by=ANN, json={"prices": {"GBP": amount}, "as_of": as_of})

    assert put(950, "2026-01-03T00:00:00Z").json["applied"] is True
    late = put(800, "2026-01-02T00:00:00Z")
    assert (late.status, late.json["applied"], late.json["prices"]) == (200, False, {"GBP": 950})
    assert put(950, "2026-01-03T01:00:00+01:00").json["applied"] is False
    assert dict(market.offers(sku)[0].prices) == {"GBP": 950}
    assert put(1, "2099-01-01T00:00:00Z").code == "time_ahead"
    assert put(1, "yesterday").code == "time_invalid"
    assert put(1, "2026-01-04T00:00:00").code == "time_invalid"
    assert put(0, "2026-01-04T00:00:00Z").code == "listing_refused"


def test_a_price_far_from_the_last_is_looked_at_and_the_old_one_sells(market):
    sku = market.takes(market.row(as_of="2026-01-01T00:00:00Z")).sku
    reply = market.call("PUT", path(rest="/price"), by=ANN, json={"prices": {"GBP": 89}, "as_of": LATER})
    assert (reply.status, reply.json["applied"], reply.json["in_review"]) == (200, False, True)
    assert [one["rule"] for one in reply.json["findings"]] == ["price_changed_much"]
    assert dict(market.offers(sku)[0].prices) == {"GBP": 899}
    assert market.checks(f"{ACME}:MUG")["outcome"] == "needs_review"
    assert dict(market.offers(sku)[0].prices) == {"GBP": 899}


def test_stock_in_any_order_and_before_it_is_published(market):
    market.registered(on_hand=1)
    put = lambda units, as_of: market.call(  # noqa: E731
        "PUT", path(rest="/stock"), by=ANN, json={"on_hand": units, "as_of": as_of}
    )
    assert put(99, LATER).json["applied"] is False  # registered later than that
    market.checks(f"{ACME}:MUG")
    sku = market.listing(f"{ACME}:MUG").sku
    now = market.terms(f"{ACME}:MUG").stock_as_of
    assert put(8, now[:19] + ".999999Z").json == {"applied": True, "on_hand": 8, "as_of": now[:19] + ".999999Z"}
    assert put(7, LATER).json["applied"] is False
    assert market.stock(sku) == (8, 8, 0)


def test_settings_are_the_operator_s(market):
    assert market.call("GET", "/v1/listing-settings", by=ANN).status == 403
    first = market.call("GET", "/v1/listing-settings")
    assert (first.json["version"], first.json["price_factor"], first.json["channels"]) == (0, 5, ["web"])
    body = {"price_factor": 3, "forbidden_words": ["cheapest"]}
    assert market.call("PUT", "/v1/listing-settings", json=body).status == 428
    assert market.call("PUT", "/v1/listing-settings", json=body, version=1).status == 412
    assert market.call("PUT", "/v1/listing-settings", json=body, by=ANN, version=0).status == 403
    done = market.call("PUT", "/v1/listing-settings", json=body, version=0)
    assert (done.status, done.json["version"], done.json["price_factor"]) == (200, 1, 3)
    assert market.call("PUT", "/v1/listing-settings", json=body, version=0).status == 412


def test_attributes_are_inherited_and_the_nearest_decides(market):
    below = market.call(
        "POST", "/v1/categories", json={"name": "Cups", "slug": "cups", "parent_id": market.category}
    ).json["id"]
    size = {"name": "size", "type": "measure", "unit": "ml", "required": True}
    colour = {"name": "colour", "type": "enum", "values": ["Red", "Blue"]}
    upper = f"/v1/categories/{market.category}/attribute-schema"
    lower = f"/v1/categories/{below}/attribute-schema"
    assert market.call("PUT", upper, json={"attributes": [size, colour]}, version=0).status == 200
    assert market.call("PUT", upper, json={"attributes": []}, by=ANN, version=1).status == 403
    assert market.call("PUT", upper, json={"attributes": []}, version=0).status == 412
    market.call("PUT", lower, json={"attributes": [{**size, "required": False}]}, version=0)
    shown = market.call("GET", lower, by=None).json
    assert [(one["name"], one["required"]) for one in shown["all"]] == [("size", False), ("colour", False)]
    assert [one["name"] for one in shown["attributes"]] == ["size"]
    assert market.call("GET", "/v1/categories/cat_x/attribute-schema", by=None).status == 404
    wrong = {"attributes": [{"name": "size", "type": "measure", "unit": "parsec"}]}
    assert market.call("PUT", lower, json=wrong, version=1).status == 400


def test_suspended_suppliers_are_not_shown_as_sellers(market):
    sku = market.takes(market.row(on_hand=2)).sku
    market.seller(ACME, status="suspended")
    assert market.call("GET", f"/v1/variants/{sku}/offers", by=None).json["items"] == []
    assert market.call("GET", "/v1/variants/M404/offers", by=None).status == 404
