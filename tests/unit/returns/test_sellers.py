"""Units go back to who shipped them: suppliers see and take back their own, the staff ours, and theirs in their stead."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import hypothesis
import pytest
from hypothesis import strategies as st

from chalicelib.core.auth import Principal, Role
from chalicelib.core.http import OPERATIONS
from chalicelib.core.table import Transaction
from chalicelib.orders import service as orders
from chalicelib.payments import service as payments
from chalicelib.returns import service, store
from chalicelib.returns.domain import life
from chalicelib.returns.domain.life import Finding, MoreThanShipped, NothingCame, NotInReturn
from chalicelib.returns.domain.model import MAX_LINES, Disposition, Exchange, Inspection, Replacement, ReturnStatus
from chalicelib.returns.domain.refunds import Refund, Share
from chalicelib.returns.domain.sellers import Part, share_out
from chalicelib.suppliers.domain import SupplierStatus
from chalicelib.suppliers.domain.profile import returns_go_to
from chalicelib.suppliers.domain.record import Check, Supplier
from chalicelib.suppliers.store import items as suppliers
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, SUPPLIER, Reply, a_machine
from tests.integration.orders.conftest import WORKFLOW
from tests.unit.ledger.builders import owed, totals
from tests.unit.orders.marketplace import Market, line
from tests.unit.returns.builders import a_line, a_return
from tests.unit.returns.conftest import Desk, days_later

RESTOCK, WRITE_OFF, REFUSE = Disposition
OTHER = Principal("user", "usr_other_supplier", roles=frozenset({Role.SUPPLIER}))
QUAY = {"line1": "1 Quay", "city": "Hull", "postal_code": "HU1 2AA", "country": "GB"}
DEPOT = {"line1": "9 Depot Lane", "city": "Goole", "postal_code": "DN14 5BG", "country": "GB"}
A, B = "sup_a", "sup_b"


# ---- whose units come back ----------------------------------------------------------------------------------------------


def test_units_come_back_to_the_first_who_shipped_so_many_else_to_as_many_as_it_takes() -> None:
    shipped = [Part(A, 2, "a-1"), Part(B, 3), Part(None, 1)]
    assert share_out(2, shipped, {}) == (Part(A, 2, "a-1"),)
    assert share_out(3, shipped, {}) == (Part(B, 3),)
    assert share_out(1, shipped, {A: 2, B: 3}) == (Part(None, 1),)
    assert share_out(5, shipped, {A: 1}) == (Part(A, 1, "a-1"), Part(B, 3), Part(None, 1))


@hypothesis.given(
    st.lists(st.integers(1, 5), min_size=1, max_size=4), st.lists(st.integers(1, 6), min_size=1, max_size=8)
)
def test_however_they_come_back_nobody_gets_more_than_it_shipped(shipped: list[int], returns: list[int]) -> None:
    parts = [Part(f"sup_{number}", units) for number, units in enumerate(shipped)]
    taken: dict[str | None, int] = {}
    for wanted in returns:
        units = min(wanted, sum(shipped) - sum(taken.values()))
        back = share_out(units, parts, taken) if units else ()
        assert sum(part.units for part in back) == units
        assert len({part.seller for part in back}) == len(back)
        for part in back:
            taken[part.seller] = taken.get(part.seller, 0) + part.units
    assert all(taken.get(part.seller, 0) <= part.units for part in parts)


# ---- one return of several sellers --------------------------------------------------------------------------------------


def shared() -> Any:
    """Two units of line 1 for A, one for B and one for us; one of line 2 for B."""
    return a_return(
        a_line("1", 2, seller=A), a_line("1", 1, seller=B), a_line("1", 1), a_line("2", 1, seller=B, sku="SKU-2")
    )


MOST = {"1": 4, "2": 1}


def received(value: Any, seller: str | None, units: dict[str, int], **more: Any) -> Any:
    return life.receive(value, seller or "leeds", seller, units, MOST, **{"complete": False, **more})[0]


def test_a_seller_receives_and_inspects_its_own_units_alone() -> None:
    value = received(shared(), A, {"1": 1})
    assert [one.waiting for one in value.lines] == [{A: 1}, {}, {}, {}]
    assert [value.of_seller(one).status for one in (A, B, None)] == [
        ReturnStatus.RECEIVING,
        ReturnStatus.AUTHORISED,
        ReturnStatus.AUTHORISED,
    ]
    inspected, lines = life.inspect(value, A, A, [Finding("1", 1, RESTOCK)])
    assert [one.restocked for one in inspected.lines] == [1, 0, 0, 0]
    assert [(one.line_id, one.restocked) for one in lines] == [("1", 1)]
    inspection = Inspection("2026-04-01T09:00:00Z", A, lines, Refund(goods=500), "original", A)
    noted = life.note_inspection(inspected, inspection, [Share("1", 1, 500, 0, 0, 0)])
    assert [one.charged for one in noted.lines] == [500, 0, 0, 0]


def test_what_goes_back_to_another_is_not_received_and_only_the_staff_is_told_to_whom() -> None:
    with pytest.raises(NotInReturn) as ours:
        received(shared(), None, {"1": 1, "2": 1})
    assert [fault.detail for fault in ours.value.faults] == ["Line 2 comes back to sup_b: name that as the location."]
    with pytest.raises(NotInReturn) as theirs:
        received(shared(), A, {"2": 1})
    assert B not in str(theirs.value.faults)
    value = received(shared(), B, {"2": 1})
    with pytest.raises(NotInReturn):
        life.inspect(value, A, A, [Finding("2", 1, RESTOCK)])


def test_complete_gives_up_what_is_missing_of_that_seller_alone() -> None:
    value = received(shared(), A, {"1": 1}, complete=True)
    assert [one.given_up for one in value.lines] == [1, 0, 0, 0]
    with pytest.raises(NothingCame):
        received(value, B, {}, complete=True)
    assert [one.given_up for one in received(received(value, B, {"2": 1}), B, {}, complete=True).lines] == [1, 1, 0, 0]


def test_a_seller_that_counts_too_many_keeps_no_other_from_counting_its_own() -> None:
    value = received(shared(), A, {"1": 4})
    assert [(one.received, one.extra) for one in value.lines] == [(2, 2), (0, 0), (0, 0), (0, 0)]
    with pytest.raises(MoreThanShipped) as refused:
        received(value, A, {"1": 1})
    assert refused.value.faults[0].detail == "The customer can have 0 units of line 1."
    value = received(received(value, B, {"1": 1}), None, {"1": 1})
    assert [one.expected for one in value.lines] == [0, 0, 0, 1]


def test_what_did_not_come_is_given_up_of_all_sellers_at_once() -> None:
    assert life.expire(received(shared(), A, {"1": 1}))[1] == {"1": 3, "2": 1}


def test_replacements_are_for_what_all_sellers_accepted() -> None:
    value = a_return(a_line("1", 1, seller=A, restocked=1), a_line("1", 1, written_off=1))
    wanted = Exchange((Replacement("1", "NEW", 2),))
    assert life.replacements(replace(value, exchange=wanted)) == {"NEW": 2}


def test_a_supplier_without_a_return_address_has_goods_sent_back_to_where_it_is() -> None:
    assert returns_go_to({"address": QUAY, "return_address": DEPOT}) == DEPOT
    assert returns_go_to({"address": QUAY, "return_address": {"country": "GB"}}) == QUAY
    assert returns_go_to({"address": QUAY}) == QUAY
    assert returns_go_to({}) is None


# ---- over the API -------------------------------------------------------------------------------------------------------


@dataclass
class Bazaar:
    """A shop with two suppliers, each with an account, and what comes back to whom."""

    desk: Desk
    market: Market
    acme: str
    bolt: str

    def delivered(self, *lines: dict[str, Any]) -> str:
        """An order of which everything arrived."""
        order_id, parts = self.market.confirmed(*lines)
        for part in parts:
            held = self.desk.shop.call("GET", f"/v1/fulfilments/{part}").json["lines"]
            reply = self.desk.shop.ships(part, **{f"line_{one['line_id']}": one["quantity"] for one in held})
            assert reply.status == 200, reply
            payments.capture(order_id, part, WORKFLOW)
            self.desk._answers(part, "delivered")
        return order_id

    def announced(self, *lines: dict[str, Any], **units: int) -> tuple[str, str]:
        """An order that arrived, and a return of units of it."""
        order_id = self.delivered(*lines)
        return order_id, self.desk.announced(order_id, **units)

    def asks(
        self, method: str, supplier_id: str, path: str = "", by: Principal = SUPPLIER, json: Any = None, **more: Any
    ) -> Reply:
        return self.desk.shop.call(method, f"/v1/suppliers/{supplier_id}/returns{path}", by=by, json=json, **more)

    def receives(self, return_id: str, *, by: Principal = SUPPLIER, complete: bool = False, **units: int) -> Reply:
        lines = [{"line_id": name.removeprefix("line_"), "quantity": count} for name, count in units.items()]
        body = {"lines": lines, "complete": complete}
        return self.asks("POST", self.of(by), f"/{return_id}/receipts", by, body)

    def inspects(self, return_id: str, *findings: tuple[str, int, str], by: Principal = SUPPLIER) -> Reply:
        lines = [{"line_id": id, "quantity": count, "disposition": what} for id, count, what in findings]
        return self.asks("POST", self.of(by), f"/{return_id}/inspections", by, {"lines": lines})

    def of(self, by: Principal) -> str:
        return self.bolt if by is OTHER else self.acme

    def stock(self, sku: str) -> dict[str, int]:
        """Units on hand, by location."""
        return {location: counters[0] for location, counters in self.desk.shop.stock(sku).items()}


def said(supplier_id: str, name: str, **profile: Any) -> None:
    """The supplier with the profile that it sells by."""
    one = Supplier(
        id=supplier_id,
        version=2,
        status=SupplierStatus.APPROVED,
        check=Check.NONE,
        submission=1,
        applied_at="2026-01-01T00:00:00Z",
        changed_at="2026-01-01T00:00:00Z",
        approved={"trading_name": name, "address": QUAY, **profile},
    )
    tx = Transaction()
    suppliers.change_supplier(tx, one)
    tx.commit()


@pytest.fixture
def bazaar(desk: Desk) -> Bazaar:
    """Acme takes goods back at a depot, Bolt where it is; MUG is Acme's, POT is Bolt's, TEA is ours, and all have JAR."""
    market = Market(desk.shop)
    acme, bolt = market.supplier(name="Acme"), market.supplier(name="Bolt")
    said(acme, "Acme", return_address=DEPOT)
    said(bolt, "Bolt")
    for supplier_id, by in ((acme, SUPPLIER), (bolt, OTHER)):
        tx = Transaction()
        suppliers.add_member(tx, supplier_id, f"user:{by.id}")
        tx.commit()
    market.offers(market.lists("MUG"), acme, 899, 5)
    market.offers(market.lists("POT"), bolt, 1200, 5)
    desk.shop.sells("TEA", price=500, leeds=5)
    desk.shop.sells("JAR", price=700, leeds=1)
    market.offers("JAR", acme, 700, 2)
    market.offers("JAR", bolt, 700, 1)
    return Bazaar(desk, market, acme, bolt)


@pytest.fixture
def mixed(bazaar: Bazaar) -> tuple[str, str]:
    """A return of Acme's mugs, Bolt's pot and our tea."""
    return bazaar.announced(line("MUG", 2), line("POT"), line("TEA"), line_1=2, line_2=1, line_3=1)


def test_the_return_says_where_to_send_what(bazaar: Bazaar, mixed: tuple[str, str]) -> None:
    value = bazaar.desk.read(mixed[1])
    assert [(one["line_id"], one["seller"], one["quantity"]) for one in value["lines"]] == [
        ("1", bazaar.acme, 2),
        ("2", bazaar.bolt, 1),
        ("3", None, 1),
    ]
    leeds = {"line1": "1 Mill Lane", "line2": None, "city": "leeds", "postal_code": None, "country": "GB"}
    assert value["send_to"] == [
        {"seller": bazaar.acme, "name": "Acme", "address": DEPOT, "label": None},
        {"seller": bazaar.bolt, "name": "Bolt", "address": QUAY, "label": None},
        {"seller": None, "name": "leeds", "address": leeds, "label": None},
    ]


def test_what_was_said_when_it_was_announced_stays(bazaar: Bazaar, mixed: tuple[str, str]) -> None:
    found = suppliers.get_supplier(bazaar.acme)
    assert found is not None
    tx = Transaction()
    suppliers.change_supplier(tx, replace(found, version=3, approved={"trading_name": "Acme", "address": QUAY}))
    tx.commit()
    assert bazaar.desk.read(mixed[1])["send_to"][0]["address"] == DEPOT


def test_each_destination_has_a_label_of_its_own(bazaar: Bazaar) -> None:
    order_id = bazaar.delivered(line("MUG"), line("TEA"))
    lines = [
        {"line_id": "1", "quantity": 1, "reason": "wrong_item"},
        {"line_id": "2", "quantity": 1, "reason": "changed_mind"},
    ]
    return_id = bazaar.desk.announce(order_id, lines=lines).json["id"]
    for _ in range(2):
        service.issue_label(return_id, WORKFLOW)
    value = bazaar.desk.read(return_id)
    theirs, ours = (one["label"] for one in value["send_to"])
    assert (theirs["prepaid"], ours["prepaid"], value["label"]) == (True, False, None)
    assert theirs["reference"] != ours["reference"]
    told = bazaar.desk.events(order_id, "ReturnLabelIssued")
    assert sorted((one["seller"] or "", one["reference"], one["to"]) for one in told) == [
        ("", ours["reference"], "leeds"),
        (bazaar.acme, theirs["reference"], "Acme"),
    ]
    assert bazaar.asks("GET", bazaar.acme, f"/{return_id}").json["label"] == theirs


def test_a_supplier_sees_its_own_lines_and_nothing_else(bazaar: Bazaar, mixed: tuple[str, str]) -> None:
    order_id, return_id = mixed
    [listed] = bazaar.asks("GET", bazaar.acme).json["items"]
    seen = bazaar.asks("GET", bazaar.acme, f"/{return_id}")
    assert (seen.status, seen.json, seen.etag) == (200, listed, '"1"')
    [its] = listed.pop("lines")
    announced = bazaar.desk.read(return_id)
    assert listed == {
        "id": return_id,
        "order_id": order_id,
        "status": "authorised",
        "version": 1,
        "announced_at": announced["announced_at"],
        "send_by": announced["send_by"],
        "label": None,
        "inspections": [],
    }
    assert its == {
        "line_id": "1",
        "sku": "MUG",
        "supplier_sku": "their-MUG",
        "quantity": 2,
        "reason": "changed_mind",
        "condition": None,
        "note": None,
        "expected": 2,
        "waiting": 0,
        "restocked": 0,
        "written_off": 0,
        "refused": 0,
        "given_up": 0,
        "extra": 0,
    }


def test_suppliers_page_through_their_returns_newest_first(bazaar: Bazaar) -> None:
    order_id = bazaar.delivered(line("MUG", 3))
    ids = []
    for days in range(3):
        with days_later(days):
            ids.append(bazaar.desk.announced(order_id, line_1=1))
    first = bazaar.asks("GET", bazaar.acme, "?limit=2").json
    assert [one["id"] for one in first["items"]] == ids[:0:-1]
    rest = bazaar.asks("GET", bazaar.acme, f"?limit=2&cursor={first['next_cursor']}").json
    assert ([one["id"] for one in rest["items"]], rest["next_cursor"]) == (ids[:1], None)
    assert bazaar.asks("GET", bazaar.bolt, by=OTHER).json["items"] == []


def test_each_takes_its_own_back_and_the_customer_is_paid_for_all(bazaar: Bazaar, mixed: tuple[str, str]) -> None:
    order_id, return_id = mixed
    before = {sku: bazaar.stock(sku) for sku in ("MUG", "POT", "TEA")}
    received = bazaar.receives(return_id, line_1=2)
    assert (received.status, received.json["status"]) == (200, "receiving")
    assert [(one["line_id"], one["waiting"]) for one in received.json["lines"]] == [("1", 2)]
    inspected = bazaar.inspects(return_id, ("1", 1, "restock"), ("1", 1, "write_off"))
    assert (inspected.status, inspected.json["status"]) == (200, "settled")
    assert [(one["line_id"], one["restocked"]) for one in inspected.json["lines"]] == [("1", 1)]
    [inspection] = inspected.json["inspections"]
    assert inspection["lines"] == [{"line_id": "1", "restocked": 1, "written_off": 1, "refused": 0, "note": None}]
    assert bazaar.desk.read(return_id)["status"] == "receiving"
    assert bazaar.stock("MUG") == {bazaar.acme: before["MUG"][bazaar.acme] + 1}
    unseen = bazaar.asks("GET", bazaar.bolt, f"/{return_id}", by=OTHER).json
    assert (unseen["status"], unseen["inspections"]) == ("authorised", [])

    assert bazaar.desk.receive(return_id, line_3=1).status == 200
    assert bazaar.desk.inspect(return_id, ("3", 1, "restock")).status == 200
    assert bazaar.receives(return_id, by=OTHER, line_2=1).status == 200
    assert bazaar.inspects(return_id, ("2", 1, "restock"), by=OTHER).json["status"] == "settled"
    assert bazaar.stock("POT") == {bazaar.bolt: before["POT"][bazaar.bolt] + 1}
    assert bazaar.stock("TEA") == {"leeds": before["TEA"]["leeds"] + 1}
    value = bazaar.desk.read(return_id)
    assert (value["status"], value["refund"]["amount"]) == ("settled", 2 * 899 + 1200 + 500)
    assert bazaar.desk.settled(order_id)["refunded"] == 2 * 899 + 1200 + 500
    assert bazaar.desk.shop.read(order_id)["status"] == "returned"


def test_a_supplier_takes_nothing_back_that_it_did_not_ship(bazaar: Bazaar, mixed: tuple[str, str]) -> None:
    _, return_id = mixed
    for foreign in ("2", "3", "9"):
        refused = bazaar.receives(return_id, **{f"line_{foreign}": 1})
        assert (refused.status, refused.json["code"]) == (422, "not_in_return")
        assert bazaar.bolt not in str(refused.json)
    assert bazaar.desk.receive(return_id, line_3=1).status == 200
    refused = bazaar.inspects(return_id, ("3", 1, "restock"))
    assert (refused.status, refused.json["code"]) == (422, "not_in_return")
    assert bazaar.inspects(return_id, ("1", 1, "restock")).json["code"] == "not_received"


def test_no_supplier_has_to_do_with_anothers_return(bazaar: Bazaar) -> None:
    _, return_id = bazaar.announced(line("MUG"), line("TEA"), line_1=1, line_2=1)
    for way in ("", f"/{return_id}"):
        assert bazaar.asks("GET", bazaar.acme, way, by=OTHER).status == 404
    assert bazaar.asks("GET", bazaar.bolt, f"/{return_id}", by=OTHER).status == 404
    assert bazaar.receives(return_id, by=OTHER, line_1=1).status == 404
    assert bazaar.inspects(return_id, ("1", 1, "restock"), by=OTHER).status == 404
    body = {"lines": [{"line_id": "1", "quantity": 1}]}
    assert bazaar.asks("POST", bazaar.acme, f"/{return_id}/receipts", OTHER, body).status == 404
    assert bazaar.desk.receive(return_id, by=SUPPLIER, line_2=1).status == 403
    assert bazaar.desk.shop.call("GET", f"/v1/returns/{return_id}", by=SUPPLIER).status == 403
    assert bazaar.desk.read(return_id)["status"] == "authorised"


def test_the_staff_takes_back_in_a_suppliers_stead_and_its_units_stay_its_own(
    bazaar: Bazaar, mixed: tuple[str, str]
) -> None:
    _, return_id = mixed
    before = bazaar.stock("MUG")[bazaar.acme]
    refused = bazaar.desk.receive(return_id, line_1=2)
    assert (refused.status, refused.json["code"]) == (422, "not_in_return")
    assert bazaar.acme in refused.json["errors"][0]["detail"]
    assert bazaar.desk.receive(return_id, at=bazaar.acme, line_3=1).json["code"] == "not_in_return"
    assert bazaar.desk.receive(return_id, at=bazaar.acme, line_1=2).status == 200
    assert bazaar.desk.inspect(return_id, ("1", 2, "restock")).status == 200
    assert bazaar.stock("MUG") == {bazaar.acme: before + 2}
    assert bazaar.asks("GET", bazaar.acme, f"/{return_id}").json["status"] == "settled"


def test_the_operator_acts_for_any_supplier(bazaar: Bazaar, mixed: tuple[str, str]) -> None:
    _, return_id = mixed
    body = {"lines": [{"line_id": "1", "quantity": 2}]}
    for by in (ADMIN, a_machine("suppliers.write")):
        assert bazaar.asks("GET", bazaar.acme, f"/{return_id}", by).status == 200
    assert bazaar.asks("POST", bazaar.acme, f"/{return_id}/receipts", ADMIN, body).status == 200


def test_a_receipt_and_an_inspection_are_recorded_once(bazaar: Bazaar, mixed: tuple[str, str]) -> None:
    _, return_id = mixed
    receipt = {"lines": [{"line_id": "1", "quantity": 1}]}
    finding = {"lines": [{"line_id": "1", "quantity": 1, "disposition": "restock"}]}
    for way, body in (("receipts", receipt), ("inspections", finding)):
        key = uuid4().hex
        first, again = (bazaar.asks("POST", bazaar.acme, f"/{return_id}/{way}", json=body, key=key) for _ in range(2))
        assert (first.status, again.json) == (200, first.json)
    [its] = bazaar.asks("GET", bazaar.acme, f"/{return_id}").json["lines"]
    assert (its["expected"], its["waiting"], its["restocked"]) == (1, 0, 1)


def test_refused_units_go_back_to_the_customer_and_are_announced_again_by_the_staff(bazaar: Bazaar) -> None:
    order_id, return_id = bazaar.announced(line("MUG"), line_1=1)
    bazaar.receives(return_id, line_1=1)
    assert bazaar.inspects(return_id, ("1", 1, "refuse")).json["status"] == "settled"
    assert bazaar.desk.settled(order_id)["refunded"] == 0
    again = bazaar.desk.announce(order_id, by=ASSOCIATE, line_1=1, waive_for="It was not worn.")
    assert [one["seller"] for one in again.json["lines"]] == [bazaar.acme]


def test_a_line_that_several_shipped_comes_back_to_each(bazaar: Bazaar) -> None:
    """Two jars of Acme's, one of Bolt's, one of ours: in three returns each gets back as many as it shipped, never more."""
    order_id = bazaar.delivered(line("JAR", 4))
    one = bazaar.desk.announced(order_id, line_1=1)
    bazaar.desk.changed("DELETE", f"/v1/returns/{one}", 1)
    sellers = []
    for units in (1, 2, 1):
        value = bazaar.desk.read(bazaar.desk.announced(order_id, line_1=units))
        sellers += [(part["seller"], part["quantity"]) for part in value["lines"]]
        assert [part["seller"] for part in value["lines"]] == [one["seller"] for one in value["send_to"]]
    back: dict[str | None, int] = {}
    for seller, units in sellers:
        back[seller] = back.get(seller, 0) + units
    assert back == {bazaar.acme: 2, bazaar.bolt: 1, None: 1}


def test_refused_units_of_a_shared_line_are_taken_back_by_who_refused_them(bazaar: Bazaar) -> None:
    order_id, return_id = bazaar.announced(line("JAR", 4), line_1=2)
    bazaar.receives(return_id, line_1=2)
    bazaar.inspects(return_id, ("1", 2, "refuse"))
    again = bazaar.desk.announce(order_id, by=ASSOCIATE, line_1=2, waive_for="They were not worn.")
    assert [(one["seller"], one["quantity"]) for one in again.json["lines"]] == [(bazaar.acme, 2)]


def test_all_of_a_shared_line_comes_back_in_one_return(bazaar: Bazaar) -> None:
    order_id, return_id = bazaar.announced(line("JAR", 4), line_1=4)
    before = bazaar.stock("JAR")
    assert bazaar.receives(return_id, line_1=2).status == 200
    assert bazaar.receives(return_id, by=OTHER, line_1=1).status == 200
    assert bazaar.desk.receive(return_id, line_1=1).status == 200
    assert bazaar.inspects(return_id, ("1", 2, "restock")).json["status"] == "settled"
    assert bazaar.inspects(return_id, ("1", 1, "restock"), by=OTHER).json["status"] == "settled"
    assert bazaar.desk.inspect(return_id, ("1", 1, "restock")).json["status"] == "settled"
    assert bazaar.stock("JAR") == {
        bazaar.acme: before[bazaar.acme] + 2,
        bazaar.bolt: before[bazaar.bolt] + 1,
        "leeds": before["leeds"] + 1,
    }
    assert bazaar.desk.settled(order_id)["refunded"] == 4 * 700


def test_the_books_take_back_from_who_has_the_goods_again(bazaar: Bazaar) -> None:
    """Acme's parcel of the shared line left first; of what Bolt takes back Acme pays nothing."""
    order_id, return_id = bazaar.announced(line("JAR", 4), line_1=4)
    assert (owed(bazaar.acme), owed(bazaar.bolt)) == (2 * 700, 700)
    bazaar.receives(return_id, by=OTHER, line_1=1)
    bazaar.inspects(return_id, ("1", 1, "write_off"), by=OTHER)
    assert (owed(bazaar.acme), owed(bazaar.bolt)) == (2 * 700, 0)
    bazaar.desk.receive(return_id, line_1=1)
    bazaar.desk.inspect(return_id, ("1", 1, "restock"))
    assert (owed(bazaar.acme), owed(bazaar.bolt)) == (2 * 700, 0)
    bazaar.receives(return_id, line_1=2)
    bazaar.inspects(return_id, ("1", 2, "restock"))
    assert (owed(bazaar.acme), owed(bazaar.bolt)) == (0, 0)
    bazaar.desk.settled(order_id)
    assert totals() == {}


