"""Who shipped units of an order line, and so gets them back: they are alike, but each is one seller's to take back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Part:
    """Units of an order line that a seller shipped: a supplier, which calls the goods `supplier_sku`, or (None) the retailer."""

    seller: str | None
    units: int
    supplier_sku: str | None = None


def share_out(units: int, shipped: Sequence[Part], taken: Mapping[str | None, int]) -> tuple[Part, ...]:
    """Whose units come back, when so many of a line do and so many by seller are in returns, or back: those of one seller, the first
    who has so many left, or of as many as it takes, in their order. Nobody gets back more than it shipped.

    Units beyond what is left are nobody's: callers announce no more than that.
    """
    left = [replace(one, units=max(0, one.units - taken.get(one.seller, 0))) for one in shipped]
    enough = next((one for one in left if one.units >= units), None)
    parts = []
    for one in [enough] if enough else left:
        taking = min(units, one.units)
        if taking:
            parts.append(replace(one, units=taking))
        units -= taking
    return tuple(parts)
