"""The books in the table.

| item | pk | sk | index |
|---|---|---|---|
| entry that concerns a supplier | LEDGER#<supplier>#<currency> | ENTRY#<posted at>#<entry id> | |
| balance of a supplier | LEDGER#<supplier>#<currency> | BALANCE | gsi1 LEDGERBALANCES#<supplier> / <currency>, gsi2 LEDGERBALANCES#<currency> / <supplier> |
| closing of a supplier's month | LEDGER#<supplier>#<currency> | CLOSING#<month> | |
| entry that concerns none | LEDGER#operator#<currency>#<day>#<shard> | ENTRY#<posted at>#<entry id> | |
| balances of the operator | LEDGERTOTALS#<currency>#<shard> | TOTALS | |
| what was booked, once | BOOKED#<order, or what was booked> | <what was booked> | |
| event of an adjustment | ADJUSTMENT#<entry id> | EVENT#<ulid> | |
| settings | LEDGERSETTINGS | COMMISSION, PAYOUTS, PAYOUTS#<supplier> | |
| payout run | PAYRUN#<id> | RUN | gsi2 PAYRUNS / <id> |
| what a supplier got in it | PAYRUN#<id> | PAYOUT#<supplier> | gsi1 SUPPLIERPAYOUTS#<supplier> / <id> |

The entries of a supplier are a range of one partition, so a statement is one strongly consistent query. A sale writes four items: what
was booked, the entry, the supplier's balance, and one row of the operator's.
"""

from chalicelib.ledger.store.balances import Balance, Totals, balance, balances, owed_suppliers, totals
from chalicelib.ledger.store.booking import (
    AlreadyBooked,
    add,
    adjustment_pk,
    entries_of_order,
    is_booked,
    sales_of,
    take_back,
)
from chalicelib.ledger.store.closings import add_closing, closing, closing_before
from chalicelib.ledger.store.entries import entries_of, entries_of_day, first_entry, position
from chalicelib.ledger.store.payouts import (
    add_payout,
    add_run,
    change_payout,
    change_run,
    get_payout,
    get_run,
    payouts_in,
    recent_runs,
    run_pk,
    runs_of,
)
from chalicelib.ledger.store.settings import (
    payout_settings,
    payout_settings_of,
    put_payout_settings,
    put_rules,
    rules,
    rules_in,
    rules_key,
)

__all__ = [
    "AlreadyBooked",
    "Balance",
    "Totals",
    "add",
    "add_closing",
    "add_payout",
    "add_run",
    "adjustment_pk",
    "balance",
    "balances",
    "change_payout",
    "change_run",
    "closing",
    "closing_before",
    "entries_of",
    "entries_of_day",
    "entries_of_order",
    "first_entry",
    "get_payout",
    "get_run",
    "is_booked",
    "owed_suppliers",
    "payout_settings",
    "payout_settings_of",
    "payouts_in",
    "position",
    "put_payout_settings",
    "put_rules",
    "recent_runs",
    "rules",
    "rules_in",
    "rules_key",
    "run_pk",
    "runs_of",
    "sales_of",
    "take_back",
    "totals",
]
