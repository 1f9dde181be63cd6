"""What happens elsewhere, and concerns lockers."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.consumers import Poison, each_event, each_message, understood
from chalicelib.core.errors import AisleError, NotFound, Unavailable
from chalicelib.core.observability import tracing
from chalicelib.core.outbox import Event
from chalicelib.core.settings import settings
from chalicelib.customers import service as customers
from chalicelib.fulfilment import service as fulfilment
from chalicelib.fulfilment.service import FulfilmentStatus
from chalicelib.lockers import service
from chalicelib.lockers.domain.pickups import PickupStatus
from chalicelib.lockers.gateways import workflows
from chalicelib.lockers.gateways.api import InternalApi, Issuer, NotIssued, api_url
from chalicelib.lockers.schemas.outside import OrderReadyElsewhere
from chalicelib.lockers.service import Pickup
from chalicelib.notifications import service as notifications
from chalicelib.notifications.service import Audience, Channel, NotAllTold, Notice
from chalicelib.orders import service as orders
from chalicelib.orders.domain import NAMELESS
from chalicelib.returns import service as returns

functions = Blueprint(__name__)
OURS = "aisle."


@functions.on_sqs_message(queue=settings().locker_changes_queue, name="lockers-on-change", batch_size=10)
@each_event
def on_change(event: Event, by: Principal) -> None:
    """Trigger: bus aisle, what becomes of fulfilments, orders, pickups and drop-offs → queue lockers-changes. Compartments are found
    for what is packed, freed of what is called off, cabinets forget what they may not open any more, and returns wait for what lies
    in lockers."""
    if event.type == "FulfilmentPacked":
        if event.data.get("pickup"):
            pickup = service.open_pickup(event.data["order_id"], event.aggregate.id, event.data["pickup"], by)
            if pickup.status is PickupStatus.CLEARED:
                workflows.start_hold(pickup)
    elif event.source == "aisle.orders":
        _follow_order(event, by)
    elif event.type == "ReturnDroppedOff":
        returns.note_dropped_off(event.data["return_id"], event.occurred_at)
    else:
        _follow_pickup(event)


def _follow_pickup(event: Event) -> None:
    if event.type != "PickupCleared":
        service.follow_pickup(event.aggregate.id)
    if event.type in ("PickupCleared", "PickupCollected"):
        # Collected, too: a cabinet without a line may have opened it before it expired, and nobody will clear it.
        service.go_on(event.aggregate.id)


def _follow_order(event: Event, by: Principal) -> None:
    if event.type == "OrderReassigned":
        if event.data.get("left"):
            _call_off(event.data["left"], by)
        return
    for fulfilment_id in event.data.get("fulfilments", ()):
        if event.type == "OrderHeld":
            service.keep_shut_offline(fulfilment_id)
        else:
            _call_off(fulfilment_id, by)


def _call_off(fulfilment_id: str, by: Principal) -> None:
    """Of a parcel that some units were taken out of, the rest is still to be collected."""
    part = fulfilment.read(fulfilment_id, by)
    if part.pickup and part.status is FulfilmentStatus.CANCELLED:
        service.cancel_pickup(fulfilment_id, by)


@functions.on_sqs_message(queue=settings().order_ready_queue, name="lockers-on-order-ready", batch_size=10)
@each_message
def on_order_ready(body: Any, by: Principal) -> None:
    """Trigger: bus aisle, OrderReadyForPickup of ours or of another system, and what else a shopper is told of a pickup → queue
    lockers-order-ready. They get a passcode, and a link with it."""
    try:
        source, event_id, detail = str(body["source"]), str(body["id"]), body["detail"]
    except (KeyError, TypeError) as error:
        raise Poison(f"not an event: {error!r}") from error
    if not source.startswith(OURS):
        pickup = _announced(source, detail, by)
        with tracing(event_id, event_id):
            # However often it is announced, they are told once.
            tell_shopper(f"announced-{pickup.id}", "OrderReadyForPickup", pickup, InternalApi())
        return
    event = _ours(detail)
    with tracing(event.correlation_id, event.id):
        tell_shopper(event.id, event.type, service.find_pickup(str(event.data["pickup_id"])), InternalApi())


def _ours(detail: Any) -> Event:
    try:
        return Event.from_dict(detail)
    except (KeyError, TypeError) as error:
        raise Poison(f"not an event envelope: {error!r}") from error


def _announced(source: str, detail: Any, by: Principal) -> Pickup:
    """The pickup of another system's order. What is wrong with its announcement does not get better by coming again."""
    announced = understood(OrderReadyElsewhere, detail)
    try:
        return service.announce_foreign(source, **announced.as_announcement(), by=by)
    except Unavailable:
        raise
    except AisleError as error:
        raise Poison(f"{error.code}: {error.detail}") from error


