"""How a supplier's endpoint fares."""

from collections.abc import Mapping
from datetime import datetime
from typing import cast

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.core.errors import Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Transaction, find
from chalicelib.routing.domain.health import Health, as_text


class HealthItem(Item):
    """pk = ROUTINGHEALTH#<supplier>, sk = HEALTH."""

    version = NumberAttribute()
    failures = NumberAttribute()
    resting_until = UnicodeAttribute(null=True)
    unreachable = BooleanAttribute()


def health_key(supplier_id: str) -> tuple[type[Item], str, str]:
    return HealthItem, health_pk(supplier_id), "HEALTH"


def health_pk(supplier_id: str) -> str:
    return key("ROUTINGHEALTH", supplier_id)


def _health(item: HealthItem | None, supplier_id: str) -> Health:
    if item is None:
        return Health(supplier_id)
    until = datetime.fromisoformat(item.resting_until) if item.resting_until else None
    return Health(supplier_id, int(item.failures), until, bool(item.unreachable), int(item.version))


def get_health(supplier_id: str) -> Health:
    """How it fares; as well as can be when nothing is known."""
    return _health(find(HealthItem, health_pk(supplier_id), "HEALTH", consistent=True), supplier_id)


def health_in(found: Mapping[tuple[str, str], Item], supplier_id: str) -> Health:
    """As `get_health`, out of a batch read with `health_key`."""
    return _health(cast("HealthItem | None", found.get((health_pk(supplier_id), "HEALTH"))), supplier_id)


def put_health(tx: Transaction, health: Health) -> None:
    """Write the next version. `Stale` at commit when another call was quicker."""
    item = HealthItem(
        health_pk(health.supplier_id),
        "HEALTH",
        version=health.version,
        failures=health.failures,
        resting_until=as_text(health.resting_until),
        unreachable=health.unreachable,
    )
    before = health.version - 1
    condition = HealthItem.version == before if before else HealthItem.pk.does_not_exist()
    tx.put(item, condition, lambda _: Stale("Another call to this supplier was quicker."))
