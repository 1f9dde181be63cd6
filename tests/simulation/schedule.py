"""One history: a shop opens, people act while things go wrong, the weather clears, everything comes to rest and is audited."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from random import Random

from tests.simulation.actors import aftersales, carts, operators, shoppers, staff
from tests.simulation.actors.schedules import Ticks
from tests.simulation.actors.shop import Shop, opened
from tests.simulation.actors.warehouse import Warehouse
from tests.simulation.audit import rest
from tests.simulation.audit.commits import Commits
from tests.simulation.faults import forecast
from tests.simulation.world import World

Actor = Callable[[Shop], None]
_BUYING: tuple[tuple[Actor, int], ...] = (
    (shoppers.shopper, 8),
    (shoppers.telephone_order, 3),
    (shoppers.payer_in_parts, 2),
)
_CARTS: tuple[tuple[Actor, int], ...] = ((carts.cart_filler, 1),)
_STOCK: tuple[tuple[Actor, int], ...] = (
    (staff.receiver, 1),
    (staff.adjuster, 2),
    (staff.counter, 2),
    (staff.mover, 2),
    (staff.till, 3),
    (staff.keeper, 1),
    (staff.splitter, 2),
    (staff.presale, 2),
    (staff.closer, 1),
    (staff.pricer, 1),
)
_AFTERWARDS: tuple[tuple[Actor, int], ...] = (
    (aftersales.canceller, 4),
    (aftersales.returner, 4),
    (aftersales.refunder, 2),
    (aftersales.holder, 1),
    (aftersales.readdresser, 1),
    (aftersales.reallocator, 2),
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
    world.database.forget()
    return History(seed, world.record.digest, world.record.lines, world.kernel.steps, failure)


def played(seeds: Iterable[int]) -> Iterator[History]:
    """Play the histories of many seeds, with less work for the garbage collector than it would make itself."""
    collecting = gc.isenabled()
    gc.disable()
    gc.freeze()
    try:
        for number, seed in enumerate(seeds, 1):
            yield run(seed)
            if number % _COLLECT_EACH == 0:
                gc.collect()
    finally:
        gc.unfreeze()
        if collecting:
            gc.enable()


_COLLECT_EACH = 20


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
    operators.on_call(shop)
    for _ in range(4):
        world.kernel.run()
        if not (operators.tidied(shop) | staff.supplier(shop)):
            break
    rest.audit(shop)


def _send_in(shop: Shop) -> None:
    """Everybody who comes, in a few rushes, so that they get into each other's way."""
    random: Random = shop.world.random
    rushes = [random.choice([0.0, 0.1, 5.0, 40.0]) for _ in range(3)]
    for crowd, most in ((_BUYING, 4), (_STOCK, 3), (_AFTERWARDS, 3), (_CARTS, 1)):
        actors = [actor for actor, weight in crowd for _ in range(weight)]
        for number in range(random.randint(crowd is _BUYING, most)):
            actor = random.choice(actors)
            start = random.choice(rushes) + random.uniform(0, 0.1)
            shop.world.kernel.spawn(f"{actor.__name__} {number}", lambda actor=actor: actor(shop), after=start)  # type: ignore[misc]
