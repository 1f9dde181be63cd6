"""What validators find, and what was corrected: the same words for every record that is checked.

A document is JSON; a field in it is named by a JSON pointer (RFC 6901). A correction keeps what was there before, so that it can be
taken back.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """An error keeps a record from passing, a warning is for a person who looks at it anyway, `info` is only told."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a validator found: where (JSON pointer), against which rule, how grave, in words, and what would mend it."""

    field: str
    rule: str
    severity: Severity
    message: str
    suggested_fix: Any = None

    def as_dict(self) -> dict[str, Any]:
        """As it is stored and shown."""
        return {name: getattr(self, name) for name in self.__slots__} | {"severity": str(self.severity)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Finding":
        """The finding that was stored."""
        return cls(**{**stored, "severity": Severity(stored["severity"])})


@dataclass(frozen=True, slots=True)
class Correction:
    """A field that was changed: by which rule, from what to what (None: nothing there), and how sure that is, in percent."""

    field: str
    rule: str
    before: Any
    after: Any
    confidence: int

    def as_dict(self) -> dict[str, Any]:
        """As it is stored and shown."""
        return {name: getattr(self, name) for name in self.__slots__}

    def reversed(self) -> "Correction":
        """What takes it back."""
        return Correction(self.field, self.rule, self.after, self.before, self.confidence)


class NoSuchField(LookupError):
    """A pointer leads to no place of the document."""


class Outdated(ValueError):
    """The field does not hold what the correction found there."""


def has_errors(findings: Sequence[Finding]) -> bool:
    """Whether any of them keeps the record from passing."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def read(document: Mapping[str, Any], pointer: str) -> Any:
    """What the document holds there, None for nothing. Raises `NoSuchField` where there cannot be anything."""
    place, name = _place(document, pointer)
    if isinstance(place, list):
        return place[int(name)]
    return place.get(name)


def corrected(document: Mapping[str, Any], corrections: Sequence[Correction]) -> dict[str, Any]:
    """The document with the corrections made, in their order; the one given stays as it is.

    Raises `NoSuchField`, and `Outdated` when a field does not hold what the correction found there: nothing is overwritten that
    changed since.
    """
    changed: dict[str, Any] = deepcopy(dict(document))
    for correction in corrections:
        if read(changed, correction.field) != correction.before:
            raise Outdated(f"{correction.field} holds something else by now.")
        place, name = _place(changed, correction.field)
        if isinstance(place, list):
            place[int(name)] = deepcopy(correction.after)
        elif correction.after is None:
            place.pop(name, None)
        else:
            place[name] = deepcopy(correction.after)
    return changed


def _place(document: Mapping[str, Any], pointer: str) -> tuple[Any, str]:
    if not pointer.startswith("/"):
        raise NoSuchField(pointer)
    *way, name = (part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/"))
    place: Any = document
    for part in way:
        place = _inside(place, part, pointer)
    if isinstance(place, list):
        _inside(place, name, pointer)
    elif not isinstance(place, dict):
        raise NoSuchField(pointer)
    return place, name


def _inside(place: Any, part: str, pointer: str) -> Any:
    if isinstance(place, list) and part.isascii() and part.isdecimal() and int(part) < len(place):
        return place[int(part)]
    if isinstance(place, dict) and part in place:
        return place[part]
    raise NoSuchField(pointer)
