"""Orders in the table.

| item | pk | sk | gsi1 | gsi2 |
|---|---|---|---|---|
| order | ORDER#<id> | ORDER | CUSTOMER#<customer> or GUEST#<e-mail hash> / <id> | ORDERS#<day>#<status>#<shard> / <id> |
| lines of a long order | ORDER#<id> | LINES#<nnn> | | |
| cancellation | ORDER#<id> | CANCELLATION#<id> | | |
| note, audit entry | ORDER#<id> | NOTE#<ulid>, AUDIT#<ulid> | | |
| sourcing rules | SOURCINGRULES | SOURCINGRULES | | |
| review | REVIEW#<id> | REVIEW | REVIEWS#<state> / <id> | |

The collection ORDER#<id> also holds the order's payment (payments), fulfilments (fulfilment), returns (returns) and events
(core.outbox).
"""

from chalicelib.orders.store.cancellation import add_cancellation, cancellations_of, get_cancellation, released
from chalicelib.orders.store.order import (
    add,
    by_status_and_day,
    change,
    get,
    in_batch,
    order_key,
    order_pk,
    recent_for_customer,
    recent_for_guest,
)
from chalicelib.orders.store.review import ReviewResolved, get_review, open_reviews, park, resolve
from chalicelib.orders.store.sourcing import change_sourcing_rules, sourcing_in, sourcing_key, sourcing_rules
from chalicelib.orders.store.staff import add_audit, add_note, audit_of, forget_what_was_written, notes_of

__all__ = [
    "ReviewResolved",
    "add",
    "add_audit",
    "add_cancellation",
    "add_note",
    "audit_of",
    "by_status_and_day",
    "cancellations_of",
    "change",
    "change_sourcing_rules",
    "forget_what_was_written",
    "get",
    "get_cancellation",
    "get_review",
    "in_batch",
    "notes_of",
    "open_reviews",
    "order_key",
    "order_pk",
    "park",
    "recent_for_customer",
    "recent_for_guest",
    "released",
    "resolve",
    "sourcing_in",
    "sourcing_key",
    "sourcing_rules",
]
