"""How the reference supplier misbehaves, and at which calls.

A mode is written `NAME[=VALUE][,on=OPERATION][,every=N][,call=N][,times=N][,for=ALLOCATION]`: without conditions it holds for every call;
`on` is `order`, `status`, `cancellation` or `change`; `every=3` means each third of the calls that fit, `call=3` the third alone,
`times=3` the first three; `for` is an allocation id or how it begins. The first mode that fits a call decides it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from threading import Lock

OPERATIONS = ("order", "status", "cancellation", "change")


class UnknownMode(ValueError):
    """There is no such mode, or no such value or condition of it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A mode that there is. `values` are the words it takes, the first unless told; none of them: a number or a URL."""

    says: str
    values: tuple[str, ...] = ()
    number: str = ""
    url: bool = False


KINDS: dict[str, Kind] = {
    "correct": Kind("keeps to the protocol"),
    "slow": Kind("answers after so many seconds", number="2"),
    "hang": Kind("acts, and never answers"),
    "trickle": Kind("sends a byte, waits so many seconds, sends the next", number="1"),
    "flaky": Kind(
        "with that probability 503, a reset connection before it acts, or an answer lost after it has acted;"
        " kind=unavailable|reset|lost chooses one",
        number="0.5",
    ),
    "ratelimit": Kind("429 with Retry-After of so many seconds, or with one that is no number", number="1"),
    "wrong": Kind(
        "an answer that counts as none",
        ("json", "decision", "units", "lines", "reason", "huge", "html", "content-type", "number"),
    ),
    "duplicate": Kind(
        "a repetition is answered anew, or answered the same and carried out again; two at once both act; what counts"
        " is the order_id",
        ("differs", "acts", "race", "by-order"),
    ),
    "lying": Kind("accepts what it does not have and never ships, or rejects what it has", ("accepts", "rejects")),
    "later": Kind("202; answers after so many seconds", number="5"),
    "late": Kind("202; answers so many seconds after answer_by", number="5"),
    "amnesia": Kind("404 for the status of what it has accepted, or a status other than the answer", ("404", "differs")),
    "redirect": Kind("302 to that URL", url=True),
    "unsigned-ok": Kind(
        "checks no signature; none of status calls; none where there is none; no time; only the first signature",
        ("anything", "status", "missing", "time", "first"),
    ),
    "sloppy": Kind(
        "500 for what it does not expect; 500 for other than ASCII; refuses unknown fields; accepts garbled orders;"
        " knows an order by the status call; takes half a request for one; a cancelled order that never arrived is"
        " accepted later; cancellations: unknown ones accepted, repeated ones answered anew, of a form unknown;"
        " changes are an error",
        (
            "crashes", "ascii", "strict", "garbled", "status-acts", "cut", "resurrects", "cancels-unknown",
            "recancels", "cancels-oddly", "changes",
        ),
    ),
}  # fmt: skip
_CONDITIONS = ("on", "every", "call", "times", "for", "kind")
_FLAKY = ("unavailable", "reset", "lost")


@dataclass(slots=True)
class Mode:
    """One way to misbehave, and when."""

    name: str
    value: str = ""
    on: str = ""
    every: int = 1
    call: int = 0
    times: int = 0
    allocation: str = ""
    kind: str = ""
    seen: int = field(default=0, compare=False)

    @property
    def seconds(self) -> float:
        """The value, where it is a number."""
        return float(self.value)

    def is_a(self, name: str, *values: str) -> bool:
        """Whether it is this mode, with one of these values if any are named."""
        return self.name == name and (not values or self.value in values)

    def fits(self, operation: str, allocation_id: str) -> bool:
        """Whether it decides this call; counts the calls that it could have decided."""
        if (self.on and self.on != operation) or not allocation_id.startswith(self.allocation):
            return False
        self.seen += 1
        if self.call and self.seen != self.call:
            return False
        if self.times and self.seen > self.times:
            return False
        return self.seen % self.every == 0

    def __str__(self) -> str:
        conditions = {
            "on": self.on,
            "every": self.every if self.every > 1 else "",
            "call": self.call or "",
            "times": self.times or "",
            "for": self.allocation,
            "kind": self.kind,
        }
        head = f"{self.name}={self.value}" if self.value else self.name
        return ",".join([head, *(f"{name}={value}" for name, value in conditions.items() if value)])


CORRECT = Mode("correct")


def parse(text: str) -> Mode:
    """The mode that `text` names, e.g. `slow=3,on=order,every=2`. Raises `UnknownMode`."""
    head, *conditions = text.split(",")
    name, _, value = head.partition("=")
    if name not in KINDS:
        raise UnknownMode(f"There is no mode {name!r}; there are {', '.join(KINDS)}.")
    mode = Mode(name, _value(name, value))
    for condition in conditions:
        _apply(mode, condition)
    return mode


def _value(name: str, value: str) -> str:
    kind = KINDS[name]
    if kind.values:
        if value and value not in kind.values:
            raise UnknownMode(f"{name} takes {', '.join(kind.values)}, not {value!r}.")
        return value or kind.values[0]
    if kind.url:
        if "://" not in value:
            raise UnknownMode(f"{name} takes a URL.")
        return value
    if not kind.number:
        if value:
            raise UnknownMode(f"{name} takes no value.")
        return ""
    if name != "ratelimit" and value and not _is_number(value):
        raise UnknownMode(f"{name} takes a number, not {value!r}.")
    return value or kind.number


def _is_number(value: str) -> bool:
    try:
        return 0 <= float(value) < 1e9
    except ValueError:
        return False


def _apply(mode: Mode, condition: str) -> None:
    name, _, value = condition.partition("=")
    if name not in _CONDITIONS or not value:
        raise UnknownMode(
            f"There is no condition {condition!r}; there are {', '.join(_CONDITIONS)}, each with a value."
        )
    if name in ("every", "call", "times"):
        if not value.isdecimal() or int(value) < 1:
            raise UnknownMode(f"{name} takes a whole number from 1, not {value!r}.")
        setattr(mode, name, int(value))
        return
    allowed = {"on": OPERATIONS, "kind": _FLAKY}.get(name)
    if allowed and value not in allowed:
        raise UnknownMode(f"{name} takes {', '.join(allowed)}, not {value!r}.")
    setattr(mode, "allocation" if name == "for" else name, value)


class Modes:
    """Those that hold now. Safe for threads."""

    def __init__(self, modes: Iterable[str] = (), seed: int | None = None) -> None:
        self._lock = Lock()
        self._random = random.Random(seed)  # noqa: S311 - chance, not secrecy
        self._modes = [parse(mode) for mode in modes]

    def set(self, modes: Iterable[str]) -> None:
        """These and no others. Raises `UnknownMode`, and leaves what was."""
        parsed = [parse(mode) for mode in modes]
        with self._lock:
            self._modes = parsed

    def add(self, mode: str) -> None:
        """This one, too; those before it come first. Raises `UnknownMode`."""
        parsed = parse(mode)
        with self._lock:
            self._modes.append(parsed)

    def pick(self, operation: str, allocation_id: str) -> Mode:
        """What decides this call."""
        with self._lock:
            for mode in self._modes:
                if mode.fits(operation, allocation_id) and self._happens(mode):
                    return mode
        return CORRECT

    def chosen_fault(self, mode: Mode) -> str:
        """How a flaky call fails."""
        with self._lock:
            return mode.kind or self._random.choice(_FLAKY)

    def __iter__(self) -> Iterator[str]:
        with self._lock:
            return iter([str(mode) for mode in self._modes])

    def _happens(self, mode: Mode) -> bool:
        return mode.name != "flaky" or self._random.random() < mode.seconds
