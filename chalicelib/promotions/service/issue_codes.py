"""Coupon codes: named by the back office, or generated in hundreds."""

from base64 import b32encode
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from hmac import digest
from secrets import token_hex
from typing import Any, Self

from chalicelib.core.auth import Principal
from chalicelib.core.errors import AisleError, Conflict, NotFound, RuleBroken, Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.keys import SEPARATOR
from chalicelib.core.paging import Page, page_of
from chalicelib.core.table import OnConflict, Transaction
from chalicelib.promotions import events, store
from chalicelib.promotions.domain import CouponCode, Promotion, PromotionArchived, Status, normal_code
from chalicelib.promotions.service.define import must_find, require_reader, require_writer

PER_TRANSACTION = 98
"""Codes in one transaction of 100 actions, beside the command's record and its event."""

_LETTERS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789ABCDEFGHJKMNPQRSTVWXYZ")
"""From RFC 4648's base 32 to Crockford's, which has no letters that are taken for others: codes are typed by people."""

_LETTERS_EACH = 12


class CodeTaken(Conflict):
    """These codes exist, perhaps for another promotion; `codes` names them."""

    code = "code_taken"
    title = "A coupon code exists already"

    @classmethod
    def of(cls, codes: Sequence[str]) -> Self:
        """The error for these codes."""
        return cls(f"There is {', '.join(codes)} already.", codes=list(codes))

    @classmethod
    def combine(cls, errors: Sequence[AisleError]) -> AisleError:
        return cls.of([code for error in errors for code in error.members["codes"]])


class NotByCode(RuleBroken):
    code = "not_by_code"
    title = "The promotion needs no code"


CodesAnswer = Callable[[list[CouponCode]], Answer]


def add_codes(
    promotion_id: str, codes: Sequence[str], most: int | None, *, by: Principal, once: Idempotency, answer: CodesAnswer
) -> Answer:
    """Add codes of these names, all or none; each serves at most `most` orders. At most `PER_TRANSACTION`.

    Raises `NotFound`, `NotByCode`, `PromotionArchived`, `CodeTaken`.
    """
    promotion = _promotion_with_codes(promotion_id, by)
    new = [CouponCode(code, promotion_id, most) for code in dict.fromkeys(map(normal_code, codes))]
    return _issue(promotion, new, token_hex(16), by=by, once=once, answer=answer)


def generate_codes(
    promotion_id: str,
    count: int,
    most: int | None,
    *,
    prefix: str = "",
    by: Principal,
    once: Idempotency,
    answer: CodesAnswer,
) -> Answer:
    """Add codes that cannot be guessed (60 random bits each). Raises as `add_codes`, but `CodeTaken`.

    Hundreds take several transactions. The codes follow from a seed that is kept first, so a command that broke off is
    completed by its repetition.
    """
    promotion = _promotion_with_codes(promotion_id, by)
    batch = sha256(f"{once.scope}\n{once.key}".encode()).hexdigest()[:32]
    seed = bytes.fromhex(store.keep_batch(promotion_id, batch, token_hex(32)))
    start = f"{normal_code(prefix)}-" if prefix else ""
    new = [CouponCode(start + _generated(seed, number), promotion_id, most) for number in range(count)]
    return _issue(promotion, new, batch, by=by, once=once, answer=answer)


def _generated(seed: bytes, number: int) -> str:
    return b32encode(digest(seed, str(number).encode(), "sha256")).decode().translate(_LETTERS)[:_LETTERS_EACH]


def _issue(
    promotion: Promotion,
    new: Sequence[CouponCode],
    batch: str,
    *,
    by: Principal,
    once: Idempotency,
    answer: CodesAnswer,
) -> Answer:
    """Write the codes; the last transaction has the record and the event, so there is one of each."""
    *full, last = [new[start : start + PER_TRANSACTION] for start in range(0, len(new), PER_TRANSACTION)]
    for codes in full:
        tx = Transaction()
        _add(tx, codes, batch)
        tx.commit()
    tx = Transaction()
    _add(tx, last, batch)
    events.coupons_issued(tx, promotion, len(new), by)
    final = answer(list(new))
    once.record(tx, final)
    tx.commit()
    return final


def _add(tx: Transaction, codes: Sequence[CouponCode], batch: str) -> None:
    for code in codes:
        store.add_code(tx, code, batch, _taken(code.code))


def _taken(code: str) -> OnConflict:
    return lambda _: CodeTaken.of([code])


def _promotion_with_codes(promotion_id: str, by: Principal) -> Promotion:
    require_writer(by)
    promotion = must_find(promotion_id)
    if promotion.status is Status.ARCHIVED:
        raise PromotionArchived(f"Promotion {promotion_id} is archived.")
    if not promotion.by_code:
        raise NotByCode(f"Promotion {promotion_id} applies by itself.")
    return promotion


def change_code(
    promotion_id: str, code: str, expected_version: int, changes: dict[str, Any], *, by: Principal
) -> CouponCode:
    """Change a code's `most` or `enabled`. Its count goes on. Raises `NotFound`, and `Stale` unless at `expected_version`."""
    require_writer(by)
    before = _must_find_code(promotion_id, code)
    if before.version != expected_version:
        raise Stale(f"The code is at version {before.version}, not {expected_version}.")
    changed = replace(before, **changes, version=expected_version + 1)
    tx = Transaction()
    store.change_code(tx, changed)
    tx.commit()
    return changed


def read_code(promotion_id: str, code: str, by: Principal) -> CouponCode:
    """A code and how often it was used, for staff. Raises `NotFound`."""
    require_reader(by)
    return _must_find_code(promotion_id, code)


def list_codes(promotion_id: str, limit: int, cursor: str | None, by: Principal) -> Page[CouponCode]:
    """The codes of a promotion, by code, for staff. Raises `NotFound`."""
    require_reader(by)
    must_find(promotion_id)
    return page_of(
        f"coupons {promotion_id}",
        limit,
        cursor,
        lambda after, count: store.codes_of(promotion_id, after, count),
        lambda code: code.code,
    )


def _must_find_code(promotion_id: str, code: str) -> CouponCode:
    found = None if SEPARATOR in code else store.get_code(normal_code(code))
    if found is None or found.promotion_id != promotion_id:
        raise NotFound(f"Promotion {promotion_id} has no such code.")
    return found
