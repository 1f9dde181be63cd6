"""Money: integer minor units with a currency. The only place where money is split or rounded."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (pence, cents) of an ISO 4217 currency. Amounts of two currencies never meet."""

    amount: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.amount - self._same(other), self.currency)

    def __mul__(self, quantity: int) -> "Money":
        return Money(self.amount * quantity, self.currency)

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not add up")
        return other.amount


def split(total: int, weights: Sequence[int]) -> list[int]:
    """Shares of `total` (minor units, any sign) in proportion to `weights`, adding up to it exactly.

    Largest remainder (Hamilton): every share is within one unit of its exact proportion; ties go to the earlier.
    Raises ValueError when a weight is negative or all are zero while there is something to share.
    """
    if any(weight < 0 for weight in weights):
        raise ValueError("weights may not be negative")
    whole = sum(weights)
    if whole == 0:
        if total:
            raise ValueError("nothing to share by: all weights are zero")
        return [0] * len(weights)
    sign, magnitude = (-1, -total) if total < 0 else (1, total)
    shares = [magnitude * weight // whole for weight in weights]
    remainders = [magnitude * weight % whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-remainders[i], i))
    for i in by_remainder[: magnitude - sum(shares)]:
        shares[i] += 1
    return [sign * share for share in shares]


def share_of_units(total: int, units: int, taken: int, taking: int) -> int:
    """What `taking` further units are worth of a line worth `total` for `units`, when `taken` went before.

    Any sequence of takings that ends at `units` adds up to `total` exactly.
    """
    if not 0 <= taken <= taken + taking <= units:
        raise ValueError(f"cannot take {taking} after {taken} of {units}")
    return _up_to(total, units, taken + taking) - _up_to(total, units, taken)


def _up_to(total: int, units: int, count: int) -> int:
    return round_half_up(total * count, units) if units else 0


def tax_within(gross: int, rate_bps: int) -> int:
    """The tax inside a gross amount (minor units) at `rate_bps` basis points: 1,200 at 2000 (20 %) holds 200."""
    return round_half_up(gross * rate_bps, 10_000 + rate_bps)


def tax_on_top(net: int, rate_bps: int) -> int:
    """The tax that comes on a net amount (minor units) at `rate_bps` basis points: 1,000 at 2000 (20 %) adds 200.

    `tax_within(net + tax, rate_bps)` finds the same tax again.
    """
    return round_half_up(net * rate_bps, 10_000)


def round_half_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` to the nearest integer, halves away from zero (as tax offices round)."""
    if denominator <= 0:
        raise ValueError("denominator must be positive")
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))
