"""What suppliers read and say over our API, and what others may not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core import clock, outbox
from chalicelib.core.keys import key
from chalicelib.orders import service as orders
from chalicelib.routing import service
from chalicelib.routing.service import use_cases
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, a_machine
from tests.unit.routing.builders import (
    ACCEPTED,
    MEMBER,
    OTHER_ID,
    ROUTING,
    STRANGER,
    SUPPLIER_ID,
    Market,
    joins,
    says,
    silent,
)
from tests.unit.routing.test_settling import cancels, later


@pytest.fixture
def asked(market: Market) -> Market:
    """Three units, not answered; the endpoint is silent."""
    market.requested(3, elsewhere=3)
    market.endpoint.on("offer", silent())
    market.offer()
    return market


@pytest.fixture
def accepted(market: Market) -> Market:
    """Three units that the supplier ships."""
    market.requested(3, elsewhere=3)
    market.endpoint.on("offer", says(ACCEPTED))
    market.offer()
    return market


# ---- reading ------------------------------------------------------------------------------------------------------------


def test_a_supplier_reads_its_part_in_its_own_terms(asked: Market) -> None:
    reply = asked.call("GET", f"/{asked.part}")
    assert reply.status == 200
    assert reply.json["lines"] == [
        {
            "line_id": "1",
            "supplier_sku": "A",
            "sku": "A",
            "name": "A",
            "quantity": 3,
            "unit_price": 0,
            "accepted": 0,
            "refused": 0,
            "recalled": 0,
            "shipped": 0,
        }
    ]
    assert reply.json["ship_to"] == {"name": "Ada", "line1": "12 St James Square", "city": "London", "country": "GB"}
    assert "Lovelace" not in reply.text
    assert reply.headers["etag"] == f'"{asked.value.version}"'


def test_who_refused_is_not_told_where_it_goes(asked: Market) -> None:
    asked.says("rejected", reason="capacity")
    assert asked.call("GET", f"/{asked.part}").json["ship_to"] == {}


def test_it_lists_what_waits_for_it(asked: Market) -> None:
    [row] = asked.call("GET", "").json["items"]
    assert (row["id"], row["units"], row["state"]) == (asked.part, 3, "requested")
    assert asked.call("GET", "?state=accepted").json["items"] == []
    asked.says("accepted")
    assert asked.call("GET", "").json["items"] == []
    assert [row["id"] for row in asked.call("GET", "?state=accepted").json["items"]] == [asked.part]


def test_lists_go_on_from_page_to_page(market: Market) -> None:
    parts = [market.requested(1, sku=name) for name in ("B", "C", "D")]
    for base, by in ((f"/v1/suppliers/{SUPPLIER_ID}/orders?", MEMBER), ("/v1/allocations?", ADMIN)):
        first = market.shop.call("GET", f"{base}limit=2", by=by).json
        rest = market.shop.call("GET", f"{base}limit=2&cursor={first['next_cursor']}", by=by).json
        assert [row["id"] for row in first["items"] + rest["items"]] == parts
        assert rest["next_cursor"] is None


PATHS = [
    ("GET", "", None),
    ("GET", "/{part}", None),
    ("POST", "/{part}/answers", {"decision": "accepted"}),
    ("POST", "/{part}/shipments", {"shipped_at": "2026-01-01T00:00:00Z"}),
    ("POST", "/{part}/cancellations", {"lines": [{"line_id": "1", "quantity": 1}], "reason": "other"}),
    ("POST", "/{part}/invoices", {"number": "1", "issued_on": "2026-01-01", "currency": "GBP", "total": 0}),
    ("POST", "/{part}/tracking-events", {"id": "1", "code": "delivered", "at": "2026-01-01T00:00:00Z"}),
]


@pytest.mark.parametrize(("method", "path", "body"), PATHS)
def test_nobody_else_has_anything_to_do_with_it(accepted: Market, method: str, path: str, body: Any) -> None:
    before = accepted.value
    tail = path.format(part=accepted.part)
    for supplier_id, by, status in (
        (SUPPLIER_ID, STRANGER, 404),
        (SUPPLIER_ID, SHOPPER, 403),
        (SUPPLIER_ID, ASSOCIATE, 403),
        (SUPPLIER_ID, a_machine("suppliers.self", id="other"), 404),
        (SUPPLIER_ID, a_machine("fulfilment.write"), 401),
        *([(OTHER_ID, STRANGER, 404), (OTHER_ID, ADMIN, 404)] if path else []),
    ):
        reply = accepted.shop.call(method, f"/v1/suppliers/{supplier_id}/orders{tail}", by=by, json=body)
        assert reply.status == status, (supplier_id, by, reply)
    assert accepted.value == before


def test_the_operator_and_a_machine_of_the_supplier_may_answer_too(market: Market) -> None:
    joins(SUPPLIER_ID, a_machine("suppliers.self", id="erp"))
    market.requested(3)
    reply = market.says("accepted", by=a_machine("suppliers.self", id="erp"))
    assert reply.status == 200
    assert market.ships(key="k").status == 200
    events = list(outbox.timeline(key("ALLOCATION", market.part)))
    assert events[-1].actor == {"kind": "machine", "id": "erp"}


# ---- answering ----------------------------------------------------------------------------------------------------------


def test_saying_again_that_all_of_it_is_shipped_changes_nothing(asked: Market) -> None:
    assert asked.says("accepted").status == 200
    version = asked.value.version
    again = asked.says("accepted", supplier_reference="A-17")
    assert (again.status, again.json["state"]) == (200, "accepted")
    assert (asked.value.version, asked.counted()["accepted"]) == (version, 1)
    part = asked.says("partial", lines=[{"line_id": "1", "quantity": 2}])
    assert (part.status, part.json["code"]) == (409, "already_answered")


def test_an_answer_is_taken_once_and_its_repetition_changes_nothing(asked: Market) -> None:
    body = {"lines": [{"line_id": "1", "quantity": 2}], "reason": "out_of_stock", "ship_by": "2030-01-01"}
    first = asked.says("partial", key="k", **body)
    assert (first.status, first.json["state"], first.json["decision"]) == (200, "accepted", "partial")
    version = asked.value.version
    assert asked.says("partial", key="k", **body).headers["idempotent-replayed"] == "true"
    assert asked.says("partial", **body).status == 200
    assert asked.value.version == version
    assert asked.counted()["partial"] == 1
    reply = asked.says("accepted")
    assert (reply.status, reply.json["code"], reply.json["state"]) == (409, "already_answered", "accepted")
    assert asked.says("rejected").status == 409
    assert asked.units() == [(2, 1, 0, 0)]


def test_the_deadline_is_the_end_though_nobody_has_noted_it(asked: Market) -> None:
    with later(hours=4):
        reply = asked.says("accepted")
        assert (reply.status, reply.json["code"]) == (409, "answer_too_late")
        assert asked.value.state == "requested"
        assert asked.counted()["late_answers"] == 1
        asked.settle()
        assert asked.says("accepted").status == 409
        assert asked.says("rejected").status == 409
        assert asked.counted()["late_answers"] == 2, "a refusal that comes late does no harm"
        assert asked.value.state == "silent"


@pytest.mark.parametrize(
    "body",
    [
        {"decision": "perhaps"},
        {"decision": "later"},
        {"decision": "partial"},
        {"decision": "partial", "lines": []},
        {"decision": "accepted", "lines": [{"line_id": "1", "quantity": 1}]},
        {"decision": "partial", "lines": [{"line_id": "1", "quantity": 1}] * 2},
        {"decision": "partial", "lines": [{"line_id": "1", "quantity": -1}]},
        {"decision": "partial", "lines": [{"line_id": "1", "quantity": 1.5}]},
        {"decision": "rejected", "reason": "no"},
        {"decision": "accepted", "ship_by": "tomorrow"},
        {"decision": "accepted", "supplier_reference": "x" * 65},
    ],
)
def test_what_is_no_answer_is_refused(asked: Market, body: Any) -> None:
    assert asked.call("POST", f"/{asked.part}/answers", json=body).status == 400
    assert asked.value.state == "requested"


def test_more_than_was_asked_for_is_refused(asked: Market) -> None:
    for lines in ([{"line_id": "1", "quantity": 4}], [{"line_id": "2", "quantity": 1}]):
        reply = asked.says("partial", lines=lines)
        assert (reply.status, reply.json["code"]) == (422, "more_than_asked")
    assert asked.value.state == "requested"


# ---- shipping -----------------------------------------------------------------------------------------------------------


def test_what_was_accepted_is_shipped(accepted: Market) -> None:
    tracking = {"carrier": "DHL", "number": "JD1"}
    reply = accepted.ships(key="k", tracking=tracking)
    assert (reply.status, reply.json["state"]) == (200, "shipped")
    assert accepted.units() == [(3, 0, 0, 3)]
    order = accepted.shop.read(accepted.order_id)
    assert order["status"] == "shipped"
    assert accepted.counted() == {"offered": 1, "accepted": 1, "shipped": 1, "units_asked": 3}
    again = accepted.ships()
    assert (again.status, again.json["code"]) == (409, "allocation_not_accepted")


def test_a_repeated_report_is_answered_as_the_first(accepted: Market) -> None:
    body = {"shipped_at": clock.rfc3339(clock.now())}
    first = accepted.call("POST", f"/{accepted.part}/shipments", json=body, key="k")
    second = accepted.call("POST", f"/{accepted.part}/shipments", json=body, key="k")
    assert (second.status, second.text, second.headers["idempotent-replayed"]) == (200, first.text, "true")


def test_what_is_not_in_the_parcel_is_sought_elsewhere_and_counts(accepted: Market) -> None:
    reply = accepted.ships(lines=[{"line_id": "1", "quantity": 2}])
    assert reply.status == 200
    assert accepted.units() == [(2, 1, 0, 2)]
    assert "OrderUnitsMissing" in accepted.shop.events(accepted.order_id)
    counted = accepted.counted()
    assert (counted["cancelled_after_acceptance"], counted["units_refused"]) == (1, 1)


def test_what_the_customer_cancelled_is_no_fault_of_the_supplier(asked: Market) -> None:
    cancels(asked, 2)
    asked.recall()
    assert asked.units() == [(0, 0, 0, 0)], "it is recalled after the answer"
    assert asked.ships().status == 200
    assert asked.units() == [(3, 0, 2, 1)]
    assert asked.counted() == {"offered": 1, "accepted": 1, "shipped": 1, "units_asked": 3}
    asked.recall()
    assert asked.endpoint.calls("cancellation") == [], "it has told what it ships"
    assert asked.settle()["outcome"] == "settled"


def test_of_what_is_wanted_still_what_is_not_in_the_parcel_counts(accepted: Market) -> None:
    cancels(accepted, 1)
    assert accepted.ships(lines=[{"line_id": "1", "quantity": 3}]).json["code"] == "more_than_requested"
    assert accepted.ships(lines=[{"line_id": "1", "quantity": 1}]).status == 200
    assert accepted.units() == [(2, 1, 1, 1)]
    counted = accepted.counted()
    assert (counted["cancelled_after_acceptance"], counted["units_refused"]) == (1, 1)


def test_what_is_called_off_altogether_is_not_shipped(accepted: Market) -> None:
    cancels(accepted, 3)
    assert accepted.ships().json["code"] == "allocation_not_accepted"


def test_shipping_unasked_is_accepting(asked: Market) -> None:
    assert asked.ships().status == 200
    assert asked.events() == ["OrderOfferedToSupplier", "OrderAcceptedBySupplier"]
    assert asked.counted() == {"offered": 1, "accepted": 1, "shipped": 1, "units_asked": 3}
    assert asked.settle()["outcome"] == "settled"


def test_a_silent_supplier_ships_nothing(asked: Market) -> None:
    with later(hours=4):
        asked.settle()
        reply = asked.ships()
    assert (reply.status, reply.json["code"]) == (409, "allocation_not_accepted")
    with pytest.raises(KeyError):
        asked.counted()["shipped"]


def test_after_the_deadline_shipping_is_no_answer(asked: Market) -> None:
    with later(hours=4):
        assert asked.ships().json["code"] == "answer_too_late"


def test_more_than_is_held_is_not_shipped(accepted: Market) -> None:
    reply = accepted.ships(lines=[{"line_id": "1", "quantity": 4}])
    assert (reply.status, reply.json["code"]) == (422, "more_than_asked")


def test_while_the_order_is_held_nothing_leaves(accepted: Market) -> None:
    accepted.shop.call("POST", f"/v1/orders/{accepted.order_id}/holds", json={"reason": "fraud"})
    reply = accepted.ships()
    assert (reply.status, reply.json["code"]) == (409, "fulfilment_on_hold")
    assert accepted.value.state == "accepted"


def test_a_parcel_that_leaves_after_its_day_counts_as_late(market: Market) -> None:
    market.requested(3)
    day = clock.now().date().isoformat()
    market.endpoint.on("offer", says({**ACCEPTED, "ship_by": day}))
    market.offer()
    with later(days=1):
        assert market.ships().status == 200
    assert market.counted()["shipped_late"] == 1


def test_nothing_is_neither_shipped_nor_taken_back(accepted: Market) -> None:
    nothing = [{"line_id": "1", "quantity": 0}]
    assert accepted.ships(lines=nothing).status == 400
    assert gives_back(accepted, 0).status == 400
    assert accepted.value.state == "accepted"


def test_it_cannot_have_left_in_the_future(accepted: Market) -> None:
    assert accepted.ships(shipped_at=clock.rfc3339(clock.now() + timedelta(hours=1))).status == 400
    assert accepted.ships(shipped_at="2026-01-01T00:00:00").status == 400


def test_what_the_carrier_says_delivers_the_parcel(accepted: Market) -> None:
    word = {"id": "1", "code": "delivered", "at": clock.rfc3339(clock.now())}
    path = f"/{accepted.part}/tracking-events"
    assert accepted.call("POST", path, json=word).status == 409
    accepted.ships()
    assert accepted.call("POST", path, json=word).status == 201
    assert accepted.shop.read(accepted.order_id)["status"] == "delivered"


# ---- taking it back -----------------------------------------------------------------------------------------------------


def gives_back(market: Market, units: int, key: str | None = None) -> Any:
    body = {"lines": [{"line_id": "1", "quantity": units}], "reason": "out_of_stock"}
    return market.call("POST", f"/{market.part}/cancellations", json=body, key=key)


def test_what_cannot_be_shipped_after_all_goes_back_to_the_order(accepted: Market) -> None:
    reply = gives_back(accepted, 2, key="k")
    assert (reply.status, reply.json["state"]) == (200, "accepted")
    assert gives_back(accepted, 2, key="k").headers["idempotent-replayed"] == "true"
    [told] = accepted.events("OrderDeclinedBySupplier")
    assert (told["units"], told["after_acceptance"]) == ({"1": 2}, True)
    use_cases.keep_in_line(accepted.part, orders.decline_units, ROUTING)
    use_cases.keep_in_line(accepted.part, orders.decline_units, ROUTING)
    assert accepted.wanted() == [1]
    assert accepted.units() == [(1, 2, 0, 0)]
    counted = accepted.counted()
    assert (counted["cancelled_after_acceptance"], counted["units_refused"]) == (1, 2)
    assert gives_back(accepted, 2).status == 422
    assert gives_back(accepted, 1).json["state"] == "rejected"
    use_cases.keep_in_line(accepted.part, orders.decline_units, ROUTING)
    assert accepted.wanted() == []


def test_only_what_was_accepted_can_be_taken_back(asked: Market) -> None:
    assert gives_back(asked, 1).json["code"] == "allocation_not_accepted"


# ---- invoices -----------------------------------------------------------------------------------------------------------


def invoices(market: Market, key: str | None = None, **given: Any) -> Any:
    body = {"number": "R-1", "issued_on": "2026-01-01", "currency": market.value.currency or "GBP", "total": 0, **given}
    return market.call("POST", f"/{market.part}/invoices", json=body, key=key)


def priced(market: Market, price: int) -> None:
    """The supplier's offer asked so much."""
    from dataclasses import replace

    from chalicelib.core.table import Transaction
    from chalicelib.routing.store import items as store

    value = market.value
    lines = tuple(replace(line, unit_price=price) for line in value.lines)
    tx = Transaction()
    store.change_allocation(tx, replace(value, lines=lines, currency="GBP", version=value.version + 1))
    tx.commit()


