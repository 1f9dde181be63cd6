"""Promotions in the table.

| item | pk | sk | gsi1 | gsi2 |
|---|---|---|---|---|
| promotion | PROMOTION#<id> | PROMOTION | PROMOTIONS#LIVE / <end>#<id>, while active | PROMOTIONS#<status> / <id> |
| batch of codes | PROMOTION#<id> | CODEBATCH#<hash> | | |
| code | COUPON#<code> | COUPON | COUPONS#<promotion> / <code>, never rewritten by its use | |
| a customer's uses | COUPONUSES#<customer> | COUPONUSES | | |
| an order's codes | ORDER#<order> | COUPONS | | |

A bounded code counts its uses in its own item, under `used < most`. One item takes some 500 transactions a second, and fewer when
they meet: a code for a crowd is better left without a bound, then nothing is counted, or made many (one for each customer).
"""

from chalicelib.promotions.store.coupon import (
    add_code,
    change_code,
    code_key,
    codes_in,
    codes_of,
    count_use,
    get_code,
    keep_batch,
    uncount_use,
)
from chalicelib.promotions.store.promotion import (
    add_promotion,
    change_promotion,
    get_promotion,
    live_promotions,
    promotion_pk,
    promotions_in,
)
from chalicelib.promotions.store.redemption import (
    Kept,
    add_redemptions,
    end_redemptions,
    free_slots,
    get_redemptions,
    order_pk,
    slots_in,
    take_slots,
    uses_key,
)

__all__ = [
    "Kept",
    "add_code",
    "add_promotion",
    "add_redemptions",
    "change_code",
    "change_promotion",
    "code_key",
    "codes_in",
    "codes_of",
    "count_use",
    "end_redemptions",
    "free_slots",
    "get_code",
    "get_promotion",
    "get_redemptions",
    "keep_batch",
    "live_promotions",
    "order_pk",
    "promotion_pk",
    "promotions_in",
    "slots_in",
    "take_slots",
    "uncount_use",
    "uses_key",
]
