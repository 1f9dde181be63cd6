"""The events that promotions publish. Contract: docs/events.md. A code is a secret worth money and stands in none of them."""

from collections.abc import Sequence

from chalicelib.core.auth import Principal
from chalicelib.core.outbox import Aggregate, publish
from chalicelib.core.table import Transaction
from chalicelib.promotions.domain import Promotion, Redemption
from chalicelib.promotions.store import order_pk, promotion_pk

SOURCE = "promotions"


def promotion_created(tx: Transaction, promotion: Promotion, by: Principal) -> None:
    """`PromotionCreated`: somebody defined it."""
    _of_promotion(tx, "PromotionCreated", promotion, by)


def promotion_changed(tx: Transaction, promotion: Promotion, by: Principal) -> None:
    """`PromotionChanged`: it was changed, paused, resumed or archived."""
    _of_promotion(tx, "PromotionChanged", promotion, by)


def coupons_issued(tx: Transaction, promotion: Promotion, count: int, by: Principal) -> None:
    """`CouponsIssued`: the promotion has so many codes more."""
    publish(
        tx,
        pk=promotion_pk(promotion.id),
        source=SOURCE,
        type="CouponsIssued",
        aggregate=Aggregate("promotion", promotion.id, promotion.version),
        by=by,
        data={"count": count},
    )


def coupon_redeemed(tx: Transaction, order_id: str, redemptions: Sequence[Redemption], by: Principal) -> None:
    """`CouponRedeemed`: an order used codes of these promotions."""
    _of_order(tx, "CouponRedeemed", 1, order_id, redemptions, by)


def coupon_given_back(tx: Transaction, order_id: str, redemptions: Sequence[Redemption], by: Principal) -> None:
    """`CouponGivenBack`: the order came to nothing, its codes can be used again."""
    _of_order(tx, "CouponGivenBack", 2, order_id, redemptions, by)


def _of_promotion(tx: Transaction, type: str, promotion: Promotion, by: Principal) -> None:
    publish(
        tx,
        pk=promotion_pk(promotion.id),
        source=SOURCE,
        type=type,
        aggregate=Aggregate("promotion", promotion.id, promotion.version),
        by=by,
        data={"status": promotion.status, "by_code": promotion.by_code, "channels": sorted(promotion.channels)},
    )


def _of_order(
    tx: Transaction, type: str, version: int, order_id: str, redemptions: Sequence[Redemption], by: Principal
) -> None:
    publish(
        tx,
        pk=order_pk(order_id),
        source=SOURCE,
        type=type,
        aggregate=Aggregate("redemption", order_id, version),
        by=by,
        data={"promotions": [{"promotion_id": one.promotion_id, "amount": one.amount} for one in redemptions]},
    )
