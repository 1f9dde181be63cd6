"""Grants, signed with a key of the tests' own, apart from the code that checks them."""

import base64
import hashlib
import hmac
import json
from datetime import datetime
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

OFFLINE_KEY = b"a cabinet's own offline key, 32 b"


@cache
def signing_key(name: str = "key-1") -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def public_key(name: str = "key-1") -> str:
    public = signing_key(name).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def hashed(code: str) -> str:
    return base64url(hmac.new(OFFLINE_KEY, code.encode(), hashlib.sha256).digest())


def signed(header: dict[str, Any], claims: dict[str, Any], key: str = "key-1") -> str:
    """A compact JWS whose signature is right, whatever it says."""
    signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    r, s = decode_dss_signature(signing_key(key).sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def a_grant(
    code: str,
    *,
    id: str = "grt_01JD0000000000000000000001",
    cabinet: str = "cab_1",
    compartments: tuple[str, ...] = ("1",),
    since: datetime,
    until: datetime,
    key: str = "key-1",
) -> str:
    claims = {
        "jti": id,
        "sub": "pck_1",
        "aud": cabinet,
        "compartments": compartments,
        "code": hashed(code),
        "nbf": int(since.timestamp()),
        "exp": int(until.timestamp()),
    }
    return signed({"alg": "ES256", "kid": key}, claims, key)
