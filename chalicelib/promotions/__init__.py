"""What is taken off prices and postage, for whom, and why.

Decides which promotions apply to a basket, how much each takes off which line, and that coupon codes are not used more often
than they may be. The rules stand in `domain/__init__.py`. Owns the events PromotionCreated, PromotionChanged, CouponsIssued,
CouponRedeemed and CouponGivenBack.
"""
