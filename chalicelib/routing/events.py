"""Events of routing. They stand in the allocation's timeline, those of an endpoint in its own. None holds personal data."""

from collections.abc import Mapping
from typing import Any

from chalicelib.core import outbox
from chalicelib.core.auth import Principal
from chalicelib.core.keys import key
from chalicelib.core.outbox import Aggregate
from chalicelib.core.table import Transaction
from chalicelib.routing.domain.allocation import Allocation
from chalicelib.routing.domain.health import Health, as_text
from chalicelib.routing.domain.invoices import Invoice

SOURCE = "routing"


def order_offered(tx: Transaction, value: Allocation, by: Principal) -> None:
    """OrderOfferedToSupplier: the supplier can answer now. `called`: its own API is asked; else it has to be told otherwise."""
    data = {"units": _units(value), "answer_by": value.answer_by, "called": value.called}
    _publish(tx, "OrderOfferedToSupplier", value, by, data)


def order_answered(tx: Transaction, value: Allocation, by: Principal) -> None:
    """OrderAcceptedBySupplier for what it ships, OrderDeclinedBySupplier for what it does not."""
    accepted = {line.line_id: line.accepted for line in value.lines if line.accepted}
    if accepted:
        told = {"decision": value.decision, "units": accepted, "ship_by": value.ship_by}
        _publish(tx, "OrderAcceptedBySupplier", value, by, told)
    if value.refused_units:
        units_declined(tx, value, value.refused_units, value.reason or "other", by)


def units_declined(
    tx: Transaction, value: Allocation, units: Mapping[str, int], reason: str, by: Principal, *, late: bool = False
) -> None:
    """OrderDeclinedBySupplier. `after_acceptance`: it had said that it would ship them."""
    told = {"units": dict(units), "reason": reason, "after_acceptance": late}
    _publish(tx, "OrderDeclinedBySupplier", value, by, told)


def units_recalled(tx: Transaction, value: Allocation, units: Mapping[str, int], by: Principal) -> None:
    """UnitsRecalledFromSupplier: it is to leave them out; they were cancelled, or go another way."""
    _publish(tx, "UnitsRecalledFromSupplier", value, by, {"units": dict(units), "state": str(value.state)})


def recall_too_late(tx: Transaction, value: Allocation, units: Mapping[str, int], by: Principal) -> None:
    """RecallTooLate: the supplier has sent what it was to leave out. A person decides what becomes of it."""
    _publish(tx, "RecallTooLate", value, by, {"units": dict(units)})


def change_not_supported(tx: Transaction, value: Allocation, held: bool, by: Principal) -> None:
    """ChangeNotSupported: the supplier cannot be told to wait, or of another address. A person calls it."""
    _publish(tx, "ChangeNotSupported", value, by, {"held": held})


def supplier_silent(tx: Transaction, value: Allocation, by: Principal) -> None:
    """SupplierSilent: no answer came in time, and all units are sought elsewhere."""
    _publish(tx, "SupplierSilent", value, by, {"units": value.refused_units, "tries": value.tries})


def supplier_misbehaved(tx: Transaction, value: Allocation, what: str, reason: str, by: Principal) -> None:
    """SupplierMisbehaved: its endpoint said something that the protocol does not know."""
    _publish(tx, "SupplierMisbehaved", value, by, {"call": what, "reason": reason})


def supplier_invoiced(tx: Transaction, value: Allocation, invoice: Invoice, by: Principal) -> None:
    """SupplierInvoiced: amounts in minor units."""
    told = {
        "number": invoice.number,
        "state": str(invoice.state),
        "currency": invoice.currency,
        "total": invoice.total,
        "expected": invoice.expected,
    }
    _publish(tx, "SupplierInvoiced", value, by, told)


def reachability_changed(tx: Transaction, health: Health, reason: str, by: Principal) -> None:
    """SupplierUnreachable when its endpoint failed several times in a row, SupplierReachable when it answers again."""
    outbox.publish(
        tx,
        pk=key("ROUTINGHEALTH", health.supplier_id),
        source=SOURCE,
        type="SupplierUnreachable" if health.unreachable else "SupplierReachable",
        aggregate=Aggregate("supplier_endpoint", health.supplier_id, health.version),
        by=by,
        data={
            "supplier_id": health.supplier_id,
            "failures": health.failures,
            "resting_until": as_text(health.resting_until),
            "reason": reason,
        },
    )


def _units(value: Allocation) -> dict[str, int]:
    return {line.line_id: line.quantity for line in value.lines}


def _publish(tx: Transaction, type: str, value: Allocation, by: Principal, data: dict[str, Any]) -> None:
    outbox.publish(
        tx,
        pk=key("ALLOCATION", value.id),
        source=SOURCE,
        type=type,
        aggregate=Aggregate("allocation", value.id, value.version),
        by=by,
        data={
            "supplier_id": value.supplier_id,
            "order_id": value.order_id,
            "allocation_id": value.id,
            **data,
        },
    )
