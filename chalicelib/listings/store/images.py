"""What was seen at the URLs of images, kept for a day."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from hashlib import sha256
from typing import cast

from chalicelib.core import clock
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, Transaction, fields_of
from chalicelib.listings.domain.images import ImageCheck, ImageState

KEPT = timedelta(days=1)


class ImageItem(Item):
    """pk = IMAGECHECK#<sha256 of the URL>, sk = IMAGECHECK."""

    check = Json()


def _pk(url: str) -> str:
    return key("IMAGECHECK", sha256(url.encode()).hexdigest()[:40])


def image_keys(urls: Iterable[str]) -> list[tuple[type[Item], str, str]]:
    """Where is kept what was seen at the URLs, for a batch read."""
    return [(ImageItem, _pk(url), "IMAGECHECK") for url in urls]


def images_in(found: Mapping[tuple[str, str], Item], urls: Iterable[str]) -> dict[str, ImageCheck]:
    """What was seen at URLs less than a day ago, out of a batch read; the others are left out."""
    now = clock.epoch_seconds(clock.now())
    items = {url: cast(ImageItem | None, found.get((_pk(url), "IMAGECHECK"))) for url in urls}
    return {url: _check(item) for url, item in items.items() if item and (item.ttl or 0) > now}


def keep_images(checks: Mapping[str, ImageCheck]) -> None:
    """Keep what was seen at URLs for a day."""
    if not checks:
        return
    tx = Transaction()
    ttl = clock.epoch_seconds(clock.now() + KEPT)
    for url, check in checks.items():
        tx.put(ImageItem(_pk(url), "IMAGECHECK", check=fields_of(check), ttl=ttl))
    tx.commit()


def _check(item: ImageItem) -> ImageCheck:
    return ImageCheck(**{**item.check, "state": ImageState(item.check["state"])})
