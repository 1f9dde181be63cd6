"""The way out of fulfilment: requests to the warehouse system."""

import json
from typing import Any, Protocol

from chalicelib.core.aws import client
from chalicelib.core.observability import trace
from chalicelib.core.settings import settings
from chalicelib.fulfilment.domain import Fulfilment


class Warehouse(Protocol):
    """Whoever packs and ships. A request may arrive twice; `fulfilment_id` tells it is the same."""

    def request_shipment(self, fulfilment: Fulfilment) -> None: ...


class QueuedWarehouse:
    """A warehouse system that reads shipment requests from a queue."""

    def request_shipment(self, fulfilment: Fulfilment) -> None:
        """Send what to ship, and where."""
        client("sqs").send_message(
            QueueUrl=settings().shipment_requests_url, MessageBody=json.dumps(shipment_request(fulfilment))
        )


def shipment_request(fulfilment: Fulfilment) -> dict[str, Any]:
    """The message that a warehouse gets (docs/events.md)."""
    return {
        "fulfilment_id": fulfilment.id,
        "order_id": fulfilment.order_id,
        "location_id": fulfilment.location_id,
        "lines": [{"line_id": line.line_id, "sku": line.sku, "quantity": line.quantity} for line in fulfilment.lines],
        "address": dict(fulfilment.address),
        "correlation_id": trace().correlation_id,
    }
