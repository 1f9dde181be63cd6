import json

import pytest

from chalicelib.catalog import service, store
from chalicelib.catalog.schemas import read_rows
from chalicelib.catalog.service import ImportRow, Outcome, imports
from chalicelib.core.errors import Invalid
from tests.conftest import ADMIN, SHOPPER

NDJSON, CSV = {"Content-Type": "application/x-ndjson"}, {"Content-Type": "text/csv; charset=utf-8"}


@pytest.fixture
def category(call):
    body = {"name": "Gifts", "slug": "gifts"}
    return call("POST", "/v1/categories", json=body, by=ADMIN, headers={"Idempotency-Key": "c"}).json["id"]


def a_row(category, sku="A1", ref=None, **more):
    row = {"product_ref": ref or sku, "sku": sku, "title": "Lantern", "category_id": category, "tax_rate_bps": 2000}
    return {**row, "prices": [{"channel": "web", "currency": "GBP", "amount": 1299}], **more}


@pytest.fixture
def send(call):
    def post(*rows, by=ADMIN):
        text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
        return call("POST", "/v1/catalog/imports", body=text, by=by, headers=NDJSON)

    return post


def outcomes(reply):
    assert reply.status == 200, reply.text
    return [row["outcome"] for row in reply.json["rows"]]


def test_importing_twice_changes_nothing(send, category, call):
    rows = [a_row(category, f"A{number}", f"P{number // 3}") for number in range(12)]
    assert outcomes(send(*rows)) == ["created"] * 12
    again = send(*rows)
    assert outcomes(again) == ["unchanged"] * 12
    assert again.json["counts"]["unchanged"] == 12
    assert call("GET", "/v1/variants/A7").json["version"] == 1


def test_a_row_updates_what_it_names_and_leaves_the_rest(send, category, call):
    send(a_row(category, weight_grams=300, gtin="4006381333931"))
    price = [{"channel": "store", "currency": "GBP", "amount": 999}]
    row = {"product_ref": "A1", "sku": "A1", "title": "Lamp", "category_id": category, "prices": price}
    assert outcomes(send(row)) == ["updated"]
    variant = call("GET", "/v1/variants/A1").json
    assert (variant["weight_grams"], variant["gtin"], variant["tax_rate_bps"]) == (300, "04006381333931", 2000)
    assert [(price["channel"], price["amount"]) for price in variant["prices"]] == [("web", 1299), ("store", 999)]
    assert call("GET", f"/v1/products/{variant['product_id']}").json["title"] == "Lamp"


def test_each_row_stands_for_itself_and_results_keep_the_order(send, category):
    send(a_row(category, "A1", gtin="4006381333931"))
    reply = send(
        a_row(category, "A6"),
        "{not json",
        a_row("cat_none", "A2"),
        "",
        a_row(category, "A3", gtin="4006381333932"),
        a_row(category, "A1", "OTHER"),
        {**a_row(category, "A4"), "colour": "red"},
        a_row(category, "A5"),
        a_row(category, "A7", gtin="4006381333931"),
    )
    assert [(row["line"], row["outcome"], row["code"]) for row in reply.json["rows"]] == [
        (1, "created", None),
        (2, "refused", "invalid_request"),
        (3, "refused", "category_unknown"),
        (5, "refused", "gtin_invalid"),
        (6, "refused", "sku_of_other_product"),
        (7, "refused", "invalid_request"),
        (8, "created", None),
        (9, "refused", "gtin_taken"),
    ]


def test_a_sku_claimed_by_two_products_at_once_goes_to_one(send, category):
    rows = [a_row(category, "A1", ref) for ref in ("P1", "P2", "P3")]
    assert sorted(outcomes(send(*rows))) == ["created", "refused", "refused"]


def test_csv_is_read_with_prices_and_attributes_as_columns(call, category):
    text = (
        "product_ref,sku,title,category_id,tax_rate_bps,price:web:GBP,attribute:colour\r\n"
        f'P1,A1,"Lantern, ""big""\nand red",{category},2000,1299,red\r\n'
        f"P1,A2,Lantern,{category},2000,,\r\n"
        f"P1,A3,Lantern,{category},x,12.99,\r\n"
    )
    reply = call("POST", "/v1/catalog/imports", body=text, by=ADMIN, headers=CSV)
    assert [(row["line"], row["sku"], row["outcome"]) for row in reply.json["rows"]] == [
        (2, "A1", "created"),
        (4, "A2", "created"),
        (5, "A3", "refused"),
    ]
    assert "/tax_rate_bps" in reply.json["rows"][2]["detail"]
    assert "/prices/0/amount" in reply.json["rows"][2]["detail"]
    variant = call("GET", "/v1/variants/A1").json
    assert variant["name"] == 'Lantern, "big"\nand red'
    assert variant["attributes"] == {"colour": "red"}
    assert variant["prices"] == [{"channel": "web", "currency": "GBP", "amount": 1299}]


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"\xff\xfe", "application/x-ndjson"),
        (b"\n\n", "application/x-ndjson"),
        (b"sku,colour\nA,red", "text/csv"),
        (b"sku,sku\nA,B", "text/csv"),
        (b'sku\n"A', "text/csv"),
        (b"price:web\n1", "text/csv"),
    ],
)
def test_a_body_that_is_no_table_is_refused_as_a_whole(raw, kind):
    with pytest.raises(Invalid):
        read_rows(raw, kind)


