"""Everything that is held, once, in pages."""

from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.core.auth import Principal
from chalicelib.core.errors import Forbidden, Invalid, NotFound
from chalicelib.core.idempotency import no_answer
from chalicelib.core.paging import Page
from chalicelib.customers import service
from chalicelib.customers.domain import ConsentChange, ConsentChannel, Purpose
from chalicelib.customers.service import AddressRequest, Record
from chalicelib.notifications.store import Device, Sent
from chalicelib.orders.domain import Charge
from tests.conftest import ADMIN, SUPPLIER
from tests.unit.customers.builders import ADDRESS, a_key, a_shopper, has_profile

pytestmark = pytest.mark.usefixtures("table")
ADA = a_shopper()
ORDERS = ["ord_3", "ord_2", "ord_1"]


@pytest.fixture
def ada(monkeypatch: pytest.MonkeyPatch) -> None:
    """A customer with one address, three consents, three orders, a device and two messages."""
    has_profile(name="Ada", email="ada@example.com")
    service.add_address(
        "usr_ada", AddressRequest(ADDRESS, False, False), by=ADA, once=a_key(), answer=lambda *_: no_answer()
    )
    yes = [ConsentChange(purpose, ConsentChannel.EMAIL, True) for purpose in Purpose]
    service.change_consents("usr_ada", yes, source="account", wording="1", expected_version=0, by=ADA)

    def list_for_customer(customer_id: str, limit: int, cursor: str | None, by: Principal) -> Page[dict[str, Any]]:
        start = int(cursor or 0)
        more = start + limit < len(ORDERS)
        return Page([{"id": id} for id in ORDERS[start : start + limit]], str(start + limit) if more else None)

    def read_order(order_id: str, by: Principal) -> Any:
        return SimpleNamespace(
            id=order_id,
            channel="web",
            currency="GBP",
            reference=None,
            placed_at="2026-01-01T12:00:00.000000Z",
            status="confirmed",
            contact={"name": "Ada"},
            shipping_address=ADDRESS,
            lines=(),
            charges=(Charge("post", "Postage", 395, 2000, 66),),
            version=7,
        )

    def sent_to(customer_id: str, after: str | None, count: int) -> list[Sent]:
        every = [Sent("e1#email", "OrderConfirmed", "email", "t1"), Sent("e2#sms", "OrderRefused", "sms", "t2")]
        return [one for one in every if after is None or one.id > after][:count]

    monkeypatch.setattr("chalicelib.orders.service.list_for_customer", list_for_customer)
    monkeypatch.setattr("chalicelib.orders.service.read_order", read_order)
    monkeypatch.setattr("chalicelib.notifications.service.sent_to", sent_to)
    device = Device("dev_1", "usr_ada", "arn:endpoint", "t0")
    monkeypatch.setattr("chalicelib.notifications.service.devices_of", lambda customer_id: [device])


def pages(limit: int, by: Principal = ADA) -> list[list[Record]]:
    cursor, seen = None, []
    while True:
        page = service.export_customer("usr_ada", limit, cursor, by)
        seen.append(page.items)
        cursor = page.next_cursor
        if cursor is None:
            return seen


EVERYTHING = [
    "profile",
    "address",
    *["consent"] * 3,
    *["order"] * 3,
    "device",
    *["message"] * 2,
]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
def test_whatever_the_size_of_a_page_everything_is_there_once(ada: None, limit: int) -> None:
    records = [record for page in pages(limit) for record in page]
    assert [record.kind for record in records] == EVERYTHING
    assert [record.content["id"] for record in records if record.kind == "order"] == ORDERS
    assert [record.content["id"] for record in records if record.kind == "message"] == ["e1#email", "e2#sms"]
    assert max(len(page) for page in pages(limit)) <= limit


def test_records_say_what_is_held(ada: None) -> None:
    records = {record.kind: record.content for page in pages(100) for record in page}
    assert (records["profile"]["name"], records["profile"]["verified"]) == ("Ada", [])
    assert records["address"]["fields"] == ADDRESS
    assert records["consent"]["wording"] == "1"
    assert records["order"]["contact"] == {"name": "Ada"}
    assert records["order"]["charges"] == [
        {"code": "post", "description": "Postage", "amount": 395, "tax_rate_bps": 2000, "tax": 66}
    ]
    assert "version" not in records["order"]


def test_staff_export_a_customer_and_nobody_else_does(ada: None) -> None:
    assert len(pages(100, ADMIN)[0]) == len(EVERYTHING)
    with pytest.raises(NotFound):
        pages(100, a_shopper("usr_eve"))
    with pytest.raises(Forbidden):
        pages(100, SUPPLIER)


def test_a_cursor_is_of_one_export(ada: None) -> None:
    cursor = service.export_customer("usr_ada", 1, None, ADA).next_cursor
    has_profile("usr_eve")
    with pytest.raises(Invalid):
        service.export_customer("usr_eve", 1, cursor, a_shopper("usr_eve"))
