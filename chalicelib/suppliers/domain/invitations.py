"""An invitation to apply: whoever holds its token accepts it, once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from chalicelib.core.errors import RuleBroken

VALID_FOR = timedelta(days=14)


class InvitationRefused(RuleBroken):
    code = "invitation_refused"
    title = "This invitation does not hold"


@dataclass(frozen=True, slots=True)
class Invitation:
    """Who was invited until when (RFC 3339); `accepted_at` when it has served."""

    id: str
    supplier_id: str
    email: str = field(repr=False)
    invited_at: str
    expires_at: str
    accepted_at: str | None = None