def test_an_invoice_for_what_was_shipped_matches(accepted: Market) -> None:
    priced(accepted, 500)
    accepted.ships(lines=[{"line_id": "1", "quantity": 2}])
    reply = invoices(accepted, total=1000, tax=166)
    assert (reply.status, reply.json["state"], reply.json["expected"], reply.json["difference"]) == (
        201,
        "matched",
        1000,
        0,
    )
    [told] = accepted.events("SupplierInvoiced")
    assert (told["number"], told["state"], told["total"]) == ("R-1", "matched", 1000)


def test_another_amount_or_currency_is_disputed(accepted: Market) -> None:
    priced(accepted, 500)
    assert invoices(accepted, total=1501).json["difference"] == 1
    assert invoices(accepted, number="R-2", total=1500, currency="EUR").json["state"] == "disputed"
    listed = accepted.shop.call("GET", f"/v1/suppliers/{SUPPLIER_ID}/invoices?limit=1", by=MEMBER).json
    assert [one["number"] for one in listed["items"]] == ["R-2"]
    after = f"/v1/suppliers/{SUPPLIER_ID}/invoices?limit=1&cursor={listed['next_cursor']}"
    rest = accepted.shop.call("GET", after, by=MEMBER).json
    assert [one["number"] for one in rest["items"]] == ["R-1"]
    assert accepted.shop.call("GET", f"/v1/suppliers/{SUPPLIER_ID}/invoices", by=STRANGER).status == 404


