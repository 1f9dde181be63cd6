"""What goes wrong with a cabinet, written down as a small text such as `jam@2,late=5` or `left_open:B2`.

A fault is `NAME[=SECONDS][:COMPARTMENT][@N|@N+]`: of the whole cabinet or of one compartment, at every command, at the N-th
or from the N-th on. A compartment's commands are counted by themselves; a command that comes again is not counted.

late=S       opens at once and acknowledges S seconds later
slow=S       looks at the command only after S seconds
jam          the lock does not give way
fail         the cabinet cannot open the compartment
silent       opens and never acknowledges
deaf         neither opens nor acknowledges
duplicate    every acknowledgement goes out twice, byte for byte the same
resend       every acknowledgement goes out twice, the second time under a new message id
reorder      `closed` goes out before `opened`
left_open    nobody closes the door
offline=S    opens, loses the line before it can say so, and is back after S seconds
skew=S       the cabinet's clock is S seconds fast (slow where S is negative)
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args

Timed = Literal["late", "slow", "offline", "skew"]
Plain = Literal["jam", "fail", "silent", "deaf", "duplicate", "resend", "reorder", "left_open"]
Trouble = Mapping[Timed | Plain, float]
"""What goes wrong with one command, with the seconds where there are any."""

FORM = re.compile(
    r"(?P<name>[a-z_]+)(=(?P<seconds>-?[0-9]+(\.[0-9]+)?))?(:(?P<compartment>[A-Z0-9]{1,4}))?(@(?P<nth>[1-9][0-9]*)(?P<on>\+)?)?"
)


class FaultError(ValueError):
    """A fault that cannot be read; the message says why."""


@dataclass(frozen=True)
class Fault:
    name: Timed | Plain
    seconds: float = 0.0
    compartment: str | None = None
    nth: int | None = None
    onwards: bool = False

    def strikes(self, number: int) -> bool:
        """Whether it strikes the command of this number, counted from 1."""
        return self.nth is None or number == self.nth or (self.onwards and number > self.nth)


class Faults:
    """The faults of one cabinet. It counts the commands, so each cabinet needs its own."""

    def __init__(self, *faults: Fault) -> None:
        self._faults = faults
        self._commands: Counter[str | None] = Counter()

    @staticmethod
    def parse(text: str) -> Faults:
        """From a text such as `jam@2,late=5`; FaultError where it makes no sense."""
        return Faults(*(_fault(part.strip()) for part in text.split(",") if part.strip()))

    @property
    def skew(self) -> float:
        """By how many seconds the cabinet's clock is fast."""
        return sum(fault.seconds for fault in self._faults if fault.name == "skew")

    def at_command(self, compartment: str) -> Trouble:
        """What goes wrong with the command that has just come in."""
        self._commands.update((None, compartment))
        return {
            fault.name: fault.seconds
            for fault in self._faults
            if fault.compartment in (None, compartment) and fault.strikes(self._commands[fault.compartment])
        }


def _fault(text: str) -> Fault:
    form = FORM.fullmatch(text)
    if form is None:
        raise FaultError(f"{text!r} is no fault: write NAME[=SECONDS][:COMPARTMENT][@N or @N+]")
    name, seconds, compartment, nth = form["name"], form["seconds"], form["compartment"], form["nth"]
    if name not in (*get_args(Timed), *get_args(Plain)):
        raise FaultError(f"there is no fault {name!r}: choose {', '.join((*get_args(Timed), *get_args(Plain)))}")
    if (name in get_args(Timed)) != (seconds is not None):
        raise FaultError(
            f"{text!r}: {name} takes {'seconds, as in ' + name + '=5' if seconds is None else 'no seconds'}"
        )
    if seconds is not None and seconds.startswith("-") and name != "skew":
        raise FaultError(f"{text!r}: only a clock can be off by less than nothing")
    if name == "skew" and (compartment or nth):
        raise FaultError(f"{text!r}: a clock is off for the whole cabinet and all the time")
    return Fault(
        cast("Timed | Plain", name), float(seconds or 0), compartment, int(nth) if nth else None, form["on"] is not None
    )
