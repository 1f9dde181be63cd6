"""Permissions to open without asking: compact JWS signed with ES256 (RFC 7515, RFC 7518 section 3.4), checked without the server."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_public_key

SIGNATURE_BYTES = 64


class GrantRefusedError(Exception):
    """A grant that opens nothing; the message says why."""


@dataclass(frozen=True)
class Grant:
    id: str
    pickup: str
    cabinet: str
    compartments: tuple[str, ...]
    code: str
    not_before: datetime
    expires_at: datetime


def verified(token: str, keys: Mapping[str, str]) -> Grant:
    """The grant in a token that one of the `keys` (PEM, by key id) has signed; GrantRefusedError otherwise.

    Whether it is for this cabinet, and now, is for `GrantBook` to say.
    """
    signed, _, signature = token.rpartition(".")
    header, _, claims = signed.partition(".")
    said = _object(header)
    if said.get("alg") != "ES256":
        raise GrantRefusedError(f"signed with {said.get('alg')!r}, not ES256")
    if said.get("kid") not in keys:
        raise GrantRefusedError(f"signed with an unknown key {said.get('kid')!r}")
    _check(signed.encode(), _bytes(signature), keys[str(said["kid"])])
    return _grant(_object(claims))


def _check(signed: bytes, signature: bytes, pem: str) -> None:
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise GrantRefusedError("the key is not on P-256")
    if len(signature) != SIGNATURE_BYTES:
        raise GrantRefusedError(f"a signature of {len(signature)} bytes")
    half = SIGNATURE_BYTES // 2
    pair = (int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
    try:
        key.verify(encode_dss_signature(*pair), signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise GrantRefusedError("the signature is wrong") from None


def _grant(claims: Mapping[str, Any]) -> Grant:
    try:
        return Grant(
            str(claims["jti"]),
            str(claims["sub"]),
            str(claims["aud"]),
            tuple(str(one) for one in claims["compartments"]),
            str(claims["code"]),
            datetime.fromtimestamp(claims["nbf"], UTC),
            datetime.fromtimestamp(claims["exp"], UTC),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise GrantRefusedError(f"a claim is missing or makes no sense: {error}") from None


def _bytes(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise GrantRefusedError("not base64url") from None


def _object(part: str) -> dict[str, Any]:
    try:
        value = json.loads(_bytes(part))
    except ValueError:
        raise GrantRefusedError("not JSON") from None
    if not isinstance(value, dict):
        raise GrantRefusedError("not a JSON object")
    return value


class GrantBook:
    """The grants of one cabinet, and which of them are of no use any more."""

    def __init__(self, cabinet_id: str) -> None:
        self._cabinet_id = cabinet_id
        self._offline_key: bytes | None = None
        self._keys: dict[str, str] = {}
        self._tokens: dict[str, None] = {}  # a set that keeps its order
        self._spent: set[str] = set()
        self._opened: set[tuple[str, str]] = set()

    def __len__(self) -> int:
        return len(self._tokens)

    @property
    def is_ready(self) -> bool:
        """Whether codes can be checked at all, which takes a first welcome."""
        return self._offline_key is not None

    def learn(self, offline_key: bytes, keys: Mapping[str, str]) -> None:
        """Take over the key of the code hashes and the keys that sign (PEM, by key id)."""
        self._offline_key = offline_key
        self._keys = dict(keys)

    def add(self, tokens: Iterable[str]) -> None:
        """Keep grants. They are looked at when a code is typed: the key of one may come only with the next welcome."""
        self._tokens.update(dict.fromkeys(tokens))

    def revoke(self, ids: Iterable[str]) -> None:
        self._spent.update(ids)

    def forget(self, compartment: str) -> None:
        """Drop the grants for a compartment: what they were for is out of it, and the next in it is somebody else's."""
        for token in list(self._tokens):
            try:
                grant = verified(token, self._keys)
            except GrantRefusedError:
                continue
            if compartment in grant.compartments:
                self._spent.add(grant.id)

    def opened(self, grant: Grant, compartment: str) -> None:
        """Remember that a door was opened by a grant."""
        self._opened.add((grant.pickup, compartment))

    def has_opened(self, pickup: str, compartment: str) -> bool:
        """Whether a door was opened for a pickup without asking."""
        return (pickup, compartment) in self._opened

    def use(self, code: str, now: datetime) -> Grant | None:
        """The grant that this code opens, which is spent by it; None if there is none, or none any more."""
        hashed = self._hash(code)
        found = None
        for grant in self._usable(now):
            if hmac.compare_digest(grant.code, hashed):
                found = grant
        if found is not None:
            self._spent.add(found.id)
        return found

    def _hash(self, code: str) -> str:
        digest = hmac.digest(self._offline_key or b"", code.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def _usable(self, now: datetime) -> list[Grant]:
        usable = []
        for token in list(self._tokens):
            try:
                grant = verified(token, self._keys)
            except GrantRefusedError:
                continue
            if now >= grant.expires_at or grant.id in self._spent:
                del self._tokens[token]
            elif grant.cabinet == self._cabinet_id and now >= grant.not_before:
                usable.append(grant)
        return usable
