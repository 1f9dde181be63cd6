"""The way out of fulfilment: requests to the warehouse system."""

import json
from collections.abc import Mapping
from typing import Any, Protocol

from chalicelib.core.aws import client
from chalicelib.core.observability import trace
from chalicelib.core.settings import settings
from chalicelib.fulfilment.domain import Fulfilment, FulfilmentLine


class Warehouse(Protocol):
    """Whoever packs and ships. A request may arrive twice; `fulfilment_id` tells it is the same."""

    def request_shipment(self, fulfilment: Fulfilment) -> None: ...

    def recall(self, fulfilment: Fulfilment, units: Mapping[str, int], cancellation_id: str) -> None: ...

    def hold(self, fulfilment: Fulfilment) -> None: ...

    def readdress(self, fulfilment: Fulfilment) -> None: ...


SUPPLIER = "sup_"
"""Locations whose ids begin so are suppliers: their requests are routed to them."""


class QueuedWarehouse:
    """A warehouse system that reads shipment requests from a queue, and suppliers, who have a queue of their own."""

    def request_shipment(self, fulfilment: Fulfilment) -> None:
        """Send what to ship, and where."""
        _send(shipment_request(fulfilment))

    def recall(self, fulfilment: Fulfilment, units: Mapping[str, int], cancellation_id: str) -> None:
        """Send what to leave out of a parcel that was asked for before."""
        lines = [{"line_id": line_id, "quantity": quantity} for line_id, quantity in units.items()]
        _send({**_about("recall", fulfilment), "recall_id": cancellation_id, "lines": lines})

    def hold(self, fulfilment: Fulfilment) -> None:
        """Send that the parcel is to wait until its shipment is asked for again."""
        _send(_about("hold", fulfilment))

    def readdress(self, fulfilment: Fulfilment) -> None:
        """Send where the parcel goes instead."""
        _send({**_about("address", fulfilment), "version": fulfilment.version, "address": dict(fulfilment.address)})


def shipment_request(fulfilment: Fulfilment) -> dict[str, Any]:
    """The message that a warehouse gets (docs/events.md)."""
    lines = [line for line in fulfilment.lines if line.wanted]
    return {
        **_about("shipment", fulfilment),
        "lines": [_line(line) for line in lines],
        "address": dict(fulfilment.address),
    }


def _line(line: FulfilmentLine) -> dict[str, Any]:
    asked = {"line_id": line.line_id, "sku": line.sku, "quantity": line.wanted}
    if line.terms is None:
        return asked
    # A supplier knows its own name for it, and what it asked.
    return {**asked, **{name: line.terms[name] for name in ("supplier_sku", "name", "unit_price", "currency")}}


def _about(type: str, fulfilment: Fulfilment) -> dict[str, Any]:
    return {
        "type": type,
        "fulfilment_id": fulfilment.id,
        "order_id": fulfilment.order_id,
        "location_id": fulfilment.location_id,
        "correlation_id": trace().correlation_id,
    }


def _send(message: dict[str, Any]) -> None:
    to_supplier = str(message["location_id"]).startswith(SUPPLIER)
    url = settings().supplier_requests_url if to_supplier else settings().shipment_requests_url
    client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(message))
