"""What is on sale, for orders; and the settings, which most use cases ask for."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from chalicelib.core import clock
from chalicelib.core.table import Item
from chalicelib.listings import store
from chalicelib.listings.domain.offers import Offer
from chalicelib.listings.domain.settings import ListingSettings

KEPT_FOR = timedelta(seconds=30)
"""How long a process keeps the settings: a change reaches everybody within so long."""

_kept: tuple[datetime, ListingSettings] | None = None


def settings_now() -> ListingSettings:
    """The settings, at most `KEPT_FOR` old."""
    global _kept
    now = clock.now()
    if _kept is None or not timedelta() <= now - _kept[0] < KEPT_FOR:
        _kept = (now, store.read_settings())
    return _kept[1]


def forget_settings() -> None:
    """Read them anew next time; after a change, and between tests."""
    global _kept
    _kept = None


def marketplace_channels() -> tuple[str, ...]:
    """The channels that offers of suppliers are sold on."""
    return settings_now().channels


def offer_keys(skus: Iterable[str]) -> list[tuple[type[Item], str, str]]:
    """Where the offers of SKUs are, for the caller's batch read."""
    return [store.book_key(sku) for sku in skus]


def offers_from(found: Mapping[tuple[str, str], Item], skus: Iterable[str]) -> dict[str, tuple[Offer, ...]]:
    """The offers on sale of each SKU, out of a batch read with `offer_keys`; paused ones are left out. Whether their suppliers may
    sell now, the caller asks them."""
    return {sku: store.book_in(found, sku).on_sale for sku in skus}
