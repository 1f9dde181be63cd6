"""Payments to test with, a provider that fails on purpose, and a look into the sandbox's books."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from chalicelib.core import outbox
from chalicelib.core.auth import system
from chalicelib.core.money import Money
from chalicelib.core.table import Transaction, find_many
from chalicelib.payments import gateways, service, store
from chalicelib.payments.domain import Payment, PaymentStatus

BY = system("payments")
ORDER = "ord_01K0000000000000000000000A"


def a_payment(status: PaymentStatus = PaymentStatus.PENDING, amount: int = 1000, **more: Any) -> Payment:
    payment = Payment(ORDER, "GBP", amount, "sandbox", status)
    return replace(payment, **more)


def an_authorised(amount: int = 1000, **more: Any) -> Payment:
    return a_payment(PaymentStatus.AUTHORISED, amount, authorised=amount, authorisation="sbx:x", **more)


def opened(token: str | None = "tok_approve", amount: int = 1000, order_id: str = ORDER) -> str:
    """An order's payment as placing the order leaves it."""
    tx = Transaction()
    service.open_payment(tx, order_id, Money(amount, "GBP"), token, BY)
    tx.commit()
    return order_id


def due(order_id: str, key: str, amount: int, *, final: bool = False) -> None:
    """So much fell due, as shipping records it."""
    tx = Transaction()
    service.add_due(tx, stored(order_id), key, amount, final=final, by=BY)
    tx.commit()


def stored(order_id: str = ORDER) -> Payment:
    return service.payment_from(find_many(service.payment_keys(order_id), consistent=True), order_id)


def token_of(order_id: str = ORDER) -> str | None:
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
        def call(key: str, *rest: Any) -> Any:
            self._fault(name, key, "before")
            answer = getattr(self._provider, name)(key, *rest)
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
