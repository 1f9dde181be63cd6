"""The package that every function ships."""

from __future__ import annotations

from bench.ground import Ground
from bench.report import Figure, Target

PART = "Package"


def measure(ground: Ground) -> list[Figure]:
    return [
        Figure(PART, "zip, as uploaded", ground.zip_bytes / 1e6, "MB", Target("≤", 6)),
        Figure(PART, "unpacked", ground.unpacked_bytes / 1e6, "MB"),
    ]
