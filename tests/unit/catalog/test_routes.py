import json
from dataclasses import replace

import pytest

from chalicelib.catalog import domain, service, store
from chalicelib.catalog.service import OffersRefused, variants
from chalicelib.core.errors import Stale
from chalicelib.core.table import Transaction, find_many
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, SUPPLIER, a_machine

GTIN = "4006381333931"


@pytest.fixture
def category(call):
    reply = call(
        "POST",
        "/v1/categories",
        json={"name": "Lanterns", "slug": "lanterns"},
        by=ADMIN,
        headers={"Idempotency-Key": "c"},
    )
    assert reply.status == 201, reply.text
    return reply.json["id"]


def a_variant(sku="A1", **more):
    prices = [{"channel": "web", "currency": "GBP", "amount": 1299}]
    return {"sku": sku, "name": "Lantern", "tax_rate_bps": 2000, "prices": prices, **more}


@pytest.fixture
def create(call, category):
    def send(*variants, key="p", by=ADMIN, **more):
        body = {"title": "Lantern", "category_id": category, "status": "active", "variants": list(variants), **more}
        return call("POST", "/v1/products", json=body, by=by, headers={"Idempotency-Key": key})

    return send


@pytest.fixture
def patch_product(call):
    def send(made, changes, version=None):
        headers = {"If-Match": version or made.etag}
        return call("PATCH", f"/v1/products/{made.json['id']}", json=changes, by=ADMIN, headers=headers)

    return send


def offer(sku, channel="web", currency="GBP", **more):
    found = find_many(service.offer_keys([sku]))
    return service.offers(found, [sku], channel, currency, pointers={sku: "/lines/0/sku"}, **more)[sku]


def test_a_product_comes_with_its_variants(create, call):
    made = create(a_variant("A1", gtin=GTIN), a_variant("A2"))
    assert made.status == 201, made.text
    assert made.json["skus"] == ["A1", "A2"]
    assert made.json["variants"][0]["gtin"] == "04006381333931"
    assert made.etag == '"1"'
    read = call("GET", made.headers["location"])
    assert read.json["title"] == "Lantern"
    listed = call("GET", f"/v1/products/{made.json['id']}/variants")
    assert [variant["sku"] for variant in listed.json["items"]] == ["A1", "A2"]
    assert offer("A1").unit_price.amount == 1299


def test_repeating_the_command_gives_the_first_answer(create):
    first, again = create(a_variant()), create(a_variant())
    assert again.text == first.text
    assert again.headers["idempotent-replayed"] == "true"
    assert create(a_variant("OTHER")).code == "idempotency_key_reused"


@pytest.mark.parametrize("by", [SHOPPER, SUPPLIER, ASSOCIATE, a_machine("orders.write")])
def test_others_do_not_write_products(create, by):
    reply = create(a_variant(), by=by)
    assert reply.status in (401, 403)
    assert reply.status == 401 or reply.code == "forbidden"


def test_a_machine_with_the_scope_writes(create):
    assert create(a_variant(), by=a_machine("catalog.write")).status == 201


def test_a_sku_exists_once(create):
    create(a_variant("A1"))
    again = create(a_variant("A1"), key="other")
    assert (again.status, again.code, again.json["sku"]) == (409, "sku_taken", "A1")


def test_a_gtin_belongs_to_one_sku_in_whatever_length(create):
    create(a_variant("A1", gtin="614141000036"))
    again = create(a_variant("A2", gtin="0614141000036"), key="other")
    assert (again.status, again.code) == (409, "gtin_taken")
    assert "A1" in again.json["detail"]


def test_a_wrong_check_digit_is_malformed(create):
    reply = create(a_variant(gtin="4006381333932"))
    assert (reply.status, reply.code) == (400, "gtin_invalid")


def test_an_unknown_category_breaks_a_rule(create):
    reply = create(category_id="cat_none")
    assert (reply.status, reply.code) == (422, "category_unknown")


def test_a_reference_is_unique(create):
    create(reference="R1")
    assert create(reference="R1", key="other").code == "product_reference_taken"


def test_the_largest_product_fits_into_one_transaction(create, patch_product):
    gtins = [number for number in map(str, range(10_000_000, 10_000_600)) if _sums_up(number)]
    made = create(*(a_variant(f"S{index}", gtin=gtins[index]) for index in range(45)), reference="R")
    assert made.status == 201, made.text
    archived = patch_product(made, {"status": "archived"})
    assert archived.status == 200, archived.text


def _sums_up(number):
    return sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(number)) % 10 == 0


