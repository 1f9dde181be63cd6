"""Codes under way."""

from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute

from chalicelib.core import clock
from chalicelib.core.errors import AisleError, Contended
from chalicelib.core.table import Item, Json, RawItem, Transaction, find
from chalicelib.customers.domain import Means, Verification
from chalicelib.customers.store.profile import customer_pk

KEPT = timedelta(hours=2)
"""Longer than requests are counted."""


class VerificationItem(Item):
    """pk = CUSTOMER#<id>, sk = VERIFICATION#<means>. The next request of the same means takes its place."""

    version = NumberAttribute()
    document = Json()


def _sk(means: Means) -> str:
    return f"VERIFICATION#{means}"


def get_verification(customer_id: str, means: Means) -> Verification | None:
    """The code under way, or None."""
    item = find(VerificationItem, customer_pk(customer_id), _sk(means), consistent=True)
    if item is None:
        return None
    stored = item.document
    times = {name: datetime.fromisoformat(stored[name]) for name in ("expires_at", "window_began")}
    return Verification(customer_id, means, **{**stored, **times}, version=int(item.version))


def put_verification(tx: Transaction, verification: Verification) -> None:
    """Write the next version. Raises `Contended` at commit when another was quicker: two tries at once count twice."""
    item = VerificationItem(
        customer_pk(verification.customer_id),
        _sk(verification.means),
        version=verification.version,
        document={
            "id": verification.id,
            "target": verification.target,
            "expires_at": clock.rfc3339(verification.expires_at),
            "window_began": clock.rfc3339(verification.window_began),
            "requests": verification.requests,
            "attempts": verification.attempts,
        },
        ttl=clock.epoch_seconds(verification.window_began + KEPT),
    )
    as_read = VerificationItem.version == verification.version - 1
    tx.put(item, as_read if verification.version > 1 else VerificationItem.pk.does_not_exist(), _other)


def remove_verifications(tx: Transaction, customer_id: str) -> None:
    """Forget all codes under way, whatever they are by now."""
    anything = VerificationItem.pk.exists() | VerificationItem.pk.does_not_exist()
    for means in Means:
        tx.delete(VerificationItem(customer_pk(customer_id), _sk(means)), anything, _other)


def _other(raw: RawItem | None) -> AisleError:
    return Contended("Another code was asked for, or tried, at the same moment.")
