"""Bugs to plant: each takes away one guard of the code, as a careless change might. The simulator must find every one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from importlib import import_module
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from chalicelib.carts import domain as carts_domain
from chalicelib.carts import store as carts_store
from chalicelib.core import consumers, outbox
from chalicelib.core.idempotency import Idempotency
from chalicelib.core.ids import new_ulid
from chalicelib.fulfilment import domain as fulfilment_domain
from chalicelib.inventory import service as inventory
from chalicelib.inventory import store as inventory_store
from chalicelib.orders import events as order_events
from chalicelib.orders import store as orders_store
from chalicelib.payments import domain as payments_domain
from chalicelib.payments import service as payments
from chalicelib.payments import store as payments_store
from chalicelib.payments.domain import Payment
from chalicelib.payments.gateways import Declined, Unknown
from chalicelib.payments.service import steps
from chalicelib.promotions import store as promotions_store
from chalicelib.promotions.store.redemption import CouponUsesItem, uses_key
from chalicelib.returns import store as returns_store

# Modules whose names are also those of functions beside them.
authorising = import_module("chalicelib.payments.service.authorise")
settling = import_module("chalicelib.payments.service.settle")
cancelling = import_module("chalicelib.orders.service.cancel_order")

Bug = Callable[[], AbstractContextManager[Any]]


def always(function: Any) -> Any:
    """A function of a store whose condition is only that the item is there."""

    def changed(tx: Any, *arguments: Any, **options: Any) -> None:
        function(_Unconditional(tx), *arguments, **options)

    return changed


def _with(module: Any, **changed: Any) -> Any:
    """A module, some of it changed, for one of those who use it."""
    return SimpleNamespace(**{**vars(module), **changed})


class _Unconditional:
    """A transaction that forgets the conditions of updates and puts."""

    def __init__(self, tx: Any) -> None:
        self._tx = tx

    def update(self, item: Any, actions: Any, condition: Any, on_conflict: Any) -> None:
        self._tx.update(item, actions, type(item).pk.exists(), on_conflict)

    def put(self, item: Any, condition: Any, on_conflict: Any) -> None:
        self._tx.put(item, type(item).pk.exists(), on_conflict)


def stock_condition_dropped() -> AbstractContextManager[Any]:
    """Units are promised whether they are there or not."""
    return patch.object(inventory_store, "promise", always(inventory_store.promise))


def freeing_condition_dropped() -> AbstractContextManager[Any]:
    """What is held is given back however often it was before."""
    return patch.multiple(
        inventory_store,
        free=always(inventory_store.free),
        expire_reservation=always(inventory_store.expire_reservation),
        release_reservation=always(inventory_store.release_reservation),
        release_hold=always(inventory_store.release_hold),
    )


def expiry_ignored() -> AbstractContextManager[Any]:
    """A reservation is bound to its order though it has expired."""
    return patch.object(inventory_store, "commit_reservation", always(inventory_store.commit_reservation))


def idempotency_record_skipped() -> AbstractContextManager[Any]:
    """What a command answered is not kept."""
    return patch.object(Idempotency, "record", lambda *_: None)


def order_version_condition_dropped() -> AbstractContextManager[Any]:
    """The last who writes an order wins."""
    return patch.object(orders_store, "change", always(orders_store.change))


def payment_version_condition_dropped() -> AbstractContextManager[Any]:
    """The last who writes a payment wins."""
    return patch.object(payments_store, "change", always(payments_store.change))


def provider_key_random() -> AbstractContextManager[Any]:
    """The provider is asked under another key each time."""
    return patch.object(steps, "_key", lambda payment, intent, tender: f"{payment.order_id}:{intent}:{new_ulid()}")


def refund_key_random() -> AbstractContextManager[Any]:
    """A refund whose answer was lost is asked for under another key, and made twice."""
    return patch.object(settling, "refund_key", lambda payment, *_: f"{payment.order_id}:refund:{new_ulid()}")


def refunded_more_than_paid() -> AbstractContextManager[Any]:
    """Nobody looks at what was given back before."""
    whole = property(lambda payment: payment.captured + sum(payment.dues.values()))
    return patch.object(Payment, "refundable", whole)


def unknown_taken_for_declined() -> AbstractContextManager[Any]:
    """A provider that does not answer has refused."""
    ask = authorising._ask

    def hasty(*arguments: Any) -> Any:
        answer = ask(*arguments)
        return Declined("no_answer") if isinstance(answer, Unknown) else answer

    return patch.object(authorising, "_ask", hasty)


def forestalling_forgotten() -> AbstractContextManager[Any]:
    """An authorisation of which nothing is known is taken for one that never was."""

    def hasty(payment: Any, tender: Any, *_: Any) -> Any:
        return steps.commit(payments_domain.void(payment, tender.id))

    return patch.object(authorising, "_forestalled", hasty)


def cancelled_payment_left_open() -> AbstractContextManager[Any]:
    """An order is cancelled before its payment was asked for, and the payment does not hear of it."""
    return patch.object(payments, "close_payment", lambda *_: None)


def cancelled_without_its_version() -> AbstractContextManager[Any]:
    """A cancellation overwrites what became of the order in the meantime."""
    return patch.object(cancelling, "store", _with(orders_store, change=always(orders_store.change)))


def cancelled_units_stay_reserved() -> AbstractContextManager[Any]:
    """Units that were cancelled are kept from others."""
    return patch.object(inventory, "put_back", lambda *_, **__: None)


def return_version_condition_dropped() -> AbstractContextManager[Any]:
    """The last who writes a return wins."""
    return patch.object(returns_store, "change_return", always(returns_store.change_return))


def coupon_condition_dropped() -> AbstractContextManager[Any]:
    """A code is used by whoever comes."""
    return patch.object(promotions_store, "count_use", always(promotions_store.count_use))


def coupon_slot_condition_dropped() -> AbstractContextManager[Any]:
    """A customer uses a code as often as they like."""

    def take(tx: Any, customer_id: str, slots: Any, on_conflict: Any) -> None:
        item = CouponUsesItem(*uses_key(customer_id)[1:])
        whatever = CouponUsesItem.pk.exists() | CouponUsesItem.pk.does_not_exist()
        tx.update(item, [CouponUsesItem.slots.add(set(slots))], whatever, on_conflict)

    return patch.object(promotions_store, "take_slots", take)


def cart_version_condition_dropped() -> AbstractContextManager[Any]:
    """Whoever signs in again doubles the cart, and what was ordered is ordered once more."""
    return patch.object(carts_store, "change", always(carts_store.change))


def cart_stays_open() -> AbstractContextManager[Any]:
    """A guest's cart can be merged as often as one likes."""

    def merge(cart: Any, guest: Any, now: Any) -> Any:
        whole, emptied = honest(cart, guest, now)
        return whole, replace(emptied, state=guest.state, merged_into=None)

    honest = carts_domain.merge
    return patch.object(carts_domain, "merge", merge)


