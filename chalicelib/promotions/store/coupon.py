"""Coupon codes and their counters."""

from collections.abc import Iterable, Mapping
from typing import cast

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from chalicelib.core.errors import AisleError, Conflict, Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, OnConflict, RawItem, Transaction, find, find_many
from chalicelib.promotions.domain import CouponCode
from chalicelib.promotions.store.promotion import promotion_pk


class CouponItem(Item):
    """pk = COUPON#<code>, sk = COUPON. `summary` is empty: the list of codes reads the items for their counters."""

    promotion_id = UnicodeAttribute()
    most = NumberAttribute(null=True)
    used = NumberAttribute()
    enabled = BooleanAttribute()
    batch = UnicodeAttribute()
    version = NumberAttribute()


class CodeBatchItem(Item):
    """pk = PROMOTION#<id>, sk = CODEBATCH#<hash of the command's key>. What the codes of one command are derived from."""

    seed = UnicodeAttribute()


def _pk(code: str) -> str:
    return key("COUPON", code)


def code_key(code: str) -> tuple[type[Item], str, str]:
    return CouponItem, _pk(code), "COUPON"


def _code(item: CouponItem) -> CouponCode:
    return CouponCode(
        code=item.pk.partition("#")[2],
        promotion_id=item.promotion_id,
        most=int(item.most) if item.most else None,
        used=int(item.used),
        enabled=item.enabled,
        version=int(item.version),
    )


def keep_batch(promotion_id: str, batch: str, seed: str) -> str:
    """The seed of a batch of codes: this one, or the one that an earlier try of the same command has kept."""
    item = CodeBatchItem(promotion_pk(promotion_id), key("CODEBATCH", batch), seed=seed)
    tx = Transaction()
    tx.create(item, lambda _: Conflict("The batch was begun before."))
    try:
        tx.commit()
    except Conflict:
        kept = find(CodeBatchItem, item.pk, item.sk, consistent=True)
        return kept.seed if kept else seed
    return seed


def add_code(tx: Transaction, code: CouponCode, batch: str, on_conflict: OnConflict) -> None:
    """Write a new code, or the same again if an earlier try of the same batch has; its counter is left alone then."""
    item = CouponItem(*code_key(code.code)[1:])
    actions = [
        CouponItem.promotion_id.set(code.promotion_id),
        CouponItem.batch.set(batch),
        CouponItem.used.set(CouponItem.used | code.used),
        CouponItem.enabled.set(CouponItem.enabled | code.enabled),
        CouponItem.version.set(CouponItem.version | code.version),
        CouponItem.gsi1pk.set(key("COUPONS", code.promotion_id)),
        CouponItem.gsi1sk.set(code.code),
    ]
    if code.most is not None:
        actions.append(CouponItem.most.set(CouponItem.most | code.most))
    tx.update(item, actions, CouponItem.pk.does_not_exist() | (CouponItem.batch == batch), on_conflict)


def change_code(tx: Transaction, code: CouponCode) -> None:
    """Write the next version of a code's bound and whether it is enabled; its counter moves on by itself."""

    def stale(raw: RawItem | None) -> AisleError:
        return Stale(f"The code is not at version {code.version - 1} any more.")

    actions: list[Action] = [
        CouponItem.enabled.set(code.enabled),
        CouponItem.version.set(code.version),
        CouponItem.most.remove() if code.most is None else CouponItem.most.set(code.most),
    ]
    tx.update(CouponItem(*code_key(code.code)[1:]), actions, CouponItem.version == code.version - 1, stale)


def get_code(code: str) -> CouponCode | None:
    """The code as it is now, or None."""
    item = find(CouponItem, _pk(code), "COUPON", consistent=True)
    return _code(item) if item else None


def codes_in(found: Mapping[tuple[str, str], Item], codes: Iterable[str]) -> dict[str, CouponCode]:
    """The codes out of a batch read with `code_key`; what is missing is left out."""
    items = {code: found.get((_pk(code), "COUPON")) for code in codes}
    return {code: _code(cast(CouponItem, item)) for code, item in items.items() if item is not None}


def codes_of(promotion_id: str, after: str | None, count: int) -> list[CouponCode]:
    """Codes of a promotion, by code, with their counters."""
    condition = CouponItem.gsi1sk > after if after else None
    rows = CouponItem.by_owner.query(key("COUPONS", promotion_id), condition, limit=count)
    codes = [str(row.gsi1sk) for row in rows]
    return list(codes_in(find_many([code_key(code) for code in codes]), codes).values())


def count_use(tx: Transaction, code: str, on_conflict: OnConflict) -> None:
    """One use more, if the code is enabled and its bound allows."""
    allowed = CouponItem.enabled == True  # noqa: E712  an expression, not a comparison
    tx.update(
        CouponItem(*code_key(code)[1:]),
        [CouponItem.used.add(1)],
        allowed & (CouponItem.used < CouponItem.most),
        on_conflict,
    )


def uncount_use(tx: Transaction, code: str, on_conflict: OnConflict) -> None:
    """One use less."""
    tx.update(CouponItem(*code_key(code)[1:]), [CouponItem.used.add(-1)], CouponItem.used >= 1, on_conflict)
