"""From an application to its end, step by step."""

from __future__ import annotations

from chalicelib.inventory import service as inventory
from chalicelib.suppliers import service
from tests.conftest import ADMIN
from tests.unit.suppliers.builders import a_profile
from tests.unit.suppliers.conftest import ALICE, Market


def test_an_application_without_fault_is_approved(market: Market) -> None:
    reply = market.apply()
    assert (reply.status, reply.headers["location"]) == (202, f"/v1/suppliers/{reply.json['id']}")
    supplier_id = reply.json["id"]
    assert (reply.json["status"], reply.json["check"], reply.json["version"]) == ("applied", "verifying", 1)
    assert service.find_seller(supplier_id).sells is False
    assert market.run(supplier_id) == "approved"
    one = market.read(supplier_id, by=ALICE)
    assert (one["status"], one["check"], one["findings"], one["proposed"]) == ("approved", "none", [], None)
    assert one["approved"] == a_profile()
    seller = service.find_seller(supplier_id)
    assert (seller.sells, seller.name, seller.country) == (True, "Red Mugs", "GB")
    assert (seller.brands, seller.service_countries) == (("redware",), ("GB", "IE"))
    assert market.events(supplier_id) == ["SupplierApplied", "SupplierSubmitted", "SupplierApproved"]


def test_its_location_is_made_with_the_approval(market: Market) -> None:
    supplier_id = market.approved()
    location = inventory.read_location(supplier_id, ADMIN)
    assert (location.type, location.name, location.channels) == ("supplier", "Red Mugs", ())
    assert location.address["city"] == "London"


def test_each_submission_starts_one_workflow(market: Market) -> None:
    supplier_id = market.applied()
    event = market.event(supplier_id, "SupplierSubmitted")
    market.deliver(event)
    given = {"supplier_id": supplier_id, "version": 1, "correlation_id": event.correlation_id}
    assert market.started == [(f"{supplier_id}-1", given)]
