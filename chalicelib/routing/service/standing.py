"""How suppliers stand, for the choice of who ships an order: whether their endpoint rests, and how well they keep their word."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from chalicelib.core import clock
from chalicelib.core.table import Item
from chalicelib.routing import store
from chalicelib.routing.domain.scorecard import rating

RATED = 2
"""Months that the rating is of: this one and the last."""


def health_keys(supplier_ids: Iterable[str]) -> list[tuple[type[Item], str, str]]:
    """Where the endpoints' health is, for the caller's batch read."""
    return [store.health_key(supplier_id) for supplier_id in supplier_ids]


def rests_from(found: Mapping[tuple[str, str], Item], supplier_id: str, now: datetime) -> bool:
    """Whether the supplier's endpoint rests at this moment, out of a batch read with `health_keys`: an order that is placed now would
    wait for it."""
    return store.health_in(found, supplier_id).rests_at(now)


def rating_keys(supplier_ids: Iterable[str]) -> list[tuple[type[Item], str, str]]:
    """Where what ratings are made of is, for the caller's batch read: four items each."""
    months = latest_months(clock.now(), RATED)
    return [one for supplier_id in supplier_ids for one in store.month_keys(supplier_id, months)]


def ratings_from(found: Mapping[tuple[str, str], Item], supplier_ids: Iterable[str]) -> dict[str, int]:
    """Ratings from 0 to 100 by supplier, of this month and the last, out of a batch read with `rating_keys`."""
    months = latest_months(clock.now(), RATED)
    return {one: rating(store.months_in(found, one, months)) for one in supplier_ids}


def latest_months(now: datetime, many: int) -> list[str]:
    """The latest months (`yyyy-mm`), this one first."""
    number = now.year * 12 + now.month - 1
    return [f"{(number - back) // 12:04}-{(number - back) % 12 + 1:02}" for back in range(many)]
