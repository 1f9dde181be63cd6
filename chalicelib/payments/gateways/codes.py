"""Which gift card a code names. Codes are kept nowhere: a card's id is the keyed hash of its code.

The key is derived once per warm function by KMS, from an HMAC key that never leaves it. It must live as long as the cards.
"""

import hmac
from functools import cache
from hashlib import sha256

from ulid import ULID

from chalicelib.core.aws import client
from chalicelib.core.settings import settings
from chalicelib.payments.domain import plain


@cache
def _secret() -> bytes:
    answer = client("kms").generate_mac(
        KeyId=settings().codes_key_id, MacAlgorithm="HMAC_SHA_256", Message=b"aisle gift card codes, v1"
    )
    mac: bytes = answer["Mac"]
    return mac


def gift_card_of(code: str) -> str:
    """The id of the gift card with this code, whether there is one or not. Raises `CodeInvalid` for a mistyped one."""
    digest = hmac.new(_secret(), plain(code).encode(), sha256).digest()
    return f"gft_{ULID.from_bytes(digest[:16])}"
