"""How long the workflow waits before it asks a supplier again."""

LEAST = 15
MOST = 900
"""Seconds."""
CALL_OFF_HOURS = 24
"""For how long after its deadline a supplier that said nothing is told that the order is not for it any more."""


def wait_seconds(tries: int, left: int) -> int:
    """Before the next call after so many without an answer: twice as long each time, and never beyond the `left` seconds."""
    return max(1, min(LEAST << min(max(tries - 1, 0), 10), MOST, left))
