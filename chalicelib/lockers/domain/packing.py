"""Which compartments take an order's packages. Pure and deterministic.

As few compartments as can be found, in one cabinet if one has them; of these the smallest; of equal ones those that are easier to
reach; of the rest others for each pickup, so that those who choose at the same moment seldom want the same. A compartment takes several packages when each fits by its measures and all together fill at most `FILL` of the space.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

from chalicelib.lockers.domain.cabinets import INNER_MM, Compartment, Reach, Size, Temperature

FILL = 0.8
"""Boxes do not stack without gaps."""

MAX_PACKAGES = 20
"""Of one pickup."""

_EASY = {Reach.MIDDLE: 0, Reach.LOW: 1, Reach.HIGH: 2}


@dataclass(frozen=True, slots=True)
class Package:
    """A parcel: its outer measures in millimetres, in any order, or at least the size of compartment that it needs."""

    id: str
    size: Size = Size.M
    outer_mm: tuple[int, int, int] | None = None
    temperature: Temperature = Temperature.AMBIENT

    @property
    def measures_mm(self) -> tuple[int, int, int]:
        """Its measures. Of one whose size alone is known, those of a compartment of that size."""
        return self.outer_mm or INNER_MM[self.size]

    @property
    def volume_mm3(self) -> int:
        """The space that it takes."""
        one, other, third = self.measures_mm
        return one * other * third


@dataclass(frozen=True, slots=True)
class Choice:
    """A compartment, and the packages that go into it."""

    compartment: Compartment
    package_ids: tuple[str, ...]


def fits(package: Package, compartment: Compartment) -> bool:
    """Whether the package goes in, turned as may be, at the right temperature."""
    inside, outside = sorted(compartment.inside_mm), sorted(package.measures_mm)
    return package.temperature is compartment.temperature and all(
        out <= inner for out, inner in zip(outside, inside, strict=True)
    )


def choose(
    packages: Sequence[Package], free: Iterable[Compartment], *, within_reach: bool = False, salt: str = ""
) -> tuple[Choice, ...] | None:
    """Compartments for all the packages, or None when none were found among the free ones (see `TRIES`).

    `within_reach`: none that is high. `salt` decides between equals.
    """
    usable = sorted(
        (one for one in free if not (within_reach and one.reach is Reach.HIGH)),
        key=lambda one: (one.volume_mm3, _EASY[one.reach], crc32(f"{salt}{one.label}".encode()), one.label),
    )
    by_cabinet: dict[str, list[Compartment]] = {}
    for one in usable:
        by_cabinet.setdefault(one.cabinet_id, []).append(one)
    plans = [plan for cabinet in by_cabinet.values() if (plan := _pack(packages, cabinet)) is not None]
    if not plans and len(by_cabinet) > 1 and (plan := _pack(packages, usable)) is not None:
        return plan
    return min(plans, key=lambda plan: _cost(plan, usable)) if plans else None


def is_possible(
    packages: Sequence[Package], compartments: Sequence[Compartment], *, within_reach: bool = False
) -> bool:
    """Whether each of the packages would fit somewhere if all of these compartments were free."""
    usable = [one for one in compartments if not (within_reach and one.reach is Reach.HIGH)]
    return all(any(fits(package, one) for one in usable) for package in packages)


def _cost(plan: Sequence[Choice], ranked: Sequence[Compartment]) -> tuple[int, int, int, list[int]]:
    used = [choice.compartment for choice in plan]
    return (
        len(used),
        sum(one.volume_mm3 for one in used),
        sum(_EASY[one.reach] for one in used),
        [ranked.index(one) for one in used],
    )


def _pack(packages: Sequence[Package], free: Sequence[Compartment]) -> tuple[Choice, ...] | None:
    """A plan from free compartments, the best first; of each temperature by itself."""
    plan: list[Choice] = []
    for temperature in Temperature:
        group = [package for package in packages if package.temperature is temperature]
        if not group:
            continue
        some = _together(group, free) or _spread(group, free)
        if some is None:
            return None
        plan += some
    return tuple(plan)


def _together(group: Sequence[Package], free: Sequence[Compartment]) -> list[Choice] | None:
    """All in one compartment, the first that takes them."""
    takes_all = next((one for one in free if _takes(one, group)), None)
    return [Choice(takes_all, tuple(package.id for package in group))] if takes_all else None


def _takes(compartment: Compartment, group: Sequence[Package]) -> bool:
    if not all(fits(package, compartment) for package in group):
        return False
    return len(group) == 1 or sum(one.volume_mm3 for one in group) <= FILL * compartment.volume_mm3


def _spread(group: Sequence[Package], free: Sequence[Compartment]) -> list[Choice] | None:
    """First fit, the largest package first: into a compartment already chosen, else into the first that takes it. Where that leaves
    one without a place, places are sought by trying, those with the fewest first, for at most `TRIES` steps."""
    largest = sorted(group, key=lambda one: -one.volume_mm3)
    plan = _first_fit(largest, list(free))
    if plan is None:
        scarce = sorted(largest, key=lambda one: sum(fits(one, place) for place in free))
        plan = _Search(free).places(scarce, ())
    return (
        [Choice(compartment, tuple(one.id for one in held)) for compartment, held in plan] if plan is not None else None
    )


TRIES = 5_000
"""A pickup that no plan is found for in so many steps waits, as if there were none."""

_Plan = Sequence[tuple[Compartment, tuple[Package, ...]]]


def _first_fit(packages: Sequence[Package], left: list[Compartment]) -> _Plan | None:
    chosen: dict[str, tuple[Compartment, tuple[Package, ...]]] = {}
    for package in packages:
        beside = next((one for one, held in chosen.values() if _takes(one, [*held, package])), None)
        compartment = beside or next((one for one in left if fits(package, one)), None)
        if compartment is None:
            return None
        if beside is None:
            left.remove(compartment)
        held = chosen[compartment.label][1] if beside else ()
        chosen[compartment.label] = (compartment, (*held, package))
    return list(chosen.values())


class _Search:
    """A depth-first search for places, with a bound on its steps."""

    def __init__(self, free: Sequence[Compartment]) -> None:
        self._free = free
        self._steps = TRIES

    def places(self, packages: Sequence[Package], chosen: _Plan) -> _Plan | None:
        if not packages:
            return chosen
        package, rest = packages[0], packages[1:]
        for plan in self._options(package, chosen):
            self._steps -= 1
            if self._steps < 0:
                return None
            found = self.places(rest, plan)
            if found is not None:
                return found
        return None

    def _options(self, package: Package, chosen: _Plan) -> Iterator[_Plan]:
        for at, (one, held) in enumerate(chosen):
            if _takes(one, [*held, package]):
                yield [*chosen[:at], (one, (*held, package)), *chosen[at + 1 :]]
        used = {one.label for one, _ in chosen}
        tried: set[tuple[int, ...]] = set()
        for one in self._free:
            measures = tuple(sorted(one.inside_mm))
            # Of compartments with the same measures any other would do as well.
            if one.label not in used and measures not in tried and fits(package, one):
                tried.add(measures)
                yield [*chosen, (one, (package,))]
