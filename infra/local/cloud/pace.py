"""Time that the emulator spends on nothing, with much data in memory.

- The grammar of every condition is checked anew by functions that refer to each other, and so are garbage that only the
  cyclic collector finds: what is the same text is checked once.
- The collector walks over all tables again and again: it comes more rarely here. Tables hold no cycles.
"""

from __future__ import annotations

import gc
from functools import lru_cache

EXPRESSIONS = 10_000
"""Conditions whose grammar is remembered."""

THRESHOLDS = (50_000, 20, 100)
"""New objects until the youngest are looked through; and how many of these until the older, and the oldest, are."""


def install() -> None:
    from ministack.services import dynamodb

    dynamodb._condition_syntax_error = lru_cache(maxsize=EXPRESSIONS)(dynamodb._condition_syntax_error)
    gc.set_threshold(*THRESHOLDS)
