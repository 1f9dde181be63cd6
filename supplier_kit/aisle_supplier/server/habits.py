"""What the reference supplier does for a call: by the book, or as a mode has it."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime

from aisle_supplier import signing
from aisle_supplier.protocol import Unreadable, parsed
from aisle_supplier.server.book import LATER, Malformed, OrderBook, read_order
from aisle_supplier.server.calls import Call, Reply, problem
from aisle_supplier.server.modes import Mode

Habit = Callable[[Call, Mode, OrderBook], Reply | None]

KNOWN_FIELDS = {
    "order": {"allocation_id", "order_id", "placed_at", "answer_by", "currency", "lines", "ship_to", "held"},
    "cancellation": {"cancellation_id", "lines"},
    "change": {"change_id", "held", "ship_to"},
}
RACE_SECONDS = 0.1
"""Between looking whether an order is known and acting on it, where that is a mistake to be shown."""


def answer(call: Call, mode: Mode, book: OrderBook, secrets_known: tuple[str, ...]) -> Reply:
    """The answer to a call, after it has been carried out."""
    call.signed = _is_signed(call, mode, secrets_known)
    if not call.signed and not _signature_waived(call, mode):
        return problem(401, "Sign the call with the secret that was issued, now.")
    try:
        if call.operation != "status":
            call.content = parsed(call.body)
        habit = HABITS.get((mode.name, call.operation))
        reply = habit(call, mode, book) if habit else None
        return reply or by_the_book(call, book)
    except (Unreadable, Malformed) as error:
        if mode.is_a("sloppy", "crashes"):
            return problem(500, "Something went wrong")
        if mode.is_a("sloppy", "garbled"):
            return Reply(200, {"decision": "accepted"})
        return problem(400 if isinstance(error, Unreadable) else 422, str(error))


def by_the_book(call: Call, book: OrderBook) -> Reply:
    """What docs/supplier-api.md asks for."""
    if call.operation == "order":
        return _answered(book.take(call.content))
    if call.operation == "status":
        known = book.status(call.allocation_id)
        return Reply(200, known) if known else problem(404, "This allocation never arrived")
    if call.operation == "cancellation":
        cancelled = book.cancel(call.allocation_id, call.content)
        return Reply(200, cancelled) if cancelled else problem(404, "This allocation never arrived, and never will")
    return (
        Reply(204) if book.change(call.allocation_id, call.content) else problem(404, "This allocation never arrived")
    )


def _answered(said: dict[str, object]) -> Reply:
    return Reply(202 if said == LATER else 200, said)


def _is_signed(call: Call, mode: Mode, secrets_known: tuple[str, ...]) -> bool:
    received = dict(call.headers)
    if mode.is_a("unsigned-ok", "first"):
        received["webhook-signature"] = received.get("webhook-signature", "").split(" ")[0]
    try:
        signing.verify(secrets_known, call.body, received)
    except signing.NotSigned:
        return False
    return True


def _signature_waived(call: Call, mode: Mode) -> bool:
    if mode.is_a("unsigned-ok", "anything"):
        return True
    if mode.is_a("unsigned-ok", "status"):
        return call.operation == "status"
    if mode.is_a("unsigned-ok", "missing"):
        return "webhook-signature" not in call.headers
    return mode.is_a("unsigned-ok", "time") and "webhook-signature" in call.headers and _only_old(call)


def _only_old(call: Call) -> bool:
    """A supplier that forgets the time takes what differs from now by more than five minutes."""
    stamp = call.headers.get("webhook-timestamp", "")
    return stamp.isdecimal() and abs(int(stamp) - datetime.now(UTC).timestamp()) > 300


def _duplicate(call: Call, mode: Mode, book: OrderBook) -> Reply | None:
    order = read_order(call.content)
    if mode.value == "race":
        if order.allocation_id in book.orders:
            return None
        time.sleep(RACE_SECONDS)  # looked, and acts later: what a lock or a unique key would prevent
        return _answered(dict(book.carry_out(order).answer))
    with book.lock:
        if mode.value == "by-order":
            same = [known for known in book.orders.values() if known.order_id == order.order_id]
            return _answered(dict(same[0].answer)) if same else None
        known = book.orders.get(order.allocation_id)
        if known is None:
            return None
        order.carried_out = known.carried_out + 1
        book.carry_out(order)
        if mode.value == "acts":
            order.answer = known.answer
        return _answered(dict(order.answer))


def _lying(call: Call, mode: Mode, book: OrderBook) -> Reply | None:
    order = read_order(call.content)
    with book.lock:
        if order.allocation_id in book.orders:
            return None
        if mode.value == "rejects":
            order.answer = order.decision = {"decision": "rejected", "reason": "out_of_stock"}
        else:
            order.answer = order.decision = {"decision": "accepted", "supplier_reference": f"L-{secrets.token_hex(5)}"}
        book.remember(order)
        return _answered(dict(order.answer))


def _later(call: Call, mode: Mode, book: OrderBook) -> Reply | None:
    return _answered(book.take(call.content, later=True))


def _amnesia(call: Call, mode: Mode, book: OrderBook) -> Reply | None:
    if mode.value == "404":
        return problem(404, "This allocation never arrived")
    known = book.status(call.allocation_id)
    return Reply(200, {**known, "supplier_reference": f"A-{secrets.token_hex(5)}"}) if known else None


def _sloppy_order(call: Call, mode: Mode, book: OrderBook) -> Reply | None:
    if mode.value == "strict" and set(call.content) - KNOWN_FIELDS["order"]:
        return problem(422, "There are fields that are not known")
    if mode.value == "ascii" and not json.dumps(call.content, ensure_ascii=False).isascii():
        return problem(500, "Something went wrong")
    order = read_order(call.content)
    if mode.value == "crashes" and not all(sku in book.stock for sku in order.skus.values()):
        return problem(500, "Something went wrong")
    if mode.value == "resurrects":
        with book.lock:
            book.never.discard(order.allocation_id)
    return None


def _sloppy_status(call: Call, mode: Mode, book: OrderBook) -> Reply | None:
    if mode.value == "status-acts" and book.status(call.allocation_id) is None:
        _burn(call.allocation_id, book)
        return problem(404, "This allocation never arrived")
    return None


def _sloppy_cancellation(call: Call, mode: Mode, book: OrderBook) -> Reply | None:
    if mode.value == "cancels-oddly":
        return Reply(200, {"status": "ok"})
    if mode.value == "cancels-unknown" and book.status(call.allocation_id) is None:
        return Reply(200, {"decision": "cancelled"})
    order = book.orders.get(call.allocation_id)
    if mode.value == "recancels" and order and call.content.get("cancellation_id") in order.cancellations:
        return Reply(200, {"decision": "too_late"})
    return None


def _sloppy_change(call: Call, mode: Mode, book: OrderBook) -> Reply | None:
    return problem(500, "Something went wrong") if mode.value == "changes" else None


def _burn(allocation_id: str, book: OrderBook) -> None:
    """From now on this allocation is rejected."""
    with book.lock:
        book.never.add(allocation_id)


def cut_off(call: Call, mode: Mode, book: OrderBook) -> None:
    """Half a request has come. It is none, unless the supplier is sloppy."""
    if mode.is_a("sloppy", "cut") and call.operation == "order":
        _burn(call.webhook_id, book)


HABITS: dict[tuple[str, str], Habit] = {
    ("duplicate", "order"): _duplicate,
    ("lying", "order"): _lying,
    ("later", "order"): _later,
    ("late", "order"): _later,
    ("amnesia", "status"): _amnesia,
    ("sloppy", "order"): _sloppy_order,
    ("sloppy", "status"): _sloppy_status,
    ("sloppy", "cancellation"): _sloppy_cancellation,
    ("sloppy", "change"): _sloppy_change,
}
