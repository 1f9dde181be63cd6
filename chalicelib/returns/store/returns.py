"""Returns, beside their order."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from heapq import merge
from typing import Any, cast

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from chalicelib.core.errors import AisleError, Stale
from chalicelib.core.keys import key, shard
from chalicelib.core.table import Item, Json, RawItem, Transaction, find, find_many
from chalicelib.returns.domain.model import (
    Agreement,
    Destination,
    Exchange,
    ExchangeState,
    InspectedLine,
    Inspection,
    Label,
    Remedy,
    Replacement,
    Return,
    ReturnLine,
    order_of,
    return_id,
)
from chalicelib.returns.domain.policy import Condition, Reason
from chalicelib.returns.domain.refunds import Refund

SHARDS = 2
"""Index partitions per day and status: a tenth of all orders come back, and two take 2,000 index writes a second."""


class ReturnItem(Item):
    """pk = ORDER#<order id>, sk = RETURN#<n>. `token` is the parked task token, encrypted by KMS, of a workflow that knew of
    `seen` inspections; `card` names the card that pays what a replacement costs more, until it is ordered."""

    version = NumberAttribute()
    document = Json()
    token = BinaryAttribute(null=True, legacy_encoding=False)
    seen = NumberAttribute(null=True)
    card = UnicodeAttribute(null=True)


@dataclass(frozen=True, slots=True)
class Parked:
    """A return with what its workflow left there: the sealed token of its wait, and how many inspections it knew of."""

    value: Return
    token: bytes | None
    seen: int
    card: str | None


def order_pk(order_id: str) -> str:
    return key("ORDER", order_id)


def return_key(return_id: str) -> tuple[type[Item], str, str]:
    """Where the return is, for a batch read. Raises `NotFound` for what is no id of a return."""
    order_id, number = order_of(return_id)
    return ReturnItem, order_pk(order_id), key("RETURN", number)


def _attributes(value: Return) -> dict[str, Any]:
    document = asdict(value)
    for kept_apart in ("id", "order_id", "version"):
        del document[kept_apart]
    return {
        "version": value.version,
        "document": document,
        "gsi2pk": _state_pk(value.announced_at[:10], value.status, shard(value.id, SHARDS)),
        "gsi2sk": _position(value.announced_at, value.id),
        "summary": {
            "order_id": value.order_id,
            "status": value.status,
            "resolution": value.remedy,
            "announced_at": value.announced_at,
            "customer_id": value.customer_id,
            "units": sum(line.quantity for line in value.lines),
            "refunded": value.refund.amount,
            "currency": value.currency,
        },
    }


def _position(announced_at: str, return_id: str) -> str:
    return f"{announced_at}#{return_id}"


def _state_pk(day: str, status: str, number: str) -> str:
    return key("RETURNS", day, status, number)


def _return(item: ReturnItem) -> Return:
    stored = dict(item.document)
    # Before there were suppliers a return was one parcel to us: it kept the label, and not where it goes to.
    to_us = {"seller": None, "name": "", "address": None, "label": stored.pop("label", None)}
    destinations = stored.get("send_to", [to_us])
    order_id, number = item.pk.removeprefix("ORDER#"), item.sk.removeprefix("RETURN#")
    return Return(
        **{
            **stored,
            "remedy": Remedy(stored["remedy"]),
            "lines": tuple(_line(line) for line in stored["lines"]),
            "exchange": _exchange(stored["exchange"]) if stored["exchange"] else None,
            "waived": {line_id: tuple(rules) for line_id, rules in stored["waived"].items()},
            "send_to": tuple(_destination(one) for one in destinations),
            "inspections": tuple(_inspection(one) for one in stored["inspections"]),
        },
        id=return_id(order_id, int(number)),
        order_id=order_id,
        version=int(item.version),
    )


def _line(stored: Mapping[str, Any]) -> ReturnLine:
    return ReturnLine(
        **{
            **stored,
            "reason": Reason(stored["reason"]),
            "condition": Condition(stored["condition"]) if stored["condition"] else None,
            "agreement": Agreement(**stored["agreement"]),
        }
    )


def _destination(stored: Mapping[str, Any]) -> Destination:
    return Destination(**{**stored, "label": Label(**stored["label"]) if stored["label"] else None})


def _exchange(stored: Mapping[str, Any]) -> Exchange:
    wanted = tuple(Replacement(**one) for one in stored["wanted"])
    return Exchange(**{**stored, "wanted": wanted, "state": ExchangeState(stored["state"])})


def _inspection(stored: Mapping[str, Any]) -> Inspection:
    lines = tuple(InspectedLine(**line) for line in stored["lines"])
    return Inspection(**{**stored, "lines": lines, "refund": Refund(**stored["refund"])})


def add_return(tx: Transaction, value: Return, card: str | None = None) -> None:
    """Write a new return. Raises `Stale` at commit when there is one of this number."""
    _, pk, sk = return_key(value.id)
    tx.create(ReturnItem(pk, sk, **_attributes(value), card=card), lambda _: Stale("There is such a return."))


def change_return(tx: Transaction, value: Return, *, forget_card: bool = False) -> None:
    """Write the next version; the token stays, and so does the card unless it has served. Raises `Stale` at commit when another
    was quicker."""

    def stale(raw: RawItem | None) -> AisleError:
        return Stale(f"The return is not at version {value.version - 1} any more.")

    _, pk, sk = return_key(value.id)
    actions: list[Action] = [getattr(ReturnItem, name).set(given) for name, given in _attributes(value).items()]
    if forget_card:
        actions.append(ReturnItem.card.remove())
    tx.update(ReturnItem(pk, sk), actions, ReturnItem.version == value.version - 1, stale)


def park_token(value: Return, token: bytes, seen: int) -> None:
    """Keep the encrypted task token of a workflow that knows of `seen` inspections, while the return is as it was read.
    Raises `Stale` when it has gone on."""
    tx = Transaction()
    _, pk, sk = return_key(value.id)
    tx.update(
        ReturnItem(pk, sk),
        [ReturnItem.token.set(token), ReturnItem.seen.set(seen)],
        ReturnItem.version == value.version,
        lambda _: Stale("The return has gone on."),
    )
    tx.commit()


def get_return(return_id: str) -> Parked | None:
    """The return as it is now, with what its workflow left there, or None."""
    _, pk, sk = return_key(return_id)
    item = find(ReturnItem, pk, sk, consistent=True)
    return Parked(_return(item), item.token, int(item.seen or 0), item.card) if item else None


def card_of(return_id: str) -> str | None:
    """The card that pays what a replacement costs more, if the customer gave one."""
    found = get_return(return_id)
    return found.card if found else None


def in_batch(found: Mapping[tuple[str, str], Item], return_id: str) -> Return | None:
    """The return out of a batch read with `return_key`."""
    _, pk, sk = return_key(return_id)
    item = found.get((pk, sk))
    return _return(cast(ReturnItem, item)) if item else None


def returns_of(order_id: str, latest: int, count: int) -> list[Return]:
    """Up to `count` returns of an order, from number `latest` down."""
    numbers = range(latest, max(0, latest - count), -1)
    ids = [return_id(order_id, number) for number in numbers]
    found = find_many([return_key(one) for one in ids], consistent=True)
    return [value for one in ids if (value := in_batch(found, one)) is not None]


def by_status_and_day(day: str, status: str, after: tuple[str, str] | None, count: int) -> list[dict[str, Any]]:
    """Summaries of the returns announced on a day that are in a status now, newest first, merged from the shards; `after` is
    when the last one seen was announced, and its id."""
    condition = ReturnItem.gsi2sk < _position(*after) if after else None
    lists = [
        ReturnItem.by_state.query(_state_pk(day, status, str(number)), condition, scan_index_forward=False, limit=count)
        for number in range(SHARDS)
    ]
    rows = merge(*lists, key=lambda row: row.gsi2sk, reverse=True)
    return [{"id": row.gsi2sk.partition("#")[2], **row.summary} for row, _ in zip(rows, range(count), strict=False)]
