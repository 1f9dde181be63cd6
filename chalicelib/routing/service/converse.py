"""One call of a supplier's endpoint: not while it rests, and never without a trace."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import NotFound, Unavailable
from chalicelib.core.observability import log
from chalicelib.fulfilment.service import Fulfilment
from chalicelib.routing import gateways
from chalicelib.routing.domain.allocation import Allocation
from chalicelib.routing.domain.answers import Heard, Kind, Said, silence
from chalicelib.routing.domain.health import retry_after
from chalicelib.routing.gateways import Endpoint, EndpointOf, Exchange, Question, Send
from chalicelib.routing.service import breaker
from chalicelib.routing.store import items as store
from chalicelib.routing.store.items import Call, Found
from chalicelib.suppliers.service import reaching

_SHIP_TO = ("name", "line1", "line2", "city", "region", "postal_code", "country")
"""What a supplier gets of an address; how to reach the buyer it is not told."""

_BUSY = (429, 503)


class EndpointRests(Unavailable):
    code = "supplier_rests"
    title = "The supplier's endpoint is left in peace"

    def __init__(self, allocation_id: str, until: datetime) -> None:
        super().__init__(f"The supplier of {allocation_id} is left in peace until {clock.rfc3339(until)}.")
        self.until = until


def endpoint_of(supplier_id: str) -> Endpoint | None:
    """Where a supplier takes orders; None for one that works with our API alone."""
    return reaching.endpoint(supplier_id)


@dataclass(frozen=True, slots=True)
class Ways:
    """How suppliers are reached: where each takes orders, and what calls it."""

    endpoint_of: EndpointOf = endpoint_of
    send: Send | None = None


@dataclass(frozen=True, slots=True)
class Talk:
    """What a call came to, and its entry of the log."""

    heard: Heard
    call: Call


def must_find(allocation_id: str) -> Found:
    """The allocation as it is now. Raises `NotFound`."""
    found = store.get_allocation(allocation_id)
    if found is None:
        raise NotFound(f"There is no allocation {allocation_id}.")
    return found


def ship_to(part: Fulfilment) -> dict[str, Any]:
    """Where a parcel goes, as a supplier is told."""
    return {name: part.address[name] for name in _SHIP_TO if part.address.get(name)}


def converse(
    value: Allocation,
    endpoint: Endpoint,
    what: str,
    question: Question,
    hear: Callable[[Said], Heard],
    by: Principal,
    *,
    send: Send | None = None,
    private: Sequence[str] = (),
    despite_rest: bool = False,
) -> Talk | datetime:
    """Ask, unless the endpoint rests: then until when. `private` is never quoted in the log."""
    settings = store.get_settings()
    if not despite_rest:
        until = breaker.resting_until(value.supplier_id, settings)
        if until is not None:
            return until
    exchange = gateways.ask(endpoint, question, settings.call_seconds, send)
    heard = _heard(exchange, hear)
    if heard.is_failure:
        asked = exchange.reply and exchange.reply.status in _BUSY and exchange.reply.headers.get("retry-after")
        rest = retry_after(asked or None, exchange.at)
        breaker.note_failure(value.supplier_id, settings, heard.reason, rest, by)
    else:
        breaker.note_success(value.supplier_id, by)
    log.info("supplier called", allocation_id=value.id, call=what, outcome=str(heard.kind), reason=heard.reason)
    return Talk(heard, _entry(exchange, what, heard, private))


def _heard(exchange: Exchange, hear: Callable[[Said], Heard]) -> Heard:
    if exchange.reply is None:
        return silence(exchange.failure or "no_answer")
    return hear(Said(exchange.reply.status, exchange.reply.body, exchange.reply.headers))


def _entry(exchange: Exchange, what: str, heard: Heard, private: Sequence[str]) -> Call:
    reply = exchange.reply
    shown = gateways.excerpt(reply.body, private) if reply is not None and heard.kind is Kind.NONSENSE else ""
    status = reply.status if reply is not None else None
    return Call(clock.rfc3339(exchange.at), what, exchange.duration_ms, status, str(heard.kind), heard.reason, shown)
