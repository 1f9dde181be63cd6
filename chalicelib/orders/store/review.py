"""Work that a workflow could not finish, parked for a person."""

from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core.errors import Conflict
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, Transaction, find


class ReviewResolved(Conflict):
    code = "review_resolved"
    title = "This was resolved before"


class ReviewItem(Item):
    """pk = REVIEW#<id>, sk = REVIEW. Work that the system could not finish and parked for a person."""

    document = Json()
    state = UnicodeAttribute()


def park(review_id: str, document: dict[str, Any]) -> None:
    """Keep a review item; parking the same thing twice keeps one."""
    ReviewItem(
        key("REVIEW", review_id),
        "REVIEW",
        document=document,
        state="open",
        summary=document,
        gsi1pk=key("REVIEWS", "open"),
        gsi1sk=review_id,
    ).save()


def open_reviews(after: str | None, count: int) -> list[dict[str, Any]]:
    """Review items that wait for a person, by id."""
    condition = ReviewItem.gsi1sk > after if after else None
    rows = ReviewItem.by_owner.query(key("REVIEWS", "open"), condition, limit=count)
    return [{"id": row.gsi1sk, **row.summary} for row in rows]


def get_review(review_id: str) -> dict[str, Any] | None:
    """A review item as it is now, with its `id`, or None. `state` is that of the workflow which left it."""
    item = find(ReviewItem, key("REVIEW", review_id), "REVIEW", consistent=True)
    return {"id": review_id, **item.document} if item else None


def resolve(tx: Transaction, review: dict[str, Any], resolution: dict[str, Any]) -> None:
    """An open review becomes resolved, and leaves the list. `ReviewResolved` at commit when it was before."""
    document = {name: value for name, value in review.items() if name != "id"}
    tx.update(
        ReviewItem(key("REVIEW", review["id"]), "REVIEW"),
        [
            ReviewItem.state.set("resolved"),
            ReviewItem.document.set({**document, "resolution": resolution}),
            ReviewItem.gsi1pk.set(key("REVIEWS", "resolved")),
        ],
        ReviewItem.state == "open",
        lambda _: ReviewResolved("Somebody was quicker."),
    )
