"""A shop in memory whose orders have arrived."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from app import app
from chalicelib.core import clock, outbox
from chalicelib.core.auth import Principal
from chalicelib.core.table import Transaction, find_many
from chalicelib.inventory import service as inventory
from chalicelib.orders import service as orders
from chalicelib.orders.store import order_pk
from chalicelib.payments import service as payments
from chalicelib.returns import service
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, Reply, request
from tests.integration.orders.conftest import WORKFLOW, Shop


@dataclass
class Desk:
    """What comes back to a shop, over its API."""

    shop: Shop

    def delivered(
        self,
        *lines: tuple[str, int],
        postage: int = 0,
        by: Principal = SHOPPER,
        units: Any = None,
        captured: bool = True,
    ) -> str:
        """An order that was paid for, shipped and delivered; of it only `units` by line where given."""
        order_id = self.shipped(*lines, postage=postage, by=by, units=units, captured=captured)
        for note in self.shop.read(order_id)["fulfilments"]:
            self._answers(note["id"], "delivered")
        return order_id

    def shipped(
        self,
        *lines: tuple[str, int],
        postage: int = 0,
        by: Principal = SHOPPER,
        units: Any = None,
        captured: bool = True,
    ) -> str:
        """An order that was paid for and shipped."""
        body = {
            "currency": "GBP",
            "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines],
            "contact": {"name": "Ada Lovelace", "email": "ada@example.com"},
            "shipping_address": {"name": "Ada", "line1": "12 St James Square", "city": "London", "country": "GB"},
            "payment": {"token": "tok_approve"},
        }
        if postage:
            charge = {"code": "POST", "description": "Postage", "amount": postage, "tax_rate_bps": 2000}
            body |= {"charges": [charge], "customer_id": SHOPPER.id}
        reply = self.shop.call("POST", "/v1/orders", by=ADMIN if postage else by, json=body)
        assert reply.status == 202, reply
        order_id: str = reply.json["id"]
        payments.authorise(order_id, WORKFLOW)
        for part in orders.confirm_order(order_id, WORKFLOW)["fulfilments"]:
            held = self.shop.call("GET", f"/v1/fulfilments/{part['fulfilment_id']}").json["lines"]
            leaving = {one["line_id"]: one["quantity"] for one in held} if units is None else units
            self._answers(part["fulfilment_id"], "shipped", leaving)
            if captured:
                payments.capture(order_id, part["fulfilment_id"], WORKFLOW)
        return order_id

    def _answers(self, fulfilment_id: str, type: str, units: Any = None) -> None:
        lines = [{"line_id": line, "quantity": count} for line, count in (units or {}).items()]
        path = f"/v1/fulfilments/{fulfilment_id}/answers"
        reply = self.shop.call("POST", path, by=ASSOCIATE, json={"type": type, "lines": lines})
        assert reply.status == 200, reply

    def announce(
        self, order_id: str, by: Principal = SHOPPER, key: str | None = None, reason: str = "changed_mind", **body: Any
    ) -> Reply:
        """`announce(id, line_1=2)`: units by line, for one reason."""
        units = {name.removeprefix("line_"): body.pop(name) for name in list(body) if name.startswith("line_")}
        lines = [{"line_id": line, "quantity": count, "reason": reason} for line, count in units.items()]
        path = f"/v1/orders/{order_id}/returns"
        return self.shop.call("POST", path, by=by, json={"lines": lines, **body}, key=key)

    def announced(self, order_id: str, **given: Any) -> str:
        """The id of a return just authorised."""
        reply = self.announce(order_id, **given)
        assert reply.status == 201, reply
        return_id: str = reply.json["id"]
        return return_id

    def receive(
        self,
        return_id: str,
        at: str = "leeds",
        by: Principal = ASSOCIATE,
        complete: bool = False,
        key: str | None = None,
        **units: int,
    ) -> Reply:
        lines = [{"line_id": line.removeprefix("line_"), "quantity": count} for line, count in units.items()]
        body = {"location_id": at, "lines": lines, "complete": complete}
        return self.shop.call("POST", f"/v1/returns/{return_id}/receipts", by=by, json=body, key=key)

    def inspect(
        self,
        return_id: str,
        *findings: tuple[str, int, str],
        by: Principal = ASSOCIATE,
        key: str | None = None,
        at: str | None = None,
    ) -> Reply:
        lines = [{"line_id": line, "quantity": count, "disposition": what} for line, count, what in findings]
        body = {"lines": lines, **({"location_id": at} if at else {})}
        return self.shop.call("POST", f"/v1/returns/{return_id}/inspections", by=by, json=body, key=key)

    def back(self, order_id: str, disposition: str = "restock", resolution: Any = "refund", **units: Any) -> Reply:
        """Announced, received and inspected at once, each unit where it belongs; the answer to the last inspection."""
        reason = units.pop("reason", "changed_mind")
        reply = self.announce(order_id, resolution=resolution, reason=reason, **units)
        assert reply.status == 201, reply
        return_id, lines = reply.json["id"], reply.json["lines"]
        for at in dict.fromkeys(line["seller"] or "leeds" for line in lines):
            here = {line["line_id"]: line["quantity"] for line in lines if (line["seller"] or "leeds") == at}
            received = self.receive(return_id, at=at, **{f"line_{line}": count for line, count in here.items()})
            assert received.status == 200, received
            reply = self.inspect(return_id, *((line, count, disposition) for line, count in here.items()), at=at)
        return reply

    def read(self, return_id: str, by: Principal = SHOPPER) -> Any:
        return self.shop.call("GET", f"/v1/returns/{return_id}", by=by).json

    def changed(self, method: str, path: str, version: int, body: Any = None, by: Principal = ADMIN) -> Reply:
        """A change of the version that the caller knows of."""
        return request(app, method, path, json=body, by=by, headers={"If-Match": f'"{version}"'})

    def settled(self, order_id: str) -> Any:
        """The payment once all that is owed was paid."""
        payments.settle(order_id, WORKFLOW)
        return self.shop.payment(order_id)

    def refund(self, order_id: str, amount: int) -> None:
        """Money given back apart from returns."""
        payment = payments.payment_from(find_many(payments.payment_keys(order_id), consistent=True), order_id)
        tx = Transaction()
        payments.owe(tx, payment, refund=payments.RefundRequest("goodwill", amount, "goodwill"), by=ADMIN)
        tx.commit()

    def events(self, order_id: str, type: str | None = None) -> list[Any]:
        """The data of an order's events of returns, oldest first; of one type, or with their types."""
        found = [one for one in outbox.timeline(order_pk(order_id)) if one.source == "aisle.returns"]
        return [one.data for one in found if one.type == type] if type else [one.type for one in found]

    def policy(self, **body: Any) -> Any:
        """A policy that holds from now on."""
        terms = {"window_days": 30, "shipping_paid_by": "customer", **body.pop("terms_of_all", {})}
        reasons = body.pop("reasons", ["changed_mind"])
        given = {"name": "A policy", "terms": dict.fromkeys(reasons, terms), **body}
        reply = self.shop.call("POST", "/v1/return-policies", json=given)
        assert reply.status == 201, reply
        return reply.json


@pytest.fixture
def desk(table: Any) -> Iterator[Desk]:
    """A shop whose warehouse `leeds` is empty, and whose policy is the default one."""
    inventory.forget_locations()
    service.forget_policies()
    shop = Shop(table)
    shop.category = shop.call("POST", "/v1/categories", json={"name": "All", "slug": "all"}).json["id"]
    shop.opens("leeds")
    yield Desk(shop)
    service.forget_policies()
    inventory.forget_locations()


def days_later(days: float) -> Any:
    """The clock, so many days from now."""
    return clock.at(clock.now() + timedelta(days=days))


def a_key() -> str:
    return uuid4().hex
