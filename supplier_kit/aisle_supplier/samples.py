"""The orders that are placed for a test: to be answered, and neither shipped nor charged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ulid import ULID

UNKNOWN_SKU = "AISLE-TEST-NO-SUCH-SKU"

_ADDRESS = {
    "name": "Aisle Test",
    "line1": "12 St James Square",
    "city": "London",
    "postal_code": "SW1Y 4JH",
    "country": "GB",
}
_MANY_SCRIPTS = {
    "name": "Þórbjörg O’Brien-Łukasz 山田太郎 👩🏽‍🚀",
    "line1": "Große Straße 7½, œuvre nº 3",
    "line2": "Відділ №5 – مبنى ب",
    "city": "Αθήνα",
    "postal_code": "105 58",
    "country": "GR",
}


def ulid_of_tests() -> str:
    """A ULID of 1970-01-01, which begins with ten zeros: nothing real has one."""
    return str(ULID.from_timestamp(0))


def an_order(*lines: tuple[str, int], seconds: float = 900.0, many_scripts: bool = False) -> dict[str, Any]:
    """An order for units by supplier SKU, to be answered within so many `seconds`."""
    now = datetime.now(UTC)
    ulid = ulid_of_tests()
    return {
        "allocation_id": f"ful_{ulid}_1",
        "order_id": f"ord_{ulid}",
        "placed_at": _stamp(now),
        "answer_by": _stamp(now + timedelta(seconds=seconds)),
        "currency": "GBP",
        "lines": [_line(str(number), sku, units, many_scripts) for number, (sku, units) in enumerate(lines, 1)],
        "ship_to": dict(_MANY_SCRIPTS if many_scripts else _ADDRESS),
        "held": False,
    }


def a_cancellation(*lines: tuple[str, int]) -> dict[str, Any]:
    """Leave out units by line id."""
    return {
        "cancellation_id": f"can_{ulid_of_tests()}",
        "lines": [{"line_id": line_id, "quantity": units} for line_id, units in lines],
    }


def a_change(*, held: bool, line1: str = _ADDRESS["line1"]) -> dict[str, Any]:
    """Hold or go on, to this address."""
    return {"change_id": ulid_of_tests(), "held": held, "ship_to": {**_ADDRESS, "line1": line1}}


def units_of(order: dict[str, Any]) -> dict[str, int]:
    """Units by line id."""
    return {line["line_id"]: line["quantity"] for line in order["lines"]}


def _line(line_id: str, sku: str, units: int, many_scripts: bool) -> dict[str, Any]:
    return {
        "line_id": line_id,
        "supplier_sku": sku,
        "sku": f"M{ulid_of_tests()}",
        "name": "Tasse «Été» 茶碗 ☕" if many_scripts else "Test product",
        "quantity": units,
        "unit_price": 899,
    }


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
