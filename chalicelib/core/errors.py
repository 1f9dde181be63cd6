"""The errors a command may end in. They know nothing of HTTP; `core/http.py` gives each kind its status.

AisleError
├── Invalid          the request cannot be understood (shape, type, syntax)
├── Unauthenticated  nobody, or a token that does not hold
├── Forbidden        somebody, but not allowed this
├── NotFound         no such thing, or another tenant's
├── Conflict         the state of things does not allow it now
│   ├── InFlight     the same command is running at this moment
│   └── Contended    others were quicker, several times over; trying again helps
├── Stale            the caller changed an old version
├── VersionRequired  the caller did not say which version it changes
├── TooLarge         more bytes than are read
├── UnsupportedMedia a content type that is not spoken
├── RuleBroken       understood, and against a rule
├── Throttled        too much at once
└── Unavailable      something behind did not answer; the outcome may be unknown
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request: where (JSON pointer, RFC 6901), what, and in words."""

    pointer: str
    code: str
    detail: str


_OF_EVERY_PROBLEM = frozenset({"type", "title", "status", "detail", "code", "retryable", "request_id", "errors"})
"""Members that `core/http.py` gives each problem document (RFC 9457)."""


class AisleError(Exception):
    """A command that ended without effect.

    `code` is stable and documented; `detail` is for people; `members` are further facts for programs.
    """

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "The request failed"
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str, *, faults: Sequence[Fault] = (), **members: Any) -> None:
        super().__init__(detail)
        if taken := _OF_EVERY_PROBLEM & members.keys():
            raise ValueError(f"every problem document has its own {', '.join(sorted(taken))}")
        self.detail = detail
        self.faults = tuple(faults)
        self.members = members

    @classmethod
    def combine(cls, errors: Sequence["AisleError"]) -> "AisleError":
        """One error for several conditions that failed in one transaction; by default the first stands for all."""
        return errors[0]


class Invalid(AisleError):
    code = "invalid_request"
    title = "The request is malformed"


class Unauthenticated(AisleError):
    code = "unauthenticated"
    title = "A valid access token is needed"


class Forbidden(AisleError):
    code = "forbidden"
    title = "Not allowed"


class NotFound(AisleError):
    code = "not_found"
    title = "No such thing"


class Conflict(AisleError):
    code = "conflict"
    title = "The current state does not allow this"


class InFlight(Conflict):
    code = "in_flight"
    title = "The same request is being carried out"
    retryable = True


class Contended(Conflict):
    code = "contended"
    title = "Others changed the same things at the same time"
    retryable = True


class Stale(AisleError):
    code = "stale_version"
    title = "Changed since it was read"


class VersionRequired(AisleError):
    code = "version_required"
    title = "If-Match is required"


class TooLarge(AisleError):
    code = "payload_too_large"
    title = "The request body is too large"


class UnsupportedMedia(AisleError):
    code = "unsupported_media_type"
    title = "This content type is not accepted here"


class RuleBroken(AisleError):
    code = "rule_broken"
    title = "A rule does not allow this"


class Throttled(AisleError):
    code = "throttled"
    title = "Too many requests"
    retryable = True


class Unavailable(AisleError):
    code = "unavailable"
    title = "Temporarily unavailable"
    retryable = True
