"""Who has used a code, and for which order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from pynamodb.attributes import UnicodeAttribute, UnicodeSetAttribute

from chalicelib.core.errors import Conflict
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, OnConflict, Transaction, find
from chalicelib.promotions.domain import Redemption

_REDEEMED, _GIVEN_BACK = "redeemed", "given_back"


class CouponUsesItem(Item):
    """pk = COUPONUSES#<customer id>, sk = COUPONUSES. `slots` are `<promotion id>:<number>`, of bounded promotions only."""

    slots = UnicodeSetAttribute()


class RedemptionItem(Item):
    """pk = ORDER#<order id>, sk = COUPONS. The codes that an order used, so that they are given back once."""

    codes = Json()
    customer_id = UnicodeAttribute(null=True)
    state = UnicodeAttribute()


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of an order's codes."""

    redemptions: tuple[Redemption, ...]
    customer_id: str | None
    given_back: bool


def uses_key(customer_id: str) -> tuple[type[Item], str, str]:
    return CouponUsesItem, key("COUPONUSES", customer_id), "COUPONUSES"


def slots_in(found: Mapping[tuple[str, str], Item], customer_id: str) -> frozenset[str]:
    """The customer's slots out of a batch read with `uses_key`."""
    item = found.get(uses_key(customer_id)[1:])
    return frozenset(cast(CouponUsesItem, item).slots or ()) if item else frozenset()


def take_slots(tx: Transaction, customer_id: str, slots: Sequence[str], on_conflict: OnConflict) -> None:
    """The customer's slots, if all are free."""
    condition = ~CouponUsesItem.slots.contains(slots[0])
    for slot in slots[1:]:
        condition &= ~CouponUsesItem.slots.contains(slot)
    item = CouponUsesItem(*uses_key(customer_id)[1:])
    tx.update(item, [CouponUsesItem.slots.add(set(slots))], condition, on_conflict)


def free_slots(tx: Transaction, customer_id: str, slots: Sequence[str], on_conflict: OnConflict) -> None:
    """The customer's slots are free again."""
    item = CouponUsesItem(*uses_key(customer_id)[1:])
    tx.update(item, [CouponUsesItem.slots.delete(set(slots))], CouponUsesItem.pk.exists(), on_conflict)


def order_pk(order_id: str) -> str:
    return key("ORDER", order_id)


def add_redemptions(tx: Transaction, order_id: str, redemptions: Sequence[Redemption], customer_id: str | None) -> None:
    """Write which codes the order uses."""
    item = RedemptionItem(
        order_pk(order_id),
        "COUPONS",
        codes=[[one.code, one.promotion_id, one.amount, one.bounded, one.slot] for one in redemptions],
        customer_id=customer_id,
        state=_REDEEMED,
    )
    tx.create(item, lambda _: Conflict(f"The codes of order {order_id} were redeemed before."))


def get_redemptions(order_id: str) -> Kept | None:
    """The codes that the order used, or None."""
    item = find(RedemptionItem, order_pk(order_id), "COUPONS", consistent=True)
    if item is None:
        return None
    return Kept(tuple(Redemption(*code) for code in item.codes), item.customer_id, item.state == _GIVEN_BACK)


def end_redemptions(tx: Transaction, order_id: str) -> None:
    """The codes are given back, once."""
    tx.update(
        RedemptionItem(order_pk(order_id), "COUPONS"),
        [RedemptionItem.state.set(_GIVEN_BACK)],
        RedemptionItem.state == _REDEEMED,
        lambda _: Conflict(f"The codes of order {order_id} were given back before."),
    )
