"""The back office defines promotions."""

from collections.abc import Callable
from dataclasses import replace

from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import NotFound, Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.keys import SEPARATOR
from chalicelib.core.paging import Page, page_of
from chalicelib.core.table import Transaction
from chalicelib.promotions import events, store
from chalicelib.promotions.domain import Promotion, PromotionArchived, Status, checked
from chalicelib.promotions.service.apply import forget_promotions


def create_promotion(
    promotion: Promotion, *, by: Principal, once: Idempotency, answer: Callable[[Promotion], Answer]
) -> Answer:
    """Add a promotion. Raises `PromotionInvalid`."""
    require_writer(by)
    tx = Transaction()
    store.add_promotion(tx, checked(promotion))
    events.promotion_created(tx, promotion, by)
    final = answer(promotion)
    once.record(tx, final)
    tx.commit()
    forget_promotions()
    return final


def change_promotion(promotion: Promotion, expected_version: int, *, by: Principal) -> Promotion:
    """Replace the promotion of this id by `promotion`.

    Raises `NotFound`, `PromotionInvalid`, `PromotionArchived`, and `Stale` unless it is at `expected_version`.
    """
    return _write(promotion.id, expected_version, lambda _: checked(promotion), by)


def archive_promotion(promotion_id: str, expected_version: int, *, by: Principal) -> Promotion:
    """End a promotion for good; its codes are void, orders keep what they got. Raises as `change_promotion`."""
    return _write(promotion_id, expected_version, lambda before: replace(before, status=Status.ARCHIVED), by)


def _write(
    promotion_id: str, expected_version: int, change: Callable[[Promotion], Promotion], by: Principal
) -> Promotion:
    require_writer(by)
    before = must_find(promotion_id)
    if before.version != expected_version:
        raise Stale(f"Promotion {promotion_id} is at version {before.version}, not {expected_version}.")
    if before.status is Status.ARCHIVED:
        raise PromotionArchived(f"Promotion {promotion_id} is archived; make a new one.")
    changed = replace(change(before), version=expected_version + 1)
    tx = Transaction()
    store.change_promotion(tx, changed)
    events.promotion_changed(tx, changed, by)
    tx.commit()
    forget_promotions()
    return changed


def read_promotion(promotion_id: str, by: Principal) -> Promotion:
    """The promotion, for staff. Raises `NotFound`."""
    require_reader(by)
    return must_find(promotion_id)


def list_promotions(status: Status, limit: int, cursor: str | None, by: Principal) -> Page[Promotion]:
    """Promotions in a status, newest first, for staff."""
    require_reader(by)
    return page_of(
        f"promotions {status}",
        limit,
        cursor,
        lambda after, count: store.promotions_in(status, after, count),
        lambda promotion: promotion.id,
    )


def require_writer(by: Principal) -> None:
    """Promotions are made by administrators and machines with the scope."""
    by.require(Role.ADMIN, scope="promotions.write")


def require_reader(by: Principal) -> None:
    """Promotions are read by all staff: they are asked about them."""
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="promotions.write")


def must_find(promotion_id: str) -> Promotion:
    """The promotion as it is now. Raises `NotFound`."""
    promotion = None if SEPARATOR in promotion_id else store.get_promotion(promotion_id)
    if promotion is None:
        raise NotFound(f"There is no promotion {promotion_id}.")
    return promotion
