"""Carts that nobody has changed for a day are told of, once for each time."""

from time import monotonic

from chalicelib.carts import events, store
from chalicelib.carts.domain import IDLE_AFTER, State
from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Conflict
from chalicelib.core.table import Transaction


def abandon_idle(by: Principal, *, within: float) -> dict[str, int]:
    """Look at the carts that are due, each in a transaction of its own, for at most `within` seconds.

    One that was changed since is looked at again a day after that. Safe to run twice and at once: a look counts for the version
    and moment that were read. Returns how many were `abandoned`, put off (`later`), `settled` by others meanwhile, `failed` (and
    are tried again next time), and are `left` for want of time (1 stands for some).
    """
    until = monotonic() + within
    outcome = {"abandoned": 0, "later": 0, "settled": 0, "failed": 0, "left": 0}
    for cart_id in store.due_carts(clock.now()):
        if monotonic() >= until:
            outcome["left"] = 1
            break
        try:
            outcome[_look(cart_id, by)] += 1
        except Conflict:
            outcome["settled"] += 1
        except Exception:
            # One that cannot be looked at must not keep the others from it.
            observability.log.exception("a cart could not be looked at", cart_id=cart_id)
            outcome["failed"] += 1
    if outcome["abandoned"]:
        observability.count("CartsAbandoned", outcome["abandoned"])
    return outcome


def _look(cart_id: str, by: Principal) -> str:
    now = clock.now()
    cart = store.get(cart_id)
    if cart is None or cart.state is not State.ACTIVE or cart.due_at is None or cart.due_at > now:
        return "settled"
    tx = Transaction()
    if cart.is_idle(now):
        store.look_again(tx, cart, None)
        events.cart_abandoned(tx, cart, by)
        tx.commit()
        return "abandoned"
    store.look_again(tx, cart, cart.changed_at + IDLE_AFTER)
    tx.commit()
    return "later"
