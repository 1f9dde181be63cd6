"""Review cases in the table. Whoever opens cases in its own transaction needs the partition keys CASE#….

| item | pk | sk | indexes |
|---|---|---|---|
| case | CASE#<id> | CASE | gsi1 CASES#SUPPLIER#<supplier>#<state>#<type>#<level> / <due>#<id>; gsi2 CASES#<state>#<type>#<level> / <due>#<id>; gsi3 DUE#CASE#<shard> / <escalates>#<id>, while it will |
| whose work it is | CASE#<id> | ASSIGNEE | gsi1 CASES#ASSIGNEE#<assignee>#<type>#<level> / <due>#<id>, while it is open |
| findings | CASE#<id> | FINDINGS | |
| correction | CASE#<id> | CORRECTION#<ulid> | |
| comment | CASE#<id> | COMMENT#<ulid> | |
| token of a workflow that waits | CASE#<id> | TOKEN#<hash> | |
| the last case of a subject | CASE#SUBJECT#<type>#<id> | SUBJECT | |
| deadlines | CASE#DEADLINES | DEADLINES | |
"""

from chalicelib.reviews.store.cases import (
    CaseExists,
    Latest,
    add_case,
    case_pk,
    change_case,
    check_latest,
    get_case,
    latest_of,
    point,
)
from chalicelib.reviews.store.deadlines import DEADLINES_PK, get_deadlines, put_deadlines
from chalicelib.reviews.store.lists import count_overdue, due_cases, matching
from chalicelib.reviews.store.notes import (
    Comment,
    Corrected,
    Notes,
    add_comment,
    add_correction,
    add_findings,
    notes_of,
)
from chalicelib.reviews.store.tokens import Token, forget_token, keep_token, tokens_of

__all__ = [
    "DEADLINES_PK",
    "CaseExists",
    "Comment",
    "Corrected",
    "Latest",
    "Notes",
    "Token",
    "add_case",
    "add_comment",
    "add_correction",
    "add_findings",
    "case_pk",
    "change_case",
    "check_latest",
    "count_overdue",
    "due_cases",
    "forget_token",
    "get_case",
    "get_deadlines",
    "keep_token",
    "latest_of",
    "matching",
    "notes_of",
    "point",
    "put_deadlines",
    "tokens_of",
]
