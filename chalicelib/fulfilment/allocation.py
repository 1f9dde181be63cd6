"""The allocation engine: which location ships which units of an order. Pure, deterministic, and it explains itself.

Ordered rules decide; each breaks the ties of those before it:

1. As few lines as possible are split: a line only when no location holds what it asks for.
2. As few locations as possible ship; one, if one has everything.
3. The locations with the best priorities.
4. The highest score: of locations with equal priorities those with the most of these goods, so that stock levels out.

The search over sets of locations is exhaustive up to `Rules.exhaustive` locations. Beyond that, locations are struck off from
the last choice on while rule 1 allows it, so none that ships could have been spared.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import combinations
from typing import Any

Levels = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Demand:
    """Units of a SKU that an order line asks for."""

    line_id: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Site:
    """A location that may ship; a lower priority number is preferred."""

    id: str
    priority: int


@dataclass(frozen=True, slots=True)
class Rules:
    """What bounds the search: how many locations are combined, and how many lines of one SKU are tried in every way."""

    exhaustive: int = 8
    lines_of_a_sku: int = 4


@dataclass(frozen=True, slots=True)
class Assignment:
    """Units of a line from a location: there now, or, with `days`, still to come and promised within so many."""

    line_id: str
    sku: str
    location_id: str
    quantity: int
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Shortage:
    """A SKU that all locations together cannot give."""

    sku: str
    wanted: int
    left: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a location is in the plan: the rule that needed it, and how much it ships.

    `rule` is `one_location`, `fewest_locations` or `split_lines` (a line asks for more than any location has left), or
    `backordered` for units that are still to come.
    """

    rule: str
    location_id: str
    units: int
    priority: int

    def as_dict(self) -> dict[str, Any]:
        """As kept on the order."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Plan:
    """The allocation of all lines, or what is short; never both."""

    assignments: tuple[Assignment, ...]
    shortages: tuple[Shortage, ...]
    reasons: tuple[Reason, ...]


def allocate(demands: Sequence[Demand], levels: Levels, sites: Sequence[Site], rules: Rules | None = None) -> Plan:
    """Plan where each line's units come from. `levels` are sellable units by (sku, location).

    Everything is assigned, or nothing is and the short SKUs are named with what is left of them.
    """
    rules = rules or Rules()
    asked = [demand for demand in demands if demand.quantity > 0]
    shortages = _shortages(asked, levels, sites)
    if shortages or not asked:
        return Plan((), shortages, ())
    by_sku: dict[str, list[Demand]] = {}
    for demand in asked:
        by_sku.setdefault(demand.sku, []).append(demand)
    ordered = sorted(sites, key=_preference)
    packings = [
        _Packing(lines, {site.id: max(0, levels.get((sku, site.id), 0)) for site in ordered}, rules)
        for sku, lines in by_sku.items()
    ]
    chosen = _choose(packings, ordered, rules)
    split = any(packing.fewest_splits for packing in packings)
    assignments = _in_order(asked, [one for packing in packings for one in packing.assign(chosen)])
    rule = "split_lines" if split else "one_location" if len(chosen) == 1 else "fewest_locations"
    return Plan(assignments, (), _reasons(rule, assignments, ordered))


def _preference(site: Site) -> tuple[int, str]:
    return site.priority, site.id


def _shortages(demands: Sequence[Demand], levels: Levels, sites: Sequence[Site]) -> tuple[Shortage, ...]:
    wanted: dict[str, int] = {}
    for demand in demands:
        wanted[demand.sku] = wanted.get(demand.sku, 0) + demand.quantity
    left = {sku: sum(max(0, levels.get((sku, site.id), 0)) for site in sites) for sku in wanted}
    return tuple(Shortage(sku, units, left[sku]) for sku, units in wanted.items() if left[sku] < units)


class _Packing:
    """The lines of one SKU and where its units are. SKUs do not share stock, so each is packed by itself."""

    def __init__(self, lines: Sequence[Demand], levels: Mapping[str, int], rules: Rules) -> None:
        # The largest first: they have the fewest places to go.
        self._lines = sorted(lines, key=lambda line: -line.quantity)
        self._levels = levels
        self._wanted = sum(line.quantity for line in lines)
        self._try_all = len(lines) <= rules.lines_of_a_sku
        places = self._places(levels, len(lines)) or []
        self.fewest_splits = places.count(None)

    def fits(self, sites: Sequence[str]) -> bool:
        """Whether these sites have enough, and split no more lines than all the sites would."""
        if sum(self._levels[site] for site in sites) < self._wanted:
            return False
        return self._places(sites, self.fewest_splits) is not None

    def depth(self, sites: Sequence[str]) -> int:
        """Units at these sites."""
        return sum(self._levels[site] for site in sites)

    def _places(self, sites: Iterable[str], most: int) -> list[str | None] | None:
        """The site that ships each line whole, or None for a line to split; as few of those as can be, or no places at all
        if that is more than `most`."""
        return self._best(0, {site: self._levels[site] for site in sites}, most)

    def _best(self, at: int, left: dict[str, int], most: int) -> list[str | None] | None:
        """Places for the lines from `at` on with at most `most` splits and as few as there can be, or None."""
        if at == len(self._lines):
            return []
        units = self._lines[at].quantity
        best: list[str | None] | None = None
        tried: set[int] = set()
        for site, room in left.items():
            if room < units or room in tried:
                continue
            tried.add(room)
            rest = self._best(at + 1, {**left, site: room - units}, most)
            if rest is not None:
                best, most = [site, *rest], rest.count(None) - 1
            if most < 0 or not self._try_all:
                break
        if most > 0 and (best is None or self._try_all):
            rest = self._best(at + 1, left, most - 1)
            if rest is not None:
                best = [None, *rest]
        return best

    def assign(self, sites: Sequence[Site]) -> list[Assignment]:
        """The units of every line; what is split comes from the fullest sites, so in as few parts as possible."""
        left = {site.id: self._levels[site.id] for site in sites}
        places = self._places(left, self.fewest_splits) or []
        assignments: list[Assignment] = []
        for line, place in zip(self._lines, places, strict=True):
            if place is not None:
                left[place] -= line.quantity
                assignments.append(Assignment(line.line_id, line.sku, place, line.quantity))
        for line, place in zip(self._lines, places, strict=True):
            if place is None:
                assignments += _pour(line, left)
        return assignments


def _pour(line: Demand, left: dict[str, int]) -> list[Assignment]:
    """The line in parts, taken out of `left`."""
    parts: list[Assignment] = []
    missing = line.quantity
    while missing:
        site = max(left, key=left.__getitem__)
        units = min(missing, left[site])
        left[site] -= units
        missing -= units
        parts.append(Assignment(line.line_id, line.sku, site, units))
    return parts


def _choose(packings: Sequence[_Packing], ordered: Sequence[Site], rules: Rules) -> Sequence[Site]:
    """The sites that ship, first choice first."""
    if len(ordered) > rules.exhaustive:
        return _strike_off(packings, ordered)
    for count in range(1, len(ordered)):
        fitting = [sites for sites in combinations(ordered, count) if _fit(packings, sites)]
        if fitting:
            return min(fitting, key=partial(_rank, packings))
    return ordered


def _strike_off(packings: Sequence[_Packing], ordered: Sequence[Site]) -> Sequence[Site]:
    kept = list(ordered)
    for site in reversed(ordered):
        fewer = [one for one in kept if one is not site]
        if fewer and _fit(packings, fewer):
            kept = fewer
    return kept


def _fit(packings: Sequence[_Packing], sites: Sequence[Site]) -> bool:
    ids = [site.id for site in sites]
    return all(packing.fits(ids) for packing in packings)


def _rank(packings: Sequence[_Packing], sites: Sequence[Site]) -> tuple[list[int], int, list[str]]:
    ids = [site.id for site in sites]
    return [site.priority for site in sites], -sum(packing.depth(ids) for packing in packings), ids


def _in_order(demands: Sequence[Demand], assignments: Sequence[Assignment]) -> tuple[Assignment, ...]:
    position = {demand.line_id: number for number, demand in enumerate(demands)}
    return tuple(sorted(assignments, key=lambda one: position[one.line_id]))


def _reasons(rule: str, assignments: Sequence[Assignment], ordered: Sequence[Site]) -> tuple[Reason, ...]:
    units: dict[str, int] = {}
    for assignment in assignments:
        units[assignment.location_id] = units.get(assignment.location_id, 0) + assignment.quantity
    return tuple(Reason(rule, site.id, units[site.id], site.priority) for site in ordered if site.id in units)