def test_an_archived_product_takes_all_its_variants_off_sale_and_back(create, patch_product):
    made = create(a_variant("A1"), a_variant("A2"))
    archived = patch_product(made, {"status": "archived"})
    for sku in ("A1", "A2"):
        with pytest.raises(OffersRefused) as refused:
            offer(sku)
        assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [("/lines/0/sku", "not_active")]
    assert patch_product(made, {"status": "active"}, archived.etag).status == 200
    assert offer("A1").name == "Lantern"


def test_drafts_are_hidden_from_the_public_and_shown_to_staff(create, call, category):
    made = create(a_variant("A1"), status="draft")
    product = f"products/{made.json['id']}"
    for path in (product, f"{product}/variants", "variants/A1"):
        assert call("GET", f"/v1/{path}").code == "not_found"
        assert call("GET", f"/v1/catalog/{path}", by=SHOPPER).code == "not_found"
        assert call("GET", f"/v1/catalog/{path}", by=ASSOCIATE).status == 200
    assert call("GET", f"/v1/products?category_id={category}").json["items"] == []
    assert call("GET", f"/v1/products?category_id={category}&status=draft").status == 400
    assert call("GET", f"/v1/catalog/products?category_id={category}&status=draft", by=SHOPPER).status == 403
    listed = call("GET", f"/v1/catalog/products?category_id={category}&status=draft", by=ADMIN)
    assert [item["id"] for item in listed.json["items"]] == [made.json["id"]]


def test_lists_by_category_and_supplier_page_with_signed_cursors(create, call, category):
    made = [create(key=str(number), supplier_id="sup_1").json["id"] for number in range(3)]
    newest_first = sorted(made, reverse=True)
    for by in (f"category_id={category}", "supplier_id=sup_1"):
        first = call("GET", f"/v1/products?{by}&limit=2").json
        assert [item["id"] for item in first["items"]] == newest_first[:2]
        second = call("GET", f"/v1/products?{by}&limit=2&cursor={first['next_cursor']}").json
        assert [item["id"] for item in second["items"]] == newest_first[2:]
        assert second["next_cursor"] is None
        stolen = call("GET", f"/v1/products?supplier_id=sup_2&cursor={first['next_cursor']}")
        assert stolen.code == "invalid_request"
    assert call("GET", "/v1/products").code == "invalid_request"


def test_changes_need_the_version_that_was_read(create, call):
    made = create(a_variant("A1"))
    path = f"/v1/products/{made.json['id']}"
    assert call("PATCH", path, json={"title": "B"}, by=ADMIN).status == 428
    assert call("PATCH", path, json={"title": "B"}, by=ADMIN, headers={"If-Match": '"7"'}).code == "stale_version"
    assert call("PATCH", path, json={"title": "B"}, by=ADMIN, headers={"If-Match": "x"}).status == 400
    assert call("PATCH", path, json={}, by=ADMIN, headers={"If-Match": '"1"'}).status == 400
    assert call("PATCH", path, json={"title": None}, by=ADMIN, headers={"If-Match": '"1"'}).status == 400
    assert call("PATCH", path, json={"title": "B"}, by=SHOPPER, headers={"If-Match": '"1"'}).status == 403
    changed = call("PATCH", path, json={"title": "B"}, by=ADMIN, headers={"If-Match": made.etag})
    assert (changed.json["title"], changed.etag) == ("B", '"2"')


def race(change):
    """Commit the same change twice, as two commands would that read the same version."""
    first, second = Transaction(), Transaction()
    change(first)
    change(second)
    first.commit()
    with pytest.raises(Stale):
        second.commit()


def test_racing_changes_do_not_overwrite_each_other(create, category):
    product = store.product(create(a_variant("A1")).json["id"])
    race(lambda tx: store.change_product(tx, product, replace(product, title="B", version=2)))
    variant = store.variant("A1")
    race(lambda tx: store.change_variant(tx, variant, replace(variant, name="B", version=2)))
    tree = store.category(category)
    race(lambda tx: store.change_category(tx, tree, replace(tree, name="B", version=2)))


def test_a_variant_does_not_miss_that_its_product_was_archived(create, patch_product):
    """Both commands saw the product active: the one that adds a variant must not win over the one that archives."""
    made = create(a_variant("A1"))
    product = store.product(made.json["id"])
    tx = Transaction()
    new = service.NewVariant("A2", "Lamp", 2000)
    variants.stage_variant(tx, product, product, new, store.category(product.category_id), ADMIN)
    assert patch_product(made, {"status": "archived"}).status == 200
    with pytest.raises(Stale):
        tx.commit()


