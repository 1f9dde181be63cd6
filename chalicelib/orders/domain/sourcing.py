"""The operator's rules of who sells what: whom to prefer, whom to leave out, and how dear a replacement may be."""

from collections.abc import Sequence
from dataclasses import dataclass

MAX_RULES = 200


@dataclass(frozen=True, slots=True)
class SourcingRule:
    """What holds for a seller (`own` or a supplier's id; None: for every supplier) in a category and all below it (None: everywhere).

    A lower `preference` goes first; the seller of none has 0. Who is `excluded` sells nothing there.
    """

    seller: str | None
    category_id: str | None
    preference: int = 0
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class SourcingRules:
    """All rules. A replacement for a supplier that will not ship may ask `max_loss_bps` basis points more than the customer pays
    (100 is 1 %); beyond that a person decides."""

    rules: tuple[SourcingRule, ...] = ()
    max_loss_bps: int = 500
    version: int = 0

    def rule_for(self, seller: str, category_path: Sequence[str]) -> SourcingRule | None:
        """The rule that holds: one that names the seller goes before one for all suppliers, then the deepest category decides, then
        the first in the list."""
        depth = {category: level for level, category in enumerate(category_path, start=1)}
        fitting = [
            rule
            for rule in self.rules
            if (rule.seller == seller or (rule.seller is None and seller != OWN))
            and (rule.category_id is None or rule.category_id in depth)
        ]
        if not fitting:
            return None
        return max(fitting, key=lambda rule: (rule.seller is not None, depth.get(rule.category_id or "", 0)))

    def dearest(self, unit_price: int) -> int:
        """What a replacement for a unit that was sold at this price (minor units) may ask."""
        return unit_price + unit_price * self.max_loss_bps // 10_000


OWN = "own"
"""The retailer itself, as in the allocation."""
