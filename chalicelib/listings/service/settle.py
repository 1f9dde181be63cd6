"""Commands that others may be quicker than: what they read, they read anew."""

from collections.abc import Callable
from time import sleep
from typing import TypeVar

from chalicelib.catalog.service import GtinTaken
from chalicelib.core.errors import Contended, Stale
from chalicelib.core.retry import full_jitter
from chalicelib.inventory.service import CountOutdated
from chalicelib.reviews.service import CaseExists

_ATTEMPTS = 12
"""Of commands on the offers of one SKU: with eight at once, each loses to seven others at most a few times."""

_Result = TypeVar("_Result")


class NotAtVersion(Stale):
    """The caller knows another version than there is: reading anew does not help."""


def until_settled(attempt: Callable[[], _Result]) -> _Result:
    """What `attempt` returns, which is done again when others changed what it read: the listing, the offers of its SKU, its product,
    or the stock; or took its GTIN, whose SKU it is an offer of then. Raises `Contended`."""
    for number in range(1, _ATTEMPTS + 1):
        try:
            return attempt()
        except NotAtVersion:
            raise
        except (Stale, Contended, GtinTaken, CountOutdated, CaseExists):
            sleep(full_jitter(number))
    raise Contended(f"Others changed the same things, {_ATTEMPTS} times over.")
