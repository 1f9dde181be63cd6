"""What orders ask of listings: the offers on sale.

Nothing here may load what checks and publishes listings; routes, tasks and feeds take that from `use_cases`.
"""

from chalicelib.listings.domain.offers import Offer
from chalicelib.listings.service.on_sale import marketplace_channels, offer_keys, offers_from

__all__ = ["Offer", "marketplace_channels", "offer_keys", "offers_from"]
