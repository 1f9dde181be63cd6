"""What was seen over all calls of the run."""

from __future__ import annotations

from aisle_supplier.checks.probe import Probe, quoted
from aisle_supplier.checks.registry import Failed, NotChecked, Severity, check
from aisle_supplier.client import Exchange
from aisle_supplier.wire import Failure

MAX_RETRY_AFTER = 3_600


@check(
    "limits.time",
    "A call may take 10 seconds, from the look-up of the name to the last byte.",
    "Answer 202 at once, and decide later, where it takes long.",
)
def time(probe: Probe) -> str:
    calls = _calls(probe)
    late = [call for call in calls if call.failure is Failure.TIMEOUT]
    if late:
        limit = probe.client.endpoint.seconds
        raise Failed(f"{len(late)} of {len(calls)} calls were not answered within {limit:g} s, e.g. {late[0].what}")
    times = sorted(call.seconds for call in calls)
    return f"{len(calls)} calls, p95 {percentile(times, 95) * 1000:.0f} ms, longest {times[-1] * 1000:.0f} ms"


@check(
    "limits.connection",
    "No answer: not known.",
    "Finish each answer, and close the connection after it, not before.",
)
def connection(probe: Probe) -> None:
    broken = [call for call in _calls(probe) if call.failure is Failure.BROKEN]
    if broken:
        raise Failed(f"{len(broken)} connections broke off before the answer had ended, e.g. {broken[0].what}")


@check("limits.size", "An answer's body may have 64 KB.", "Answer with the fields of the protocol.")
def size(probe: Probe) -> None:
    long = [call for call in _calls(probe) if call.too_long]
    if long:
        raise Failed(f"{len(long)} answers were longer than 64 KB, e.g. to {long[0].what}")


@check("limits.no-redirect", "Redirects are not followed.", "Answer at the base URL itself, or name the other one.")
def no_redirect(probe: Probe) -> None:
    redirected = [call for call in _calls(probe) if 300 <= call.status < 400]
    if redirected:
        call = redirected[0]
        raise Failed(f"{call.what} was answered with {call.status} to {quoted(call.location)}")


@check(
    "limits.no-errors",
    "Anything else, or no answer: not known.",
    "Have a look at the log of your server: nothing of what was asked should make it fail.",
)
def no_errors(probe: Probe) -> None:
    failed = [call for call in _calls(probe) if call.status >= 500 and call.status not in (501, 503)]
    if failed:
        raise Failed(f"{len(failed)} calls were answered with {failed[0].status}, e.g. {failed[0].what}")


@check(
    "limits.put-off",
    "`429` and `503` with `Retry-After` (seconds) are respected.",
    "Let those who call rarely in: Aisle's calls are few, and each waits for an answer.",
)
def put_off(probe: Probe) -> None:
    calls = _calls(probe)
    off = [call for call in calls if call.put_off]
    if len(off) * 4 > len(calls):
        raise Failed(f"{len(off)} of {len(calls)} calls were put off with {off[0].status}")


@check(
    "limits.retry-after",
    "`429` and `503` with `Retry-After` (seconds) are respected.",
    "Send Retry-After with whole seconds, up to an hour.",
    severity=Severity.SHOULD,
)
def retry_after(probe: Probe) -> None:
    off = [call for call in _calls(probe) if call.put_off]
    if not off:
        raise NotChecked("no 429 or 503 was seen")
    odd = [call for call in off if not _is_sane(call)]
    if odd:
        raise Failed(f"{odd[0].what} was answered with {odd[0].status} and Retry-After {quoted(odd[0].retry_after)}")


@check(
    "limits.content-type",
    "`Content-Type: application/json`",
    "Say what the body is: application/json, or application/problem+json for a problem.",
    severity=Severity.SHOULD,
)
def content_type(probe: Probe) -> None:
    for call in _calls(probe):
        if call.status in (200, 202) and call.has_body and call.content_type != "application/json":
            raise Failed(f"{call.what} was answered with content of type {quoted(call.content_type or 'none')}")


def percentile(ordered: list[float], percent: int) -> float:
    """The smallest value that so many percent do not exceed (nearest rank)."""
    return ordered[max(-(-len(ordered) * percent // 100), 1) - 1]


def _calls(probe: Probe) -> list[Exchange]:
    calls = probe.client.exchanges
    if not calls:
        raise NotChecked("no call was made")
    return calls


def _is_sane(call: Exchange) -> bool:
    value = call.retry_after or ""
    return value.isdecimal() and int(value) <= MAX_RETRY_AFTER
