"""Payments to test with, a provider that fails on purpose, and a look into the sandbox's books."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from chalicelib.core import outbox
from chalicelib.core.auth import system
from chalicelib.core.money import Money
from chalicelib.core.table import Transaction, find_many
from chalicelib.payments import gateways, service, store
from chalicelib.payments.domain import (
    Payment,
    RefundRequest,
    Tender,
    TenderRequest,
    TenderStatus,
    TenderType,
)

BY = system("payments")
ORDER = "ord_01K0000000000000000000000A"


def a_tender(type: str = "card", amount: int = 1000, id: str = "1", **more: Any) -> Tender:
    return Tender(id, TenderType(type), "sandbox", amount, **more)


def a_payment(*tenders: Tender, amount: int | None = None, **more: Any) -> Payment:
    """By one card of 1000, unless other tenders are given."""
    tenders = tenders or (a_tender(amount=1000 if amount is None else amount),)
    return Payment(ORDER, "GBP", sum(tender.amount for tender in tenders), tenders, **more)


def held(type: str = "card", amount: int = 1000, id: str = "1", **more: Any) -> Tender:
    """A tender that its provider holds."""
    return a_tender(type, amount, id, status=TenderStatus.AUTHORISED, authorisation=f"sbx:{id}", **more)


def an_authorised(**more: Any) -> Payment:
    """1000 held on one card."""
    return a_payment(held(), **more)


def a_split(**more: Any) -> Payment:
    """300 held on a gift card and 700 on a card."""
    return a_payment(held("gift_card", 300, "1"), held("card", 700, "2"), **more)


def card(token: str = "tok_approve", amount: int | None = None) -> TenderRequest:
    return TenderRequest("card", token, amount)


def opened(
    token: str | None = "tok_approve",
    amount: int = 1000,
    order_id: str = ORDER,
    tenders: Sequence[TenderRequest] | None = None,
) -> str:
    """An order's payment as placing the order leaves it: by one card with this token, unless tenders are given."""
    tx = Transaction()
    wanted = tenders if tenders is not None else [card(token)] if token else []
    service.open_payment(tx, order_id, Money(amount, "GBP"), wanted, BY)
    tx.commit()
    return order_id


def owe(order_id: str = ORDER, **change: Any) -> Payment:
    """One change of what is owed, in a transaction of its own."""
    tx = Transaction()
    after = service.owe(tx, stored(order_id), by=BY, **change)
    tx.commit()
    return after


def due(order_id: str, key: str, amount: int, *, final: bool = False) -> None:
    """So much fell due, as shipping records it."""
    owe(order_id, due=(key, amount), final=final)


def refund(key: str, amount: int, order_id: str = ORDER, to: str = "original") -> Payment:
    """So much is to be given back, as returning records it."""
    return owe(order_id, refund=RefundRequest(key, amount, "returned", to))


def stored(order_id: str = ORDER) -> Payment:
    return service.payment_from(find_many(service.payment_keys(order_id), consistent=True), order_id)


def tokens_of(order_id: str = ORDER) -> list[str | None]:
    found = store.get(order_id)
    assert found is not None
    return found[1]


def events_of(order_id: str = ORDER) -> list[tuple[str, Any]]:
    """Types and amounts of the order's timeline, in order."""
    return [(event.type, event.data["amount"]) for event in outbox.timeline(f"ORDER#{order_id}")]


def operations(order_id: str, *intents: str) -> list[int]:
    """How often the provider acted under each key."""
    return [store.sandbox_operations(f"{order_id}:{intent}") for intent in intents]


class Crash(BaseException):
    """The function dies: nothing catches this, as nothing catches a kill."""


class Faulty:
    """The sandbox behind a bad line: `fault(call, key, moment)` may raise before the call is made or after it was."""

    def __init__(self, fault: Callable[[str, str, str], None]) -> None:
        self._fault = fault
        self._provider = gateways.SandboxGateway()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(about: Any, *rest: Any) -> Any:
            key = about.key if isinstance(about, gateways.Call) else about
            self._fault(name, key, "before")
            answer = getattr(self._provider, name)(about, *rest)
            self._fault(name, key, "after")
            return answer

        return call


def crash_once(call: str, moment: str) -> Callable[[str], Any]:
    """A choice of provider that dies at the first such moment, and works from then on."""
    crashed: list[str] = []

    def fault(name: str, key: str, when: str) -> None:
        if (name, when) == (call, moment) and not crashed:
            crashed.append(key)
            raise Crash(f"{moment} {call}")

    return lambda _name: Faulty(fault)


def interrupted_by(call: str, moment: str, interruption: Callable[[], Any]) -> Callable[[str], Any]:
    """A choice of provider during whose first such call something else happens."""
    done: list[str] = []

    def fault(name: str, key: str, when: str) -> None:
        if (name, when) == (call, moment) and not done:
            done.append(key)
            interruption()

    return lambda _name: Faulty(fault)


@contextmanager
def crashing() -> Iterator[None]:
    """Swallow the crash, as Lambda would, and go on with the next attempt."""
    try:
        yield
    except Crash:
        return
    raise AssertionError("it did not crash")
