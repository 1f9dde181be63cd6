"""Feeds of a supplier, for whoever may see them."""

from collections.abc import Callable
from typing import TypeVar

from chalicelib.core.auth import Principal
from chalicelib.core.errors import Contended, NotFound, Stale
from chalicelib.feeds import store
from chalicelib.feeds.domain import Feed
from chalicelib.suppliers import service as suppliers

_Result = TypeVar("_Result")
_ATTEMPTS = 8


def find_feed(supplier_id: str, feed_id: str, by: Principal) -> Feed:
    """A feed of this supplier. Raises `NotFound` also for another's."""
    suppliers.require_access(supplier_id, by)
    feed = store.get_feed(feed_id)
    if feed is None or feed.supplier_id != supplier_id:
        raise NotFound(f"There is no feed {feed_id}.")
    return feed


def must_find(feed_id: str) -> Feed:
    """The feed as it is now, for the workflow."""
    feed = store.get_feed(feed_id)
    if feed is None:
        raise NotFound(f"There is no feed {feed_id}.")
    return feed


def unless_stale(command: Callable[[], _Result]) -> _Result:
    """Carry out a command that reads before it writes, again when somebody else was quicker. Raises `Contended` in the end."""
    for _ in range(_ATTEMPTS):
        try:
            return command()
        except Stale:
            continue
    raise Contended("The feed and its turn kept changing.")
