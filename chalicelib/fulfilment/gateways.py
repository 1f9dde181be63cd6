"""The way out of fulfilment: requests to the warehouse system."""

import json
from collections.abc import Mapping
from typing import Any, Protocol

from chalicelib.core.aws import client
from chalicelib.core.observability import trace
from chalicelib.core.settings import settings
from chalicelib.fulfilment.domain import Fulfilment


class Warehouse(Protocol):
    """Whoever packs and ships. A request may arrive twice; `fulfilment_id` tells it is the same."""

    def request_shipment(self, fulfilment: Fulfilment) -> None: ...

    def recall(self, fulfilment: Fulfilment, units: Mapping[str, int], cancellation_id: str) -> None: ...


class QueuedWarehouse:
    """A warehouse system that reads shipment requests from a queue."""

    def request_shipment(self, fulfilment: Fulfilment) -> None:
        """Send what to ship, and where."""
        client("sqs").send_message(
            QueueUrl=settings().shipment_requests_url, MessageBody=json.dumps(shipment_request(fulfilment))
        )

    def recall(self, fulfilment: Fulfilment, units: Mapping[str, int], cancellation_id: str) -> None:
        """Send what to leave out of a parcel that was asked for before."""
        message = {
            "type": "recall",
            "recall_id": cancellation_id,
            "fulfilment_id": fulfilment.id,
            "order_id": fulfilment.order_id,
            "location_id": fulfilment.location_id,
            "lines": [{"line_id": line_id, "quantity": quantity} for line_id, quantity in units.items()],
            "correlation_id": trace().correlation_id,
        }
        client("sqs").send_message(QueueUrl=settings().shipment_requests_url, MessageBody=json.dumps(message))


def shipment_request(fulfilment: Fulfilment) -> dict[str, Any]:
    """The message that a warehouse gets (docs/events.md)."""
    lines = [line for line in fulfilment.lines if line.wanted]
    return {
        "type": "shipment",
        "fulfilment_id": fulfilment.id,
        "order_id": fulfilment.order_id,
        "location_id": fulfilment.location_id,
        "lines": [{"line_id": line.line_id, "sku": line.sku, "quantity": line.wanted} for line in lines],
        "address": dict(fulfilment.address),
        "correlation_id": trace().correlation_id,
    }
