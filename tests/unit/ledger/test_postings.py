"""Orders, payments and returns enter what they do into the books, in the transactions in which they do it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.core import clock
from chalicelib.core.table import Transaction
from chalicelib.inventory import service as inventory
from chalicelib.inventory.domain import Location, LocationType
from chalicelib.ledger import service
from chalicelib.ledger.domain import Terms
from chalicelib.ledger.service import use_cases
from chalicelib.orders import service as orders
from chalicelib.payments import service as payments
from chalicelib.returns import service as returns
from chalicelib.taxes import service as taxes
from chalicelib.taxes.consumers import read_taxed
from tests.conftest import ADMIN, SHOPPER
from tests.integration.orders.conftest import WORKFLOW
from tests.unit.ledger.builders import ACME, BOLT, committed, owed, totals
from tests.unit.ledger.conftest import Market
from tests.unit.taxes.builders import has_country, has_rate

BOTH = {"1": (ACME, 1200), "2": (BOLT, 600)}


@pytest.fixture
def skus(market: Market) -> tuple[str, str]:
    """One at 12.00, another at 6.00; so much of each that suppliers' units are told from nobody's."""
    shop = market.desk.shop
    for supplier in (ACME, BOLT):
        place = {"line1": "1 Quay", "city": "Hull", "country": "GB"}
        location = Location(supplier, supplier, LocationType.SUPPLIER, priority=0, channels=(), address=place)
        committed(lambda tx, location=location: inventory.open_location(tx, location))
    return shop.sells("A", price=1200, leeds=50), shop.sells("B", price=600, leeds=50)


@pytest.fixture
def european(market: Market) -> Iterator[None]:
    """Businesses in other member states account for German tax, of 20 %."""
    taxes.forget_rates()
    has_rate("DE", "standard", ("2021-01-01", 2000))
    for country in ("DE", "FR"):
        has_country(country, reverse_charge=True)
    yield
    taxes.forget_rates()


@pytest.fixture(autouse=True)
def _stock_is_not_what_is_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    """The units that suppliers ship here were reserved in Leeds."""
    monkeypatch.setattr("chalicelib.inventory.service.settle", lambda *_, **__: None)
    monkeypatch.setattr("chalicelib.inventory.service.take_back", lambda *_, **__: None)


def kinds(order_id: str) -> list[str]:
    return [str(one.kind) for one in use_cases.list_entries(order_id, None, None, 100, None, ADMIN).items]


def test_a_parcel_books_its_sale_and_its_capture(market: Market, skus: Any) -> None:
    order_id = market.placed((skus[0], 2), (skus[1], 1), sellers={"1": (ACME, 1200)}, postage=300)
    own, theirs = sorted(market.parts(order_id), key=lambda part: "leeds" not in _location(market, part))
    market.ship(theirs, line_1=2)
    assert owed() == 2400 - 240
    assert totals() == {"cash": 2700, "commission": -240, "own_sales": -250, "sales_tax": -50}
    market.ship(own, line_2=1)
    assert totals() == {"cash": 3300, "commission": -240, "own_sales": -750, "sales_tax": -150}
    assert sorted(kinds(order_id)) == ["capture", "capture", "sale", "sale"]
    market.check(order_id)


@pytest.mark.usefixtures("european")
def test_tax_that_is_not_due_is_taken_off_what_the_supplier_asked(market: Market, skus: Any) -> None:
    where = {"name": "Ada", "line1": "1 Kai", "city": "Hamburg", "country": "DE"}
    order_id = market.placed(
        (skus[0], 3), sellers={"1": (ACME, 600)}, shipping_address=where, vat_number="FR40303265045"
    )
    [part] = market.parts(order_id)
    market.ship(part, line_1=3)
    # The customer pays 30.00 of 36.00, and Acme's price without tax is 15.00.
    assert (owed(), totals()) == (1500 - 180, {"cash": 3000, "commission": -180, "price_difference": -1500})


def reported_tax(order_id: str) -> int:
    """What the tax report says of the one order that there is, once its events were heard."""
    taxes.follow_order(order_id, lambda: read_taxed(order_id, WORKFLOW), clock.now())
    report = taxes.report("GB", f"{clock.now():%Y-%m}", by=ADMIN)
    return sum(total.tax for total in report.totals)


@pytest.mark.parametrize(("owed_by", "first", "kept"), [("supplier", 50, 0), ("operator", 450, 200)])
def test_the_tax_report_is_of_what_the_operator_owes(
    market: Market, skus: Any, owed_by: str, first: int, kept: int
) -> None:
    """Two units of Acme's at 12.00, and postage: the tax of the goods is Acme's, unless it is told to be the operator's."""
    terms = Terms(tax_owed_by=owed_by)
    order_id = market.placed((skus[0], 2), sellers={"1": (ACME, 1200)}, postage=300, terms=terms)
    assert reported_tax(order_id) == first
    [part] = market.parts(order_id)
    market.ship(part, line_1=2)
    assert (reported_tax(order_id), totals()["sales_tax"]) == (first, -first)
    market.desk._answers(part, "delivered")
    market.desk.back(order_id, line_1=1)
    market.settle(order_id)
    assert (reported_tax(order_id), totals()["sales_tax"]) == (50 + kept, -50 - kept)