def test_a_variant_is_added_and_its_gtin_moves(create, call):
    made = create(a_variant("A1", gtin=GTIN))
    path = f"/v1/products/{made.json['id']}/variants"
    added = call("POST", path, json=a_variant("A2"), by=ADMIN, headers={"Idempotency-Key": "v"})
    assert (added.status, added.headers["location"]) == (201, "/v1/variants/A2")
    taken = call("PATCH", "/v1/variants/A2", json={"gtin": GTIN}, by=ADMIN, headers={"If-Match": '"1"'})
    assert taken.code == "gtin_taken"
    freed = call("PATCH", "/v1/variants/A1", json={"gtin": None}, by=ADMIN, headers={"If-Match": '"1"'})
    assert freed.json["gtin"] is None
    moved = call("PATCH", "/v1/variants/A2", json={"gtin": GTIN}, by=ADMIN, headers={"If-Match": '"1"'})
    assert moved.json["gtin"] == "04006381333931"
    assert call("GET", f"/v1/products/{made.json['id']}").json["skus"] == ["A1", "A2"]


def test_prices_are_set_together(create, call):
    create(a_variant("A1"))
    body = {"prices": [{"channel": "store", "currency": "EUR", "amount": 999}]}
    priced = call("PUT", "/v1/variants/A1/prices", json=body, by=ADMIN, headers={"If-Match": '"1"'})
    assert priced.json["prices"] == body["prices"]
    assert offer("A1", "store", "EUR").unit_price.amount == 999
    with pytest.raises(OffersRefused):
        offer("A1")
    assert offer("A1", price_optional={"A1"}).unit_price is None
    twice = {"prices": body["prices"] * 2}
    refused = call("PUT", "/v1/variants/A1/prices", json=twice, by=ADMIN, headers={"If-Match": '"2"'})
    assert refused.status == 400
    odd = {"prices": [{"channel": "store", "currency": "XXX", "amount": 999}]}
    refused = call("PUT", "/v1/variants/A1/prices", json=odd, by=ADMIN, headers={"If-Match": '"2"'})
    assert [error["pointer"] for error in refused.json["errors"]] == ["/prices/0/currency"]


def test_a_category_tree(call, category):
    def add(slug, parent):
        body = {"name": slug, "slug": slug, "parent_id": parent}
        return call("POST", "/v1/categories", json=body, by=ADMIN, headers={"Idempotency-Key": f"{slug}-{parent}"})

    child = add("paper", category)
    assert (child.json["parent_id"], child.json["path"]) == (category, [category])
    assert add("paper", None).code == "slug_taken"
    assert add("more", "cat_none").code == "not_found"
    listed = call("GET", f"/v1/categories?parent_id={category}").json
    assert [item["slug"] for item in listed["items"]] == ["paper"]
    assert [item["slug"] for item in call("GET", "/v1/categories").json["items"]] == ["lanterns"]
    path = f"/v1/categories/{category}"
    changed = call("PATCH", path, json={"name": "Lights"}, by=ADMIN, headers={"If-Match": '"1"'})
    assert (changed.json["name"], changed.etag) == ("Lights", '"2"')
    assert call("GET", path).json["name"] == "Lights"
    assert call("PATCH", path, json={"name": "X"}, by=ADMIN, headers={"If-Match": '"1"'}).code == "stale_version"


def test_events_tell_what_happened(create, call, table, patch_product):
    made = create(a_variant("A1"))
    call("PATCH", "/v1/variants/A1", json={"name": "Lamp"}, by=ADMIN, headers={"If-Match": '"1"'})
    patch_product(made, {"status": "archived"})
    items = table.scan(TableName="aisle-test")["Items"]
    events = [json.loads(item["event"]["S"]) for item in items if item["sk"]["S"].startswith("EVENT#")]
    found = {event["type"]: (event["aggregate"]["version"], event["data"]) for event in events}
    assert found["ProductCreated"][1]["skus"] == ["A1"]
    assert found["VariantChanged"] == (
        2,
        {"product_id": made.json["id"], "status": "active", "changed": ["name"]},
    )
    assert (found["ProductChanged"][0], found["ProductChanged"][1]["status"]) == (2, "archived")


