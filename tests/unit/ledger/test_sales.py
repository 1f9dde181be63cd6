"""What a parcel books, and what it takes back: to the penny, in any parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.money import share_of_units, tax_within
from chalicelib.ledger.domain import BackLine, Kind, SaleLine, Sold, Terms, entry, sale_entry, sold, take_back
from tests.unit.ledger.builders import ACME, BOLT, FULFILMENT, a_line, a_refund, a_sale
from tests.unit.ledger.test_commission import some_terms

AT_ACME = f"supplier:{ACME}"
BY_OPERATOR = Terms(rate_bps=1000, tax_owed_by="operator")


def postings(*lines: SaleLine, **more) -> dict[str, int]:
    sale = a_sale(*lines, **more)
    return dict(sale_entry(sale, sold(sale)).postings)


def test_a_supplier_is_owed_its_price_less_commission() -> None:
    terms = Terms(rate_bps=1000, tax_rate_bps=2000)
    assert postings(a_line(2, 1200, terms)) == {
        "customers": 2400,
        AT_ACME: -(2400 - 240 - 48),
        "commission": -240,
        "commission_tax": -48,
    }


def test_a_deemed_supplier_keeps_the_tax() -> None:
    assert postings(a_line(1, 1200, BY_OPERATOR)) == {
        "customers": 1200,
        AT_ACME: -(1000 - 120),
        "sales_tax": -200,
        "commission": -120,
    }


def test_a_discount_is_the_operators() -> None:
    assert postings(a_line(1, 1200, charged=1080)) == {
        "customers": 1080,
        "discounts": 120,
        AT_ACME: -(1200 - 120),
        "commission": -120,
    }
    # What it saves of the tax that the operator owes, it does not cost.
    assert postings(a_line(1, 1200, BY_OPERATOR, charged=1080)) == {
        "customers": 1080,
        "discounts": 100,
        AT_ACME: -(1000 - 120),
        "sales_tax": -180,
        "commission": -120,
    }


@pytest.mark.parametrize(("asked", "difference"), [(1100, -100), (1300, 100)])
def test_what_another_supplier_asks_after_a_move_is_the_operators_gain_or_loss(asked, difference) -> None:
    found = postings(a_line(1, asked, Terms(), price=1200))
    assert found == {"customers": 1200, AT_ACME: -asked, "price_difference": difference}


def test_tax_on_top_goes_to_whoever_owes_it() -> None:
    on_top = {"charged": 1080, "price": 1000, "tax": 80, "tax_rate_bps": 800, "tax_included": False}
    assert postings(a_line(1, 1000, Terms(), **on_top)) == {"customers": 1080, AT_ACME: -1080}
    by_operator = Terms(tax_owed_by="operator")
    assert postings(a_line(1, 1000, by_operator, **on_top)) == {"customers": 1080, AT_ACME: -1000, "sales_tax": -80}


def test_tax_that_is_not_due_is_nobodys() -> None:
    relieved = {"price": 1200, "tax": 0, "tax_rate_bps": 0, "relieved_bps": 2000}
    for terms in (Terms(), Terms(tax_owed_by="operator")):

        def booked(asked: int, charged: int, relief: int, terms=terms) -> dict[str, int]:
            return postings(a_line(1, asked, terms, charged=charged, relief=relief, **relieved))

        assert booked(1200, 1000, 200) == {"customers": 1000, AT_ACME: -1000}
        # Of each supplier's price the tax that this price holds.
        assert booked(1000, 1000, 200) == {"customers": 1000, AT_ACME: -833, "price_difference": -167}
        # Discounts cost no tax that nobody owes, whatever is left of the price.
        assert booked(1200, 500, 100) == {"customers": 500, "discounts": 500, AT_ACME: -1000}
        assert booked(1200, 0, 0) == {"discounts": 1000, AT_ACME: -1000}


def test_own_goods_and_postage_are_own_sales() -> None:
    own = a_line(1, terms=None, price=1200)
    assert postings(own, supplier=None, charges=300, charges_tax=50) == {
        "customers": 1500,
        "own_sales": -(1000 + 250),
        "sales_tax": -250,
    }
    with_postage = postings(a_line(1, 1200, Terms()), charges=300, charges_tax=50)
    assert with_postage == {"customers": 1500, AT_ACME: -1200, "own_sales": -250, "sales_tax": -50}


def test_an_entry_that_does_not_balance_or_names_another_supplier_is_not_made() -> None:
    with pytest.raises(ValueError, match="off by 1"):
        entry("x", Kind.ADJUSTMENT, "GBP", [("cash", 2), ("bank", -1)])
    with pytest.raises(ValueError, match="not its own"):
        entry("x", Kind.ADJUSTMENT, "GBP", [("cash", 2), (f"supplier:{BOLT}", -2)], supplier_id=ACME)


# ---- taken back ---------------------------------------------------------------------------------------------------------


def back(sale, *lines: BackLine, **more):
    made = [sold(one) for one in (sale if isinstance(sale, list) else [sale])]
    return take_back(a_refund(*lines, **more), made)


def test_all_units_take_all_of_it_back() -> None:
    sale = a_sale(a_line(2, 1200, BY_OPERATOR, charged=2000))
    [made], [after] = back(sale, BackLine("1", 2, 2000))
    there = postings(*sale.lines)
    assert made.postings == {
        **{name: -amount for name, amount in there.items() if name != "customers"},
        "refunds_payable": -2000,
    }
    assert (after.lines["1"].back, after.version) == (2, 2)
    assert made.about == {"refund": "r1", "units": 2, "gross": 2000, "commission": 240, "commission_tax": 0}


def test_commission_may_be_kept() -> None:
    terms = Terms(rate_bps=1000, tax_rate_bps=2000, kept_bps=5000)
    [made], _ = back(a_sale(a_line(1, 1000, terms)), BackLine("1", 1, 1000))
    # 100 and 20 were charged; half of each comes back.
    assert made.postings == {AT_ACME: 1000 - 60, "commission": 50, "commission_tax": 10, "refunds_payable": -1000}


def test_a_fee_stays_with_whoever_sold_the_goods() -> None:
    [made], _ = back(a_sale(a_line(1, 1000, Terms())), BackLine("1", 1, 1000, fee=100))
    assert made.postings == {AT_ACME: 900, "refunds_payable": -900}
    assert made.about["fee"] == 100
    own = a_sale(a_line(1, terms=None, price=1200), supplier=None)
    [made], _ = back(own, BackLine("1", 1, 1200, fee=100))
    assert made.postings == {"own_sales": 900, "sales_tax": 200, "refunds_payable": -1100}


def test_postage_and_what_was_given_back_before_stand_in_the_first_entry() -> None:
    [made], _ = back(
        a_sale(a_line(1, 1000, Terms())), BackLine("1", 1, 1000), postage=300, postage_tax=50, withheld=100
    )
    assert made.postings == {
        AT_ACME: 1000,
        "own_sales": 250,
        "sales_tax": 50,
        "goodwill": -100,
        "refunds_payable": -1200,
    }


def test_goodwill_is_the_operators_expense() -> None:
    [made], changed = take_back(a_refund(amount=500), [sold(a_sale())])
    assert (made.postings, made.supplier_id, changed) == ({"goodwill": 500, "refunds_payable": -500}, None, [])


def test_units_of_a_line_come_back_from_each_supplier_that_sent_some() -> None:
    first = a_sale(a_line(2, 1000, Terms()))
    second = a_sale(a_line(1, 900, Terms(), price=1000, before=2), supplier=BOLT, fulfilment=f"{FULFILMENT}2")
    made, after = back([first, second], BackLine("1", 3, 3000, fee=10))
    assert [one.postings for one in made] == [
        {AT_ACME: 2000 - 7, "refunds_payable": -1993},
        {f"supplier:{BOLT}": 900 - 3, "price_difference": 100, "refunds_payable": -997},
    ]
    assert [one.id for one in made] == [f"refund:{first.order_id}:r1:{ACME}", f"refund:{first.order_id}:r1:{BOLT}"]
    assert [one.lines["1"].left for one in after] == [0, 0]


@pytest.mark.parametrize("supplier", [None, ACME, BOLT])
def test_of_a_line_that_several_sold_it_is_taken_back_from_who_has_it_again(supplier: str | None) -> None:
    sales = [
        a_sale(a_line(1, 1000, Terms())),
        a_sale(a_line(1, 1000, Terms(), before=1), supplier=BOLT, fulfilment=f"{FULFILMENT}2"),
        a_sale(a_line(1, terms=None, price=1000, before=2), supplier=None, fulfilment=f"{FULFILMENT}3"),
    ]
    [made], [after] = back(sales, BackLine("1", 1, 1000, supplier_id=supplier))
    assert (made.supplier_id, after.supplier_id, after.lines["1"].left) == (supplier, supplier, 0)


def test_more_than_was_sold_cannot_come_back() -> None:
    with pytest.raises(ValueError, match="1 units of line 1"):
        back(a_sale(a_line(2)), BackLine("1", 3, 3600))


@given(
    terms=some_terms,
    price=st.integers(0, 3_000),
    asked=st.integers(0, 3_000),
    off=st.integers(0, 100),
    relieved=st.booleans(),
    parcels=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    data=st.data(),
)
def test_whatever_way_goods_leave_and_come_back_nothing_is_left(
    terms, price, asked, off, relieved, parcels, data
) -> None:
    """Over all entries each account but the customers' and their refunds ends where kept commission leaves it."""
    ordered = sum(parcels)
    charged = price * ordered * (100 - off) // 100
    tax = tax_within(charged, 2000)
    relief = tax if relieved else 0
    charged, tax = charged - relief, tax - relief
    sales: list[Sold] = []
    entries = []
    before = 0
    for number, units in enumerate(parcels):
        mine = share_of_units(charged, ordered, before, units)
        line = SaleLine(
            "1",
            units,
            price * units,
            mine,
            share_of_units(tax, ordered, before, units),
            0 if relieved else 2000,
            relief=share_of_units(relief, ordered, before, units),
            relieved_bps=2000 if relieved else 0,
            before=before,
            unit_price=asked,
            terms=terms,
        )
        sale = a_sale(line, supplier=(ACME, BOLT)[number % 2], fulfilment=f"f{number}")
        sales.append(sold(sale))
        entries.append(sale_entry(sale, sales[-1]))
        before += units
    gone, returned = before, 0
    kept = sum(line.commission - line.share(line.units).commission for one in sales for line in one.lines.values())
    kept_tax = sum(
        line.commission_tax - line.share(line.units).commission_tax for one in sales for line in one.lines.values()
    )
    while returned < gone:
        units = data.draw(st.integers(1, gone - returned))
        worth = share_of_units(charged, ordered, returned, units)
        made, changed = take_back(a_refund(BackLine("1", units, worth), key=str(returned)), sales)
        assert sum(one.postings.get("refunds_payable", 0) for one in made) == -worth
        after = {one.id: one for one in changed}
        sales = [after.get(one.id, one) for one in sales]
        entries += made
        returned += units
    assert all(sum(one.postings.values()) == 0 for one in entries)
    ends: dict[str, int] = {}
    for one in entries:
        for account, amount in one.postings.items():
            ends[account] = ends.get(account, 0) + amount
    owes = sum(amount for account, amount in ends.items() if account.startswith("supplier:"))
    assert ends.get("customers", 0) == -ends.get("refunds_payable", 0) == charged
    assert {
        name: ends.get(name, 0) for name in ("sales_tax", "discounts", "price_difference", "own_sales")
    } == dict.fromkeys(("sales_tax", "discounts", "price_difference", "own_sales"), 0)
    assert (ends.get("commission", 0), ends.get("commission_tax", 0), owes) == (-kept, -kept_tax, kept + kept_tax)
