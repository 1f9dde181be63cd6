"""Identifiers: a prefix that says what it names, and a ULID that sorts by time of creation."""

import re

from ulid import ULID

_SHAPE = re.compile(r"[a-z]{2,8}_[0-7][0-9A-HJKMNP-TV-Z]{25}")


def new_id(prefix: str) -> str:
    """`new_id("ord")` → `ord_01J9Z3…`: 80 random bits, unguessable enough to name but not to authorise."""
    return f"{prefix}_{ULID()}"


def new_ulid() -> str:
    """A bare ULID, for sort keys."""
    return str(ULID())


def is_id(text: str, prefix: str) -> bool:
    """Whether `text` has the shape of an id with this prefix; says nothing of its existence."""
    return text.startswith(prefix + "_") and _SHAPE.fullmatch(text) is not None