def tell_shopper(event_id: str, what: str, pickup: Pickup, issuer: Issuer) -> None:
    """Tell the shopper what became of their pickup, unless they were told; with a passcode when it can be collected from now on.

    The code is known here alone and kept nowhere: when telling fails altogether, the next attempt has another issued, and the one
    before opens nothing.
    """
    if what == "OrderReadyForPickup":
        workflows.start_hold(pickup)
    to = None if notifications.was_told(event_id) else _audience(pickup)
    if to is None:
        return
    told = _about(pickup)
    if what in WITH_PASSCODE:
        try:
            digits = issuer.issue_passcode(pickup.id, "shopper")
        except (NotFound, NotIssued):
            return  # collected, expired or called off meanwhile
        told |= {"code": digits, "link": link_of(pickup.id, digits)}
    notice = "OrderReadyForPickup" if what in WITH_PASSCODE else what
    try:
        notifications.tell(event_id, Notice(notice, told, pickup.order_id), to)
    except NotAllTold:
        if not notifications.was_told(event_id):
            raise


WITH_PASSCODE = frozenset({"OrderReadyForPickup", "PasscodeRequested"})


def _about(pickup: Pickup) -> dict[str, str]:
    site = service.read_site(pickup.site_id)
    until = datetime.fromisoformat(str(pickup.expires_at)).astimezone(ZoneInfo(site.timezone))
    return {"site": site.name, "until": until.strftime("%Y-%m-%d, %H:%M")}


def link_of(pickup_id: str, digits: str) -> str:
    """The page of a pickup. The code stands behind the `#`, which browsers keep to themselves: no server and no log ever sees it."""
    return f"{settings().public_url or api_url()}/v1/pickups/{pickup_id}/page#{digits}"


def _audience(pickup: Pickup) -> Audience | None:
    """Whom to tell, where they want it; None for one who was forgotten. Nobody subscribes to passcodes."""
    if pickup.fulfilment_id is None:
        if pickup.contact is None:
            return None
        return Audience(**pickup.contact, channels=frozenset({Channel.EMAIL, Channel.SMS}))
    contact = orders.contact_of(pickup.order_id)
    if contact.name == NAMELESS:
        return None
    allowed = {str(channel) for channel in customers.channels_for(contact.customer_id, customers.Purpose.ORDER_UPDATES)}
    return Audience(
        name=contact.name,
        language=contact.language,
        email=contact.email,
        phone=contact.phone,
        customer_id=contact.customer_id,
        channels=frozenset(one for one in Channel if one is not Channel.TOPIC and str(one) in allowed),
    )


@functions.on_sqs_message(queue=settings().pickup_confirmed_queue, name="lockers-on-pickup-confirmed", batch_size=10)
@each_event
def on_pickup_confirmed(event: Event, by: Principal) -> None:
    """Trigger: bus aisle, PickupConfirmed and DropOffRequested → queue lockers-pickup-confirmed. The doors are told to open."""
    if event.type == "DropOffRequested":
        service.open_for_drop_off(event.aggregate.id, event.id, by)
    else:
        service.open_compartments(event.aggregate.id, event.id, by)
