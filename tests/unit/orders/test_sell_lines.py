"""Orders of what suppliers offer: who sells, at which price, and what is agreed."""

from importlib import import_module
from typing import Any

import pytest

from app import app
from chalicelib.core.idempotency import Idempotency
from chalicelib.fulfilment import store as fulfilments
from chalicelib.fulfilment.service import FulfilmentLine
from chalicelib.inventory import service as inventory
from chalicelib.ledger import service as ledger
from chalicelib.orders import service
from chalicelib.payments import service as payments
from chalicelib.suppliers.domain import SupplierStatus
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, request
from tests.integration.orders.conftest import WORKFLOW, Shop
from tests.unit.ledger.builders import owed, totals
from tests.unit.ledger.test_audit import audited
from tests.unit.orders.marketplace import Market, line
from tests.unit.reviews.builders import case_of


@pytest.fixture
def market(shop: Shop) -> Market:
    return Market(shop)


def at(market: Market, order_id: str) -> dict[str, list[tuple[str, int]]]:
    """By location: SKUs and units that it was asked for."""
    order = service.find_order(order_id)
    skus = {one.id: one.sku for one in order.lines}
    found: dict[str, list[tuple[str, int]]] = {}
    for one in order.allocations:
        found.setdefault(one.location_id, []).append((skus[one.line_id], one.quantity))
    return found


def decline(part: str, units: dict[str, int], key: str = "first") -> None:
    once = Idempotency.of("test", f"{part} {key}", b"")
    service.decline_units(part, units, "out_of_stock", by=WORKFLOW, once=once)


def fulfilment_lines(part: str) -> tuple[FulfilmentLine, ...]:
    found = fulfilments.get(part, consistent=True)
    assert found is not None
    return found[0].lines


def test_one_order_spans_two_suppliers_and_the_own_warehouse(market: Market) -> None:
    first, second = market.supplier(), market.supplier(name="Contoso")
    market.shop.sells("OWN", leeds=5)
    market.offers(market.lists("MUG"), first, 899, 10)
    market.offers(market.lists("LAMP"), second, 4500, 1)
    order_id, parts = market.confirmed(line("OWN", 2), line("MUG", 3), line("LAMP"))
    assert at(market, order_id) == {"leeds": [("OWN", 2)], first: [("MUG", 3)], second: [("LAMP", 1)]}
    seen = market.shop.read(order_id)
    assert [one["unit_price"] for one in seen["lines"]] == [500, 899, 4500]
    assert [one["price_source"] for one in seen["lines"]] == ["catalogue", "offer", "offer"]
    assert seen["total"]["amount"] == 2 * 500 + 3 * 899 + 4500
    assert len(parts) == 3
    assert market.shop.stock("MUG") == {first: (10, 7, 3)}


def test_what_a_supplier_ships_is_entered_into_the_books_and_what_is_only_ours_is_not(market: Market) -> None:
    supplier = market.supplier()
    market.shop.sells("OWN", leeds=5)
    market.offers(market.lists("MUG"), supplier, 899, 10)
    order_id, _ = market.confirmed(line("OWN", 1), line("MUG", 2))
    order = service.find_order(order_id)
    theirs = next(note.id for note in order.fulfilments if note.location_id == supplier)
    assert market.shop.ships(theirs, line_2=2).status == 200
    [sold] = ledger.sales_of(order_id)
    assert sold.supplier_id == supplier
    ours, [part] = market.confirmed(line("OWN", 1))
    assert market.shop.ships(part, line_1=1).status == 200
    assert ledger.sales_of(ours) == []


def test_what_was_agreed_is_frozen_on_the_allocation(market: Market) -> None:
    supplier = market.supplier()
    market.offers(market.lists("MUG"), supplier, 899, 10)
    order_id, _ = market.confirmed(line("MUG", 2))
    market.offers("MUG", supplier, 1, 0)
    [allocation] = service.find_order(order_id).allocations
    assert allocation.terms is not None
    assert allocation.terms["commission"] is not None
    assert {name: value for name, value in allocation.terms.items() if name != "commission"} == {
        "supplier_id": supplier,
        "supplier_sku": "their-MUG",
        "listing_id": f"{supplier}:their-MUG",
        "name": "The MUG",
        "unit_price": 899,
        "currency": "GBP",
    }


