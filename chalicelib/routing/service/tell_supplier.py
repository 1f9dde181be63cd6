"""Telling a supplier what became of an allocation: units to leave out, a hold, another address."""

from datetime import datetime, timedelta

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Unavailable
from chalicelib.core.observability import count
from chalicelib.core.table import Transaction
from chalicelib.core.tasks import Outcome
from chalicelib.fulfilment import service as fulfilments
from chalicelib.fulfilment.service import Fulfilment
from chalicelib.routing import events
from chalicelib.routing.domain import allocation as life
from chalicelib.routing.domain.allocation import Allocation, AllocationState
from chalicelib.routing.domain.answers import Kind, heard_of_cancellation, heard_of_change
from chalicelib.routing.domain.waits import CALL_OFF_HOURS, rest_seconds, wait_seconds, whole_seconds
from chalicelib.routing.gateways import Endpoint, Question
from chalicelib.routing.service.ask_operator import (
    ask_about_late_recall,
    ask_about_unheard_change,
    ask_about_unheard_recalls,
    ask_about_unsupported_change,
    changes_are_known,
)
from chalicelib.routing.service.converse import EndpointRests, Talk, Ways, converse, must_find, ship_to
from chalicelib.routing.service.give_up import give_up_change, give_up_recall, has_changed
from chalicelib.routing.service.note_call import count_try, is_open, note_call
from chalicelib.routing.service.offer_order import private_of
from chalicelib.routing.store import items as store
from chalicelib.routing.store.items import Recall

NO_ENDPOINT = "no_endpoint"


class SupplierDidNotAnswer(Unavailable):
    code = "supplier_did_not_answer"
    title = "The supplier's endpoint did not answer"


# ---- units to leave out -------------------------------------------------------------------------------------------------


def open_recalls(allocation_id: str) -> list[Recall]:
    """What the supplier has not heard of yet, oldest first."""
    return [recall for recall in store.recalls_of(allocation_id) if recall.state == store.OPEN]


def try_to_recall(allocation_id: str, by: Principal, ways: Ways | None = None, *, by_hand: bool = False) -> Outcome:
    """Tell the supplier of its recalls. Safe to repeat: each has a name, and is told until the supplier has heard of it, for a day; then
    a person is asked to tell it.

    `by_hand`: those that were given up, too, and even while the endpoint rests.

    Outcomes: `told`, or `unknown` and `resting` with the seconds to wait.
    """
    ways = ways or Ways()
    states = store.UNHEARD if by_hand else {store.OPEN}
    for recall in [one for one in store.recalls_of(allocation_id) if one.state in states]:
        value = must_find(allocation_id).value
        talk = _told_of(value, recall, by, ways, by_hand)
        if talk is None:
            continue
        now = clock.now()
        left = whole_seconds(_until(recall) - now)
        if isinstance(talk, datetime):
            seconds = rest_seconds(talk - now, left)
            return {"outcome": "resting", "allocation_id": allocation_id, "wait_seconds": seconds}
        if talk.heard.is_failure:
            seconds = wait_seconds(must_find(allocation_id).value.tries, left)
            return {"outcome": "unknown", "allocation_id": allocation_id, "wait_seconds": seconds}
    return {"outcome": "told", "allocation_id": allocation_id, "wait_seconds": 1}


def _until(recall: Recall) -> datetime:
    return datetime.fromisoformat(recall.at) + timedelta(hours=CALL_OFF_HOURS)


def _told_of(value: Allocation, recall: Recall, by: Principal, ways: Ways, by_hand: bool) -> Talk | datetime | None:
    """What came of it; None when there is nobody to tell, or no time left to."""
    endpoint = ways.endpoint_of(value.supplier_id)
    if endpoint is None:
        _close(value, recall)
        return None
    if clock.now() >= _until(recall) and not by_hand:
        give_up_recall(value.id, recall.id, by)
        return None
    lines = [{"line_id": line_id, "quantity": units} for line_id, units in recall.lines.items()]
    question = Question(
        "POST", f"/orders/{value.id}/cancellations", recall.id, {"cancellation_id": recall.id, "lines": lines}
    )
    talk = converse(
        value, endpoint, "cancellation", question, heard_of_cancellation, by, send=ways.send, despite_rest=by_hand
    )
    if isinstance(talk, Talk):
        _note_recall(value, recall, talk, by)
    return talk


def _close(value: Allocation, recall: Recall) -> None:
    """A supplier that has no endpoint any more reads its recalls."""
    tx = Transaction()
    store.close_recall(tx, value.id, recall, NO_ENDPOINT)
    tx.commit()


