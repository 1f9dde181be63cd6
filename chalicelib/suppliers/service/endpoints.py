"""The secrets that go with a supplier's Order Acceptance API: issued, and kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Contended
from chalicelib.core.idempotency import Answer, Idempotency, Replay
from chalicelib.core.table import Transaction
from chalicelib.suppliers.domain import life
from chalicelib.suppliers.domain.record import Supplier
from chalicelib.suppliers.gateways import secrets
from chalicelib.suppliers.gateways.secrets import OLD_VALID
from chalicelib.suppliers.service.access import require_access
from chalicelib.suppliers.service.finding import at_version, must_find, now
from chalicelib.suppliers.store import items as store

OLD_VALID_SECONDS = int(OLD_VALID.total_seconds())
"""How long calls are signed with a secret as well after it was replaced."""


def issue_secret(
    supplier_id: str, *, by: Principal, once: Idempotency, answer: Callable[[Supplier, str | None], Answer]
) -> Answer:
    """A new signing secret; calls are signed with each one before, too, for a day after it was replaced.

    It is shown this once: the answer that is kept for repetitions is made without it. It is kept after the command is recorded,
    so whoever sees an error or an answer without it asks for another one. Of two at once both hold, the later kept as the newer one.
    """
    require_access(supplier_id, by)
    earlier = once.earlier()
    if earlier is not None:
        raise Replay(earlier)
    after = life.with_secret(must_find(supplier_id), now())
    secret = secrets.new_secret()
    tx = Transaction()
    store.change_supplier(tx, after, Contended)
    once.record(tx, answer(after, None))
    tx.commit()
    secrets.change(supplier_id, lambda held: held.rotated(secret, clock.now()))
    return answer(after, secret)


def set_bearer_token(supplier_id: str, expected_version: int, token: str | None, *, by: Principal) -> Supplier:
    """What the supplier's own gateway wants to see as bearer token beside the signature; None for nothing. It is never shown.

    Raises `NotFound`, and `Stale` unless the supplier is at `expected_version`.
    """
    require_access(supplier_id, by)
    before = at_version(supplier_id, expected_version)
    after = replace(before, version=before.version + 1, changed_at=now())
    tx = Transaction()
    store.change_supplier(tx, after)
    tx.commit()
    secrets.change(supplier_id, lambda held: replace(held, bearer_token=token))
    return after
