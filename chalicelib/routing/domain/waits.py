"""How long the workflow waits before it asks a supplier again."""

from datetime import timedelta

LEAST = 15
MOST = 900
"""Seconds."""
REST_LEAST = 60
"""Seconds. Each look at an endpoint that rests is nine events of the execution, which may have 25,000 of them."""
CALL_OFF_HOURS = 24
"""For how long a supplier is told what it has not heard of: a recall, a hold, another address. Then a person is asked to."""


def wait_seconds(tries: int, left: int) -> int:
    """Before the next call after so many without an answer: twice as long each time, and never beyond the `left` seconds."""
    return max(1, min(LEAST << min(max(tries - 1, 0), 10), MOST, left))


def rest_seconds(rest: timedelta, left: int) -> int:
    """While the endpoint is left in peace for so long: until that is over, a minute at least, and never beyond the `left` seconds."""
    return max(1, min(max(int(rest.total_seconds()) + 1, REST_LEAST), left))


def whole_seconds(span: timedelta) -> int:
    """Rounded up; 0 for what is over."""
    return max(0, -(-span // timedelta(seconds=1)))
