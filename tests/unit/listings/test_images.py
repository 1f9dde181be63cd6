"""Images by their first bytes, and how they are looked at."""

import struct

import pytest

from chalicelib.core import outside
from chalicelib.core.outside import CallFailed, Failure, Reply
from chalicelib.listings.domain.images import ImageCheck, ImageState, image_of
from chalicelib.listings.gateways import Web

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\x0dIHDR" + struct.pack(">II", 640, 480)
GIF = b"GIF89a" + struct.pack("<HH", 64, 48)
JPEG = b"\xff\xd8\xff\xe0\x00\x04xx\xff\xdb\x00\x03x\xff\xc2\x00\x11\x08" + struct.pack(">HH", 480, 640) + b"\x03"
VP8 = b"RIFF\x00\x00\x00\x00WEBPVP8 " + b"\x00" * 10 + struct.pack("<HH", 640 | 0x4000, 480)
VP8L = b"RIFF\x00\x00\x00\x00WEBPVP8L\x00\x00\x00\x00\x2f" + struct.pack("<I", 639 | 479 << 14)
VP8X = b"RIFF\x00\x00\x00\x00WEBPVP8X" + b"\x00" * 8 + (639).to_bytes(3, "little") + (479).to_bytes(3, "little")


@pytest.mark.parametrize(
    ("start", "kind", "size"),
    [
        (PNG, "png", (640, 480)),
        (GIF, "gif", (64, 48)),
        (JPEG, "jpeg", (640, 480)),
        (VP8, "webp", (640, 480)),
        (VP8L, "webp", (640, 480)),
        (VP8X, "webp", (640, 480)),
        (PNG[:20], "png", (None, None)),
        (JPEG[:12], "jpeg", (None, None)),
        (b"\xff\xd8\xff\xe0\x00\x00", "jpeg", (None, None)),
        (VP8[:20], "webp", (None, None)),
        (GIF[:7], "gif", (None, None)),
    ],
)
def test_an_image(start, kind, size):
    assert image_of(start) == ImageCheck(ImageState.IMAGE, kind, *size)


@pytest.mark.parametrize("start", [b"", b"<html>", b"\x89PNX", b"RIFF\x00\x00\x00\x00WAVE", b"%PDF-1.7", b"<svg>"])
def test_no_image(start):
    assert image_of(start) == ImageCheck(ImageState.NOT_AN_IMAGE)


def answers(monkeypatch, reply):
    asked = []

    def call(method, url, body, headers, *, seconds=None):
        asked.append((method, url, seconds))
        if isinstance(reply, Exception):
            raise reply
        return reply

    monkeypatch.setattr(outside, "call", call)
    return asked


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        (Reply(200, {}, PNG), ImageState.IMAGE),
        (Reply(206, {}, PNG), ImageState.IMAGE),
        (Reply(200, {}, b"<html>"), ImageState.NOT_AN_IMAGE),
        (Reply(302, {"location": "https://example.com/x.png"}, PNG), ImageState.UNREACHABLE),
        (Reply(404, {}, b""), ImageState.UNREACHABLE),
        (CallFailed(Failure.NOT_ALLOWED, "private"), ImageState.NOT_ALLOWED),
        (CallFailed(Failure.TIMEOUT, "slow"), ImageState.UNREACHABLE),
    ],
)
def test_what_is_at_a_url(monkeypatch, reply, state):
    asked = answers(monkeypatch, reply)
    assert Web().look("https://example.com/a.png").state is state
    assert asked == [("GET", "https://example.com/a.png", 5.0)]


@pytest.mark.parametrize(
    "url", ["http://example.com/a.png", "https://127.0.0.1/a.png", "https://localhost/a", "ftp://x"]
)
def test_addresses_that_are_not_called(url):
    assert Web().look(url).state is ImageState.NOT_ALLOWED
