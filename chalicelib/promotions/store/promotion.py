"""Promotions in the table."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pynamodb.attributes import NumberAttribute

from chalicelib.core import clock
from chalicelib.core.errors import AisleError, Conflict, Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, RawItem, Transaction, fields_of, find
from chalicelib.promotions.domain import (
    AmountOff,
    BuyGet,
    FixedPrice,
    Percentage,
    Promotion,
    Reward,
    Selection,
    ShippingPercentage,
    ShippingPrice,
    Status,
    Threshold,
)

_LIVE = "PROMOTIONS#LIVE"
_NEVER = "9999"
_KINDS: dict[str, type[Reward]] = {
    kind.__name__: kind for kind in (Percentage, AmountOff, FixedPrice, BuyGet, ShippingPercentage, ShippingPrice)
}


class PromotionItem(Item):
    """pk = PROMOTION#<id>, sk = PROMOTION. `summary` is the promotion; the list that orders read shows it whole."""

    version = NumberAttribute()


def promotion_pk(promotion_id: str) -> str:
    return key("PROMOTION", promotion_id)


# ---- as a document ----------------------------------------------------------------------------------------------------------


def _document(promotion: Promotion) -> dict[str, Any]:
    fields = fields_of(promotion)
    del fields["id"]
    return {
        **fields,
        "reward": _reward_document(promotion.reward),
        "selection": _selection_document(promotion.selection),
        "excluded": _selection_document(promotion.excluded),
        "threshold": {**fields_of(promotion.threshold), "of": _selection_document(promotion.threshold.of)},
        "channels": sorted(promotion.channels),
        "segments": sorted(promotion.segments),
        "starts_at": _text(promotion.starts_at),
        "ends_at": _text(promotion.ends_at),
    }


def _promotion(id: str, document: Mapping[str, Any]) -> Promotion:
    threshold = document["threshold"]
    return Promotion(
        **{
            **document,
            "reward": _reward(document["reward"]),
            "status": Status(document["status"]),
            "selection": _selection(document["selection"]),
            "excluded": _selection(document["excluded"]),
            "threshold": Threshold(**{**threshold, "of": _selection(threshold["of"])}),
            "channels": frozenset(document["channels"]),
            "segments": frozenset(document["segments"]),
            "starts_at": _moment(document["starts_at"]),
            "ends_at": _moment(document["ends_at"]),
        },
        id=id,
    )


def _reward_document(reward: Reward) -> dict[str, Any]:
    fields = fields_of(reward)
    if isinstance(reward, BuyGet) and reward.buy is not None:
        fields["buy"] = _selection_document(reward.buy)
    return {"kind": type(reward).__name__, **fields}


def _reward(document: Mapping[str, Any]) -> Reward:
    fields = {name: value for name, value in document.items() if name != "kind"}
    if fields.get("buy") is not None:
        fields["buy"] = _selection(fields["buy"])
    return _KINDS[document["kind"]](**fields)


def _selection_document(selection: Selection) -> dict[str, list[str]]:
    return {name: sorted(names) for name, names in fields_of(selection).items() if names}


def _selection(document: Mapping[str, list[str]]) -> Selection:
    return Selection(**{name: frozenset(names) for name, names in document.items()})


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else clock.rfc3339(moment)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


# ---- reading and writing ----------------------------------------------------------------------------------------------------


def _item(promotion: Promotion) -> PromotionItem:
    item = PromotionItem(
        promotion_pk(promotion.id),
        "PROMOTION",
        version=promotion.version,
        summary=_document(promotion),
        gsi2pk=key("PROMOTIONS", promotion.status),
        gsi2sk=promotion.id,
    )
    if promotion.status is Status.ACTIVE:
        item.gsi1pk = _LIVE
        item.gsi1sk = key(_text(promotion.ends_at) or _NEVER, promotion.id)
    return item


def add_promotion(tx: Transaction, promotion: Promotion) -> None:
    """Write a new promotion."""
    tx.create(_item(promotion), lambda _: Conflict(f"Promotion {promotion.id} exists."))


def change_promotion(tx: Transaction, promotion: Promotion) -> None:
    """Write the next version of a promotion. Raises `Stale` at commit when another was quicker."""

    def stale(raw: RawItem | None) -> AisleError:
        return Stale(f"The promotion is not at version {promotion.version - 1} any more.")

    tx.put(_item(promotion), PromotionItem.version == promotion.version - 1, stale)


def get_promotion(promotion_id: str) -> Promotion | None:
    """The promotion as it is now, or None."""
    item = find(PromotionItem, promotion_pk(promotion_id), "PROMOTION", consistent=True)
    return _promotion(promotion_id, item.summary) if item else None


def live_promotions(at: datetime) -> list[Promotion]:
    """Active promotions that have not ended at a moment, those to come among them."""
    # DEL sorts after every id: what ends at this very moment has ended.
    rows = PromotionItem.by_owner.query(_LIVE, PromotionItem.gsi1sk > clock.rfc3339(at) + "\x7f")
    return [_promotion(str(row.gsi1sk).rpartition("#")[2], row.summary) for row in rows]


def promotions_in(status: Status, after: str | None, count: int) -> list[Promotion]:
    """Promotions in a status, newest first."""
    condition = PromotionItem.gsi2sk < after if after else None
    rows = PromotionItem.by_state.query(key("PROMOTIONS", status), condition, scan_index_forward=False, limit=count)
    return [_promotion(str(row.gsi2sk), row.summary) for row in rows]
