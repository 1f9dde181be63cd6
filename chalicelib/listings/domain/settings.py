"""What the operator decides about listings."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ListingSettings:
    """`channels` that offers are sold on; whether publishing is charged for (`listing_fee`); how many listings a supplier may have that
    are not withdrawn (`max_listings`); and when a check speaks up.

    A price that differs from the supplier's last by more than `price_change_warning` percent is remarked on, by more than
    `price_change_review` percent looked at by a person; so is one that is more than `price_factor` times what others ask, or less
    than that part of it. Images smaller than `min_image_side` pixels and goods heavier than `max_weight_grams` are remarked on.
    """

    channels: tuple[str, ...] = ("web",)
    listing_fee: bool = False
    price_change_warning: int = 30
    price_change_review: int = 60
    price_factor: int = 5
    forbidden_words: tuple[str, ...] = ()
    min_image_side: int = 300
    max_weight_grams: int = 100_000
    max_listings: int = 500_000
    version: int = 0
