"""What goes wrong, and how often: decided anew for each history, so that some are calm and some a storm of one kind."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import Enum
from random import Random


class Fate(Enum):
    """What becomes of one attempt to call something."""

    FINE = "fine"
    THROTTLED = "throttled"
    LOST = "request lost"
    ANSWER_LOST = "answer lost"
    CONFLICT = "in conflict"
    CRASH = "crash before"
    CRASH_AFTER = "crash after"


@dataclass(frozen=True, slots=True)
class Weather:
    """Probabilities, each per attempt."""

    throttled: float = 0.0
    lost: float = 0.0
    answer_lost: float = 0.0
    conflict: float = 0.0
    crash: float = 0.0
    crash_after: float = 0.0
    stubborn: float = 0.0
    """That what failed fails until the client gives up, instead of passing at the next attempt."""
    lag: float = 0.0
    """That an eventually consistent read is behind."""
    slow: float = 0.0
    """That a call takes seconds instead of milliseconds."""
    duplicated: float = 0.0
    """That a message comes twice."""
    late: float = 0.0
    """That a message comes minutes later."""
    zombie: float = 0.0
    """That a caller gives up on what goes on without it, and calls again."""
    impatient: float = 0.0
    """That a person or system sends the same again although it was answered."""


CALM = Weather()
_WILD = {"stubborn": 0.6, "lag": 0.8, "duplicated": 0.5, "late": 0.4, "impatient": 0.5, "slow": 0.2, "zombie": 0.2}
_WILDEST = 0.12


def forecast(random: Random) -> Weather:
    """The weather of one history: each kind of fault is absent, now and then, or all the time."""
    if random.random() < 0.08:
        return CALM
    chances = {}
    for kind in fields(Weather):
        most = _WILD.get(kind.name, _WILDEST)
        chances[kind.name] = random.choice([0.0, most * random.random() ** 2, most * random.random()])
    return Weather(**chances)


def clearing(weather: Weather) -> Weather:
    """The same without anything that goes wrong with calls; readers still lag, and messages still come twice."""
    return replace(CALM, lag=weather.lag, duplicated=weather.duplicated, late=weather.late)


def fate(weather: Weather, random: Random, *, conflicts: bool) -> Fate:
    """What becomes of an attempt."""
    dice = random.random()
    chances = [
        (Fate.THROTTLED, weather.throttled),
        (Fate.LOST, weather.lost),
        (Fate.ANSWER_LOST, weather.answer_lost),
        (Fate.CRASH, weather.crash),
        (Fate.CRASH_AFTER, weather.crash_after),
        (Fate.CONFLICT, weather.conflict if conflicts else 0.0),
    ]
    for kind, chance in chances:
        if dice < chance:
            return kind
        dice -= chance
    return Fate.FINE
