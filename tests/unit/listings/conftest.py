"""A marketplace in memory: suppliers that may sell, a category, and an operator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest

from app import app
from chalicelib.catalog import service as catalog
from chalicelib.core import outbox
from chalicelib.core.auth import Principal, Role, system
from chalicelib.core.table import Transaction, find_many
from chalicelib.inventory import service as inventory
from chalicelib.listings import service
from chalicelib.listings.domain.images import ImageCheck, ImageState
from chalicelib.listings.domain.rows import ListingRow
from chalicelib.listings.service import run_register_product as steps
from chalicelib.listings.service import use_cases
from chalicelib.listings.store import items as store
from chalicelib.suppliers import store as supplier_store
from chalicelib.suppliers.service import Seller, SupplierStatus
from tests.conftest import ADMIN, Reply, request

TASK = system("listings")
FEED = system("feed")
ACME = "sup_01J9Z3K4M5N6P7Q8R9S0T1V2W3"
BOLT = "sup_01J9Z3K4M5N6P7Q8R9S0T1V2W4"
GTIN = "4006381333931"
OTHER_GTIN = "5012345678900"


def member(name: str) -> Principal:
    """A user of a supplier."""
    return Principal("user", f"usr_{name}", roles=frozenset({Role.SUPPLIER}))


ANN, BEN = member("ann"), member("ben")


@dataclass
class Pictures:
    """The web, as far as images go: all are as given, or else fine."""

    checks: dict[str, ImageCheck] = field(default_factory=dict)
    looked: list[str] = field(default_factory=list)

    def look(self, url: str) -> ImageCheck:
        self.looked.append(url)
        return self.checks.get(url, ImageCheck(ImageState.IMAGE, "png", 800, 600))


@dataclass
class Marketplace:
    """Everything goes through the application or its services."""

    table: Any
    category: str = ""
    pictures: Pictures = field(default_factory=Pictures)

    def seller(self, id: str = ACME, **changed: Any) -> Seller:
        """A supplier that may sell brand Acme."""
        given = {"name": "Acme Ltd", "status": SupplierStatus.APPROVED, "country": "GB", "brands": ("acme",), **changed}
        seller = Seller(id, **given)
        tx = Transaction()
        _, pk, sk = supplier_store.supplier_key(id)
        tx.put(
            supplier_store.SupplierItem(
                pk, sk, version=1, status=seller.status, seller=supplier_store.as_stored(seller)
            )
        )
        tx.commit()
        return seller

    def joins(self, supplier_id: str, who: Principal) -> None:
        tx = Transaction()
        supplier_store.add_member(tx, supplier_id, f"{who.kind}:{who.id}")
        tx.commit()

    def call(
        self,
        method: str,
        path: str,
        by: Principal | None = ADMIN,
        json: Any = None,
        key: str | None = None,
        version: int | None = None,
    ) -> Reply:
        headers = {"Idempotency-Key": key or uuid4().hex}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        return request(app, method, path, json=json, by=by, headers=headers)

    def body(self, own: str = "MUG", **changed: Any) -> dict[str, Any]:
        """What a supplier registers; None leaves a field out."""
        given = {
            "supplier_sku": own,
            "title": "Red mug",
            "description": "A mug that is red.",
            "brand": "Acme",
            "category_id": self.category,
            "gtin": GTIN,
            "prices": {"GBP": 899},
            "tax_rate_bps": 2000,
            "weight_grams": 350,
            "handling_days": 2,
            **changed,
        }
        return {name: value for name, value in given.items() if value is not None}

    def row(self, own: str = "MUG", **changed: Any) -> ListingRow:
        return ListingRow(**self.body(own, **changed))

    def takes(self, row: ListingRow, seller: str = ACME, **given: Any) -> use_cases.RowOutcome:
        from chalicelib.suppliers.service import find_seller

        found = find_seller(seller)
        assert found
        return use_cases.take_row(found, row, feed_id="fed_1", line=1, by=FEED, **given)

    def registers(self, own: str = "MUG", by: Principal = ANN, supplier: str = ACME, **changed: Any) -> Reply:
        return self.call("POST", f"/v1/suppliers/{supplier}/listings", by=by, json=self.body(own, **changed))

    def registered(self, own: str = "MUG", **changed: Any) -> str:
        """The id of a listing that waits for its check."""
        supplier = changed.get("supplier", ACME)
        assert self.registers(own, **changed).status == 202
        return f"{supplier}:{own}"

    def checks(self, listing_id: str, decided: str | None = None) -> Any:
        """What the workflow's first step says of the listing's proposal."""
        proposal = self.listing(listing_id).proposal
        assert proposal
        return steps.check_listing(listing_id, proposal.version, decided, TASK, web=self.pictures)

    def listing(self, listing_id: str) -> Any:
        found = store.get_both(listing_id)
        assert found
        return found[0]

    def terms(self, listing_id: str) -> Any:
        found = store.get_both(listing_id)
        assert found
        return found[1]

    def offers(self, sku: str) -> tuple[service.Offer, ...]:
        found = find_many(service.offer_keys([sku]), consistent=True)
        return service.offers_from(found, [sku])[sku]

    def stock(self, sku: str, supplier: str = ACME) -> tuple[int, int, int]:
        """On hand, available, reserved."""
        [one] = [one for one in inventory.stock_of_sku(sku, ADMIN) if one.location_id == supplier]
        return one.on_hand, one.available, one.reserved

    def events(self, listing_id: str) -> list[str]:
        return [event.type for event in outbox.timeline(store.listing_pk(listing_id))]

    def sets(self, **changed: Any) -> None:
        """The operator's settings."""
        now = self.call("GET", "/v1/listing-settings").json
        version = now.pop("version")
        reply = self.call("PUT", "/v1/listing-settings", json={**now, **changed}, version=version)
        assert reply.status == 200, reply
        use_cases.forget_settings()

    def variant(self, sku: str) -> Any:
        return catalog.get_variant(sku, by=ADMIN)


@pytest.fixture
def market(table: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Marketplace]:
    """Two approved suppliers, Acme with its user Ann and Bolt with Ben, and one category."""
    use_cases.forget_settings()
    inventory.forget_locations()
    market = Marketplace(table)
    monkeypatch.setattr("chalicelib.listings.service.assess.Web", lambda: market.pictures)
    market.seller(ACME)
    market.seller(BOLT, name="Bolt plc", brands=("acme", "bolt"))
    market.joins(ACME, ANN)
    market.joins(BOLT, BEN)
    reply = market.call("POST", "/v1/categories", json={"name": "Mugs", "slug": "mugs"})
    market.category = reply.json["id"]
    yield market
    use_cases.forget_settings()
    inventory.forget_locations()
