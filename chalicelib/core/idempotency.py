"""One effect per idempotency key: the record is written in the command's own transaction.

The record holds the first answer, so a repetition within 24 hours gets it again. Two racing commands with one key meet at the
record's condition: one commits, the other finds the answer. Nothing is "in progress": before the commit there is no
effect, after it there is an answer. docs: draft-ietf-httpapi-idempotency-key-header.
"""

import json
import zlib
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.core import clock
from chalicelib.core.errors import Conflict, RuleBroken
from chalicelib.core.keys import key
from chalicelib.core.table import Item, RawItem, Transaction, find

KEPT = timedelta(hours=48)


class KeyReused(RuleBroken):
    code = "idempotency_key_reused"
    precedes = True
    title = "This Idempotency-Key belongs to another request"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command answered: HTTP status, body (JSON text) and headers that belong to it."""

    status: int
    body: str
    headers: dict[str, str]


class Replay(Conflict):
    """Not a failure: the command ran before, and this was its answer."""

    code = "replayed"
    precedes = True

    def __init__(self, answer: Answer) -> None:
        super().__init__("The command ran before.")
        self.answer = answer


class IdempotencyItem(Item):
    """pk = IDEMPOTENCY#<sha256 of scope and key>, sk = IDEMPOTENCY."""

    fingerprint = UnicodeAttribute()
    status = NumberAttribute()
    answer = BinaryAttribute(legacy_encoding=False)


@dataclass(frozen=True, slots=True)
class Idempotency:
    """One command's key: `scope` is caller, method and path, `fingerprint` tells its payload from another's."""

    scope: str
    key: str
    fingerprint: str

    @classmethod
    def of(cls, scope: str, given_key: str, payload: bytes) -> "Idempotency":
        return cls(scope, given_key, sha256(payload).hexdigest()[:32])

    def record(self, tx: Transaction, answer: Answer) -> None:
        """Add the record to the command's transaction, which then ends in `Replay` or `KeyReused` if there is one."""
        now = clock.now()
        item = IdempotencyItem(
            self._pk,
            "IDEMPOTENCY",
            fingerprint=self.fingerprint,
            status=answer.status,
            answer=zlib.compress(json.dumps([answer.body, answer.headers]).encode(), 6),
            ttl=clock.epoch_seconds(now + KEPT),
        )
        # Time to live may lag by two days, so an expired record is one that is not there.
        free = IdempotencyItem.pk.does_not_exist() | (IdempotencyItem.ttl < clock.epoch_seconds(now))
        tx.put(item, free, self._found)

    def earlier(self) -> Answer | None:
        """The first answer, if the command ran before; raises `KeyReused` for another payload."""
        item = find(IdempotencyItem, self._pk, "IDEMPOTENCY", consistent=True)
        if item is None or (item.ttl or 0) < clock.epoch_seconds(clock.now()):
            return None
        return self._answer(item)

    def _found(self, raw: RawItem | None) -> Conflict | RuleBroken:
        item = IdempotencyItem.from_raw_data(raw or {})
        try:
            return Replay(self._answer(item))
        except KeyReused as error:
            return error

    def _answer(self, item: IdempotencyItem) -> Answer:
        if item.fingerprint != self.fingerprint:
            raise KeyReused("The same Idempotency-Key came with another payload; use a new key for a new request.")
        body, headers = json.loads(zlib.decompress(item.answer))
        return Answer(int(item.status), body, headers)

    @property
    def _pk(self) -> str:
        return key("IDEMPOTENCY", sha256(f"{self.scope}\n{self.key}".encode()).hexdigest()[:40])


def no_answer() -> Answer:
    """For commands whose caller needs no answer again, e.g. messages from a queue."""
    return Answer(204, "", {})