def test_the_most_lines_are_inspected_at_once_however_they_left_and_are_paid_back(bazaar: Bazaar) -> None:
    """Of a marketplace order, in five parcels with a capture each, restocked and written off, paid back as store credit."""
    places = ["leeds", "york", "hull", "ripon", "selby"]
    for place in places[1:]:
        bazaar.desk.shop.opens(place)
    skus = [bazaar.desk.shop.sells(f"S{number}", **dict.fromkeys(places, 1)) for number in range(MAX_LINES)]
    order_id = bazaar.delivered(*(line(sku, 5) for sku in skus), line("MUG"))
    assert len(bazaar.desk.shop.read(order_id)["fulfilments"]) == 5 + 1
    lines = [str(number) for number in range(1, MAX_LINES + 1)]
    all_of_it = {f"line_{one}": 5 for one in lines}
    return_id = bazaar.desk.announced(order_id, resolution="store_credit", **all_of_it)
    assert bazaar.desk.receive(return_id, **all_of_it).status == 200
    findings = [(one, count, what) for one in lines for count, what in ((1, "restock"), (4, "write_off"))]
    reply = bazaar.desk.inspect(return_id, *findings)
    assert (reply.status, reply.json["status"]) == (200, "settled")
    bazaar.desk.settled(order_id)
    assert totals()["stored_value"] == -MAX_LINES * 5 * 500


