"""What orders ask of routing: how the suppliers stand that an order could go to.

Nothing here may load how suppliers are called; routes, consumers and tasks take that from `use_cases`.
"""

from chalicelib.routing.service.standing import health_keys, rating_keys, ratings_from, rests_from

__all__ = ["health_keys", "rating_keys", "ratings_from", "rests_from"]
