"""The audit: every balance is the sum of its postings. Bounded steps, each going on where the last one ended."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from time import monotonic
from typing import Any

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.paging import open_cursor, seal
from chalicelib.ledger import store
from chalicelib.ledger.domain import Account, Entry, supplier_account
from chalicelib.ledger.service.settle_terms import require_bookkeeper

AT_ONCE = 2_000
"""Entries that one step reads: half a megabyte, and a second."""

WITHIN = 8.0
"""Seconds after which a step begins nothing more: a supplier costs four calls and a day as many, with however few entries, and the gateway
waits for 29 seconds."""

_LAST = "~"


@dataclass(frozen=True, slots=True)
class Check:
    """An account's balance as it is kept, and what its entries come to (minor units, debits positive).

    `conclusive`: nothing was booked meanwhile. Where something was and the two differ, it is to be checked again.
    """

    account: str
    stored: int
    computed: int
    conclusive: bool

    @property
    def difference(self) -> int:
        """What is wrong; 0 is right."""
        return self.stored - self.computed


@dataclass(frozen=True, slots=True)
class _Progress:
    """Where an audit is. `supplier`: the last one done; `current`: (supplier, its version and balance, position, sum so far); `day`: the
    next to read, once suppliers are done. `sums`: of the operator's accounts; `stored` and `version` as they were at the start."""

    supplier: str | None = None
    current: list[Any] | None = None
    day: str | None = None
    position: str | None = None
    sums: dict[str, int] = field(default_factory=dict)
    stored: dict[str, int] = field(default_factory=dict)
    since: str | None = None
    version: int = 0


def audit(
    currency: str, cursor: str | None, by: Principal, *, at_once: int = AT_ONCE, within: float = WITHIN
) -> tuple[list[Check], str | None]:
    """Check the balances of a currency against their entries: suppliers first, at the end the operator's accounts. Answers the
    accounts that this step finished, and the cursor for the next: it ends after `at_once` entries or `within` so many seconds, and does
    something at least. For whoever keeps the books."""
    require_bookkeeper(by)
    scope = f"audit {currency}"
    opened = open_cursor(scope, cursor)
    progress = _Progress(**opened) if opened else _start(currency)
    checks: list[Check] = []
    left, until = at_once, monotonic() + within
    while left > 0:
        if progress.day is None:
            progress, read = _check_supplier(currency, progress, left, checks)
        elif progress.day <= f"{clock.now():%Y-%m-%d}":
            progress, read = _read_day(currency, progress, left)
        else:
            return [*checks, *_check_operator(currency, progress)], None
        left -= max(1, read)
        if monotonic() >= until:
            break
    return checks, seal(scope, {name: getattr(progress, name) for name in _Progress.__slots__})


def _start(currency: str) -> _Progress:
    totals = store.totals(currency)
    stored = {str(account): amount for account, amount in totals.accounts.items() if amount}
    return _Progress(stored=stored, since=totals.since, version=totals.version)


def _check_supplier(currency: str, progress: _Progress, most: int, checks: list[Check]) -> tuple[_Progress, int]:
    if progress.current is None:
        following = store.owed_suppliers(currency, progress.supplier, 1)
        if not following:
            return replace(progress, day=progress.since or "9999-12-31"), 0
        balance = store.balance(following[0], currency)
        progress = replace(progress, current=[balance.supplier_id, balance.version, balance.amount, None, 0])
    supplier_id, version, amount, position, summed = progress.current or []
    entries = list(store.entries_of(supplier_id, currency, "", _LAST, position, most))
    summed += sum(one.due_to_supplier for one in entries)
    sums = _with(progress.sums, entries)
    if len(entries) == most:
        current = [supplier_id, version, amount, store.position(entries[-1]), summed]
        return replace(progress, current=current, sums=sums), len(entries)
    conclusive = store.balance(supplier_id, currency).version == version
    checks.append(Check(supplier_account(supplier_id), -amount, -summed, conclusive))
    return replace(progress, supplier=supplier_id, current=None, sums=sums), len(entries)


def _read_day(currency: str, progress: _Progress, most: int) -> tuple[_Progress, int]:
    day = progress.day or ""
    entries = store.entries_of_day(currency, day, progress.position, most)
    sums = _with(progress.sums, entries)
    if len(entries) == most:
        return replace(progress, position=store.position(entries[-1]), sums=sums), len(entries)
    return replace(progress, day=f"{date.fromisoformat(day) + timedelta(days=1)}", position=None, sums=sums), len(
        entries
    )


def _check_operator(currency: str, progress: _Progress) -> list[Check]:
    conclusive = store.totals(currency).version == progress.version
    return [
        Check(account, progress.stored.get(account, 0), progress.sums.get(account, 0), conclusive)
        for account in Account
    ]


def _with(sums: dict[str, int], entries: list[Entry]) -> dict[str, int]:
    summed = dict(sums)
    for one in entries:
        for account, amount in one.of_operator.items():
            summed[account] = summed.get(account, 0) + amount
    return summed