def test_the_largest_variant_stays_under_the_kilobyte_of_one_write_unit(create, table):
    sku, length = "S" * 64, 120
    attributes = dict.fromkeys("abcde", "x" * 119)
    while create(a_variant(sku, name="n" * length, attributes=attributes), key=str(length)).status != 201:
        length -= 1
    [item] = [each for each in table.scan(TableName="aisle-test")["Items"] if each["pk"]["S"] == f"SKU#{sku}"]
    assert len(item["document"]["S"]) == domain.MAX_VARIANT_BYTES
    # A number takes a byte per two digits and one: docs.aws.amazon.com/amazondynamodb, "Item sizes and formats".
    size = sum(len(name) + len(value.get("S", "nnn")) for name, value in item.items())
    spent = len(item["document"]["S"]) + len(item["place"]["S"])
    assert size - spent + domain.MAX_PLACED_BYTES < 1024


def test_a_tax_category_is_kept_shown_and_changed(create, call):
    create(a_variant("A1", tax_category="books"), a_variant("A2"))
    assert [call("GET", f"/v1/variants/{sku}").json["tax_category"] for sku in ("A1", "A2")] == ["books", "standard"]
    assert (offer("A1").tax_category, offer("A2").tax_category) == ("books", "standard")
    change = {"tax_category": "standard"}
    assert call("PATCH", "/v1/variants/A1", json=change, by=ADMIN, headers={"If-Match": '"1"'}).status == 200
    assert offer("A1").tax_category == "standard"
    refused = call("PATCH", "/v1/variants/A1", json={"tax_category": "B O"}, by=ADMIN, headers={"If-Match": '"2"'})
    assert [error["pointer"] for error in refused.json["errors"]] == ["/tax_category"]


@pytest.fixture
def paper(call, category):
    """A category below the first."""
    body = {"name": "Paper", "slug": "paper", "parent_id": category}
    return call("POST", "/v1/categories", json=body, by=ADMIN, headers={"Idempotency-Key": "paper"}).json["id"]


def test_variants_know_their_category_and_follow_their_product_into_another(
    create, call, category, paper, patch_product
):
    made = create(a_variant("A1"), a_variant("A2"))
    assert made.json["variants"][0]["category_path"] == [category]
    moved = patch_product(made, {"category_id": paper})
    assert moved.status == 200, moved.text
    assert {offer(sku).category_path for sku in ("A1", "A2")} == {(category, paper)}
    assert offer("A1").category_id == paper
    # Their own versions stay: a price change under way is not in vain.
    body = {"prices": [{"channel": "web", "currency": "GBP", "amount": 999}]}
    assert call("PUT", "/v1/variants/A1/prices", json=body, by=ADMIN, headers={"If-Match": '"1"'}).status == 200
    assert (offer("A1").unit_price.amount, offer("A1").category_id) == (999, paper)
    path = f"/v1/products/{made.json['id']}/variants"
    call("POST", path, json=a_variant("A3"), by=ADMIN, headers={"Idempotency-Key": "v"})
    assert offer("A3").category_path == (category, paper)
    assert patch_product(made, {"status": "archived"}, '"3"').status == 200
    assert call("GET", "/v1/variants/A1").json["category_path"] == [category, paper]


def test_a_product_is_not_moved_to_where_a_variant_has_no_room(create, call, paper, patch_product):
    attributes = dict.fromkeys("abcd", "x" * 120)
    made = create(a_variant("A1", attributes={**attributes, "e": "x" * 115}))
    assert made.status == 201, made.text
    body = {"name": "Cards", "slug": "cards", "parent_id": paper}
    cards = call("POST", "/v1/categories", json=body, by=ADMIN, headers={"Idempotency-Key": "cards"}).json["id"]
    refused = patch_product(made, {"category_id": cards})
    assert (refused.status, refused.code) == (422, "variant_too_large")
    assert call("GET", made.headers["location"]).json["version"] == 1


def test_a_variant_does_not_miss_that_its_product_was_moved(create, paper, patch_product):
    """Both commands saw the product in its first category: the new variant must not keep it."""
    made = create(a_variant("A1"))
    product = store.product(made.json["id"])
    tx = Transaction()
    new = service.NewVariant("A2", "Lamp", 2000)
    variants.stage_variant(tx, product, product, new, store.category(product.category_id), ADMIN)
    assert patch_product(made, {"category_id": paper}).status == 200
    with pytest.raises(Stale):
        tx.commit()


def test_a_variant_of_before_variants_knew_their_category_is_sold_all_the_same(create, table, category):
    create(a_variant("A1"))
    table.update_item(
        TableName="aisle-test", Key={"pk": {"S": "SKU#A1"}, "sk": {"S": "SKU"}}, UpdateExpression="REMOVE place"
    )
    assert (offer("A1").category_path, offer("A1").category_id) == ((), None)
