"""The port to whoever works out taxes and keeps the books on them, and the one that comes with Aisle: the rate table.

A service such as Avalara joins as another `TaxCalculator`. `estimate` is asked before the transaction that places an order, never
within; `commit`, `void` and `refund` follow the order's events, so a service that does not answer delays the books and no order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.core.table import Transaction
from chalicelib.taxes import store
from chalicelib.taxes.domain import Assessed, Taxable, TaxEntry, TaxRules, assess


@dataclass(frozen=True, slots=True)
class TaxQuery:
    """Lines to be taxed, as of `at`, when sent to a country (and region). `vat_number`: of the business that buys."""

    country: str
    region: str | None
    at: datetime
    lines: Sequence[Taxable]
    vat_number: str | None = None


class TaxCalculator(Protocol):
    """What Aisle needs of one. Entering is safe to repeat: order and number of an entry are its idempotency key.

    What is owed is worked out from the entries in Aisle's own ledger, so whoever keeps books elsewhere enters them there first
    and here afterwards.
    """

    def estimate(self, query: TaxQuery) -> Sequence[Assessed]:
        """The tax of each line of a cart or quote, in their order."""

    def commit(self, entry: TaxEntry) -> None:
        """The order was confirmed: all of it is owed. Raises `Contended` when it was entered before."""

    def void(self, entry: TaxEntry) -> None:
        """Nothing of the order is left: nothing is owed any more. Raises as `commit`."""

    def refund(self, entry: TaxEntry) -> None:
        """Less of the order is left: less is owed. Raises as `commit`."""


class TableCalculator:
    """Taxes by the rates that administrators keep; the books are the ledger."""

    def __init__(self, rules_for: Callable[[TaxQuery], TaxRules]) -> None:
        self._rules_for = rules_for

    def estimate(self, query: TaxQuery) -> Sequence[Assessed]:
        return assess(self._rules_for(query), query.lines)

    def commit(self, entry: TaxEntry) -> None:
        self._enter(entry)

    def void(self, entry: TaxEntry) -> None:
        self._enter(entry)

    def refund(self, entry: TaxEntry) -> None:
        self._enter(entry)

    def _enter(self, entry: TaxEntry) -> None:
        tx = Transaction()
        store.add_entry(tx, entry)
        tx.commit()
