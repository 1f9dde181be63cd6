"""What the tests of promotions are made of."""

from datetime import UTC, datetime
from typing import Any

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
