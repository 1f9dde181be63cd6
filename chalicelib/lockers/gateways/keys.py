"""Keyed hashes of passcodes, made by KMS one by one: the key never leaves it, so a copy of the table opens nothing."""

import hmac
from hashlib import sha256

from chalicelib.core.aws import client, derived_key
from chalicelib.core.settings import settings


def digest_of(site_id: str, digits: str) -> str:
    """The keyed hash of a code at a site, as hexadecimal digits. The same digits at another site have another."""
    message = f"aisle passcode, v1\n{site_id}\n{digits}".encode()
    answer = client("kms").generate_mac(KeyId=settings().passcodes_key_id, MacAlgorithm="HMAC_SHA_256", Message=message)
    mac: bytes = answer["Mac"]
    return mac.hex()


def fingerprint_of(pickup_id: str, digits: str) -> bytes:
    """Another keyed hash, to tell requests apart by: it finds no code. Its key is derived by KMS and stored nowhere."""
    key = derived_key(settings().passcodes_key_id, "aisle passcode requests, v1")
    return hmac.digest(key, f"{pickup_id}\n{digits}".encode(), sha256)
