"""Task tokens of workflows that wait for staff, encrypted."""

from pynamodb.attributes import BinarySetAttribute

from chalicelib.core.errors import Stale
from chalicelib.core.table import Item, Transaction, find
from chalicelib.lockers.store.pickups import pickup_pk


class TokenItem(Item):
    """pk = PICKUP#<id>, sk = TOKENS. Apart from the pickup, whose versions they are none of."""

    tokens = BinarySetAttribute(null=True, legacy_encoding=False)


_ANYTHING = TokenItem.pk.exists() | TokenItem.pk.does_not_exist()


def park_token(pickup_id: str, token: bytes) -> None:
    """Keep an encrypted token beside those before it: which of several attempts waits cannot be told."""
    tx = Transaction()
    item = TokenItem(pickup_pk(pickup_id), "TOKENS")
    tx.update(item, [TokenItem.tokens.add({token})], _ANYTHING, lambda _: Stale("never"))
    tx.commit()


def tokens_of(pickup_id: str) -> list[bytes]:
    """The encrypted tokens."""
    item = find(TokenItem, pickup_pk(pickup_id), "TOKENS", consistent=True)
    return sorted(item.tokens or ()) if item else []
