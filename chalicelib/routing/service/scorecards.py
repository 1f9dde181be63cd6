"""How well suppliers keep their word, for themselves and for the operator."""

from dataclasses import dataclass

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.routing.domain.scorecard import rating, total
from chalicelib.routing.service.standing import RATED, latest_months
from chalicelib.routing.store import items as store
from chalicelib.suppliers import service as suppliers

_SHOWN = 6
"""Months of a scorecard."""


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Counters by month (`yyyy-mm`), the latest first, and the rating (0 to 100)."""

    supplier_id: str
    rating: int
    months: dict[str, dict[str, int]]


def read_scorecard(supplier_id: str, by: Principal) -> Scorecard:
    """A supplier's scorecard, for itself and the operator."""
    suppliers.require_access(supplier_id, by)
    months = store.scorecard_of(supplier_id, latest_months(clock.now(), _SHOWN))
    rated = rating(total(list(months.values())[:RATED]))
    return Scorecard(supplier_id, rated, months)
