"""Who sells a line of an order: the retailer itself out of its own stock, or a supplier by its offer. Pure, deterministic, and it
explains itself.

Ordered criteria decide; each breaks the ties of those before it:

1. `rule`: what the operator prefers.
2. `price`: what a unit costs.
3. `promise`: the days until it leaves.
4. `stock`: who has more of it.
5. `distance`: who is nearer to where it goes.
6. `rating`: who has kept more of its promises.

Whoever has all of the line goes before those that have to share it. Where nobody has, it is shared in this order, and its one price is
that of the dearest who is needed: every seller gets what it asked for. Nobody is given fewer units than it sells at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

OWN = "own"
"""The retailer itself."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who could sell a line: `units` at `price` minor units each, but not fewer than `least`, leaving within `days`.

    A lower `preference` and a lower `distance` go first; the retailer itself is near. `rating`: 0 to 100.
    `terms` are carried along.
    """

    seller: str
    price: int
    units: int
    days: int = 0
    preference: int = 0
    distance: int = 0
    rating: int = 100
    least: int = 1
    terms: Any = None


@dataclass(frozen=True, slots=True)
class SellerPart:
    """Units of a line that a candidate sells."""

    candidate: Candidate
    units: int


@dataclass(frozen=True, slots=True)
class SellerChoice:
    """Who sells a line, at which price a unit (minor units), and why. Without `parts` nobody can: `left` units are all that can be
    had."""

    parts: tuple[SellerPart, ...]
    unit_price: int
    left: int
    reasons: tuple[dict[str, Any], ...] = ()


_CRITERIA = ("rule", "price", "promise", "stock", "distance", "rating")


def choose_sellers(units: int, candidates: Sequence[Candidate]) -> SellerChoice:
    """Who sells so many units. All of them, or nobody."""
    ranked = sorted((one for one in candidates if one.units >= one.least), key=_rank)
    whole = [one for one in ranked if one.least <= units <= one.units]
    parts = (SellerPart(whole[0], units),) if whole else _shared(units, ranked)
    sold = sum(part.units for part in parts)
    if sold < units:
        return SellerChoice((), 0, sold)
    left = sum(one.units for one in ranked)
    others = [one for one in whole or ranked if all(one is not part.candidate for part in parts)]
    price = max(part.candidate.price for part in parts)
    return SellerChoice(parts, price, left, tuple(_reason(part, others, shared=not whole) for part in parts))


def _shared(units: int, ranked: Sequence[Candidate]) -> tuple[SellerPart, ...]:
    """As many of the units as they have, in their order; who sells only more at once than are still wanted is passed over."""
    parts = []
    for one in ranked:
        taken = min(units, one.units)
        if taken >= one.least:
            parts.append(SellerPart(one, taken))
            units -= taken
    return tuple(parts)


def _rank(one: Candidate) -> tuple[int, int, int, int, int, int, str]:
    return (*_measures(one), one.seller)


def _measures(one: Candidate) -> tuple[int, int, int, int, int, int]:
    return one.preference, one.price, one.days, -one.units, one.distance, -one.rating


def _reason(part: SellerPart, others: Sequence[Candidate], *, shared: bool) -> dict[str, Any]:
    """The criterion that set the seller before the next best: `only` if there is no other, `shared` if it needs others beside it,
    `name` for a tie that only the order of names broke."""
    if shared:
        return {"rule": "shared", "seller": part.candidate.seller, "units": part.units}
    if not others:
        return {"rule": "only", "seller": part.candidate.seller, "units": part.units}
    mine, next_best = _measures(part.candidate), _measures(others[0])
    decided = next((name for name, a, b in zip(_CRITERIA, mine, next_best, strict=True) if a != b), "name")
    return {"rule": decided, "seller": part.candidate.seller, "units": part.units, "over": others[0].seller}