def test_the_cheapest_seller_is_chosen_and_the_order_says_why(market: Market) -> None:
    dear, cheap = market.supplier(), market.supplier()
    market.shop.sells("MUG", price=950, leeds=5)
    market.offers("MUG", dear, 920, 5)
    market.offers("MUG", cheap, 899, 5)
    order_id, _ = market.confirmed(line("MUG", 2))
    assert at(market, order_id) == {cheap: [("MUG", 2)]}
    assert market.shop.read(order_id)["allocation_reasons"] == [
        {"line_id": "1", "rule": "price", "seller": cheap, "units": 2, "over": dear}
    ]


def test_the_retailer_sells_it_where_it_is_cheaper_or_preferred(market: Market) -> None:
    supplier = market.supplier()
    market.shop.sells("MUG", price=850, leeds=5)
    market.offers("MUG", supplier, 899, 5)
    order_id, _ = market.confirmed(line("MUG", 2))
    assert at(market, order_id) == {"leeds": [("MUG", 2)]}
    market.offers("MUG", supplier, 700, 0)
    assert market.rules({"seller": "own", "preference": -1}).status == 200
    order_id, _ = market.confirmed(line("MUG", 1))
    assert at(market, order_id) == {"leeds": [("MUG", 1)]}
    assert market.rules({"seller": "own", "excluded": True}, version=1).status == 200
    order_id, _ = market.confirmed(line("MUG", 1))
    assert at(market, order_id) == {supplier: [("MUG", 1)]}


def test_what_the_rules_leave_out_of_ours_is_not_sold(market: Market) -> None:
    market.shop.sells("MUG", price=850, leeds=5)
    market.shop.sells("POT", price=850, leeds=5)
    market.offers("MUG", market.supplier(service_countries=("FR",)), 899, 5)
    assert market.rules({"seller": "own", "excluded": True}).status == 200
    named = market.order(line("MUG", 2, seller="own"))
    assert (named.code, named.json["shortages"]) == (
        "seller_cannot_supply",
        [{"sku": "MUG", "seller": "own", "wanted": 2, "left": 0}],
    )
    refused = market.order(line("MUG", 2))
    assert (refused.code, refused.json["shortages"]) == ("stock_too_low", [{"sku": "MUG", "wanted": 2, "left": 0}])
    # Whom no supplier offers it to, the rules do not keep from ours.
    order_id, _ = market.confirmed(line("POT", 1, seller="own"), line("POT", 2))
    assert at(market, order_id) == {"leeds": [("POT", 1), ("POT", 2)]}
    market.offers("MUG", market.supplier(), 900, 1)
    assert market.order(line("MUG", 2)).json["shortages"] == [{"sku": "MUG", "wanted": 2, "left": 1}]


def test_two_lines_of_one_sku_do_not_sell_a_unit_twice(market: Market) -> None:
    first, second = market.supplier(), market.supplier()
    market.lists("MUG")
    market.offers("MUG", first, 800, 3)
    market.offers("MUG", second, 900, 3)
    order_id, _ = market.confirmed(line("MUG", 2), line("MUG", 3))
    assert at(market, order_id) == {first: [("MUG", 2)], second: [("MUG", 3)]}


def test_what_is_shared_costs_what_the_dearest_asks_and_each_gets_its_own(market: Market) -> None:
    first, second = market.supplier(), market.supplier()
    market.lists("MUG")
    market.offers("MUG", first, 800, 2)
    market.offers("MUG", second, 900, 2)
    order_id, _ = market.confirmed(line("MUG", 3))
    order = service.find_order(order_id)
    assert [(one.location_id, one.quantity, one.terms["unit_price"]) for one in order.allocations if one.terms] == [
        (first, 2, 800),
        (second, 1, 900),
    ]
    assert order.lines[0].unit_price == 900


def test_too_few_units_name_what_is_left(market: Market) -> None:
    market.lists("MUG")
    market.offers("MUG", market.supplier(), 800, 2)
    reply = market.order(line("MUG", 3))
    assert (reply.status, reply.code) == (409, "stock_too_low")
    assert reply.json["shortages"] == [{"sku": "MUG", "wanted": 3, "left": 2}]