def test_a_wrong_count_of_one_seller_holds_up_no_other(bazaar: Bazaar) -> None:
    _, return_id = bazaar.announced(line("JAR", 4), line_1=4)
    assert bazaar.receives(return_id, line_1=4).status == 200
    assert bazaar.receives(return_id, by=OTHER, line_1=1).status == 200
    assert bazaar.desk.receive(return_id, line_1=1).status == 200
    assert bazaar.receives(return_id, line_1=1).json["code"] == "more_than_shipped"


def test_lines_of_one_parcel_are_inspected_together(bazaar: Bazaar) -> None:
    order_id, return_id = bazaar.announced(line("MUG", 2), line("JAR", seller=bazaar.acme), line_1=2, line_2=1)
    bazaar.receives(return_id, line_1=2, line_2=1)
    inspected = bazaar.inspects(return_id, ("1", 2, "restock"), ("2", 1, "write_off"))
    assert (inspected.status, inspected.json["status"]) == (200, "settled")
    bazaar.desk.settled(order_id)
    assert (owed(bazaar.acme), totals()) == (0, {})


def test_what_a_supplier_declined_and_we_shipped_comes_back_to_us(bazaar: Bazaar) -> None:
    bazaar.desk.shop.moves("leeds", "JAR", 3)
    order_id, [part] = bazaar.market.confirmed(line("JAR", 1, seller=bazaar.bolt))
    assert bazaar.desk.shop.ships(part, line_1=0).status == 200
    orders.reassign_units(order_id, part, WORKFLOW)
    other = f"{part[:-1]}2"
    location = bazaar.desk.shop.call("GET", f"/v1/fulfilments/{other}").json["location_id"]
    assert bazaar.desk.shop.ships(other, line_1=1).status == 200
    value = bazaar.desk.read(bazaar.desk.announced(order_id, line_1=1))
    assert [one["seller"] for one in value["lines"]] == [None if location == "leeds" else location]


