"""Task tokens of workflows that wait for a decision, encrypted by KMS."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from pynamodb.attributes import BinaryAttribute

from chalicelib.core.errors import Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Transaction
from chalicelib.reviews.domain.case import CaseState
from chalicelib.reviews.store.cases import CaseItem, case_pk


class TokenItem(Item):
    """pk = CASE#<id>, sk = TOKEN#<hash of the token>. There until its workflow was told."""

    sealed = BinaryAttribute(legacy_encoding=False)


@dataclass(frozen=True, slots=True)
class Token:
    """A sealed token and where it is kept."""

    sk: str
    sealed: bytes


def keep_token(case_id: str, task_token: str, sealed: bytes) -> None:
    """Keep the sealed form of `task_token` while the case is open. Raises `Stale` when it is not any more."""
    tx = Transaction()
    tx.check(
        CaseItem(case_pk(case_id), "CASE"), CaseItem.state == CaseState.OPEN, lambda _: Stale("The case was closed.")
    )
    tx.put(TokenItem(case_pk(case_id), key("TOKEN", sha256(task_token.encode()).hexdigest()[:40]), sealed=sealed))
    tx.commit()


def tokens_of(case_id: str) -> Iterator[Token]:
    """The tokens kept for a case."""
    for item in TokenItem.query(case_pk(case_id), TokenItem.sk.startswith("TOKEN#"), consistent_read=True):
        yield Token(item.sk, item.sealed)


def forget_token(case_id: str, token: Token) -> None:
    """Remove a token whose workflow was told. Safe to repeat."""
    TokenItem(case_pk(case_id), token.sk).delete()
