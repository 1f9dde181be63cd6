"""Shadows of cabinets, kept by AWS IoT: how each is to be set up, and how it says that it is. The only copy of either.

docs.aws.amazon.com/iot/latest/developerguide/iot-device-shadows.html
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from chalicelib.core import clock
from chalicelib.core.aws import client
from chalicelib.core.errors import Stale
from chalicelib.lockers.domain import shadows
from chalicelib.lockers.domain.shadows import Shadow


def read(cabinet_id: str) -> Shadow | None:
    """The shadow, or None for a cabinet that nobody has set up and that has said nothing of itself."""
    iot = client("iot-data")
    try:
        answer = iot.get_thing_shadow(thingName=cabinet_id)
    except iot.exceptions.ResourceNotFoundException:
        return None
    document = json.loads(answer["payload"].read())
    state = document.get("state") or {}
    reported = state.get("reported")
    heard = max(_timestamps(document.get("metadata", {}).get("reported")), default=None)
    return Shadow(
        version=document["version"],
        desired=shadows.settings_in(state.get("desired")),
        reported=shadows.settings_in(reported),
        firmware=shadows.firmware_in(reported),
        temperatures=shadows.temperatures_in(reported),
        reported_at=clock.rfc3339(datetime.fromtimestamp(heard, UTC)) if heard is not None else None,
    )


def desire(cabinet_id: str, settings: Mapping[str, int], version: int | None) -> None:
    """Have a cabinet go by these settings; it hears of what is not so yet. Raises `Stale` unless the shadow is at the version; with
    None, the shadow is made if there is none."""
    document: dict[str, Any] = {"state": {"desired": dict(settings)}}
    if version is not None:
        document["version"] = version
    iot = client("iot-data")
    try:
        iot.update_thing_shadow(thingName=cabinet_id, payload=json.dumps(document))
    except iot.exceptions.ConflictException:
        raise Stale(f"The configuration of cabinet {cabinet_id} is not at version {version} any more.") from None


def report(cabinet_id: str, state: Mapping[str, Any]) -> None:
    """Keep what a cabinet says of itself, beside what it said before."""
    document = {"state": {"reported": dict(state)}}
    client("iot-data").update_thing_shadow(thingName=cabinet_id, payload=json.dumps(document))


def forget(cabinet_id: str) -> None:
    """Drop the shadow. Safe to repeat."""
    iot = client("iot-data")
    try:
        iot.delete_thing_shadow(thingName=cabinet_id)
    except iot.exceptions.ResourceNotFoundException:
        return


def _timestamps(metadata: Any) -> Iterator[int]:
    """When each value was written, in seconds since 1970: a `{"timestamp": …}` stands in the place of each."""
    if isinstance(metadata, list):
        for one in metadata:
            yield from _timestamps(one)
    elif isinstance(metadata, dict):
        if isinstance(metadata.get("timestamp"), int):
            yield metadata["timestamp"]
        else:
            for one in metadata.values():
                yield from _timestamps(one)
