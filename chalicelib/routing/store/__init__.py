"""Routing in the table.

| item | pk | sk | gsi1 | gsi2 |
|---|---|---|---|---|
| allocation | ALLOCATION#<id> | ALLOCATION | ALLOCATIONS#<supplier>#<state> / <id> | ALLOCATIONS#<state>#<shard> / <id> |
| call | ALLOCATION#<id> | CALL#<ulid> | | |
| recall | ALLOCATION#<id> | RECALL#<recall id> | | |
| an endpoint's health | ROUTINGHEALTH#<supplier> | HEALTH | | |
| counters of a month | SCORECARD#<supplier> | MONTH#<yyyy-mm>#<shard> | | |
| invoice | SUPPLIERINVOICE#<supplier>#<number> | INVOICE | SUPPLIERINVOICES#<supplier> / <received at>#<number> | |
| settings | ROUTINGSETTINGS | SETTINGS | | |
| settings for a supplier | ROUTINGSETTINGS | SUPPLIER#<supplier> | | |

Here is what orders read; all of it is in `items`.
"""

from chalicelib.routing.store.health import health_in, health_key
from chalicelib.routing.store.scorecards import month_keys, months_in

__all__ = ["health_in", "health_key", "month_keys", "months_in"]
