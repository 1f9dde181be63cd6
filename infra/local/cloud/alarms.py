"""Gap: the XML answer of `DescribeAlarms`, which Terraform reads, lacks most fields, so every alarm seems changed.

MiniStack's JSON answer to the same call is complete; it is rendered as XML here.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

LISTS = ("AlarmNames", "AlarmTypes")
TEXTS = ("AlarmNamePrefix", "StateValue", "MaxRecords", "NextToken")


def request_of(params: dict[str, Any]) -> dict[str, Any]:
    """A query-protocol `DescribeAlarms` request as the JSON protocol would carry it."""
    flat = {name: value[0] if isinstance(value, list) else value for name, value in params.items()}
    request: dict[str, Any] = {name: flat[name] for name in TEXTS if flat.get(name)}
    for name in LISTS:
        members = [flat[key] for key in sorted(flat, key=_member_number) if key.startswith(f"{name}.member.")]
        if members:
            request[name] = members
    return request


def without_defaults(alarm: dict[str, Any]) -> dict[str, Any]:
    """An alarm without the period and statistic that MiniStack assumes and AWS leaves out.

    An alarm on an expression has both within its queries (which MiniStack drops, so that it never rings), and in one on
    a percentile `ExtendedStatistic` takes the statistic's place.
    """
    assumed = set()
    if not alarm.get("MetricName"):
        assumed = {"Period", "Statistic", "MetricName", "Namespace"}
    elif alarm.get("ExtendedStatistic"):
        assumed = {"Statistic"}
    return {field: value for field, value in alarm.items() if field not in assumed}


def _member_number(key: str) -> int:
    number = key.rpartition(".")[2]
    return int(number) if number.isdigit() else 0


def xml_of(name: str, value: Any) -> str:
    """One field of a JSON answer in the query protocol's XML; fields without a value are left out."""
    if value is None:
        return ""
    if isinstance(value, dict):
        inner = "".join(xml_of(key, child) for key, child in value.items())
    elif isinstance(value, list):
        inner = "".join(xml_of("member", child) for child in value)
    elif isinstance(value, bool):
        inner = str(value).lower()
    elif name.endswith("Timestamp") and isinstance(value, int | float):
        inner = datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    else:
        inner = escape(str(value))
    return f"<{name}>{inner}</{name}>"


def install() -> None:
    from ministack.services import cloudwatch

    describe = cloudwatch._describe_alarms

    def describe_in_full(params: Any, cbor_data: Any, is_cbor: bool, is_json: bool = False) -> Any:
        if is_cbor or is_json:
            return describe(params, cbor_data, is_cbor, is_json)
        status, _, body = describe({}, request_of(params), False, True)
        if status >= 400:
            return describe(params, cbor_data, is_cbor, is_json)
        answer = json.loads(body)
        answer["MetricAlarms"] = [without_defaults(alarm) for alarm in answer["MetricAlarms"]]
        return cloudwatch._xml(200, "DescribeAlarmsResponse", xml_of("DescribeAlarmsResult", answer))

    cloudwatch._describe_alarms = describe_in_full