def test_invoices_of_an_order_ask_for_no_more_than_it_is_worth_together(accepted: Market) -> None:
    priced(accepted, 500)
    part = invoices(accepted, total=600).json
    assert (part["state"], part["expected"], part["difference"]) == ("matched", 1500, -900)
    assert invoices(accepted, number="R-2", total=1500).json["state"] == "disputed"
    rest = invoices(accepted, number="R-3", total=900).json
    assert (rest["state"], rest["expected"], rest["difference"]) == ("matched", 900, 0)
    again = invoices(accepted, number="R-4", total=1500).json
    assert (again["state"], again["expected"], again["difference"]) == ("disputed", 0, 1500)
    assert invoices(accepted, key="k", number="R-5", total=1).json["state"] == "disputed"
    assert accepted.ships().status == 200
    assert invoices(accepted, number="R-6", total=1).json["state"] == "disputed"


def test_of_two_invoices_at_once_one_matches(accepted: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.routing.store import items as store

    priced(accepted, 500)
    add, others = store.add_invoice, ["R-2"]

    def meanwhile(tx: Any, invoice: Any) -> None:
        if others:
            assert invoices(accepted, number=others.pop(), total=1500).json["state"] == "matched"
        add(tx, invoice)

    monkeypatch.setattr(store, "add_invoice", meanwhile)
    assert invoices(accepted, total=1500).json["state"] == "disputed"


def test_a_number_is_used_once(accepted: Market) -> None:
    assert invoices(accepted, key="k").status == 201
    assert invoices(accepted, key="k").headers["idempotent-replayed"] == "true"
    assert invoices(accepted).json["code"] == "invoice_known"
    assert invoices(accepted, number="R-2", tax=1).json["code"] == "tax_beyond_total"
    assert invoices(accepted, number="a#b").status == 400


def test_what_is_not_shipped_is_not_invoiced(asked: Market) -> None:
    assert invoices(asked).json["code"] == "allocation_not_accepted"


# ---- the scorecard ------------------------------------------------------------------------------------------------------


def test_a_supplier_reads_its_scorecard(accepted: Market) -> None:
    card = accepted.shop.call("GET", f"/v1/suppliers/{SUPPLIER_ID}/scorecard", by=MEMBER).json
    assert (card["rating"], len(card["months"])) == (100, 6)
    latest = next(iter(card["months"].values()))
    assert (latest["offered"], latest["accepted"], latest["silent"]) == (1, 1, 0)
    assert accepted.shop.call("GET", f"/v1/suppliers/{SUPPLIER_ID}/scorecard", by=STRANGER).status == 404


def test_ratings_come_out_of_one_read(accepted: Market) -> None:
    from chalicelib.core.table import find_many

    found = find_many(service.rating_keys([SUPPLIER_ID, OTHER_ID]))
    assert service.ratings_from(found, [SUPPLIER_ID, OTHER_ID]) == {SUPPLIER_ID: 100, OTHER_ID: 100}
