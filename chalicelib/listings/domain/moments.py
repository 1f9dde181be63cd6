"""Times that the systems of suppliers give."""

import re
from datetime import UTC, datetime

from chalicelib.core import clock
from chalicelib.listings.domain.listing import NotATime, TimeAhead

_OFFSET = re.compile(r"(?:Z|z|[+-][0-9]{2}:?[0-9]{2})$")


def moment(given: str | None, now: datetime) -> str:
    """The time as it is stored, so that it sorts as text; `now` where none is given.

    Raises `TimeAhead` for one that has not come yet, `NotATime` for what is none (RFC 3339, with its offset from UTC).
    """
    if given is None:
        return clock.rfc3339(now)
    try:
        told = datetime.fromisoformat(given).astimezone(UTC) if _OFFSET.search(given) else None
    except (ValueError, OverflowError):
        told = None
    if told is None:
        raise NotATime(f"{given[:40]} is no time with its offset from UTC.")
    if told > now + clock.LEEWAY:
        raise TimeAhead(f"{given[:40]} is after {clock.rfc3339(now)}, which it is now.")
    return clock.rfc3339(told)
