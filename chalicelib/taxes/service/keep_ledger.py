"""The tax ledger: what is owed for orders, and the report of it."""

from collections.abc import Callable
from datetime import datetime

from chalicelib.core import observability
from chalicelib.core.auth import Principal, Role
from chalicelib.core.clock import rfc3339
from chalicelib.core.errors import Contended
from chalicelib.taxes import domain, store
from chalicelib.taxes.domain import EntryKind, TaxedOrder, TaxEntry, TaxReport
from chalicelib.taxes.gateways import TaxCalculator
from chalicelib.taxes.service.apply_rates import calculator, rates

_ATTEMPTS = 5


def follow_order(
    order_id: str, read: Callable[[], TaxedOrder], at: datetime, *, through: TaxCalculator | None = None
) -> list[TaxEntry]:
    """Bring the ledger to what is owed for an order as it is now; answers the entries made, which count for the month of `at`.

    Safe to call twice, late, in any order and at once: an entry is the difference between what `read` finds (consistently) and
    what was entered before, and is made only while no other was. Raises `Contended` when others kept being quicker.
    """
    through = through or calculator()
    made: list[TaxEntry] = []
    for _ in range(_ATTEMPTS):
        # In this order: what is read of the order is no older than what any of these entries was made of.
        entries = store.entries_of(order_id)
        order = read()
        try:
            while entry := domain.next_entry(
                order, entries, jurisdiction=_jurisdiction(order, entries, at), at=rfc3339(at)
            ):
                _enter(through, entry)
                entries.append(entry)
                made.append(entry)
        except Contended:
            continue
        return made
    raise Contended(f"Taxes of order {order_id} were entered by others, {_ATTEMPTS} times over.")


def _jurisdiction(order: TaxedOrder, entries: list[TaxEntry], at: datetime) -> str:
    return entries[0].jurisdiction if entries else rates(order.country, order.region, (), at).jurisdiction


def _enter(through: TaxCalculator, entry: TaxEntry) -> None:
    enter = {
        EntryKind.COMMITTED: through.commit,
        EntryKind.VOIDED: through.void,
        EntryKind.REFUNDED: through.refund,
    }
    enter[entry.kind](entry)
    observability.log.info("tax entered", order_id=entry.order_id, number=entry.number, kind=entry.kind)


def entries_of(order_id: str, *, by: Principal) -> list[TaxEntry]:
    """What was entered for an order, oldest first, for administrators."""
    by.require(Role.ADMIN)
    return store.entries_of(order_id)


def report(country: str, month: str, *, by: Principal) -> TaxReport:
    """What is owed to a country for a month (`2026-01`, in UTC), for administrators: the sum of the entries."""
    by.require(Role.ADMIN)
    return domain.report_of(month, country, store.totals(country, month))
