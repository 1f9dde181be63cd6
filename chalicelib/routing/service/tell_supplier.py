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
from chalicelib.routing.domain.waits import CALL_OFF_HOURS, wait_seconds
from chalicelib.routing.gateways import Endpoint, Question
from chalicelib.routing.service.ask_operator import ask_about_change, ask_about_recall, changes_are_known
from chalicelib.routing.service.converse import EndpointRests, Talk, Ways, converse, must_find, ship_to
from chalicelib.routing.service.note_call import count_try, is_open, note_call
from chalicelib.routing.service.offer_order import private_of
from chalicelib.routing.store import items as store
from chalicelib.routing.store.items import Recall

GIVEN_UP = "given_up"
NO_ENDPOINT = "no_endpoint"


class SupplierDidNotAnswer(Unavailable):
    code = "supplier_did_not_answer"
    title = "The supplier's endpoint did not answer"


# ---- units to leave out -------------------------------------------------------------------------------------------------


def open_recalls(allocation_id: str) -> list[Recall]:
    """What the supplier has not heard of yet, oldest first."""
    return [recall for recall in store.recalls_of(allocation_id) if recall.state == store.OPEN]


def try_to_recall(allocation_id: str, by: Principal, ways: Ways | None = None, *, by_hand: bool = False) -> Outcome:
    """Tell the supplier of its recalls. Safe to repeat: each has a name, and is told until the supplier has heard of it, for a day.

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
        if isinstance(talk, datetime):
            seconds = max(1, int((talk - now).total_seconds()) + 1)
            return {"outcome": "resting", "allocation_id": allocation_id, "wait_seconds": seconds}
        if talk.heard.is_failure:
            tries = must_find(allocation_id).value.tries
            seconds = wait_seconds(tries, 24 * 3_600)
            return {"outcome": "unknown", "allocation_id": allocation_id, "wait_seconds": seconds}
    return {"outcome": "told", "allocation_id": allocation_id, "wait_seconds": 1}


def _told_of(value: Allocation, recall: Recall, by: Principal, ways: Ways, by_hand: bool) -> Talk | datetime | None:
    """What came of it; None when there is nobody to tell, or no time left to."""
    endpoint = ways.endpoint_of(value.supplier_id)
    until = datetime.fromisoformat(recall.at) + timedelta(hours=CALL_OFF_HOURS)
    given_up = clock.now() >= until and not by_hand
    if endpoint is None or given_up:
        _close(value, recall, GIVEN_UP if given_up else NO_ENDPOINT)
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


def _close(value: Allocation, recall: Recall, state: str) -> None:
    tx = Transaction()
    store.close_recall(tx, value.id, recall, state)
    tx.commit()
    if state == GIVEN_UP:
        count("RecallsGivenUp")


def _note_recall(value: Allocation, recall: Recall, talk: Talk, by: Principal) -> None:
    def change(before: Allocation, tx: Transaction) -> tuple[Allocation, dict[str, int]]:
        if talk.heard.is_failure:
            return count_try(before, tx)
        store.close_recall(tx, value.id, recall, str(talk.heard.kind))
        if talk.heard.kind is Kind.TOO_LATE:
            events.recall_too_late(tx, before, recall.lines, by)
            ask_about_recall(tx, before, recall, by)
        return before, {}

    note_call(value.id, talk, change, by)
    if talk.heard.kind is Kind.TOO_LATE:
        count("RecallsTooLate")


def tell_supplier(allocation_id: str, since: datetime, by: Principal, ways: Ways | None = None) -> Outcome:
    """Tell the supplier all that it has not heard of yet: as `try_to_recall`, and how the parcel stands. How it stands is told for a
    day after the answer, or after `since`, when the telling was asked for."""
    outcome = try_to_recall(allocation_id, by, ways)
    if outcome["outcome"] != "told":
        return outcome
    value = must_find(allocation_id).value
    decided = datetime.fromisoformat(value.decided_at or value.created_at)
    until = max(decided, since) + timedelta(hours=CALL_OFF_HOURS)
    try:
        tell_change(allocation_id, by, ways)
    except Unavailable as error:
        if clock.now() < until:
            seconds = wait_seconds(must_find(allocation_id).value.tries, 24 * 3_600)
            return {"outcome": error.code, "allocation_id": allocation_id, "wait_seconds": seconds}
        count("ChangesGivenUp")
    return outcome


def has_changed(value: Allocation, by: Principal) -> bool:
    """Whether the parcel changed since the supplier was told of it."""
    return (
        value.state is AllocationState.ACCEPTED
        and value.called
        and fulfilments.read(value.id, by).version > value.told_version
    )


# ---- a hold, another address --------------------------------------------------------------------------------------------


def tell_change(allocation_id: str, by: Principal, ways: Ways | None = None) -> None:
    """Tell the supplier how its parcel stands now, if it knows an older state. Raises `Unavailable` while it cannot be told.

    One that was not asked yet, or does not ship it, is told nothing.
    """
    ways = ways or Ways()
    value, part = must_find(allocation_id).value, fulfilments.read(allocation_id, by)
    concerned = value.state is AllocationState.ACCEPTED or (is_open(value) and value.called)
    endpoint = ways.endpoint_of(value.supplier_id) if concerned else None
    if endpoint is None or part.version <= value.told_version or part.status not in fulfilments.OPEN:
        return
    talk = _converse_of_change(value, part, endpoint, by, ways)
    if isinstance(talk, datetime):
        raise EndpointRests(f"The supplier of {allocation_id} is left in peace until {clock.rfc3339(talk)}.")
    _note_change(value, part, talk, by)
    if talk.heard.is_failure:
        raise SupplierDidNotAnswer(f"The supplier of {allocation_id} was not told of a change: {talk.heard.reason}.")


def _converse_of_change(
    value: Allocation, part: Fulfilment, endpoint: Endpoint, by: Principal, ways: Ways
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
    )


def _note_change(value: Allocation, part: Fulfilment, talk: Talk, by: Principal) -> None:
    def change(before: Allocation, tx: Transaction) -> tuple[Allocation, dict[str, int]]:
        if talk.heard.is_failure:
            return count_try(before, tx)
        if talk.heard.kind is Kind.NEVER_ARRIVED or before.told_version >= part.version:
            return before, {}
        after = life.note(before, told_version=part.version)
        if talk.heard.kind is Kind.NOT_SUPPORTED:
            events.change_not_supported(tx, after, part.held, by)
            ask_about_change(tx, after, part, by)
        else:
            changes_are_known(tx, after, by)
        return after, {}

    note_call(value.id, talk, change, by)
    if talk.heard.kind is Kind.NOT_SUPPORTED:
        count("ChangesNotSupported")
