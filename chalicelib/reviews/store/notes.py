"""What belongs to a case beside itself: findings, corrections, comments."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core.errors import Conflict
from chalicelib.core.findings import Finding
from chalicelib.core.ids import new_ulid
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, Transaction
from chalicelib.reviews.store.cases import case_pk

_MOST_TEXT = 500
_MOST_FIX = 1_000
"""Characters of a finding's message and of its suggested fix: with 200 findings well below the 400 KB of an item."""


class FindingsItem(Item):
    """pk = CASE#<id>, sk = FINDINGS. Never changed: corrections do not take back what was found."""

    findings = Json()


class CorrectionItem(Item):
    """pk = CASE#<id>, sk = CORRECTION#<ulid>."""

    by = UnicodeAttribute()
    at = UnicodeAttribute()
    document = Json()


class CommentItem(Item):
    """pk = CASE#<id>, sk = COMMENT#<ulid>. `kind`: a comment, or why the case was escalated."""

    by = UnicodeAttribute()
    at = UnicodeAttribute()
    kind = UnicodeAttribute()
    text = UnicodeAttribute()


@dataclass(frozen=True, slots=True)
class Comment:
    """What a reviewer wrote, and when (RFC 3339); `kind` is `comment` or `escalation`."""

    by: str
    at: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Corrected:
    """Fields (JSON pointers) that a reviewer gave values, and the version that made of the subject."""

    by: str
    at: str
    changes: tuple[tuple[str, Any], ...]
    subject_version: int


@dataclass(frozen=True, slots=True)
class Notes:
    """All that belongs to a case, each oldest first."""

    findings: tuple[Finding, ...]
    corrections: tuple[Corrected, ...]
    comments: tuple[Comment, ...]


def add_findings(tx: Transaction, case_id: str, findings: Sequence[Finding]) -> None:
    """Write what validators found."""
    item = FindingsItem(case_pk(case_id), "FINDINGS", findings=[_bounded(one).as_dict() for one in findings])
    tx.put(item)


def _bounded(finding: Finding) -> Finding:
    fix = finding.suggested_fix
    too_long = len(json.dumps(fix, default=str)) > _MOST_FIX
    return replace(finding, message=finding.message[:_MOST_TEXT], suggested_fix=None if too_long else fix)


def add_comment(tx: Transaction, case_id: str, comment: Comment) -> None:
    """Write a comment."""
    item = CommentItem(
        case_pk(case_id),
        key("COMMENT", new_ulid()),
        by=comment.by,
        at=comment.at,
        kind=comment.kind,
        text=comment.text,
    )
    tx.create(item, lambda _: Conflict("This comment was written before."))


def add_correction(tx: Transaction, case_id: str, made: Corrected) -> None:
    """Write which fields were corrected."""
    document: Mapping[str, Any] = {"changes": made.changes, "subject_version": made.subject_version}
    item = CorrectionItem(case_pk(case_id), key("CORRECTION", new_ulid()), by=made.by, at=made.at, document=document)
    tx.create(item, lambda _: Conflict("This correction was written before."))


def notes_of(case_id: str) -> Notes:
    """Findings, corrections and comments of a case, as they are now."""
    pk = case_pk(case_id)
    findings = [
        Finding.from_dict(one)
        for item in FindingsItem.query(pk, FindingsItem.sk == "FINDINGS", consistent_read=True)
        for one in item.findings
    ]
    corrections = [
        Corrected(
            item.by,
            item.at,
            tuple((field, value) for field, value in item.document["changes"]),
            item.document["subject_version"],
        )
        for item in CorrectionItem.query(pk, CorrectionItem.sk.startswith("CORRECTION#"), consistent_read=True)
    ]
    comments = [
        Comment(item.by, item.at, item.kind, item.text)
        for item in CommentItem.query(pk, CommentItem.sk.startswith("COMMENT#"), consistent_read=True)
    ]
    return Notes(tuple(findings), tuple(corrections), tuple(comments))
