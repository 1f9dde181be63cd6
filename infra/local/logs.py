"""What the functions logged, read from the local cloud's CloudWatch Logs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3

from infra.local.emulator import CREDENTIALS
from infra.local.stack import LocalCloudError

POLL_SECONDS = 1.0
# Lines of the Lambda platform; what a function wrote stands between them.
PLATFORM = ("START RequestId:", "END RequestId:", "REPORT RequestId:")


def lines(record: dict[str, Any], function: str = "", follow: bool = False) -> Iterator[str]:
    """Log lines in order of time, each with time and function; with `follow` for as long as one reads them."""
    client = boto3.client(
        "logs",
        endpoint_url=record["endpoint_url"],
        region_name=record["region"],
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )
    prefix = f"/aws/lambda/aisle-{record['stage']}"
    shown: set[tuple[str, str]] = set()
    since = 0
    while True:
        groups = _groups(client, prefix, function)
        if function and not groups and not follow:
            raise LocalCloudError(f"no function whose name contains '{function}' has logged anything")
        fresh = [
            (event["timestamp"], group, event)
            for group in groups
            for event in _events(client, group, since)
            if (group, event["eventId"]) not in shown
        ]
        for timestamp, group, event in sorted(fresh, key=lambda found: found[0]):
            shown.add((group, event["eventId"]))
            since = max(since, timestamp - 5_000)
            if not event["message"].startswith(PLATFORM):
                at = datetime.fromtimestamp(timestamp / 1000, UTC).astimezone()
                yield f"{at:%H:%M:%S} {group.removeprefix('/aws/lambda/')}  {event['message']}"
        if not follow:
            return
        time.sleep(POLL_SECONDS)


def _groups(client: Any, prefix: str, function: str) -> list[str]:
    pages = client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
    names = [group["logGroupName"] for page in pages for group in page["logGroups"]]
    return [name for name in names if function in name.removeprefix("/aws/lambda/")]


def _events(client: Any, group: str, since: int) -> Iterator[dict[str, Any]]:
    for page in client.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=since):
        yield from page["events"]
