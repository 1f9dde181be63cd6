"""Events of returns. Those of a return stand in its order's timeline; what customers and staff wrote stays out of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.core import outbox
from chalicelib.core.auth import Principal
from chalicelib.core.outbox import Aggregate
from chalicelib.core.table import Transaction
from chalicelib.returns.domain.life import Arrived
from chalicelib.returns.domain.model import Destination, Inspection, Label, Return, ReturnLine
from chalicelib.returns.domain.policy import Policy
from chalicelib.returns.store import POLICIES_PK, order_pk

SOURCE = "returns"


def return_authorised(tx: Transaction, value: Return, by: Principal) -> None:
    """Units may come back; `waived` are rules that the staff did not hold against them, and `waived_for` why.

    Each supplier that shipped any of them is told of its own alone, by a `ReturnAnnouncedToSupplier`.
    """
    lines = [{**_announced(line), "seller": line.seller} for line in value.lines]
    data = {
        "customer_id": value.customer_id,
        "remedy": str(value.remedy),
        "lines": lines,
        "send_by": value.send_by,
        "waived": {line_id: list(rules) for line_id, rules in value.waived.items()},
        "waived_for": value.waived_for,
    }
    _publish(tx, "ReturnAuthorised", value, by, data)
    for supplier_id in value.suppliers:
        theirs = [
            {**_announced(line), "supplier_sku": line.supplier_sku}
            for line in value.lines
            if line.seller == supplier_id
        ]
        told = {"supplier_id": supplier_id, "lines": theirs, "send_by": value.send_by}
        _publish(tx, "ReturnAnnouncedToSupplier", value, by, told)


def _announced(line: ReturnLine) -> dict[str, Any]:
    return {"line_id": line.line_id, "sku": line.sku, "quantity": line.quantity, "reason": str(line.reason)}


def label_issued(tx: Transaction, value: Return, to: Destination, label: Label, by: Principal) -> None:
    """The customer has a label to send the goods of a seller with: of a supplier, or (None) ours. `to` tells the labels of a return apart
    that goes to several."""
    data = {
        "carrier": label.carrier,
        "reference": label.reference,
        "prepaid": label.prepaid,
        "seller": to.seller,
        "to": to.name if len(value.send_to) > 1 else None,
    }
    _publish(tx, "ReturnLabelIssued", value, by, data)


def return_received(
    tx: Transaction, value: Return, location_id: str, arrived: Sequence[Arrived], complete: bool, by: Principal
) -> None:
    """Goods came to a location; `extra` units were not announced. `complete`: no more will come."""
    lines = [{"line_id": one.line_id, "sku": one.sku, "quantity": one.quantity, "extra": one.extra} for one in arrived]
    _publish(tx, "ReturnReceived", value, by, {"location_id": location_id, "lines": lines, "complete": complete})


def return_inspected(tx: Transaction, value: Return, inspection: Inspection, by: Principal) -> None:
    """What became of units, and what is paid back for them (minor units)."""
    skus = {line.line_id: line.sku for line in value.lines}
    lines = [
        {
            "line_id": line.line_id,
            "sku": skus[line.line_id],
            "restocked": line.restocked,
            "written_off": line.written_off,
            "refused": line.refused,
        }
        for line in inspection.lines
    ]
    refund = inspection.refund
    data = {
        "location_id": inspection.location_id,
        "lines": lines,
        "amount": refund.amount,
        "refund": {name: getattr(refund, name) for name in refund.__slots__},
        "to": inspection.to,
    }
    _publish(tx, "ReturnInspected", value, by, data)


def return_settled(tx: Transaction, value: Return, by: Principal) -> None:
    """Of every unit it is known what became of it."""
    units = {
        name: sum(getattr(line, name) for line in value.lines) for name in ("accepted", "refused", "given_up", "extra")
    }
    _publish(tx, "ReturnSettled", value, by, {"amount": value.refund.amount, "units": units})


def return_cancelled(tx: Transaction, value: Return, units: Mapping[str, int], by: Principal) -> None:
    """The customer keeps the goods."""
    _publish(tx, "ReturnCancelled", value, by, {"lines": _given_up(value, units)})


def return_expired(tx: Transaction, value: Return, units: Mapping[str, int], by: Principal) -> None:
    """These units did not come in time, and are in the return no more."""
    _publish(tx, "ReturnExpired", value, by, {"lines": _given_up(value, units)})


def exchange_placed(tx: Transaction, value: Return, by: Principal) -> None:
    """The replacement is ordered; `credit` of what came back pays for it, the `difference` is refunded (minor units)."""
    exchange = value.exchange
    data = (
        {
            "replacement_order_id": exchange.order_id,
            "credit": exchange.credit,
            "difference": exchange.difference,
        }
        if exchange
        else {}
    )
    _publish(tx, "ExchangePlaced", value, by, data)


def exchange_fell_back(tx: Transaction, value: Return, amount: int, by: Principal) -> None:
    """The replacement cannot be had for this reason; `amount` (minor units) is refunded."""
    reason = value.exchange.reason if value.exchange else None
    _publish(tx, "ExchangeFellBack", value, by, {"reason": reason, "amount": amount})


def policy_changed(tx: Transaction, policy: Policy, change: str, by: Principal) -> None:
    """A version of a policy holds from now on (`created`, `changed`), or none does (`withdrawn`). The versions are kept."""
    outbox.publish(
        tx,
        pk=POLICIES_PK,
        source=SOURCE,
        type="ReturnPolicyChanged",
        aggregate=Aggregate("return_policy", policy.id, policy.version),
        by=by,
        data={"change": change},
    )


def _given_up(value: Return, units: Mapping[str, int]) -> list[dict[str, Any]]:
    skus = {line.line_id: line.sku for line in value.lines}
    return [{"line_id": line_id, "sku": skus[line_id], "quantity": quantity} for line_id, quantity in units.items()]


def _publish(tx: Transaction, type: str, value: Return, by: Principal, data: dict[str, Any]) -> None:
    outbox.publish(
        tx,
        pk=order_pk(value.order_id),
        source=SOURCE,
        type=type,
        aggregate=Aggregate("return", value.id, value.version),
        by=by,
        data={"order_id": value.order_id, "currency": value.currency, "status": str(value.status), **data},
    )
