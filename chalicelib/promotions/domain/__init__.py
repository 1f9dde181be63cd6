"""The rules of promotions. The same basket at the same moment gets the same answer, in every channel.

**One after the other.** The active promotions, and those that the basket's codes bring in, are asked by `priority` (lower
numbers first), then the older one first. Each takes its part of what earlier ones have left of the lines: 10 % and then 20 % off
1,000 are 100 and 180.

**Whether one applies.** It has to run (`starts_at` in, `ends_at` out), be for the channel, the currency and one of the
customer's segments, and its threshold has to be reached. Thresholds count prices before any discount, so what is bought first,
or reduced first, makes no difference. A promotion that would take nothing off does not apply.

**Stacking.** An `exclusive` promotion applies only if none has applied before it, and nothing applies after it. After one that
`stops` nothing applies, what came before stays. Both hold for goods and shipping alike. Which of two exclusive ones wins is
decided by priority alone, never by which is the cheaper for either side.

**How much.** Percentages, and an amount off several lines, are worked out for the selected lines together, rounded once (halves
up), and shared in proportion to what is left of each (largest remainder). An amount is never more than what is left. `BuyGet`
deals units out for as many rounds as there are; no unit counts as bought and as reduced at once; the reduced ones are the cheapest
by price before discounts that leave enough to be bought. Shipping promotions take from the shipping charge, and none applies while
that is not known.

**Codes.** Case does not matter. One code counts for one promotion; of two for the same the one that sorts first. A code whose
promotion took nothing off is not used up. Every code gets a reason: it applied, or why it did not.

**Order of lines.** Lines are worked through in an order of their own (SKU, price, quantity …), so sending them in another order
only changes which of two lines that are alike gets an odd penny.
"""

from chalicelib.promotions.domain.basket import (
    MAX_CODES,
    Basket,
    BasketLine,
    Discounts,
    Finding,
    LineDiscount,
    Redemption,
    Rule,
)
from chalicelib.promotions.domain.definition import (
    EVERYTHING,
    MAX_SELECTED,
    WHOLE,
    AmountOff,
    Amounts,
    BuyGet,
    CouponCode,
    FixedPrice,
    Percentage,
    Promotion,
    PromotionArchived,
    PromotionInvalid,
    Reward,
    Selection,
    ShippingPercentage,
    ShippingPrice,
    Status,
    Threshold,
    checked,
    normal_code,
)
from chalicelib.promotions.domain.evaluation import evaluate

__all__ = [
    "EVERYTHING",
    "MAX_CODES",
    "MAX_SELECTED",
    "WHOLE",
    "AmountOff",
    "Amounts",
    "Basket",
    "BasketLine",
    "BuyGet",
    "CouponCode",
    "Discounts",
    "Finding",
    "FixedPrice",
    "LineDiscount",
    "Percentage",
    "Promotion",
    "PromotionArchived",
    "PromotionInvalid",
    "Redemption",
    "Reward",
    "Rule",
    "Selection",
    "ShippingPercentage",
    "ShippingPrice",
    "Status",
    "Threshold",
    "checked",
    "evaluate",
    "normal_code",
]
