"""Ways out of listings: images at URLs of suppliers, and the workflow register-product."""

from typing import Protocol

from chalicelib.core import outside, workflow
from chalicelib.core.observability import trace
from chalicelib.core.outside import CallFailed, Failure, UrlNotAllowed
from chalicelib.core.settings import settings
from chalicelib.listings.domain.images import NOT_CHECKED, ImageCheck, ImageState, image_of

SECONDS = 5.0
_REQUEST = {"Accept": "image/*", "Range": f"bytes=0-{outside.MAX_BYTES - 1}", "User-Agent": "Aisle"}


class ImageSource(Protocol):
    """Whoever can look at the image at a URL."""

    def look(self, url: str) -> ImageCheck: ...


class Web:
    """The public web: https, no redirects, the first 64 KB within five seconds."""

    def look(self, url: str) -> ImageCheck:
        """What is there. Never raises: an image that cannot be read is a finding."""
        try:
            reply = outside.call("GET", url, None, _REQUEST, seconds=SECONDS)
        except CallFailed as error:
            refused = error.kind is Failure.NOT_ALLOWED
            return ImageCheck(ImageState.NOT_ALLOWED if refused else ImageState.UNREACHABLE)
        if reply.status not in (200, 206):
            return ImageCheck(ImageState.UNREACHABLE)
        return image_of(reply.body)


def unseen(url: str) -> ImageCheck:
    """What there is to say of a URL that nobody calls now: that it never will be, or not yet."""
    try:
        outside.destination(url)
    except UrlNotAllowed:
        return ImageCheck(ImageState.NOT_ALLOWED)
    return NOT_CHECKED


def start_register_product(listing_id: str, version: int, execution: str) -> None:
    """Start register-product for a proposal under a name of its own; a second start under that name is harmless."""
    told = {"listing_id": listing_id, "version": version, "correlation_id": trace().correlation_id}
    given = {**told, "decided": None, "error": None}
    workflow.start(settings().register_product_arn, execution, given)
