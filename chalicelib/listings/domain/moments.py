"""Times that the systems of suppliers give."""

from datetime import UTC, datetime, timedelta

from chalicelib.core import clock
from chalicelib.listings.domain.listing import TimeAhead

LEEWAY = timedelta(minutes=5)
"""How far another's clock may be ahead of ours. What is dated later would keep all true updates out until then."""


def moment(given: str | None, now: datetime) -> str:
    """The time as it is stored, so that it sorts as text; `now` where none is given.

    Raises `TimeAhead` for one that has not come yet, or is none (RFC 3339, with its offset from UTC).
    """
    if given is None:
        return clock.rfc3339(now)
    try:
        told = datetime.fromisoformat(given)
    except ValueError:
        raise TimeAhead(f"{given[:40]} is no time.") from None
    told = told.replace(tzinfo=UTC) if told.tzinfo is None else told
    if told > now + LEEWAY:
        raise TimeAhead(f"{given[:40]} is after {clock.rfc3339(now)}, which it is now.")
    return clock.rfc3339(told)