def test_each_supplier_is_told_of_its_own_lines(bazaar: Bazaar, mixed: tuple[str, str]) -> None:
    order_id, return_id = mixed
    told = {one["supplier_id"]: one for one in bazaar.desk.events(order_id, "ReturnAnnouncedToSupplier")}
    assert told.keys() == {bazaar.acme, bazaar.bolt}
    announced = bazaar.desk.read(return_id)
    assert told[bazaar.acme] == {
        "order_id": order_id,
        "currency": "GBP",
        "status": "authorised",
        "supplier_id": bazaar.acme,
        "send_by": announced["send_by"],
        "lines": [{"line_id": "1", "sku": "MUG", "quantity": 2, "reason": "changed_mind", "supplier_sku": "their-MUG"}],
    }
    [authorised] = bazaar.desk.events(order_id, "ReturnAuthorised")
    assert [one["seller"] for one in authorised["lines"]] == [bazaar.acme, bazaar.bolt, None]


def test_what_never_came_is_given_up_and_can_be_announced_again(bazaar: Bazaar, mixed: tuple[str, str]) -> None:
    order_id, return_id = mixed
    bazaar.receives(return_id, line_1=1)
    bazaar.inspects(return_id, ("1", 1, "restock"))
    with days_later(15):
        service.give_up_missing(return_id, WORKFLOW)
    [its] = bazaar.asks("GET", bazaar.acme, f"/{return_id}").json["lines"]
    assert (its["restocked"], its["given_up"]) == (1, 1)
    [expired] = bazaar.desk.events(order_id, "ReturnExpired")
    assert [(one["line_id"], one["quantity"]) for one in expired["lines"]] == [("1", 1), ("2", 1), ("3", 1)]
    assert bazaar.desk.announce(order_id, line_1=1, line_2=1, line_3=1).status == 201


