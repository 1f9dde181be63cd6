"""Pages and their cursors: opaque, signed, bound to the list they came from.

A cursor is the last key seen with a MAC. The signing key is derived once per warm function by KMS (GenerateMac on an HMAC
key that never leaves it), so there is no secret to store or rotate by hand.
"""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Generic, TypeVar

from chalicelib.core.aws import derived_key
from chalicelib.core.errors import Fault, Invalid
from chalicelib.core.settings import settings

MAX_LIMIT = 100
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Page(Generic[_T]):
    """Some of a list, and the cursor for more, or None at its end."""

    items: list[_T]
    next_cursor: str | None


def _mac(scope: str, payload: bytes) -> bytes:
    signing_key = derived_key(settings().cursor_key_id, "aisle page cursors, v1")
    return hmac.new(signing_key, scope.encode() + b"\n" + payload, sha256).digest()[:16]


def seal(scope: str, position: Any) -> str:
    """A cursor for `position` (JSON-serialisable) in the list named by `scope`."""
    payload = json.dumps(position, separators=(",", ":")).encode()
    return urlsafe_b64encode(_mac(scope, payload) + payload).decode().rstrip("=")


def open_cursor(scope: str, cursor: str | None) -> Any:
    """The position in a cursor, None for none. Raises `Invalid` for one that is forged or of another list."""
    if cursor is None:
        return None
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError:
        raw = b""
    mac, payload = raw[:16], raw[16:]
    if not payload or not hmac.compare_digest(mac, _mac(scope, payload)):
        raise Invalid(
            "The cursor is not one of this list.",
            faults=[
                Fault("/cursor", "invalid_cursor", "Pass next_cursor back as it was given, with the same filters.")
            ],
        )
    return json.loads(payload)


def page_of(
    scope: str, limit: int, cursor: str | None, fetch: Callable[[Any, int], list[_T]], at: Callable[[_T], Any]
) -> Page[_T]:
    """One page: `fetch(after, count)` lists what follows position `after`, `at` tells an entry's position.

    One entry more than asked is fetched, so a cursor is given only when there is more.
    """
    entries = fetch(open_cursor(scope, cursor), limit + 1)
    more = len(entries) > limit
    entries = entries[:limit]
    return Page(entries, seal(scope, at(entries[-1])) if more else None)
