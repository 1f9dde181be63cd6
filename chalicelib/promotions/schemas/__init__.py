"""What callers send and get of promotions."""

from chalicelib.promotions.schemas.codes import AddCodes, ChangeCode, CodesAdded, CodeView
from chalicelib.promotions.schemas.promotions import (
    ChangePromotion,
    CreatePromotion,
    PromotionsQuery,
    PromotionView,
)
from chalicelib.promotions.schemas.trying import DiscountsView, TryPromotions

__all__ = [
    "AddCodes",
    "ChangeCode",
    "ChangePromotion",
    "CodeView",
    "CodesAdded",
    "CreatePromotion",
    "DiscountsView",
    "PromotionView",
    "PromotionsQuery",
    "TryPromotions",
]