def test_the_tax_of_own_goods_and_of_suppliers_is_told_apart(market: Market, skus: Any) -> None:
    order_id = market.placed((skus[0], 2), (skus[1], 1), sellers={"1": (ACME, 1200)})
    for part in market.parts(order_id):
        market.ship(part, **({"line_2": 1} if _location(market, part) == "leeds" else {"line_1": 2}))
    assert (reported_tax(order_id), totals()["sales_tax"]) == (100, -100)
    market.desk.refund(order_id, 300)  # a tenth of all that was paid; as much of the tax is not owed any more
    assert reported_tax(order_id) == 90


def _location(market: Market, fulfilment_id: str) -> str:
    location: str = market.desk.shop.call("GET", f"/v1/fulfilments/{fulfilment_id}").json["location_id"]
    return location


def test_an_order_without_suppliers_costs_nothing_more(market: Market, skus: Any) -> None:
    order_id = market.desk.delivered((skus[0], 2))
    market.desk.back(order_id, line_1=2)
    market.settle(order_id)
    assert (kinds(order_id), totals()) == ([], {})


def test_a_parcel_with_nothing_in_it_books_nothing(market: Market, skus: Any) -> None:
    order_id = market.placed((skus[0], 2), sellers={"1": (ACME, 1200)}, postage=300)
    [part] = market.parts(order_id)
    assert market.desk.shop.ships(part, line_1=0).status == 200
    assert kinds(order_id) == []


def test_all_of_it_comes_back_and_nothing_is_left(market: Market, skus: Any) -> None:
    terms = Terms(rate_bps=1500, fixed=30, tax_rate_bps=2000, tax_owed_by="operator")
    order_id = market.placed((skus[0], 3), (skus[1], 2), sellers=BOTH, postage=300, off=77, terms=terms)
    for part in market.parts(order_id):
        lines = market.desk.shop.call("GET", f"/v1/fulfilments/{part}").json["lines"]
        market.ship(part, **{f"line_{one['line_id']}": one["quantity"] for one in lines})
        market.desk._answers(part, "delivered")
    taken = market.desk.shop.payment(order_id)["captured"]
    assert taken == totals()["cash"] == 3 * 1200 + 2 * 600 + 300 - 77
    for units in ({"line_1": 1}, {"line_1": 1, "line_2": 1}, {"line_1": 1, "line_2": 1}):
        assert market.desk.back(order_id, **units).status == 200
    market.settle(order_id)
    assert market.desk.shop.payment(order_id)["refunded"] == taken
    market.check(order_id)
    market.ends_at_nothing(ACME, BOLT)


def test_a_gift_card_is_no_cash(market: Market, skus: Any) -> None:
    made = market.desk.shop.call("POST", "/v1/gift-cards", json={"amount": 500, "currency": "GBP"})
    tenders = [
        {"type": "gift_card", "token": made.json["code"], "amount": 500},
        {"type": "card", "token": "tok_approve", "amount": 700},
    ]
    order_id = market.placed((skus[0], 1), sellers={"1": (ACME, 1200)}, tenders=tenders)
    [part] = market.parts(order_id)
    market.ship(part, line_1=1)
    assert totals() == {"cash": 700, "stored_value": 500, "commission": -120}
    market.desk._answers(part, "delivered")
    market.desk.back(order_id, line_1=1)
    market.settle(order_id)
    market.ends_at_nothing(ACME)


