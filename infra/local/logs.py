"""What the functions logged, read from the local cloud's CloudWatch Logs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from infra.local.clients import client
from infra.local.stack import LocalCloudError

POLL_SECONDS = 1.0
LAMBDA = "/aws/lambda/"
# Lines of the Lambda platform; what a function wrote stands between them.
PLATFORM = ("START RequestId:", "END RequestId:", "REPORT RequestId:")


def lines(record: dict[str, Any], function: str = "", follow: bool = False) -> Iterator[str]:
    """Log lines in order of time, each with time and function; with `follow` for as long as one reads them."""
    cloudwatch = client(record, "logs")
    prefix = f"{LAMBDA}aisle-{record['stage']}"
    shown: set[Event] = set()
    since: dict[str, int] = {}
    while True:
        groups = _groups(cloudwatch, prefix, function)
        if function and not groups and not follow:
            raise LocalCloudError(f"no function whose name contains '{function}' has logged anything")
        fresh = [
            event for group in groups for event in _events(cloudwatch, group, since.get(group, 0)) if event not in shown
        ]
        for event in sorted(fresh, key=lambda found: found.timestamp):
            shown.add(event)
            since[event.group] = max(since.get(event.group, 0), event.timestamp)
            if not event.message.startswith(PLATFORM):
                at = datetime.fromtimestamp(event.timestamp / 1000, UTC).astimezone()
                yield f"{at:%H:%M:%S} {event.group.removeprefix(LAMBDA)}  {event.message}"
        if not fresh:  # an answer holds ten thousand events at most, so there may be more after some
            if not follow:
                return
            time.sleep(POLL_SECONDS)


class Event(NamedTuple):
    """A log event. MiniStack gives it no id, so equal ones in one stream and millisecond are numbered."""

    group: str
    stream: str
    timestamp: int
    message: str
    number: int


def _groups(cloudwatch: Any, prefix: str, function: str) -> list[str]:
    pages = cloudwatch.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
    names = [group["logGroupName"] for page in pages for group in page["logGroups"]]
    return [name for name in names if function in name.removeprefix(LAMBDA)]


def _events(cloudwatch: Any, group: str, since: int) -> Iterator[Event]:
    seen: Counter[tuple[str, int, str]] = Counter()
    for page in cloudwatch.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=since):
        for found in page["events"]:
            key = (found["logStreamName"], found["timestamp"], found["message"])
            seen[key] += 1
            yield Event(group, *key, seen[key])
