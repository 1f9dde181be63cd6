"""Use cases of shipping. Carts ask `options`, orders `option_for`; both are answered from memory."""

from dataclasses import fields, replace
from datetime import datetime, timedelta

from chalicelib.core import clock
from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import Fault, NotFound, Stale
from chalicelib.core.paging import Page, page_of
from chalicelib.core.table import Transaction
from chalicelib.inventory import service as inventory
from chalicelib.shipping import domain, events, store
from chalicelib.shipping.domain import (
    Consignment,
    Explanation,
    NotOffered,
    Option,
    Reason,
    ShippingMethod,
    ShippingUnavailable,
)

__all__ = [
    "Consignment",
    "Explanation",
    "Option",
    "ShippingMethod",
    "ShippingUnavailable",
    "explain",
    "forget_methods",
    "list_methods",
    "option_for",
    "options",
    "read_method",
    "remove_method",
    "set_method",
]

LISTED_FOR = timedelta(seconds=30)
"""How long a process keeps the methods: so long after a change, orders may be offered what was."""

_listed: tuple[datetime, list[ShippingMethod]] | None = None


# ---- what carts and orders ask ------------------------------------------------------------------------------------------


def options(
    country: str,
    channel: str,
    currency: str,
    weight_grams: int,
    goods_total: int,
    at: datetime,
    *,
    language: str = "en",
    fresh: bool = False,
) -> list[Option]:
    """How goods ordered at `at` can be sent, cheapest first. For anybody; up to 30 s old unless `fresh`.

    `goods_total` (minor units) is what they cost after discounts.
    """
    goods = Consignment(country, channel, currency, weight_grams, goods_total)
    return list(_explained(goods, at, language, fresh=fresh).options)


def option_for(
    code: str,
    country: str,
    channel: str,
    currency: str,
    weight_grams: int,
    goods_total: int,
    at: datetime,
    *,
    language: str = "en",
    fresh: bool = False,
    pointer: str = "/shipping_method",
) -> Option:
    """The method with this code for goods, as `options` would list it.

    Raises `ShippingUnavailable` whose fault, at `pointer`, has the reason as its code. Nothing is refused by what was
    remembered: another process may have offered what this one does not know yet.
    """
    goods = Consignment(country, channel, currency, weight_grams, goods_total)
    found = _offered(code, goods, at, language, fresh=fresh)
    if isinstance(found, NotOffered) and not fresh:
        found = _offered(code, goods, at, language, fresh=True)
    if isinstance(found, NotOffered):
        raise ShippingUnavailable(found.detail, faults=[Fault(pointer, found.reason, found.detail)])
    return found


def explain(goods: Consignment, at: datetime, *, language: str = "en", by: Principal) -> Explanation:
    """What is offered for goods and what is not, and why, for staff; as it is now."""
    _require_staff(by)
    return _explained(goods, at, language, fresh=True)


def _explained(goods: Consignment, at: datetime, language: str, *, fresh: bool) -> Explanation:
    methods = _methods(fresh=fresh)
    return domain.explain(methods, goods, at, cutoff=_cutoff(goods.channel, fresh=fresh), language=language)


def _offered(code: str, goods: Consignment, at: datetime, language: str, *, fresh: bool) -> Option | NotOffered:
    method = next((one for one in _methods(fresh=fresh) if one.code == code), None)
    if method is None:
        return NotOffered(code, Reason.UNKNOWN, f"There is no shipping method {code[:64]}.")
    return domain.offer(method, goods, at, cutoff=_cutoff(goods.channel, fresh=fresh), language=language)


def _cutoff(channel: str, *, fresh: bool) -> str | None:
    # Which location ships is decided with the order; a promise has to hold for each.
    sites = inventory.sourcing_locations(channel, fresh=fresh)
    return domain.earliest_cutoff(site.cutoff for site in sites)


def _methods(*, fresh: bool) -> list[ShippingMethod]:
    global _listed
    now = clock.now()
    if not fresh and _listed is not None and timedelta() <= now - _listed[0] < LISTED_FOR:
        return _listed[1]
    methods = store.methods(consistent=fresh)
    _listed = (now, methods)
    return methods


def forget_methods() -> None:
    """Read the methods anew next time; after a change, and between tests."""
    global _listed
    _listed = None


# ---- what administrators do ---------------------------------------------------------------------------------------------


def set_method(method: ShippingMethod, *, expected_version: int, by: Principal) -> ShippingMethod:
    """Put a method in the place of the one with its code; at version 0 there is none yet.

    Raises `MethodFaulty`, and `Stale` when that is not at `expected_version`.
    """
    by.require(Role.ADMIN)
    domain.check_method(method)
    before = store.method(method.code)
    _check_version(before.version if before else 0, expected_version)
    after = replace(method, version=expected_version + 1)
    tx = Transaction()
    store.put_method(tx, after)
    events.method_changed(tx, after, _changed(before, after), by)
    tx.commit()
    forget_methods()
    return after


def _changed(before: ShippingMethod | None, after: ShippingMethod) -> list[str]:
    names = [each.name for each in fields(after) if each.name not in {"code", "version"}]
    return [name for name in names if before is None or getattr(before, name) != getattr(after, name)]


def remove_method(code: str, *, expected_version: int, by: Principal) -> None:
    """Remove a method; orders keep what they were charged. Raises `NotFound`, and `Stale` unless at `expected_version`."""
    by.require(Role.ADMIN)
    before = _must_find(code)
    _check_version(before.version, expected_version)
    tx = Transaction()
    store.remove_method(tx, before)
    events.method_removed(tx, before, by)
    tx.commit()
    forget_methods()


def read_method(code: str, *, by: Principal) -> ShippingMethod:
    """The method, for staff. Raises `NotFound`."""
    _require_staff(by)
    return _must_find(code)


def list_methods(limit: int, cursor: str | None, *, by: Principal) -> Page[ShippingMethod]:
    """All methods by code, for staff."""
    _require_staff(by)
    return page_of("shipping methods", limit, cursor, store.methods, lambda method: method.code)


def _require_staff(by: Principal) -> None:
    by.require(Role.ASSOCIATE, Role.ADMIN)


def _must_find(code: str) -> ShippingMethod:
    method = store.method(code)
    if method is None:
        raise NotFound(f"There is no shipping method {code}.")
    return method


def _check_version(version: int, expected: int) -> None:
    if version != expected:
        raise Stale(f"It is at version {version}, not {expected}.", version=version)
