"""Bank accounts, sealed by KMS for this purpose alone."""

from __future__ import annotations

import json
from dataclasses import fields

from chalicelib.core.aws import client
from chalicelib.core.settings import settings
from chalicelib.suppliers.domain.bank import BankAccount


def seal(token: str, account: BankAccount) -> bytes:
    """The account as it may be stored."""
    text = json.dumps({each.name: getattr(account, each.name) for each in fields(account)})
    answer = client("kms").encrypt(
        KeyId=settings().token_key_id, Plaintext=text.encode(), EncryptionContext=_context(token)
    )
    sealed: bytes = answer["CiphertextBlob"]
    return sealed


def opened(token: str, sealed: bytes) -> BankAccount:
    """The account that was sealed."""
    answer = client("kms").decrypt(CiphertextBlob=sealed, EncryptionContext=_context(token))
    return BankAccount(**json.loads(answer["Plaintext"]))


def _context(token: str) -> dict[str, str]:
    return {"purpose": "supplier-bank-account", "account": token}
