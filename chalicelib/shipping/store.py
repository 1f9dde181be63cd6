"""Shipping methods in the table.

| item | pk | sk |
|---|---|---|
| method | SHIPPINGMETHODS | METHOD#<code> |

Methods are few and read whole, at most twice a minute by each process.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from pynamodb.attributes import NumberAttribute

from chalicelib.core.errors import AisleError, Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, RawItem, Transaction, fields_of, find
from chalicelib.shipping.domain import Band, ShippingMethod, Tariff, Zone

_METHODS = "SHIPPINGMETHODS"


class ShippingMethodItem(Item):
    """pk = SHIPPINGMETHODS, sk = METHOD#<code>."""

    version = NumberAttribute()
    document = Json()


def _sk(code: str) -> str:
    return key("METHOD", code)


def _document(method: ShippingMethod) -> dict[str, Any]:
    document = fields_of(method)
    del document["code"], document["version"]
    document["closed_days"] = [day.isoformat() for day in method.closed_days]
    document["zones"] = [
        {**fields_of(zone), "tariffs": [_tariff(one) for one in zone.tariffs]} for zone in method.zones
    ]
    return document


def _tariff(tariff: Tariff) -> list[Any]:
    return [tariff.currency, [[band.up_to_grams, band.amount] for band in tariff.bands], tariff.free_from]


def _method(item: ShippingMethodItem) -> ShippingMethod:
    stored = item.document
    return ShippingMethod(
        **{
            **stored,
            "channels": tuple(stored["channels"]),
            "weekdays": tuple(stored["weekdays"]),
            "closed_days": tuple(date.fromisoformat(day) for day in stored["closed_days"]),
            "zones": tuple(_zone(zone) for zone in stored["zones"]),
        },
        code=item.sk.partition("#")[2],
        version=int(item.version),
    )


def _zone(stored: Mapping[str, Any]) -> Zone:
    tariffs = tuple(
        Tariff(currency, tuple(Band(*band) for band in bands), free_from)
        for currency, bands, free_from in stored["tariffs"]
    )
    return Zone(**{**stored, "countries": tuple(stored["countries"]), "tariffs": tariffs})


def methods(after: str | None = None, count: int | None = None, *, consistent: bool = False) -> list[ShippingMethod]:
    """Methods by code."""
    condition = ShippingMethodItem.sk > _sk(after) if after else None
    rows = ShippingMethodItem.query(_METHODS, condition, limit=count, consistent_read=consistent)
    return [_method(item) for item in rows]


def method(code: str) -> ShippingMethod | None:
    """The method as the last finished write left it, or None."""
    item = find(ShippingMethodItem, _METHODS, _sk(code), consistent=True)
    return _method(item) if item else None


def put_method(tx: Transaction, method: ShippingMethod) -> None:
    """Write the next version of a method; the first must be new. Raises `Stale` at commit."""
    before = method.version - 1
    item = ShippingMethodItem(_METHODS, _sk(method.code), version=method.version, document=_document(method))
    unchanged = ShippingMethodItem.version == before if before else ShippingMethodItem.pk.does_not_exist()
    tx.put(item, unchanged, _stale)


def remove_method(tx: Transaction, method: ShippingMethod) -> None:
    """Remove a method at its version. Raises `Stale` at commit."""
    tx.delete(ShippingMethodItem(_METHODS, _sk(method.code)), ShippingMethodItem.version == method.version, _stale)


def _stale(raw: RawItem | None) -> AisleError:
    version = int(ShippingMethodItem.from_raw_data(raw).version) if raw else 0
    return Stale(f"It is at version {version} now.", version=version)