def test_store_credit_for_what_came_back_is_booked_with_the_return(market: Market, skus: Any) -> None:
    order_id = market.placed((skus[0], 2), sellers={"1": (ACME, 1200)})
    [part] = market.parts(order_id)
    market.ship(part, line_1=2)
    market.desk._answers(part, "delivered")
    assert market.desk.back(order_id, resolution="store_credit", line_1=1).status == 200
    assert payments.credit_balance(f"{SHOPPER.id}.GBP") == 1200
    assert totals() == {"cash": 2400, "stored_value": -1200, "commission": -120}
    assert owed() == 1080


def test_store_credit_that_waits_for_its_capture_is_booked_with_it(market: Market, skus: Any) -> None:
    order_id = market.placed((skus[0], 1), sellers={"1": (ACME, 1200)})
    [part] = market.parts(order_id)
    market.ship(part, capture=False, line_1=1)
    market.desk._answers(part, "delivered")
    assert market.desk.back(order_id, resolution="store_credit", line_1=1).status == 200
    assert totals() == {"customers": 1200, "refunds_payable": -1200}
    payments.capture(order_id, part, WORKFLOW)
    assert totals() == {"cash": 1200, "stored_value": -1200}


def test_money_for_nothing_is_goodwill_and_is_not_given_twice(market: Market, skus: Any) -> None:
    order_id = market.placed((skus[0], 1), sellers={"1": (ACME, 1200)})
    [part] = market.parts(order_id)
    market.ship(part, line_1=1)
    market.desk._answers(part, "delivered")
    body = {"amount": 200, "reason": "Late"}
    reply = market.desk.shop.call("POST", f"/v1/orders/{order_id}/refunds", json=body)
    assert reply.status in (200, 201, 202), reply
    assert totals() == {"cash": 1200, "commission": -120, "goodwill": 200, "refunds_payable": -200}
    assert market.desk.back(order_id, line_1=1).status == 200
    market.settle(order_id)
    market.ends_at_nothing(ACME)


def exchange(market: Market, sku: str) -> tuple[str, str]:
    order_id = market.placed((sku, 1), sellers={"1": (ACME, 1200)})
    [part] = market.parts(order_id)
    market.ship(part, line_1=1)
    market.desk._answers(part, "delivered")
    wanted = {"exchange": [{"line_id": "1", "sku": "NEW", "quantity": 1}]}
    return_id = market.desk.announced(order_id, line_1=1, resolution=wanted)
    assert market.desk.receive(return_id, at=ACME, line_1=1).status == 200
    assert market.desk.inspect(return_id, ("1", 1, "restock")).status == 200
    assert (owed(), totals()) == (0, {"cash": 1200, "refunds_payable": -1200})
    return order_id, return_id


def test_an_exchange_gives_back_what_the_replacement_costs_as_credit(market: Market, skus: Any) -> None:
    market.desk.shop.sells("NEW", price=1000, leeds=9)
    order_id, return_id = exchange(market, skus[0])
    assert returns.place_exchange(return_id, WORKFLOW)["outcome"] == "placed"
    market.settle(order_id)
    assert totals() == {"cash": 1000, "stored_value": -1000}


@pytest.mark.parametrize("there", [True, False], ids=["placed", "fell back"])
def test_what_was_given_back_before_an_exchange_is_not_given_again(market: Market, skus: Any, there: bool) -> None:
    market.desk.shop.sells("NEW", price=1000, leeds=9)
    order_id, return_id = exchange(market, skus[0])
    body = {"amount": 300, "reason": "Late"}
    assert market.desk.shop.call("POST", f"/v1/orders/{order_id}/refunds", json=body).status < 300
    if not there:
        market.desk.shop.moves("leeds", "NEW", -9)
    outcome = returns.place_exchange(return_id, WORKFLOW)
    market.settle(order_id)
    # A replacement at 10.00 is not paid by the 9.00 that are left, and nobody named a card.
    assert outcome["outcome"] == "fell_back"
    market.ends_at_nothing(ACME)


def test_shipping_writes_no_more_than_four_items_more(
    market: Market, skus: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    commit = Transaction.commit

    def measured(tx: Transaction) -> None:
        sizes.append(len(tx))
        commit(tx)

    order_id = market.placed((skus[0], 2), sellers={"1": (ACME, 1200)})
    plain = market.desk.shop.placed((skus[0], 2))
    payments.authorise(plain, WORKFLOW)
    orders.confirm_order(plain, WORKFLOW)
    monkeypatch.setattr(Transaction, "commit", measured)
    for one in (order_id, plain):
        [part] = market.parts(one)
        assert market.desk.shop.ships(part, line_1=2).status == 200
    booked, unbooked = sizes
    assert booked - unbooked == service.COSTS
