"""The immutable record of what moved."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.core.errors import Conflict
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, Transaction
from chalicelib.inventory.domain import (
    Movement,
    MovementKind,
)


class MovementItem(Item):
    """pk = STOCK#<sku>, sk = MOVEMENT#<ulid>. Written once, never changed."""

    location_id = UnicodeAttribute()
    kind = UnicodeAttribute()
    quantity = NumberAttribute()
    reason = UnicodeAttribute(null=True)
    cause = UnicodeAttribute()
    reference = UnicodeAttribute(null=True)
    actor = Json()
    at = UnicodeAttribute()


def record(tx: Transaction, movement: Movement) -> None:
    """Add a movement."""
    item = MovementItem(
        key("STOCK", movement.sku),
        key("MOVEMENT", movement.id),
        location_id=movement.location_id,
        kind=str(movement.kind),
        quantity=movement.quantity,
        reason=movement.reason,
        cause=movement.cause,
        reference=movement.reference,
        actor=dict(movement.actor),
        at=movement.at,
    )
    tx.create(item, lambda _: Conflict("This movement was written before."))


def movements(sku: str, after: str | None, count: int) -> list[Movement]:
    """Movements of a SKU, oldest first."""
    start = key("MOVEMENT", after) if after else "MOVEMENT#"
    condition = MovementItem.sk.between(start + "\x00", "MOVEMENT#\x7f")
    return [
        Movement(
            id=item.sk.removeprefix("MOVEMENT#"),
            sku=sku,
            location_id=item.location_id,
            kind=MovementKind(item.kind),
            quantity=int(item.quantity),
            reason=item.reason,
            cause=item.cause,
            reference=item.reference,
            actor=item.actor,
            at=item.at,
        )
        for item in MovementItem.query(key("STOCK", sku), condition, limit=count)
    ]
