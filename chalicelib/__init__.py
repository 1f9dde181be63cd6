"""Aisle: one catalogue, one stock, one customer and one order across every sales channel."""

import gc
from contextlib import suppress

# Imports make objects by the hundred thousand and hardly any garbage: a collection every 700 takes a tenth of a cold start.
gc.set_threshold(50_000)

with suppress(ImportError):  # only in a staged package, see infra/package/precompile
    import _precompiled  # type: ignore[import-not-found] # noqa: F401