def event_forgotten() -> AbstractContextManager[Any]:
    """Nobody hears of an order that was confirmed."""
    return patch.object(order_events, "order_confirmed", lambda *_: None)


def event_outside_the_transaction() -> AbstractContextManager[Any]:
    """Events are written by themselves, before what they tell."""
    create = outbox.Transaction.create

    def at_once(tx: Any, item: Any, on_conflict: Any) -> None:
        if isinstance(item, outbox.EventItem):
            alone = outbox.Transaction()
            create(alone, item, on_conflict)
            alone.commit()
        else:
            create(tx, item, on_conflict)

    return patch.object(outbox.Transaction, "create", at_once)


def message_deleted_before_it_is_dealt_with() -> AbstractContextManager[Any]:
    """A consumer drops what it cannot do at once."""
    finished = consumers._finished

    def careless(*arguments: Any) -> bool:
        finished(*arguments)
        return True

    return patch.object(consumers, "_finished", careless)


def shipped_twice() -> AbstractContextManager[Any]:
    """A parcel that left can leave again."""
    return patch.object(fulfilment_domain, "ASKED_FOR", frozenset(fulfilment_domain.FulfilmentStatus))


def wait_not_counted() -> AbstractContextManager[Any]:
    """Units are sold before they are there, and nobody knows that they are waited for."""
    honest = inventory_store.promise

    def promise(tx: Any, line: Any, **options: Any) -> None:
        if line.waiting:
            always(honest)(tx, replace(line, waiting=0), **options)
        else:
            honest(tx, line, **options)

    return patch.object(inventory_store, "promise", promise)


@contextmanager
def stock_read_then_written() -> Iterator[None]:
    """Stock is looked at, and then written: check-then-act."""
    promise = inventory_store.promise

    def check_then_act(tx: Any, line: Any, **options: Any) -> None:
        rows = {stock.location_id: stock for stock in inventory_store.stock_of(line.sku)}
        if line.location_id not in rows or rows[line.location_id].available < line.quantity:
            raise inventory_store.too_low(line)(None)
        always(promise)(tx, line, **options)

    with patch.object(inventory_store, "promise", check_then_act):
        yield


BUGS: tuple[Bug, ...] = (
    stock_condition_dropped,
    stock_read_then_written,
    freeing_condition_dropped,
    expiry_ignored,
    idempotency_record_skipped,
    order_version_condition_dropped,
    payment_version_condition_dropped,
    return_version_condition_dropped,
    coupon_condition_dropped,
    coupon_slot_condition_dropped,
    cart_version_condition_dropped,
    cart_stays_open,
    provider_key_random,
    refund_key_random,
    refunded_more_than_paid,
    unknown_taken_for_declined,
    forestalling_forgotten,
    cancelled_payment_left_open,
    cancelled_without_its_version,
    cancelled_units_stay_reserved,
    event_forgotten,
    event_outside_the_transaction,
    message_deleted_before_it_is_dealt_with,
    shipped_twice,
    wait_not_counted,
)
