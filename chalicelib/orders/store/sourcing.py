"""The operator's sourcing rules: one item, read with the offers of an order."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import cast

from pynamodb.attributes import NumberAttribute

from chalicelib.core.errors import AisleError, Stale
from chalicelib.core.table import Item, Json, RawItem, Transaction, find_many
from chalicelib.orders.domain.sourcing import SourcingRule, SourcingRules

_KEY = "SOURCINGRULES"


class SourcingRulesItem(Item):
    """pk = SOURCINGRULES, sk = SOURCINGRULES."""

    version = NumberAttribute()
    document = Json()


def sourcing_key() -> tuple[type[Item], str, str]:
    return SourcingRulesItem, _KEY, _KEY


def sourcing_in(found: Mapping[tuple[str, str], Item]) -> SourcingRules:
    """The rules out of a batch read with `sourcing_key`; without any, nobody is preferred."""
    item = cast("SourcingRulesItem | None", found.get((_KEY, _KEY)))
    if item is None:
        return SourcingRules()
    stored = item.document
    return SourcingRules(
        tuple(SourcingRule(**rule) for rule in stored["rules"]), stored["max_loss_bps"], int(item.version)
    )


def sourcing_rules() -> SourcingRules:
    """The rules as the last finished write left them."""
    return sourcing_in(find_many([sourcing_key()], consistent=True))


def change_sourcing_rules(tx: Transaction, rules: SourcingRules) -> None:
    """Write the next version. `Stale` at commit when another was quicker."""
    item = SourcingRulesItem(
        _KEY,
        _KEY,
        version=rules.version,
        document={"rules": [asdict(rule) for rule in rules.rules], "max_loss_bps": rules.max_loss_bps},
    )

    def stale(raw: RawItem | None) -> AisleError:
        return Stale(f"The sourcing rules are not at version {rules.version - 1} any more.")

    before = SourcingRulesItem.version == rules.version - 1
    tx.put(item, before if rules.version > 1 else SourcingRulesItem.pk.does_not_exist(), stale)
