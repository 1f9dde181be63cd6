"""What the tests of promotions are made of."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from chalicelib.core import clock
from chalicelib.core.auth import Principal, Role
from chalicelib.core.idempotency import Idempotency, no_answer
from chalicelib.core.table import Transaction, find_many
from chalicelib.promotions import service
from chalicelib.promotions.domain import (
    Basket,
    BasketLine,
    CouponCode,
    Discounts,
    Percentage,
    Promotion,
    Selection,
    evaluate,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def a_line(sku: str = "A", quantity: int = 1, unit_price: int = 1000, **given: Any) -> BasketLine:
    return BasketLine(
        **{"id": sku, "sku": sku, "product_id": f"prd_{sku}", **given}, quantity=quantity, unit_price=unit_price
    )


def a_basket(*lines: BasketLine, **given: Any) -> Basket:
    return Basket(**{"channel": "web", "currency": "GBP", "customer_id": None, **given}, lines=lines or (a_line(),))


def a_promotion(reward: Any = None, id: str = "prm_1", **given: Any) -> Promotion:
    return Promotion(id, f"Promotion {id}", reward or Percentage(1_000), **given)


def a_code(code: str = "TEN", promotion_id: str = "prm_1", **given: Any) -> CouponCode:
    return CouponCode(code, promotion_id, **given)


def of_skus(*skus: str) -> Selection:
    return Selection(skus=frozenset(skus))


def judge(
    basket: Basket, *promotions: Promotion, codes: tuple[CouponCode, ...] = (), slots: frozenset[str] = frozenset()
) -> Discounts:
    """The discounts at noon."""
    return evaluate(promotions, {code.code: code for code in codes}, slots, basket, NOON)


def rules(discounts: Discounts) -> list[tuple[str | None, str]]:
    """Promotion and rule of every finding."""
    return [(finding.promotion_id, str(finding.rule)) for finding in discounts.trace]


def by_line(discounts: Discounts) -> dict[str, int]:
    return {line.line_id: line.discount for line in discounts.lines}


# ---- in the table -----------------------------------------------------------------------------------------------------------

ADMIN = Principal("user", "usr_admin", roles=frozenset({Role.ADMIN}))
_keys = count()


def a_key() -> Idempotency:
    """A new idempotency key."""
    return Idempotency.of("test", f"key-{next(_keys)}", b"")


def has_promotion(promotion: Promotion | None = None, **given: Any) -> Promotion:
    """A promotion that is stored."""
    made = promotion or a_promotion(**given)
    service.create_promotion(made, by=ADMIN, once=a_key(), answer=lambda _: no_answer())
    return made


def has_code(*codes: str, most: int | None = None, promotion_id: str = "prm_1") -> None:
    """Codes of a promotion, stored."""
    service.add_codes(promotion_id, codes, most, by=ADMIN, once=a_key(), answer=lambda _: no_answer())


def has_coupon(code: str = "TEN", *, most: int | None = None, **given: Any) -> Promotion:
    """A promotion that needs this code, both stored."""
    promotion = has_promotion(by_code=True, **given)
    has_code(code, most=most, promotion_id=promotion.id)
    return promotion


def discounts_for(basket: Basket, at: datetime | None = None) -> Discounts:
    """The judgement, as an order asks for it."""
    found = find_many(service.promotion_keys(basket.codes, basket.customer_id), consistent=True)
    return service.evaluate(found, basket, at or clock.now())


def redeem(order_id: str, discounts: Discounts) -> None:
    """The order's transaction, without the order."""
    tx = Transaction()
    service.redeem(tx, discounts, order_id, ADMIN)
    tx.commit()


def give_back(order_id: str) -> int:
    """The transaction that ends an order; returns the number of its actions."""
    tx = Transaction()
    service.give_back(tx, order_id, ADMIN)
    if len(tx):
        tx.commit()
    return len(tx)


def used(code: str = "TEN", promotion_id: str = "prm_1") -> int:
    return service.read_code(promotion_id, code, ADMIN).used