def test_what_is_left_is_ours_and_the_suppliers(market: Market) -> None:
    market.shop.sells("MUG", price=850, leeds=1)
    market.offers("MUG", market.supplier(), 900, 2)
    assert market.order(line("MUG", 4)).json["shortages"] == [{"sku": "MUG", "wanted": 4, "left": 3}]
    assert market.order(line("MUG", 4, seller="own")).json["shortages"] == [{"sku": "MUG", "wanted": 4, "left": 1}]
    two = market.order(line("MUG", 4), line("MUG", 5))
    assert two.json["shortages"] == [{"sku": "MUG", "wanted": 9, "left": 3}]
    assert market.order(line("MUG", 3)).status == 202


def test_nobody_is_asked_for_fewer_than_it_sells_at_once(market: Market) -> None:
    market.shop.sells("MUG", price=850, leeds=8)
    market.offers("MUG", market.supplier(), 900, 6, min_quantity=5)
    refused = market.order(line("MUG", 10))
    assert refused.json["shortages"] == [{"sku": "MUG", "wanted": 10, "left": 8}]
    order_id, _ = market.confirmed(line("MUG", 13))
    assert sorted(units for [(_, units)] in at(market, order_id).values()) == [5, 8]


def test_nobody_steps_in_with_fewer_than_it_sells_at_once(market: Market) -> None:
    first, small, large = market.supplier(), market.supplier(), market.supplier()
    market.lists("MUG")
    market.offers("MUG", first, 800, 9)
    order_id, [part] = market.confirmed(line("MUG", 6))
    market.offers("MUG", small, 800, 4)
    market.offers("MUG", large, 810, 5, min_quantity=5)
    decline(part, {"1": 6})
    service.reassign_units(order_id, part, WORKFLOW)
    order = service.find_order(order_id)
    assert [note.location_id for note in order.fulfilments] == [first, small]
    assert order.lines[0].unassigned == 2


@pytest.mark.parametrize(
    "terms",
    [{"status": SupplierStatus.SUSPENDED}, {"status": SupplierStatus.OFFBOARDED}, {"service_countries": ("FR", "DE")}],
)
def test_who_does_not_sell_or_ship_there_sells_nothing(market: Market, terms: dict[str, object]) -> None:
    market.lists("MUG")
    market.offers("MUG", market.supplier(**terms), 800, 5)
    assert market.order(line("MUG")).status in (409, 422)


def test_of_equals_the_one_that_is_known_to_be_nearest_sells_it(market: Market) -> None:
    """By postal area, then region, then country: whatever both addresses say."""
    market.lists("MUG")
    market.lists("POT")
    abroad, far = market.supplier(country="FR"), market.supplier(region="Yorkshire", postal_code="LS1 4AP")
    region, near = market.supplier(region="greater  london"), market.supplier(postal_code="sw1a 1aa")
    for supplier in (abroad, far, region):
        market.offers("MUG", supplier, 800, 5)
    address = {"name": "Ada", "line1": "12 St James Square", "city": "London", "country": "GB"}
    where = {**address, "region": "Greater London", "postal_code": "SW1Y 4JH"}
    reasons = market.order(line("MUG"), shipping_address=where).json["allocation_reasons"]
    assert [(one["rule"], one["seller"]) for one in reasons] == [("distance", region)]
    market.shop.moves(region, "MUG", 1)  # as many as the others once more
    market.offers("MUG", near, 800, 5)
    reply = market.order(line("MUG"), shipping_address=where)
    assert [(one["rule"], one["seller"], one["over"]) for one in reply.json["allocation_reasons"]] == [
        ("distance", near, region)
    ]
    market.offers("POT", abroad, 800, 5)
    market.offers("POT", far, 800, 5)
    reply = market.order(line("POT"), shipping_address=address)
    assert [(one["rule"], one["seller"], one["over"]) for one in reply.json["allocation_reasons"]] == [
        ("distance", far, abroad)
    ]


