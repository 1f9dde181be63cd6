"""How well suppliers keep their word, for themselves, for the operator, and for the choice of who ships an order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.table import Item
from chalicelib.routing import store
from chalicelib.routing.domain.scorecard import rating, total
from chalicelib.suppliers import service as suppliers

_SHOWN = 6
"""Months of a scorecard; the rating is of the latest two."""
_RATED = 2


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Counters by month (`yyyy-mm`), the latest first, and the rating (0 to 100)."""

    supplier_id: str
    rating: int
    months: dict[str, dict[str, int]]


def read_scorecard(supplier_id: str, by: Principal) -> Scorecard:
    """A supplier's scorecard, for itself and the operator."""
    suppliers.require_access(supplier_id, by)
    months = store.scorecard_of(supplier_id, _months(clock.now(), _SHOWN))
    rated = rating(total(list(months.values())[:_RATED]))
    return Scorecard(supplier_id, rated, months)


def rating_keys(supplier_ids: Iterable[str]) -> list[tuple[type[Item], str, str]]:
    """Where what ratings are made of is, for the caller's batch read: four items each."""
    months = _months(clock.now(), _RATED)
    return [one for supplier_id in supplier_ids for one in store.month_keys(supplier_id, months)]


def ratings_from(found: Mapping[tuple[str, str], Item], supplier_ids: Iterable[str]) -> dict[str, int]:
    """Ratings from 0 to 100 by supplier, of this month and the last, out of a batch read with `rating_keys`."""
    months = _months(clock.now(), _RATED)
    return {one: rating(store.months_in(found, one, months)) for one in supplier_ids}


def _months(now: datetime, many: int) -> list[str]:
    """The latest months, this one first."""
    number = now.year * 12 + now.month - 1
    return [f"{(number - back) // 12:04}-{(number - back) % 12 + 1:02}" for back in range(many)]