def test_a_return_of_ours_alone_is_no_suppliers(bazaar: Bazaar) -> None:
    order_id, return_id = bazaar.announced(line("TEA"), line_1=1)
    assert store.returns_of_supplier(bazaar.acme, None, 10) == []
    assert bazaar.desk.events(order_id) == ["ReturnAuthorised"]
    service.issue_label(return_id, WORKFLOW)
    value = bazaar.desk.read(return_id)
    assert value["label"] == value["send_to"][0]["label"]
    [told] = bazaar.desk.events(order_id, "ReturnLabelIssued")
    assert (told["seller"], told["to"]) == (None, None)


def test_every_route_of_suppliers_is_closed_to_others(bazaar: Bazaar, mixed: tuple[str, str]) -> None:
    """The matrix: who may do nothing with a supplier's returns."""
    of_suppliers = [one for one in OPERATIONS if one.path.startswith("/v1/suppliers/{supplier_id}/returns")]
    assert len(of_suppliers) == 4
    bodies = {
        "receipts": {"lines": [{"line_id": "1", "quantity": 1}]},
        "inspections": {"lines": [{"line_id": "1", "quantity": 1, "disposition": "restock"}]},
    }
    for one in of_suppliers:
        path = one.path.format(supplier_id=bazaar.acme, return_id=mixed[1])
        json = bodies.get(one.path.rpartition("/")[2])
        statuses = {
            403: (SHOPPER, ASSOCIATE),
            401: (a_machine("returns.write"), None),
            404: (a_machine("suppliers.self"), OTHER),
        }
        for status, others in statuses.items():
            for by in others:
                assert bazaar.desk.shop.call(one.method, path, by=by, json=json).status == status, (path, by)
