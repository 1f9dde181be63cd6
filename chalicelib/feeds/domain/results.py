"""What became of the rows of a feed."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from chalicelib.core.findings import Finding, Severity
from chalicelib.feeds.domain.lines import Format, records
from chalicelib.feeds.domain.rows import BadRow, Kind, Row, row_of
from chalicelib.feeds.domain.split import Chunk


class Outcome(StrEnum):
    """What became of a row. `superseded`: a later line of the file stands for it. `deferred`: it met a passing fault. `withdrawn`: not
    in the file, which replaces all that was there before; `kept`: so, too, but it stays, and `code` says why."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    IN_REVIEW = "in_review"
    REFUSED = "refused"
    DEFERRED = "deferred"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    KEPT = "kept"


UNDONE = frozenset({Outcome.REFUSED, Outcome.DEFERRED})
"""Rows that may be tried again."""

NO_ROWS = frozenset({Outcome.WITHDRAWN, Outcome.KEPT})
"""Of listings that the file does not name."""

Counts = Mapping[Outcome, int]


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of the row on `line` (None: not in the file). `sku` is the catalogue's, where it is known; `code` and `detail` tell
    why a row was refused, deferred or superseded, or changed nothing; `findings` all that was found."""

    line: int | None
    supplier_sku: str | None
    outcome: Outcome
    sku: str | None = None
    code: str | None = None
    detail: str | None = None
    findings: tuple[Finding, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As it is stored and sent: one line of the results."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return told | {"outcome": str(self.outcome), "findings": [finding.as_dict() for finding in self.findings]}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "RowResult":
        """The result that was stored."""
        findings = tuple(Finding.from_dict(finding) for finding in stored["findings"])
        return cls(**{**stored, "outcome": Outcome(stored["outcome"]), "findings": findings})


def refused(line: int | None, supplier_sku: str | None, findings: Sequence[Finding]) -> RowResult:
    """The result of a row that is not taken, for what was found."""
    grave = [finding for finding in findings if finding.severity is Severity.ERROR] or list(findings)
    code, detail = (grave[0].rule, grave[0].message) if grave else ("refused", "The row is not taken.")
    return RowResult(line, supplier_sku, Outcome.REFUSED, code=code, detail=detail, findings=tuple(findings))


def counted(results: Iterable[RowResult]) -> dict[Outcome, int]:
    """How many rows ended how."""
    return dict(Counter(result.outcome for result in results))


def read_chunk(
    raw: bytes, chunk: Chunk, format: Format, kind: Kind, columns: Sequence[str], now: datetime
) -> Iterator[Row | RowResult]:
    """The rows of a chunk in their order, or what became of those that are not to be taken. `raw` are its bytes."""
    skipped = set(chunk.skipped)
    for record in records([raw], format, offset=chunk.start, line=chunk.line):
        if record.line in skipped:
            continue
        entry: Row | RowResult
        try:
            entry = row_of(record, format, kind, columns, now)
            if kind is Kind.PRICES:
                fields = entry.fields
                fields["prices"] = {**chunk.together.get(record.line, {}), fields["currency"]: fields["amount"]}
        except BadRow as bad:
            entry = refused(record.line, bad.supplier_sku, bad.findings)
        later = chunk.superseded.get(record.line)
        if later is not None:
            said = f"Line {later} is about the same."
            entry = RowResult(record.line, entry.supplier_sku, Outcome.SUPERSEDED, code="superseded", detail=said)
        yield entry