def test_the_limits_of_an_import(send, call, category):
    assert send(*[a_row(category)] * 1001).code == "too_many_rows"
    assert call("POST", "/v1/catalog/imports", body=b"x" * 1_000_001, by=ADMIN, headers=NDJSON).status == 413
    assert call("POST", "/v1/catalog/imports", json={}, by=ADMIN).status == 415
    assert send(a_row(category), by=SHOPPER).status == 403


def test_rows_that_were_not_reached_in_time_are_deferred(table, category):
    rows = [ImportRow(line, f"P{line}", f"A{line}", "Lantern", category) for line in (1, 2)]
    results = service.import_rows(rows, by=ADMIN, budget_seconds=-1)
    assert [(result.line, result.outcome) for result in results] == [(1, Outcome.DEFERRED), (2, Outcome.DEFERRED)]
    assert [result.outcome for result in service.import_rows(rows, by=ADMIN)] == [Outcome.CREATED] * 2


@pytest.fixture
def paper(call, category):
    body = {"name": "Paper", "slug": "paper", "parent_id": category}
    return call("POST", "/v1/categories", json=body, by=ADMIN, headers={"Idempotency-Key": "paper"}).json["id"]


def places(call, *skus):
    return [call("GET", f"/v1/variants/{sku}").json["category_path"] for sku in skus]


def test_a_row_sets_the_tax_category_and_keeps_it_when_it_names_none(send, category, call):
    send(a_row(category, tax_category="books"))
    assert call("GET", "/v1/variants/A1").json["tax_category"] == "books"
    assert outcomes(send(a_row(category))) == ["unchanged"]
    assert outcomes(send(a_row(category, tax_category="standard"))) == ["updated"]
    assert call("GET", "/v1/variants/A1").json["tax_category"] == "standard"


def test_a_row_that_moves_a_product_takes_all_its_variants_along(send, category, paper, call):
    assert outcomes(send(a_row(category, "A1", "P"), a_row(category, "A2", "P"))) == ["created"] * 2
    assert places(call, "A1", "A2") == [[category]] * 2
    # The row's own variant changes, too: one write of it must do both.
    assert outcomes(send(a_row(paper, "A1", "P", name="Lamp"))) == ["updated"]
    assert places(call, "A1", "A2") == [[category, paper]] * 2
    assert call("GET", "/v1/variants/A1").json["name"] == "Lamp"
    assert outcomes(send(a_row(paper, "A1", "P"), a_row(paper, "A2", "P"))) == ["unchanged"] * 2
    # Back, without another change, and with a variant that is new.
    assert outcomes(send(a_row(category, "A2", "P"))) == ["updated"]
    assert outcomes(send(a_row(paper, "A3", "P"))) == ["created"]
    assert places(call, "A1", "A2", "A3") == [[category, paper]] * 3


def test_an_import_brings_variants_of_before_they_knew_their_category_up_to_date(send, category, call, table):
    send(a_row(category, "A1", "P"), a_row(category, "A2", "P"))
    for sku in ("A1", "A2"):
        at = {"pk": {"S": f"SKU#{sku}"}, "sk": {"S": "SKU"}}
        table.update_item(TableName="aisle-test", Key=at, UpdateExpression="REMOVE place")
    assert outcomes(send(a_row(category, "A1", "P"))) == ["updated"]
    assert places(call, "A1", "A2") == [[category]] * 2


def test_a_row_read_before_its_product_was_moved_puts_all_variants_where_it_says(category, paper, call, send):
    """The variant was read in the old category, the product in the new one: what is written must not fall apart."""
    send(a_row(category, "A1", "P"), a_row(category, "A2", "P"))
    stored = imports._Stored.of([ImportRow(1, "P", "A1", "Lantern", category)])
    product = next(iter(stored._products.values()))
    send(a_row(paper, "A1", "P"))
    moved = store.product(product.id, consistent=True)
    stored._products[product.id] = moved
    row = ImportRow(1, "P", "A1", "Lantern", category, name="Lamp")
    assert imports._upsert(row, stored, store.category(category), ADMIN) is Outcome.UPDATED
    assert places(call, "A1", "A2") == [[category]] * 2
