"""The events that shipping publishes. Contract: docs/events.md."""

from collections.abc import Sequence
from typing import Any

from chalicelib.core import outbox
from chalicelib.core.auth import Principal
from chalicelib.core.keys import key
from chalicelib.core.outbox import Aggregate
from chalicelib.core.table import Transaction
from chalicelib.shipping.domain import ShippingMethod


def method_changed(tx: Transaction, method: ShippingMethod, changed: Sequence[str], by: Principal) -> None:
    """`ShippingMethodChanged`: a method is new, or these fields of it are."""
    _publish(tx, "ShippingMethodChanged", method.code, method.version, {"changed": list(changed)}, by)


def method_removed(tx: Transaction, method: ShippingMethod, by: Principal) -> None:
    """`ShippingMethodRemoved`: nothing can be sent so any more."""
    _publish(tx, "ShippingMethodRemoved", method.code, method.version + 1, {}, by)


def _publish(tx: Transaction, type: str, code: str, version: int, data: dict[str, Any], by: Principal) -> None:
    outbox.publish(
        tx,
        pk=key("SHIPPINGMETHOD", code),
        source="shipping",
        type=type,
        aggregate=Aggregate("shipping_method", code, version),
        by=by,
        data=data,
    )
