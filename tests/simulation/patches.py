"""Takes time, chance and the outside from our modules, and gives them the simulated ones, for as long as a world is at hand.

Every name in a module of ours that is a source of time or chance is found by what it is (`time.sleep`, `uuid.uuid4`, …), so a
new module needs no word here. Of a library that a module imports whole, only what is simulated can be used.
"""

from __future__ import annotations

import random
import secrets
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import ModuleType, NoneType
from typing import Any, get_args

import ulid

from chalicelib.core import aws, clock, observability
from chalicelib.core.settings import settings
from chalicelib.core.table import Item
from chalicelib.payments.gateways import codes
from tests.simulation.cloud.functions import application


@dataclass(frozen=True, slots=True)
class Stand:
    """What stands in for the sources of time and chance, and for the outside."""

    now: Callable[[], Any]
    seconds: Callable[[], float]
    sleep: Callable[[float], None]
    random: random.Random
    client: Callable[[str], Any]
    dynamodb: Any
    log: Any
    count: Callable[..., None]
    settings: Mapping[str, Any]

    def of(self, source: Any) -> Any:
        """The stand-in for a source of time or chance, or for a library of them; None for what is none."""
        if any(source is library for library in _LIBRARIES):
            return _Library(source, self)
        return {
            id(time.sleep): self.sleep,
            id(time.monotonic): self.seconds,
            id(time.time): lambda: self.now().timestamp(),
            id(time.perf_counter): self.seconds,
            id(uuid.uuid4): lambda: uuid.UUID(int=self.random.getrandbits(128), version=4),
            id(random.uniform): self.random.uniform,
            id(random.random): self.random.random,
            id(random.randint): self.random.randint,
            id(random.choice): self.random.choice,
            id(secrets.token_urlsafe): lambda length=32: f"{self.random.getrandbits(8 * length):0{2 * length}x}",
            id(secrets.token_hex): lambda length=32: f"{self.random.getrandbits(8 * length):0{2 * length}x}",
            id(secrets.token_bytes): lambda length=32: self.random.randbytes(length),
            id(secrets.randbelow): self.random.randrange,
            id(secrets.randbits): self.random.getrandbits,
            id(secrets.choice): self.random.choice,
            id(ulid.ULID): _Ulids(self),
        }.get(id(source))


class _Ulids:
    """Makes ULIDs as the library does, by the simulated clock and chance."""

    from_bytes = staticmethod(ulid.ULID.from_bytes)

    def __init__(self, stand: Stand) -> None:
        self._stand = stand

    def __call__(self) -> str:
        milliseconds = int(self._stand.now().timestamp() * 1000)
        number = (milliseconds << 80) | self._stand.random.getrandbits(80)
        return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SOURCES = (
    time.sleep, time.monotonic, time.time, time.perf_counter, uuid.uuid4, random.uniform, random.random, random.randint,
    random.choice, secrets.token_urlsafe, secrets.token_hex, secrets.token_bytes, secrets.randbelow, secrets.randbits, secrets.choice, ulid.ULID,
)  # fmt: skip
_LIBRARIES = (time, uuid, random, secrets)
_HARMLESS = {"compare_digest", "strftime", "gmtime", "UUID"}
"""What such a library offers beside time and chance."""

_SECRETS = (aws.derived_key, codes._secret)
"""What a process fetches once over the wire, and keeps for good."""

_plan: list[tuple[ModuleType, str, Any]] | None = None


class _Library:
    """Stands in for a library that a module imports whole."""

    def __init__(self, library: ModuleType, stand: Stand) -> None:
        self._library = library
        self._stand = stand

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._library, name)
        stand_in = self._stand.of(value)
        assert stand_in is not None or name in _HARMLESS, f"{self._library.__name__}.{name} is not simulated"
        return value if stand_in is None else stand_in


def sources() -> list[tuple[ModuleType, str, Any]]:
    """Where our modules hold a source of time or chance, or a library of them."""
    global _plan
    if _plan is None:
        known = {id(source) for source in (*_SOURCES, *_LIBRARIES)}
        _plan = [
            (module, name, value)
            for module in _modules()
            for name, value in list(vars(module).items())
            if id(value) in known
        ]
    return _plan


@cache
def remembered() -> Sequence[tuple[ModuleType, str]]:
    """Where our modules keep what they read for a while: private names that hold it or None. Nothing of it may reach from
    one history into the next."""
    return [
        (module, name)
        for module in _modules()
        for name, kind in vars(module).get("__annotations__", {}).items()
        if name.startswith("_") and NoneType in get_args(kind)
    ]


def _modules() -> list[ModuleType]:
    application()
    return [module for name, module in sys.modules.items() if name.startswith("chalicelib")]


@contextmanager
def installed(stand: Stand) -> Iterator[None]:
    """Our modules stand on `stand` within the block."""
    connection = Item._get_connection().connection
    changes: list[tuple[Any, str, Any]] = [(module, name, stand.of(value)) for module, name, value in sources()]
    changes += [(module, name, None) for module, name in remembered()]
    changes += [
        (clock, "_source", stand.now),
        (aws, "_client", stand.client),
        (observability, "log", stand.log),
        (observability, "count", stand.count),
        (connection, "_client", stand.dynamodb),
        *((settings(), name, value) for name, value in stand.settings.items()),
    ]
    before = [(where, name, getattr(where, name)) for where, name, _ in changes]
    try:
        _forget_secrets()
        for where, name, value in changes:
            object.__setattr__(where, name, value)
        yield
    finally:
        _forget_secrets()
        for where, name, value in before:
            object.__setattr__(where, name, value)


def _forget_secrets() -> None:
    for secret in _SECRETS:
        secret.cache_clear()
