"""`/_control/`: what tests and demonstrations see and set. No part of the protocol.

GET calls, orders, stock, modes; PUT modes (a list of texts) and stock; POST modes (one text), orders/{allocation_id}/shipments (ship now), reset;
DELETE modes. With a control token, the header X-Control-Token has to hold it.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from aisle_supplier.server.book import StockUnreadable
from aisle_supplier.server.calls import Reply, problem
from aisle_supplier.server.modes import UnknownMode

if TYPE_CHECKING:
    from aisle_supplier.server.supplier import ReferenceSupplier

PREFIX = "/_control/"


def answer(supplier: ReferenceSupplier, method: str, path: str, body: bytes, token: str | None) -> Reply:
    """The answer to a call of the control interface."""
    if supplier.control_token and not hmac.compare_digest((token or "").encode(), supplier.control_token.encode()):
        return problem(401, "Send the control token in X-Control-Token")
    what = path.removeprefix(PREFIX)
    try:
        content = json.loads(body) if body else None
        if what.startswith("orders/") and what.endswith("/shipments") and method == "POST":
            return _ship(supplier, what.removeprefix("orders/").removesuffix("/shipments"))
        operation = _OPERATIONS.get((method, what))
        return operation(supplier, content) if operation else problem(404, "There is nothing here")
    except (UnknownMode, StockUnreadable, ValueError) as error:
        return problem(422, str(error))


def _ship(supplier: ReferenceSupplier, allocation_id: str) -> Reply:
    if allocation_id not in supplier.book.orders:
        return problem(404, "This allocation never arrived")
    return Reply(200, {"shipped": supplier.ship(allocation_id)})


def _calls(supplier: ReferenceSupplier, _: object) -> Reply:
    return Reply(200, {"calls": [call.as_json() for call in supplier.calls]})


def _orders(supplier: ReferenceSupplier, _: object) -> Reply:
    with supplier.book.lock:
        return Reply(200, {"orders": {key: asdict(order) for key, order in supplier.book.orders.items()}})


def _stock(supplier: ReferenceSupplier, _: object) -> Reply:
    with supplier.book.lock:
        return Reply(200, {"stock": {sku: asdict(shelf) for sku, shelf in supplier.book.stock.items()}})


def _modes(supplier: ReferenceSupplier, _: object) -> Reply:
    return Reply(200, {"modes": list(supplier.modes)})


def _set_modes(supplier: ReferenceSupplier, content: object) -> Reply:
    if not isinstance(content, list) or not all(isinstance(mode, str) for mode in content):
        raise UnknownMode('Send a list of modes, e.g. ["slow=3,on=order"].')
    supplier.mode(*content)
    return _modes(supplier, None)


def _add_mode(supplier: ReferenceSupplier, content: object) -> Reply:
    if not isinstance(content, str):
        raise UnknownMode('Send a mode, e.g. "slow=3,on=order".')
    supplier.modes.add(content)
    return _modes(supplier, None)


def _clear_modes(supplier: ReferenceSupplier, _: object) -> Reply:
    supplier.mode()
    return _modes(supplier, None)


def _set_stock(supplier: ReferenceSupplier, content: object) -> Reply:
    supplier.restock(content)
    return _stock(supplier, None)


def _reset(supplier: ReferenceSupplier, _: object) -> Reply:
    supplier.reset()
    return Reply(204)


_OPERATIONS: dict[tuple[str, str], Callable[[ReferenceSupplier, object], Reply]] = {
    ("GET", "calls"): _calls,
    ("GET", "orders"): _orders,
    ("GET", "stock"): _stock,
    ("GET", "modes"): _modes,
    ("PUT", "modes"): _set_modes,
    ("POST", "modes"): _add_mode,
    ("DELETE", "modes"): _clear_modes,
    ("PUT", "stock"): _set_stock,
    ("POST", "reset"): _reset,
}
