"""Images by their first bytes: what they are, and how large."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from chalicelib.core.findings import Finding, Severity


class ImageState(StrEnum):
    """What a look at a URL found. `unchecked`: nobody looked yet."""

    IMAGE = "image"
    NOT_AN_IMAGE = "not_an_image"
    NOT_ALLOWED = "not_allowed"
    UNREACHABLE = "unreachable"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class ImageCheck:
    """What is known of the image at a URL; width and height in pixels where its beginning tells them."""

    state: ImageState
    kind: str | None = None
    width: int | None = None
    height: int | None = None


NOT_CHECKED = ImageCheck(ImageState.UNCHECKED)


def image_of(start: bytes) -> ImageCheck:
    """What these first bytes of a file are: PNG, JPEG, GIF or WebP, or no image.

    Sources: W3C PNG 3rd edition, 11.2.1; ITU-T T.81, B.2.2; GIF89a, 18; RFC 9649 (WebP), 2.5 to 2.7.
    """
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return _image("png", struct.unpack(">II", start[16:24]) if len(start) >= 24 else None)
    if start.startswith(b"\xff\xd8\xff"):
        return _image("jpeg", _jpeg_size(start))
    if start.startswith((b"GIF87a", b"GIF89a")):
        return _image("gif", struct.unpack("<HH", start[6:10]) if len(start) >= 10 else None)
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return _image("webp", _webp_size(start))
    return ImageCheck(ImageState.NOT_AN_IMAGE)


def _image(kind: str, size: tuple[int, ...] | None) -> ImageCheck:
    width, height = size or (None, None)
    return ImageCheck(ImageState.IMAGE, kind, width, height)


def _jpeg_size(start: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(start) and start[at] == 0xFF:
        marker, length = start[at + 1], int.from_bytes(start[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # a frame header, of whichever kind of JPEG
            return int.from_bytes(start[at + 7 : at + 9], "big"), int.from_bytes(start[at + 5 : at + 7], "big")
        at += 2 + max(length, 2)
    return None


def _webp_size(start: bytes) -> tuple[int, int] | None:
    kind = start[12:16]
    if kind == b"VP8 " and len(start) >= 30:
        width, height = struct.unpack("<HH", start[26:30])
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L" and len(start) >= 25:
        bits = int.from_bytes(start[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X" and len(start) >= 30:
        return int.from_bytes(start[24:27], "little") + 1, int.from_bytes(start[27:30], "little") + 1
    return None


def urls_of(document: Mapping[str, Any]) -> list[str]:
    """The URLs of its images; what is no text is left out, and found."""
    given = document.get("images")
    return [url for url in given if isinstance(url, str)] if isinstance(given, list | tuple) else []


def image_finding(at: str, check: ImageCheck, min_side: int) -> Finding | None:
    """What is to be said of the image that the field `at` names."""
    said = {
        ImageState.NOT_AN_IMAGE: ("image_not_an_image", Severity.ERROR, "There is no PNG, JPEG, GIF or WebP image."),
        ImageState.NOT_ALLOWED: ("image_url", Severity.ERROR, "Only https URLs of public hosts are shown."),
        ImageState.UNREACHABLE: ("image_unreachable", Severity.WARNING, "The image could not be read."),
        ImageState.UNCHECKED: ("image_unchecked", Severity.INFO, "The image has not been looked at yet."),
    }
    if check.state in said:
        return Finding(at, *said[check.state])
    if check.width and check.height and min(check.width, check.height) < min_side:
        words = f"The image has {check.width} × {check.height} pixels; each side should have {min_side}."
        return Finding(at, "image_small", Severity.WARNING, words)
    return None
