"""What the marketplace's demo says of suppliers and goods."""

from hypothesis import given
from hypothesis import strategies as st
from stdnum import ean
from stdnum.gb import vat

from examples.marketplace import goods
from examples.marketplace.catalogue import COLUMNS, read_file, write_sample
from examples.marketplace.suppliers import vat_number


def test_the_sample_is_read_as_it_was_written(tmp_path):
    products = list(read_file())
    assert len(products) == 2_465
    assert set(products[0]) == set(COLUMNS)
    write_sample(products[:50], tmp_path / "some.csv.gz")
    assert list(read_file(tmp_path / "some.csv.gz")) == products[:50]


@given(st.text(min_size=1, max_size=40))
def test_every_supplier_has_a_number_that_could_be_one(seed):
    assert vat.is_valid(vat_number(seed))


@given(st.text(alphabet="0123456789abcdef", min_size=8, max_size=8), st.integers(0, 999))
def test_every_gtin_has_its_check_digit(run, number):
    assert ean.is_valid(goods.gtin(run, number))


def test_each_product_is_one_suppliers():
    sold = [goods.seller_of(product) for product in read_file()]
    assert {number: sold.count(number) for number in range(3)} == {0: 1207, 1: 801, 2: 457}


def test_errors_are_planted_into_rows_of_their_own():
    rows = [goods.row_of(product, "Brand", "cat_1") for product in list(read_file())[:50]]
    changed, planted = goods.with_errors(rows)
    assert planted == 7
    good = [row for row, before in zip(changed, rows, strict=True) if row["title"] == before["title"]]
    assert len(good) == 49
    plain = [
        row
        for row, before in zip(changed, rows, strict=True)
        if row == {**before, "price.GBP": str(int(before["price.GBP"]) + 1), "on_hand": str(int(before["on_hand"]) + 1)}
    ]
    assert len(plain) == 50 - planted