def _note_recall(value: Allocation, recall: Recall, talk: Talk, by: Principal) -> None:
    def change(before: Allocation, tx: Transaction) -> tuple[Allocation, dict[str, int]]:
        if talk.heard.is_failure:
            return count_try(before, tx)
        recalls = {one.id: one for one in store.recalls_of(value.id)}
        known = recalls.pop(recall.id)
        if known.state not in store.UNHEARD:
            return before, {}
        store.close_recall(tx, value.id, known, str(talk.heard.kind))
        if talk.heard.kind is Kind.TOO_LATE:
            events.recall_too_late(tx, before, recall.lines, by)
            ask_about_late_recall(tx, before, recall, by)
        if known.state != store.GIVEN_UP:
            return before, {}
        after = life.note(before)
        given_up = [one for one in recalls.values() if one.state == store.GIVEN_UP]
        ask_about_unheard_recalls(tx, after, given_up, by)
        return after, {}

    note_call(value.id, talk, change, by)
    if talk.heard.kind is Kind.TOO_LATE:
        count("RecallsTooLate")


def tell_supplier(allocation_id: str, since: datetime, by: Principal, ways: Ways | None = None) -> Outcome:
    """Tell the supplier all that it has not heard of yet: as `try_to_recall`, and how the parcel stands. How it stands is told for a
    day after the answer, or after `since`, when the telling was asked for; then a person is asked to tell it."""
    outcome = try_to_recall(allocation_id, by, ways)
    if outcome["outcome"] != "told":
        return outcome
    value = must_find(allocation_id).value
    decided = datetime.fromisoformat(value.decided_at or value.created_at)
    until = max(decided, since) + timedelta(hours=CALL_OFF_HOURS)
    try:
        tell_change(allocation_id, by, ways)
    except (EndpointRests, SupplierDidNotAnswer) as error:
        now = clock.now()
        if now < until:
            left = whole_seconds(until - now)
            if isinstance(error, EndpointRests):
                seconds = rest_seconds(error.until - now, left)
            else:
                seconds = wait_seconds(must_find(allocation_id).value.tries, left)
            return {"outcome": error.code, "allocation_id": allocation_id, "wait_seconds": seconds}
        give_up_change(allocation_id, by)
    return outcome


# ---- a hold, another address --------------------------------------------------------------------------------------------


def tell_change(allocation_id: str, by: Principal, ways: Ways | None = None, *, by_hand: bool = False) -> None:
    """Tell the supplier how its parcel stands now, if it knows an older state. Raises `EndpointRests`, unless it is told `by_hand`, and
    `SupplierDidNotAnswer`.

    One that was not asked yet, or does not ship it, is told nothing.
    """
    ways = ways or Ways()
    value, part = must_find(allocation_id).value, fulfilments.read(allocation_id, by)
    concerned = value.called and (value.state is AllocationState.ACCEPTED or is_open(value))
    endpoint = ways.endpoint_of(value.supplier_id) if concerned else None
    if endpoint is None or part.version <= value.told_version or part.status not in fulfilments.OPEN:
        return
    talk = _converse_of_change(value, part, endpoint, by, ways, by_hand)
    if isinstance(talk, datetime):
        raise EndpointRests(allocation_id, talk)
    _note_change(value, part, talk, by)
    if talk.heard.is_failure:
        raise SupplierDidNotAnswer(f"The supplier of {allocation_id} was not told of a change: {talk.heard.reason}.")


def _converse_of_change(
    value: Allocation, part: Fulfilment, endpoint: Endpoint, by: Principal, ways: Ways, by_hand: bool
) -> Talk | datetime:
    body = {"change_id": f"{value.id}.v{part.version}", "held": part.held, "ship_to": ship_to(part)}
    return converse(
        value,
        endpoint,
        "change",
        Question("POST", f"/orders/{value.id}/changes", f"{value.id}.v{part.version}", body),
        heard_of_change,
        by,
        send=ways.send,
        private=private_of(part),
        despite_rest=by_hand,
    )


def _note_change(value: Allocation, part: Fulfilment, talk: Talk, by: Principal) -> None:
    def change(before: Allocation, tx: Transaction) -> tuple[Allocation, dict[str, int]]:
        if talk.heard.is_failure:
            return count_try(before, tx)
        if before.told_version >= part.version:
            return before, {}
        if talk.heard.kind is Kind.NEVER_ARRIVED:
            return _unknown_there(before, tx, part, by), {}
        after = life.note(before, told_version=part.version)
        if talk.heard.kind is Kind.NOT_SUPPORTED:
            events.change_not_supported(tx, after, part.held, by)
            ask_about_unsupported_change(tx, after, part, by)
        else:
            changes_are_known(tx, after, by)
        return after, {}

    after = note_call(value.id, talk, change, by)
    if talk.heard.kind is Kind.NOT_SUPPORTED:
        count("ChangesNotSupported")
    elif talk.heard.kind is Kind.NEVER_ARRIVED and has_changed(after, by):
        count("CompensationParked")


def _unknown_there(before: Allocation, tx: Transaction, part: Fulfilment, by: Principal) -> Allocation:
    """While the offer is on its way that is nothing: it is told after the answer. An order that was accepted should be known."""
    if before.state is not AllocationState.ACCEPTED:
        return before
    after = life.note(before)
    ask_about_unheard_change(tx, after, part, "The supplier's system does not know the order (404).", by)
    return after
