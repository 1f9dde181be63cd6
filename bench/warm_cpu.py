"""CPU of a warm function per invocation, without the network: the answers of AWS are replayed below botocore."""

from __future__ import annotations

from bench.ground import Ground
from bench.inside.life import LINES
from bench.report import Figure, Target

PART = "CPU per warm invocation"
TARGETS = {"place order": Target("≤", 7), "read order": Target("≤", 3)}
MEMORY_MB = 128


def measure(ground: Ground) -> list[Figure]:
    life = ground.life(LINES)
    figures = [
        Figure(PART, name, step["cpu_ms"], "ms", TARGETS.get(name), f"round trips replayed: {step['round_trips']}")
        for name, step in life["steps"].items()
    ]
    note = "one process that ran every function's work and this benchmark's"
    return [*figures, Figure(PART, "peak memory", round(life["peak_mb"]), "MB", Target("<", MEMORY_MB), note)]
