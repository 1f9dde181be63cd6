"""One history: a shop opens, people act while things go wrong, the weather clears, everything comes to rest and is audited."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.simulation.actors import shoppers, staff
from tests.simulation.actors.schedules import Ticks
from tests.simulation.actors.shop import Shop, opened
from tests.simulation.actors.warehouse import Warehouse
from tests.simulation.audit.commits import Commits
from tests.simulation.audit.rest import Rest
from tests.simulation.faults import forecast
from tests.simulation.world import World

Actor = Callable[[Shop], None]
_ACTORS: tuple[tuple[Actor, int], ...] = (
    (shoppers.shopper, 10),
    (shoppers.telephone_order, 4),
    (staff.receiver, 1),
    (staff.adjuster, 2),
    (staff.counter, 2),
    (staff.mover, 2),
    (staff.till, 3),
    (staff.keeper, 1),
    (staff.closer, 1),
    (staff.pricer, 1),
)


@dataclass(frozen=True, slots=True)
class History:
    """What came of a seed."""

    seed: int
    digest: str
    lines: list[str]
    steps: int
    failure: BaseException | None


def run(seed: int, *, keep_record: bool = False) -> History:
    """Play the history of a seed; what went wrong with the code, if anything did, is its `failure`."""
    world = World(seed, keep_record=keep_record)
    failure: BaseException | None = None
    with world.at_hand():
        try:
            _play(world)
        except Exception as error:
            failure = error
    return History(seed, world.record.digest, world.record.lines, world.kernel.steps, failure)


def _play(world: World) -> None:
    audit = Commits(world)
    ticks = Ticks(world)
    world.database.watch(audit.see)
    world.database.watch(ticks.see)
    shop = opened(world)
    world.database.watch(world.bus.see)
    Warehouse(shop)
    world.weather = forecast(world.random)
    _send_in(shop)
    world.kernel.run(for_seconds=world.random.choice([60, 900, 10_000]))
    world.clear_up()
    rest = Rest(shop)
    rest.on_call()
    for _ in range(4):
        world.kernel.run()
        if not rest.tidied():
            break
    rest.audit()


def _send_in(shop: Shop) -> None:
    """Everybody who comes, in a few rushes, so that they get into each other's way."""
    random: Random = shop.world.random
    actors = [actor for actor, weight in _ACTORS for _ in range(weight)]
    rushes = [random.choice([0.0, 0.1, 5.0, 40.0]) for _ in range(3)]
    for number in range(random.randint(2, 8)):
        actor = random.choice(actors)
        start = random.choice(rushes) + random.uniform(0, 0.1)
        shop.world.kernel.spawn(f"{actor.__name__} {number}", lambda actor=actor: actor(shop), after=start)  # type: ignore[misc]