def test_what_one_declines_goes_to_the_nearest_of_equals(market: Market) -> None:
    market.lists("MUG")
    first, far, near = (
        market.supplier(),
        market.supplier(postal_code="LS1 4AP"),
        market.supplier(postal_code="SW1A 1AA"),
    )
    market.offers("MUG", first, 800, 5)
    market.offers("MUG", far, 810, 5)
    market.offers("MUG", near, 810, 5)
    where = {"name": "Ada", "line1": "1 Pall Mall", "city": "London", "country": "GB", "postal_code": "SW1Y 4JH"}
    order_id, [part] = market.confirmed(line("MUG", 2), shipping_address=where)
    decline(part, {"1": 2})
    service.reassign_units(order_id, part, WORKFLOW)
    notes = service.find_order(order_id).fulfilments
    assert [(note.location_id, note.status) for note in notes] == [(first, "short"), (near, "requested")]


def test_a_quote_chooses_by_the_words_of_the_address_that_it_is_given(market: Market) -> None:
    market.lists("MUG")
    leeds, london = market.supplier(postal_code="LS1 4AP"), market.supplier(postal_code="SW1A 1AA")
    for supplier in (leeds, london):
        market.offers("MUG", supplier, 800, 5)
    body = {"currency": "GBP", "lines": [line("MUG")], "country": "GB"}
    for code, nearest in (("LS2 8JS", leeds), ("SW1Y 4JH", london)):
        quote = market.shop.call("POST", "/v1/quotes", json={**body, "postal_code": code}, by=SHOPPER)
        assert [(one["rule"], one["seller"]) for one in quote.json["sellers"]] == [("distance", nearest)]
    # Without it both are as near as each other.
    quote = market.shop.call("POST", "/v1/quotes", json=body, by=SHOPPER)
    assert [one["rule"] for one in quote.json["sellers"]] == ["name"]


def test_suppliers_sell_on_the_channels_that_the_operator_opens_to_them(market: Market) -> None:
    market.offers(market.lists("MUG"), market.supplier(), 800, 5)
    assert market.order(line("MUG"), channel="pos").status == 422
    assert market.order(line("MUG"), channel="web").status == 202


def test_a_named_seller_sells_it_or_nobody_does(market: Market) -> None:
    cheap, dear = market.supplier(), market.supplier()
    market.shop.sells("MUG", price=100, leeds=5)
    market.offers("MUG", cheap, 800, 5)
    market.offers("MUG", dear, 900, 2)
    order_id, _ = market.confirmed(line("MUG", 2, seller=dear))
    assert at(market, order_id) == {dear: [("MUG", 2)]}
    reply = market.order(line("MUG", 1, seller=dear))
    assert (reply.status, reply.code) == (409, "seller_cannot_supply")
    assert reply.json["errors"][0]["pointer"] == "/lines/0/seller"
    assert reply.json["shortages"] == [{"sku": "MUG", "seller": dear, "wanted": 1, "left": 0}]
    order_id, _ = market.confirmed(line("MUG", 1, seller="own"))
    assert at(market, order_id) == {"leeds": [("MUG", 1)]}


