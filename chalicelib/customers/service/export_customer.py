"""Everything that is held of a customer (GDPR, articles 15 and 20), as one list of records in pages."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from chalicelib.core.auth import Principal
from chalicelib.core.paging import Page, open_cursor, seal
from chalicelib.customers import store
from chalicelib.customers.domain import Customer
from chalicelib.customers.service.access import READ, check_concerned, must_find
from chalicelib.notifications import service as notifications
from chalicelib.orders import service as orders

_ORDER_FIELDS = (
    "id", "channel", "currency", "reference", "placed_at", "status", "contact", "shipping_address", "lines", "charges",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that is held: what kind of thing, and all that it says."""

    kind: str
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Found:
    """Records of one kind, and where they go on, or None at their end."""

    records: list[Record]
    position: Any


_Source = Callable[[Customer, Any, int, Principal], _Found]


def export_customer(customer_id: str, limit: int, cursor: str | None, by: Principal) -> Page[Record]:
    """Profile, addresses, consents, orders, devices and messages of the last 30 days, one after the other; about `limit`
    records a page, for the customer and for staff. Raises `NotFound`.

    Read page by page while others write, so it shows each thing as it is when its page is read.
    """
    check_concerned(customer_id, by, READ)
    customer = must_find(customer_id)
    scope = f"export of {customer_id}"
    number, position = open_cursor(scope, cursor) or (0, None)
    records: list[Record] = []
    while number < len(_SOURCES) and len(records) < limit:
        found = _SOURCES[number](customer, position, limit - len(records), by)
        records += found.records
        position = found.position
        if position is None:
            number += 1
    return Page(records, seal(scope, [number, position]) if number < len(_SOURCES) else None)


def _profile(customer: Customer, position: Any, count: int, by: Principal) -> _Found:
    return _Found([Record("profile", _plain(customer))], None)


def _addresses(customer: Customer, position: Any, count: int, by: Principal) -> _Found:
    book = store.get_book(customer.id)
    return _Found(_records("address", book.addresses), None)


def _consents(customer: Customer, position: Any, count: int, by: Principal) -> _Found:
    entries = store.consent_entries(customer.id, position, count)
    return _Found(_records("consent", entries), entries[-1].id if len(entries) == count else None)


def _orders(customer: Customer, position: Any, count: int, by: Principal) -> _Found:
    page = orders.list_for_customer(customer.id, count, position, by)
    every = [orders.read_order(row["id"], by) for row in page.items]
    records = [Record("order", {name: _plain(getattr(order, name)) for name in _ORDER_FIELDS}) for order in every]
    return _Found(records, page.next_cursor)


def _devices(customer: Customer, position: Any, count: int, by: Principal) -> _Found:
    return _Found(_records("device", notifications.devices_of(customer.id)), None)


def _messages(customer: Customer, position: Any, count: int, by: Principal) -> _Found:
    sent = notifications.sent_to(customer.id, position, count)
    return _Found(_records("message", sent), sent[-1].id if len(sent) == count else None)


_SOURCES: Sequence[_Source] = (_profile, _addresses, _consents, _orders, _devices, _messages)


def _records(kind: str, things: Iterable[Any]) -> list[Record]:
    return [Record(kind, _plain(thing)) for thing in things]


def _plain(value: Any) -> Any:
    """As JSON has it: dataclasses by field, sets and tuples as lists."""
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(entry) for entry in value]
    return value
