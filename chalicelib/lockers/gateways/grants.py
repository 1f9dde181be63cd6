"""Permissions to open without asking: compact JWS, signed by KMS (ES256, RFC 7515 and RFC 7518 §3.4), and the keys that cabinets
check them with."""

import hmac
import json
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from functools import cache
from hashlib import sha256
from typing import Any

from chalicelib.core.aws import client, derived_key
from chalicelib.core.settings import settings


def offline_key(cabinet_id: str) -> bytes:
    """The key of the code hashes in a cabinet's grants: derived by KMS, stored nowhere, and of no use for any other cabinet."""
    return derived_key(settings().passcodes_key_id, f"aisle cabinet offline key, v1\n{cabinet_id}")


def code_hash(cabinet_id: str, digits: str) -> str:
    """What a cabinet compares a typed code with."""
    return _text(hmac.digest(offline_key(cabinet_id), digits.encode(), sha256))


def sign(claims: dict[str, Any]) -> str:
    """The claims as a compact JWS."""
    header = {"alg": "ES256", "typ": "JWT", "kid": _key_id()}
    signed = f"{_json(header)}.{_json(claims)}"
    answer = client("kms").sign(
        KeyId=settings().grants_key_id,
        Message=signed.encode(),
        MessageType="RAW",
        SigningAlgorithm="ECDSA_SHA_256",
    )
    return f"{signed}.{_text(_raw(answer['Signature']))}"


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a token that we signed and kept."""
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def verification_keys() -> dict[str, str]:
    """The public keys (PEM) that check grants, by key id."""
    der: bytes = client("kms").get_public_key(KeyId=settings().grants_key_id)["PublicKey"]
    lines = b64encode(der).decode()
    body = "\n".join(lines[at : at + 64] for at in range(0, len(lines), 64))
    return {_key_id(): f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"}


@cache
def _key_id() -> str:
    return settings().grants_key_id.rpartition("/")[2]


def _json(value: dict[str, Any]) -> str:
    return _text(json.dumps(value, separators=(",", ":")).encode())


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _raw(der: bytes) -> bytes:
    """KMS signs as ASN.1 says (SEQUENCE of two INTEGERs, RFC 3279); a JWS has the two numbers side by side, 32 bytes each."""
    r, rest = _integer(der[2:])
    s, _ = _integer(rest)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _integer(der: bytes) -> tuple[int, bytes]:
    length = der[1]
    return int.from_bytes(der[2 : 2 + length], "big"), der[2 + length :]
