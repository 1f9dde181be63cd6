"""Opening hours as the store file writes them: `Mon: 10-9:30; Tue: 10-9; …; Thurs: 10-9; Fri: 9-10; Sat: 9-10; Sun: 11-7`.

The file says neither a.m. nor p.m. What can be read in one way only is read; the rest is not guessed:

- A shop opens in the morning, from 6 on, or at 12, which is noon, and closes after noon: `9-10` is from 9:00 to 22:00.
- `0-11:59` is all day; 0 is nothing else, and 11:59 is the end of the day.
- An opening from 1 to 5 may be early or late, and so may 12 where the day ends at 11:59: those are refused.
- A day that is not named is closed: shops in Paramus, New Jersey, where the law keeps them shut on Sundays, name six.
"""

import re
from collections.abc import Mapping

DAYS: Mapping[str, str] = {
    "Mon": "mon",
    "Tue": "tue",
    "Wed": "wed",
    "Thurs": "thu",
    "Fri": "fri",
    "Sat": "sat",
    "Sun": "sun",
}
ALL_DAY = ("00:00", "24:00")
EARLIEST_OPENING = 6
_DAY = re.compile(r"(?P<day>[A-Za-z]+): (?P<opens>[0-9:]+)-(?P<closes>[0-9:]+)")
_CLOCK = re.compile(r"(?P<hour>1[0-2]|[0-9])(?::(?P<minute>[0-5][0-9]))?")

Hours = dict[str, list[tuple[str, str]]]


class UnreadableHours(ValueError):
    """Hours that say nothing, or more than one thing."""


def parse(text: str) -> Hours:
    """Spans (`HH:MM`, 24 hours) by weekday (`mon` …). Raises `UnreadableHours`."""
    hours: Hours = {}
    for part in text.split(";"):
        found = _DAY.fullmatch(part.strip())
        if found is None or found["day"] not in DAYS:
            raise UnreadableHours(f"no day with its hours: {part.strip()!r}")
        day = DAYS[found["day"]]
        if day in hours:
            raise UnreadableHours(f"{found['day']} twice")
        hours[day] = [_span(found["opens"], found["closes"])]
    return hours


def _span(opens: str, closes: str) -> tuple[str, str]:
    (hour, minute), (last_hour, last_minute) = _clock(opens), _clock(closes)
    to_the_end = (last_hour, last_minute) == (11, 59)
    if (hour, minute) == (0, 0) and to_the_end:
        return ALL_DAY
    if hour < EARLIEST_OPENING or (hour == 12 and to_the_end):
        raise UnreadableHours(f"{opens}-{closes} may begin before noon or after it")
    if last_hour in (0, 12):
        raise UnreadableHours(f"{opens}-{closes} may end at noon or at midnight")
    return f"{hour:02}:{minute:02}", "24:00" if to_the_end else f"{last_hour + 12}:{last_minute:02}"


def _clock(text: str) -> tuple[int, int]:
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise UnreadableHours(f"no time of a clock of twelve hours: {text!r}")
    return int(found["hour"]), int(found["minute"] or 0)
