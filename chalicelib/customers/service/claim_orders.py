"""Orders that a customer placed as a guest become theirs once they have proven the e-mail address given with them."""

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.core import observability
from chalicelib.core.auth import Principal
from chalicelib.core.contacts import email_hash
from chalicelib.core.errors import Conflict, NotFound
from chalicelib.core.idempotency import Answer, Idempotency, Replay
from chalicelib.core.table import Transaction
from chalicelib.customers import store
from chalicelib.customers.domain import Means, NotVerified, profile
from chalicelib.customers.service.access import must_find, own_id
from chalicelib.orders import service as orders

MAX_CLAIMED = 25
"""Orders that one request claims: each is a transaction of its own, and all are done well within the gateway's limit."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """The orders that are the customer's now; with `more`, asking again brings others."""

    order_ids: tuple[str, ...]
    more: bool


def claim_orders(*, by: Principal, once: Idempotency, answer: Callable[[Claimed], Answer]) -> Answer:
    """Make earlier guest orders one's own. Safe to repeat: an order has one customer, by condition.

    Raises `NotVerified` unless the e-mail address of the profile is proven, `CustomerGone`.
    """
    earlier = once.earlier()
    if earlier is not None:
        raise Replay(earlier)
    customer = must_find(own_id(by))
    profile.check_active(customer)
    email = customer.proven(Means.EMAIL)
    hashed = email_hash(email) if email else None
    if hashed is None:
        raise NotVerified("Have a code sent to your e-mail address and send it back first.")
    found = orders.guest_orders(hashed, MAX_CLAIMED + 1)
    claimed = [order_id for order_id in found[:MAX_CLAIMED] if _claim(order_id, customer.id, by)]
    final = answer(Claimed(tuple(claimed), more=len(found) > MAX_CLAIMED))
    tx = Transaction()
    store.check_is_active(tx, customer.id)
    once.record(tx, final)
    tx.commit()
    return final


def _claim(order_id: str, customer_id: str, by: Principal) -> bool:
    try:
        orders.claim_order(order_id, customer_id, by)
    except (Conflict, NotFound):
        # The index is an instant behind: somebody has it by now, or it was forgotten.
        observability.log.info("an order was not claimed", order_id=order_id)
        return False
    return True
