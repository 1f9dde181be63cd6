"""Orders whose lines suppliers ship, through the whole application."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from chalicelib.core.table import Transaction
from chalicelib.ledger.domain import Terms
from chalicelib.ledger.service import use_cases
from chalicelib.orders import service as orders
from chalicelib.orders import store as orders_store
from chalicelib.payments import service as payments
from chalicelib.payments import store as payments_store
from tests.conftest import ADMIN, SHOPPER
from tests.integration.orders.conftest import WORKFLOW
from tests.unit.ledger.builders import TEN_PERCENT, owed, sums, totals
from tests.unit.returns.conftest import Desk, desk

__all__ = ["desk"]


@dataclass
class Market:
    """A shop some of whose lines are suppliers'."""

    desk: Desk

    def placed(
        self,
        *lines: tuple[str, int],
        sellers: dict[str, tuple[str, int]],
        postage: int = 0,
        off: int = 0,
        terms: Terms = TEN_PERCENT,
        tenders: Any = None,
        **more: Any,
    ) -> str:
        """A confirmed order; `sellers` names the supplier of a line and what it asks for a unit, `more` what else is said."""
        body: dict[str, Any] = {
            "currency": "GBP",
            "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines],
            "contact": {"name": "Ada Lovelace"},
            "shipping_address": {"name": "Ada", "line1": "12 St James Square", "city": "London", "country": "GB"},
            "payment": {"tenders": tenders} if tenders else {"token": "tok_approve"},
            "customer_id": SHOPPER.id,
            **more,
        }
        charges = [("POST", postage), ("OFF", -off)]
        body["charges"] = [
            {"code": code, "description": code, "amount": amount, "tax_rate_bps": 2000}
            for code, amount in charges
            if amount
        ]
        reply = self.desk.shop.call("POST", "/v1/orders", by=ADMIN, json=body)
        assert reply.status == 202, reply
        order_id: str = reply.json["id"]
        self._agree(order_id, sellers, terms)
        payments.authorise(order_id, WORKFLOW)
        orders.confirm_order(order_id, WORKFLOW)
        return order_id

    def _agree(self, order_id: str, sellers: dict[str, tuple[str, int]], terms: Terms) -> None:
        """As placing an order freezes what was agreed with suppliers."""
        order, (payment, tokens) = orders_store.get(order_id, consistent=True), payments_store.get(order_id)
        agreed = {
            line_id: {"supplier_id": supplier, "unit_price": price, "currency": "GBP", "commission": terms.as_dict()}
            for line_id, (supplier, price) in sellers.items()
        }
        allocations = tuple(
            replace(one, location_id=agreed[one.line_id]["supplier_id"], terms=agreed[one.line_id])
            if one.line_id in agreed
            else one
            for one in order.allocations
        )
        tx = Transaction()
        orders_store.change(tx, replace(order, allocations=allocations, version=order.version + 1))
        tx.put(payments_store.payment._item(replace(payment, booked=True), tokens))
        tx.commit()

    def parts(self, order_id: str) -> list[str]:
        return [note["id"] for note in self.desk.shop.read(order_id)["fulfilments"]]

    def ship(self, fulfilment_id: str, capture: bool = True, **units: int) -> None:
        reply = self.desk.shop.ships(fulfilment_id, **units)
        assert reply.status == 200, reply
        if capture:
            payments.capture(fulfilment_id.replace("ful_", "ord_").rpartition("_")[0], fulfilment_id, WORKFLOW)

    def settle(self, order_id: str) -> None:
        payments.settle(order_id, WORKFLOW)

    def check(self, order_id: str) -> None:
        """Everything booked balances, and customers were booked to owe what was taken."""
        entries = use_cases.list_entries(order_id, None, None, 100, None, ADMIN).items
        assert set(sums(entries)) <= {0}

    def ends_at_nothing(self, *suppliers: str) -> None:
        """All accounts of the operator and these suppliers."""
        assert (totals(), [owed(one) for one in suppliers]) == ({}, [0] * len(suppliers))


@pytest.fixture
def market(desk: Desk) -> Market:
    return Market(desk)
