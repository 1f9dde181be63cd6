"""What the operator sets for all suppliers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RoutingSettings:
    """How long a supplier may take to answer (minutes), how long one call may take (seconds), after how many failures in a row its
    endpoint rests, and for how long (seconds). Version 0: nobody has changed them."""

    answer_minutes: int = 240
    call_seconds: int = 10
    failures_before_rest: int = 5
    rest_seconds_least: int = 30
    rest_seconds_most: int = 3_600
    version: int = 0
