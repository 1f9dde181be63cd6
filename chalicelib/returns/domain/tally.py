"""What of an order's units is in a return, or was: no unit is in two."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.returns.domain.refunds import PostageTally


@dataclass(frozen=True, slots=True)
class Counts:
    """Units of a line: `open` ones are in a return under way, `returned` ones came back for good, `refused` ones went back to
    the customer."""

    open: int = 0
    returned: int = 0
    refused: int = 0

    @property
    def taken(self) -> int:
        """Units that no further return can hold."""
        return self.open + self.returned


@dataclass(frozen=True, slots=True)
class Tally:
    """All returns of an order, counted, by line id. Version 0: there was none yet."""

    order_id: str
    returns: int = 0
    lines: Mapping[str, Counts] = field(default_factory=dict)
    postage: PostageTally = field(default_factory=PostageTally)
    version: int = 0

    def of(self, line_id: str) -> Counts:
        """The counts of a line."""
        return self.lines.get(line_id, Counts())

    def announce(self, units: Mapping[str, int]) -> "Tally":
        """With one return more, which holds these units."""
        lines = {line_id: replace(self.of(line_id), open=self.of(line_id).open + n) for line_id, n in units.items()}
        return self._with(lines, returns=self.returns + 1)

    def give_up(self, units: Mapping[str, int]) -> "Tally":
        """Without these units, which will not come: they can be announced again."""
        return self._with(
            {line_id: replace(self.of(line_id), open=self._left(line_id, n)) for line_id, n in units.items()}
        )

    def settle(self, accepted: Mapping[str, int], refused: Mapping[str, int], postage: PostageTally) -> "Tally":
        """After these units were accepted or refused, and what that pays back of the postage."""
        lines = {}
        for line_id in accepted.keys() | refused.keys():
            back, sent = accepted.get(line_id, 0), refused.get(line_id, 0)
            now = self.of(line_id)
            lines[line_id] = Counts(self._left(line_id, back + sent), now.returned + back, now.refused + sent)
        return self._with(lines, postage=postage)

    def _left(self, line_id: str, units: int) -> int:
        left = self.of(line_id).open - units
        if left < 0:
            raise ValueError(f"line {line_id} has {self.of(line_id).open} units in returns, not {units}")
        return left

    def _with(self, lines: Mapping[str, Counts], **changes: Any) -> "Tally":
        return replace(self, lines={**self.lines, **lines}, version=self.version + 1, **changes)
