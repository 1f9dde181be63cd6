"""What the operator sets for all suppliers, and for one."""

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

    def answer_minutes_of(self, one: "SupplierSettings") -> int:
        """How long this supplier may take to answer, in minutes."""
        return self.answer_minutes if one.answer_minutes is None else one.answer_minutes


@dataclass(frozen=True, slots=True)
class SupplierSettings:
    """What holds for one supplier instead: how long it may take to answer (minutes; None: as long as all). Version 0: nobody has said
    anything of it."""

    supplier_id: str
    answer_minutes: int | None = None
    version: int = 0
