"""A marketplace in memory: suppliers and their offers, as the contexts that own them would have left them."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from chalicelib.core.auth import Principal
from chalicelib.core.ids import new_id
from chalicelib.core.table import Transaction
from chalicelib.inventory import service as inventory
from chalicelib.inventory.domain import Location, LocationType
from chalicelib.listings.domain.offers import Offer
from chalicelib.listings.store import items as listings
from chalicelib.orders import service
from chalicelib.payments import service as payments
from chalicelib.suppliers import store as suppliers
from chalicelib.suppliers.domain import Seller, SupplierStatus
from tests.conftest import ADMIN, SHOPPER, Reply, request
from tests.integration.orders.conftest import WORKFLOW, Shop


@dataclass
class Market:
    """A shop with suppliers beside it."""

    shop: Shop
    versions: dict[str, int] = field(default_factory=dict)

    def supplier(self, **more: Any) -> str:
        """An approved supplier of the United Kingdom, which is a location."""
        supplier_id = new_id("sup")
        terms = {"name": "Northwind", "country": "GB", "status": SupplierStatus.APPROVED, **more}
        seller = Seller(id=supplier_id, **terms)
        item = suppliers.SupplierItem(
            *suppliers.supplier_key(supplier_id)[1:],
            version=1,
            status=str(seller.status),
            seller=suppliers.as_stored(seller),
        )
        item.save()
        tx = Transaction()
        place = {"line1": "1 Quay", "city": "Hull", "country": seller.country}
        inventory.open_location(
            tx, Location(supplier_id, seller.name, LocationType.SUPPLIER, priority=0, channels=(), address=place)
        )
        tx.commit()
        return supplier_id

    def offers(self, sku: str, supplier_id: str, price: int, units: int, **more: Any) -> None:
        """The supplier offers a SKU, in place of what it offered before, and has so many units more."""
        known = listings.get_book(sku)
        offer = Offer(
            sku=sku,
            supplier_id=supplier_id,
            supplier_sku=f"their-{sku}",
            listing_id=f"{supplier_id}:their-{sku}",
            prices={"GBP": price},
            **{"handling_days": 2, **more},
        )
        tx = Transaction()
        listings.put_book(tx, known.with_offer(offer))
        tx.commit()
        if units:
            self.shop.moves(supplier_id, sku, units)

    def lists(self, sku: str) -> str:
        """A SKU without a price of our own, and no stock of ours."""
        body = {
            "title": sku,
            "category_id": self.shop.category,
            "status": "active",
            "variants": [{"sku": sku, "name": f"The {sku}", "status": "active", "tax_rate_bps": 2000}],
        }
        assert self.shop.call("POST", "/v1/products", json=body).status == 201
        return sku

    def order(self, *lines: dict[str, Any], by: Principal = SHOPPER, **more: Any) -> Reply:
        """A shopper orders lines as they are given."""
        body = {
            "currency": "GBP",
            "lines": list(lines),
            "contact": {"name": "Ada Lovelace"},
            "shipping_address": {"name": "Ada", "line1": "12 St James Square", "city": "London", "country": "GB"},
            "payment": {"token": "tok_approve"},
            **more,
        }
        return self.shop.call("POST", "/v1/orders", by=by, json=body)

    def confirmed(self, *lines: dict[str, Any], **more: Any) -> tuple[str, list[str]]:
        """An order that is paid for, and its fulfilments."""
        reply = self.order(*lines, **more)
        assert reply.status == 202, reply
        order_id = reply.json["id"]
        payments.authorise(order_id, WORKFLOW)
        outcome = service.confirm_order(order_id, WORKFLOW)
        return order_id, [one["fulfilment_id"] for one in outcome["fulfilments"]]

    def rules(self, *rules: dict[str, Any], max_loss_bps: int = 500, version: int = 0) -> Reply:
        """The operator's sourcing rules."""
        from app import app

        return request(
            app,
            "PUT",
            "/v1/sourcing-rules",
            json={"rules": list(rules), "max_loss_bps": max_loss_bps},
            by=ADMIN,
            headers={"If-Match": f'"{version}"', "Idempotency-Key": uuid4().hex},
        )


def line(sku: str, quantity: int = 1, **more: Any) -> dict[str, Any]:
    return {"sku": sku, "quantity": quantity, **more}
