"""What the catalogue offers to routes and to other contexts."""

from chalicelib.catalog.domain import Offer
from chalicelib.catalog.service.offers import OffersRefused, offer_keys, offers

__all__ = ["Offer", "OffersRefused", "offer_keys", "offers"]
