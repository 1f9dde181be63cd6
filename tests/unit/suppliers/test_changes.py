"""Changes of who is approved already, what the operator decides, and reading."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.core.table import Transaction
from chalicelib.inventory import service as inventory
from chalicelib.suppliers import service
from chalicelib.suppliers.domain import SupplierStatus
from chalicelib.suppliers.service import location
from tests.conftest import ADMIN, SHOPPER, a_machine
from tests.unit.suppliers.builders import another
from tests.unit.suppliers.conftest import ALICE, BOB, MACHINE, Market


def act(market: Market, supplier_id: str, what: str, by=ADMIN, **body):
    return market.call("POST", f"/v1/suppliers/{supplier_id}/{what}", by=by, json=body or None)


def test_a_change_is_verified_while_it_sells_by_what_was_approved(market: Market) -> None:
    supplier_id = market.approved()
    reply = market.changed(supplier_id, by=ALICE, trading_name="Blue Mugs", service_countries=None)
    assert (reply.status, reply.json["status"], reply.json["check"]) == (202, "approved", "verifying")
    assert reply.json["approved"]["trading_name"] == "Red Mugs"
    assert reply.json["proposed"]["trading_name"] == "Blue Mugs"
    assert "service_countries" not in reply.json["proposed"]
    seller = service.find_seller(supplier_id)
    assert (seller.sells, seller.name, seller.service_countries) == (True, "Red Mugs", ("GB", "IE"))
    assert market.run(supplier_id) == "approved"
    seller = service.find_seller(supplier_id)
    assert (seller.sells, seller.name, seller.service_countries) == (True, "Blue Mugs", ())
    assert market.events(supplier_id)[2:] == ["SupplierApproved", "SupplierSubmitted", "SupplierChanged"]


def located(supplier_id: str) -> tuple[str, str, int]:
    """What its location is called, in which street it is, and its version."""
    found = inventory.read_location(supplier_id, ADMIN)
    return found.name, found.address["line1"], found.version


MOVED = {"line1": "1 Broad Quay", "city": "Bristol", "postal_code": "BS1 4DJ", "country": "GB"}


def test_its_location_goes_by_what_is_approved(market: Market) -> None:
    supplier_id = market.approved()
    assert located(supplier_id) == ("Red Mugs", "12 St James Square", 1)
    market.changed(supplier_id, by=ALICE, trading_name="Blue Mugs", address=MOVED)
    assert located(supplier_id) == ("Red Mugs", "12 St James Square", 1)
    assert market.run(supplier_id) == "approved"
    assert located(supplier_id) == ("Blue Mugs", "1 Broad Quay", 2)
    # Nothing of it changes.
    market.changed(supplier_id, by=ALICE, timezone="Europe/Paris")
    assert market.run(supplier_id) == "approved"
    assert located(supplier_id) == ("Blue Mugs", "1 Broad Quay", 2)


def test_a_location_that_is_changed_at_that_moment_is_read_again(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    supplier_id = market.approved()
    market.changed(supplier_id, by=ALICE, trading_name="Blue Mugs")
    describe = inventory.describe_location

    def overtaken(*given: Any, **more: Any) -> None:
        monkeypatch.setattr(location.inventory, "describe_location", describe)
        describe(*given, **more)
        tx = Transaction()
        describe(tx, supplier_id, address=MOVED)
        tx.commit()

    monkeypatch.setattr(location.inventory, "describe_location", overtaken)
    assert market.run(supplier_id) == "approved"
    assert located(supplier_id) == ("Blue Mugs", "1 Broad Quay", 3)


def test_a_change_that_is_refused_leaves_all_as_it_was(market: Market) -> None:
    supplier_id = market.approved()
    market.changed(supplier_id, by=ALICE, tax_id={"scheme": "vat", "country": "GB", "value": "GB980780685"})
    assert market.run(supplier_id) == "needs_review"
    assert market.read(supplier_id)["status"] == "approved"
    assert market.step("reject_supplier", supplier_id, reason="review") == "rejected"
    one = market.read(supplier_id)
    assert (one["status"], one["check"], one["approved"]["tax_id"]["value"]) == ("approved", "rejected", "GB980780684")
    assert market.event(supplier_id, "SupplierRejected").data["was_approved"] is True
    assert service.find_seller(supplier_id).sells is True


def test_a_change_needs_the_version_that_it_changes(market: Market) -> None:
    supplier_id = market.approved()
    path = f"/v1/suppliers/{supplier_id}"
    assert market.call("PATCH", path, by=ALICE, json={"timezone": "UTC"}).status == 428
    assert market.changed(supplier_id, by=ALICE, version=1, timezone="UTC").status == 412
    assert market.changed(supplier_id, by=ALICE, unheard_of="x").status == 400
    assert market.events(supplier_id).count("SupplierSubmitted") == 1


def test_nothing_is_submitted_that_is_approved(market: Market) -> None:
    supplier_id = market.approved()
    assert act(market, supplier_id, "submissions", by=ALICE).code == "nothing_to_submit"


def test_a_suspended_one_sells_nothing_until_it_is_reinstated(market: Market) -> None:
    supplier_id = market.approved()
    assert act(market, supplier_id, "suspensions", by=ALICE, reason="late").status == 403
    reply = act(market, supplier_id, "suspensions", reason="Ships late")
    assert (reply.status, reply.json["status"], reply.json["reason"]) == (200, "suspended", "Ships late")
    assert service.find_seller(supplier_id).sells is False
    assert act(market, supplier_id, "suspensions", reason="Again").code == "supplier_status"
    # A change that is approved meanwhile does not let it sell.
    market.changed(supplier_id, by=ALICE, trading_name="Blue Mugs")
    assert market.run(supplier_id) == "approved"
    seller = service.find_seller(supplier_id)
    assert (seller.status, seller.name) == (SupplierStatus.SUSPENDED, "Blue Mugs")
    assert act(market, supplier_id, "reinstatements", by=MACHINE).status == 200
    assert service.find_seller(supplier_id).sells is True
    assert "SupplierSuspended" in market.events(supplier_id)
    assert market.events(supplier_id)[-1] == "SupplierReinstated"
    assert "late" not in json.dumps([event.data for event in [market.event(supplier_id, "SupplierSuspended")]])


def test_who_is_offboarded_never_sells_again(market: Market) -> None:
    supplier_id = market.approved()
    market.changed(supplier_id, by=ALICE, trading_name="Blue Mugs")
    assert act(market, supplier_id, "offboardings", by=ALICE, reason="x").status == 403
    reply = act(market, supplier_id, "offboardings", reason="Fraud")
    assert (reply.status, reply.json["status"], reply.json["proposed"]) == (200, "offboarded", None)
    assert market.events(supplier_id)[-1] == "SupplierOffboarded"
    version = reply.json["submission"]
    for task in ("correct_profile", "verify_profile", "probe_endpoint", "decide_supplier", "approve_supplier"):
        assert market.step(task, supplier_id, version) == "superseded"
    assert market.changed(supplier_id, by=ALICE, timezone="UTC").code == "supplier_status"
    assert act(market, supplier_id, "reinstatements").code == "supplier_status"
    assert act(market, supplier_id, "attestations", by=ALICE, code="terms").code == "supplier_status"
    assert service.find_seller(supplier_id).sells is False


def test_an_offboarded_ones_brands_are_free_and_its_legal_entity_is_known(market: Market) -> None:
    gone = market.approved()
    act(market, gone, "offboardings", reason="Fraud")
    market.approved(BOB, **{**another(), "brands": [{"name": "Redware", "attestation": "owner"}]})
    from tests.unit.suppliers.conftest import a_user

    again = market.applied(a_user("usr_carol"), brands=[{"name": "Third", "attestation": "owner"}])
    assert market.run(again) == "needs_review"
    assert market.reviews.rules() == {"identity.legal_entity_taken", "identity.tax_id_taken"}


def test_the_operator_lists_suppliers_by_status(market: Market) -> None:
    first, second = market.approved(), market.applied(BOB, **another())
    rows = market.call("GET", "/v1/suppliers?status=approved").json["items"]
    assert [(row["id"], row["name"], row["status"], row["check"]) for row in rows] == [
        (first, "Red Mugs", "approved", "none")
    ]
    assert [row["id"] for row in market.call("GET", "/v1/suppliers?status=applied").json["items"]] == [second]
    assert market.call("GET", "/v1/suppliers?status=rejected").json == {"items": [], "next_cursor": None}
    assert market.call("GET", "/v1/suppliers").status == 400
    assert market.call("GET", "/v1/suppliers?status=approved", by=ALICE).status == 403


def test_the_list_goes_on_where_it_ended(market: Market) -> None:
    first, second = market.applied(), market.applied(BOB, **another())
    page = market.call("GET", "/v1/suppliers?status=applied&limit=1").json
    assert [row["id"] for row in page["items"]] == [second]
    rest = market.call("GET", f"/v1/suppliers?status=applied&limit=1&cursor={page['next_cursor']}").json
    assert ([row["id"] for row in rest["items"]], rest["next_cursor"]) == ([first], None)


def test_everybody_finds_their_own(market: Market) -> None:
    supplier_id = market.applied()
    assert market.call("GET", "/v1/suppliers/me", by=ALICE).json["id"] == supplier_id
    assert market.call("GET", "/v1/suppliers/me", by=BOB).status == 404
    assert market.call("GET", "/v1/suppliers/me", by=SHOPPER).status == 403


def test_who_applies_is_a_user_with_the_role_and_acts_for_one(market: Market) -> None:
    key = "the-same-key"
    reply = market.apply(key=key)
    assert reply.status == 202
    again = market.apply(key=key)
    assert (again.json["id"], again.headers["idempotent-replayed"]) == (reply.json["id"], "true")
    assert market.apply(key=key, timezone="UTC").code == "idempotency_key_reused"
    assert market.apply().code == "already_member"
    assert market.apply(by=SHOPPER).status == 403
    assert market.apply(by=ADMIN).status == 403
    assert market.apply(by=a_machine("suppliers.self")).status == 401
    assert market.apply(by=BOB, attestations=["unheard_of"]).code == "requirement_unknown"
    assert market.apply(by=BOB, attestations=["identity"]).code == "requirement_unknown"
    assert market.apply(by=BOB, brands=[{"name": f"B{n}"} for n in range(41)]).status == 400
    assert market.call("POST", "/v1/suppliers", by=BOB, json={"profile": {"bank_account": "GB33"}}).status == 400


@pytest.mark.parametrize("status", ["approved", "suspended"])
def test_others_see_the_same_however_they_read(market: Market, status: str) -> None:
    supplier_id = market.approved()
    if status == "suspended":
        act(market, supplier_id, "suspensions", reason="x")
    from chalicelib.core.table import find_many

    found = find_many(service.seller_keys([supplier_id]))
    assert service.seller_from(found, supplier_id) == service.find_seller(supplier_id)
    assert service.find_seller(supplier_id).status == status