def test_a_named_seller_is_refused_only_by_a_read_that_is_not_behind(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    supplier = market.supplier()
    market.offers(market.lists("MUG"), supplier, 800, 2)
    module = import_module("chalicelib.orders.service.market")
    real, stock = module.find_many, {one[1:] for one in inventory.stock_keys(["MUG"], [supplier])}

    def behind(keys: Any, *, consistent: bool = False) -> Any:
        """The units have come in since an eventually consistent read."""
        return {at: one for at, one in real(keys, consistent=consistent).items() if consistent or at not in stock}

    monkeypatch.setattr(module, "find_many", behind)
    assert market.order(line("MUG", 2, seller=supplier)).status == 202
    assert market.order(line("MUG", 1, seller=supplier)).code == "seller_cannot_supply"


def test_who_names_a_seller_comes_before_who_does_not(market: Market) -> None:
    cheap = market.supplier()
    market.shop.sells("MUG", price=950, leeds=5)
    market.offers("MUG", cheap, 800, 4)
    order_id, _ = market.confirmed(line("MUG", 2), line("MUG", 3, seller=cheap))
    assert at(market, order_id) == {"leeds": [("MUG", 2)], cheap: [("MUG", 3)]}
    order = service.find_order(order_id)
    assert [one.unit_price for one in order.lines] == [950, 800]
    assert [one["line_id"] for one in order.reasons if "line_id" in one] == ["1", "2"]


def test_what_has_no_price_of_ours_is_pointed_at_where_ours_is_asked_for(market: Market) -> None:
    supplier = market.supplier()
    market.offers(market.lists("MUG"), supplier, 800, 5)
    reply = market.order(line("MUG", 1, seller=supplier), line("MUG", 1, seller="own"))
    assert (reply.status, [one["pointer"] for one in reply.json["errors"]]) == (422, ["/lines/1/sku"])


def test_a_used_one_is_sold_only_to_who_asks_for_its_seller(market: Market) -> None:
    market.lists("MUG")
    supplier = market.supplier()
    market.offers("MUG", supplier, 300, 5, condition="used")
    refused = market.order(line("MUG"))
    assert (refused.status, refused.json["shortages"]) == (409, [{"sku": "MUG", "wanted": 1, "left": 0}])
    assert market.order(line("MUG", seller=supplier)).status == 202


def test_the_quote_is_what_the_order_costs(market: Market) -> None:
    supplier = market.supplier()
    market.offers(market.lists("MUG"), supplier, 899, 5)
    body = {"currency": "GBP", "lines": [line("MUG", 2)], "country": "GB"}
    quote = market.shop.call("POST", "/v1/quotes", json=body, by=SHOPPER)
    assert quote.status == 200, quote
    assert (quote.json["total"]["amount"], quote.json["sellers"]) == (
        1798,
        [{"line_id": "1", "rule": "only", "seller": supplier, "units": 2}],
    )
    assert market.order(line("MUG", 2)).json["total"]["amount"] == 1798


def test_an_order_for_a_locker_takes_none_of_it(market: Market) -> None:
    """Suppliers ship to addresses."""
    market.offers(market.lists("MUG"), market.supplier(), 899, 5)
    assert market.order(line("MUG"), pickup={"site_id": "mall"}).status in (404, 409, 422)


def test_units_that_one_supplier_declines_are_shipped_by_the_next(market: Market) -> None:
    first, second = market.supplier(), market.supplier()
    market.lists("MUG")
    market.offers("MUG", first, 800, 5)
    market.offers("MUG", second, 830, 5)
    order_id, [part] = market.confirmed(line("MUG", 2))
    decline(part, {"1": 2})
    service.reassign_units(order_id, part, WORKFLOW)
    order = service.find_order(order_id)
    assert [(note.location_id, note.status) for note in order.fulfilments] == [(first, "short"), (second, "requested")]
    assert order.lines[0].unit_price == 800
    assert market.shop.stock("MUG")[second] == (5, 3, 2)
    [line_there] = fulfilment_lines(order.fulfilments[1].id)
    assert line_there.terms is not None
    assert line_there.terms["unit_price"] == 830


def test_a_replacement_that_is_too_dear_is_for_the_operator_and_then_refunded(market: Market) -> None:
    first, second = market.supplier(), market.supplier()
    market.lists("MUG")
    market.offers("MUG", first, 800, 5)
    market.offers("MUG", second, 900, 5)
    order_id, [part] = market.confirmed(line("MUG", 2))
    decline(part, {"1": 2})
    service.reassign_units(order_id, part, WORKFLOW)
    case = case_of(service.SUBJECT, part)
    assert case is not None
    assert case.supplier_id == first
    before = service.find_order(order_id).version
    service.reassign_units(order_id, part, WORKFLOW)
    after = service.find_order(order_id)
    assert (len(after.fulfilments), after.version) == (1, before)
    service.decide_units(order_id, part, "reject", WORKFLOW)
    service.decide_units(order_id, part, "reject", WORKFLOW)
    [seen] = service.find_order(order_id).lines
    assert (seen.cancelled, seen.unassigned) == (2, 0)


def test_the_operator_makes_room_and_the_next_supplier_ships(market: Market) -> None:
    first, second = market.supplier(), market.supplier()
    market.lists("MUG")
    market.offers("MUG", first, 800, 5)
    market.offers("MUG", second, 900, 5)
    order_id, [part] = market.confirmed(line("MUG", 2))
    decline(part, {"1": 2})
    service.reassign_units(order_id, part, WORKFLOW)
    assert market.rules(max_loss_bps=2_000).status == 200
    service.decide_units(order_id, part, "approve", WORKFLOW)
    assert [note.location_id for note in service.find_order(order_id).fulfilments] == [first, second]


def test_what_is_declined_after_a_decision_is_for_the_operator_again(market: Market) -> None:
    market.offers(market.lists("MUG"), market.supplier(), 800, 5)
    order_id, [part] = market.confirmed(line("MUG", 3))
    decline(part, {"1": 1})
    service.reassign_units(order_id, part, WORKFLOW)
    first = case_of(service.SUBJECT, part)
    service.decide_units(order_id, part, "reject", WORKFLOW)
    decline(part, {"1": 1}, key="second")
    service.reassign_units(order_id, part, WORKFLOW)
    second = case_of(service.SUBJECT, part)
    assert first is not None
    assert second is not None
    assert (second.id != first.id, second.is_open) == (True, True)
    note = {"reason": "fraud"}
    assert market.shop.call("POST", f"/v1/orders/{order_id}/holds", json=note, by=ASSOCIATE).status == 201
    service.reassign_units(order_id, part, WORKFLOW)
    assert case_of(service.SUBJECT, part) == second
    service.decide_units(order_id, part, "reject", WORKFLOW)
    [seen] = service.find_order(order_id).lines
    assert (seen.cancelled, seen.unassigned, seen.open) == (2, 0, 1)


def test_our_own_shortage_leaves_alone_what_the_operator_is_asked_about(market: Market) -> None:
    market.shop.sells("OWN", leeds=3)
    market.offers(market.lists("MUG"), market.supplier(), 800, 5)
    order_id, _ = market.confirmed(line("MUG", 2), line("OWN", 3))
    parts = {note.location_id: note.id for note in service.find_order(order_id).fulfilments}
    ours = parts.pop("leeds")
    [theirs] = parts.values()
    decline(theirs, {"1": 2})
    service.reassign_units(order_id, theirs, WORKFLOW)
    assert market.shop.ships(ours, line_2=1).status == 200
    for _ in range(2):
        service.reassign_units(order_id, ours, WORKFLOW)
        mug, own = service.find_order(order_id).lines
        assert (mug.unassigned, mug.cancelled, own.unassigned, own.cancelled) == (2, 0, 0, 2)
    case = case_of(service.SUBJECT, theirs)
    assert case is not None
    assert case.is_open
    service.decide_units(order_id, theirs, "reject", WORKFLOW)
    assert [one.cancelled for one in service.find_order(order_id).lines] == [2, 2]


def test_a_shortage_that_was_settled_takes_nothing_from_another_of_the_same_line(market: Market) -> None:
    """Leeds and a supplier share a line; the supplier's two are asked about when the event of Leeds comes again."""
    supplier = market.supplier()
    market.shop.opens("york", priority=2)
    market.shop.sells("MUG", price=800, leeds=3)
    market.offers("MUG", supplier, 800, 2)
    order_id, _ = market.confirmed(line("MUG", 5))
    parts = {note.location_id: note.id for note in service.find_order(order_id).fulfilments}
    assert market.shop.ships(parts["leeds"], line_1=2).status == 200
    market.shop.moves("york", "MUG", 1)
    service.reassign_units(order_id, parts["leeds"], WORKFLOW)
    decline(parts[supplier], {"1": 2})
    service.reassign_units(order_id, parts[supplier], WORKFLOW)
    service.reassign_units(order_id, parts["leeds"], WORKFLOW)
    order = service.find_order(order_id)
    assert [note.location_id for note in order.fulfilments] == ["leeds", supplier, "york"]
    assert (order.lines[0].unassigned, order.lines[0].cancelled) == (2, 0)


def test_units_that_the_customer_calls_off_are_sought_no_more(market: Market) -> None:
    market.offers(market.lists("MUG"), market.supplier(), 800, 5)
    order_id, [part] = market.confirmed(line("MUG", 3))
    decline(part, {"1": 2})
    service.reassign_units(order_id, part, WORKFLOW)
    body = {"lines": [{"line_id": "1", "quantity": 1}]}
    assert market.shop.call("POST", f"/v1/orders/{order_id}/cancellations", by=SHOPPER, json=body).status == 201
    assert service.find_order(order_id).missing(part) == {"1": 1}
    service.decide_units(order_id, part, "reject", WORKFLOW)
    [seen] = service.find_order(order_id).lines
    assert (seen.cancelled, seen.open) == (2, 1)


def test_who_declined_some_units_is_not_asked_for_them_again(market: Market) -> None:
    first, second = market.supplier(), market.supplier()
    market.lists("MUG")
    market.offers("MUG", first, 800, 9)
    market.offers("MUG", second, 810, 9)
    order_id, [part] = market.confirmed(line("MUG", 3))
    decline(part, {"1": 1})
    service.reassign_units(order_id, part, WORKFLOW)
    [_, other] = service.find_order(order_id).fulfilments
    assert other.location_id == second
    decline(other.id, {"1": 1})
    service.reassign_units(order_id, other.id, WORKFLOW)
    assert [note.location_id for note in service.find_order(order_id).fulfilments] == [first, second]
    assert case_of(service.SUBJECT, other.id) is not None


def short_of_own(market: Market) -> tuple[str, list[str], str]:
    """An order of ours that two locations are to ship, two units at 500 each; later a supplier has two of the first: order,
    fulfilments, supplier."""
    market.shop.opens("york", priority=2)
    market.shop.sells("POT", leeds=2)
    market.shop.sells("PAN", york=2)
    order_id, parts = market.confirmed(line("POT", 2), line("PAN", 2))
    supplier = market.supplier()
    market.offers("POT", supplier, 510, 2)
    return order_id, parts, supplier


def test_a_supplier_that_steps_in_for_our_own_stock_is_paid(market: Market) -> None:
    rules, first = {"rules": [{"currency": "GBP", "rate_bps": 1_000}]}, {"If-Match": '"0"', "Idempotency-Key": "rules"}
    assert request(app, "PUT", "/v1/commission-rules", json=rules, by=ADMIN, headers=first).status == 200
    order_id, [ours, other], supplier = short_of_own(market)
    assert market.shop.ships(ours).status == 200
    service.reassign_units(order_id, ours, WORKFLOW)
    service.reassign_units(order_id, ours, WORKFLOW)
    *_, theirs = service.find_order(order_id).fulfilments
    assert theirs.location_id == supplier
    assert market.shop.ships(other, line_2=2).status == 200
    assert market.shop.ships(theirs.id, line_1=2).status == 200
    for part in (other, theirs.id):
        payments.capture(order_id, part, WORKFLOW)
    assert owed(supplier) == 2 * 510 - 2 * 51
    ours_and_tax = {"own_sales": -833, "sales_tax": -167}
    assert totals() == {"cash": 2000, "commission": -102, "price_difference": 20, **ours_and_tax}
    assert {(difference, sound) for _, difference, sound in audited().values()} == {(0, True)}


@pytest.mark.parametrize("captured", [False, True])
def test_nobody_steps_in_for_our_own_stock_once_money_moved_outside_the_books(market: Market, captured: bool) -> None:
    order_id, [ours, other], supplier = short_of_own(market)
    assert market.shop.ships(other, line_2=2).status == 200
    if captured:
        payments.capture(order_id, other, WORKFLOW)
    assert market.shop.ships(ours).status == 200
    service.reassign_units(order_id, ours, WORKFLOW)
    order = service.find_order(order_id)
    assert [note.location_id for note in order.fulfilments] == ["leeds", "york"]
    assert (order.lines[0].cancelled, order.lines[0].unassigned) == (2, 0)
    assert (owed(supplier), totals()) == (0, {})


def test_staff_gives_a_supplier_nothing_that_was_not_agreed_with_it(market: Market) -> None:
    first, second = market.supplier(), market.supplier()
    market.shop.sells("OWN", price=990, leeds=5)
    for supplier in (first, second):
        market.offers("OWN", supplier, 900, 5)
    order_id, [part] = market.confirmed(line("OWN", 2, seller=first))
    path = f"/v1/fulfilments/{part}/reallocation"
    refused = market.shop.call("POST", path, json={"location_id": second}, by=ASSOCIATE)
    assert (refused.status, refused.code) == (422, "not_our_location")
    moved = market.shop.call("POST", path, json={"location_id": "leeds"}, by=ASSOCIATE)
    assert moved.status == 201
    back = market.shop.call("POST", f"/v1/fulfilments/{moved.json['id']}/reallocation", json={"location_id": first})
    assert back.code == "not_our_location"
    assert market.shop.ships(moved.json["id"], line_1=2).status == 200
    [sold] = ledger.sales_of(order_id)
    assert (sold.supplier_id, owed(first)) == (None, 0)
