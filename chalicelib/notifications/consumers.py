"""Queues that notifications read. Whom an event concerns is asked when it is told: events hold no personal data."""

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.consumers import each_event
from chalicelib.core.outbox import Event
from chalicelib.core.settings import settings
from chalicelib.customers import service as customers
from chalicelib.customers.service import ConsentChannel, Means
from chalicelib.notifications import service
from chalicelib.notifications.domain import FALLBACK, KINDS, Audience, Channel, Notice, Purpose, told_skus
from chalicelib.orders import service as orders
from chalicelib.orders.domain import NAMELESS

functions = Blueprint(__name__)


@functions.on_sqs_message(queue=settings().notifications_queue, name="notifications-on-order-event", batch_size=10)
@each_event
def on_order_event(event: Event, by: Principal) -> None:
    """Trigger: bus aisle, what concerns a customer or a supplier (`KINDS`) → queue notifications-order-events."""
    kind = KINDS.get(event.type)
    if kind is None or event.data.get("pickup"):
        return  # nothing was sent to one who has just taken it out of a locker
    if event.type == "VerificationRequested":
        _send_code(event)
    elif kind.purpose is Purpose.SELLING:
        _tell_supplier(event)
    elif kind.purpose is Purpose.ORDER_UPDATES:
        _tell_of_order(event, by)
    else:
        _tell_customer(event, kind.purpose)


def _tell_of_order(event: Event, by: Principal) -> None:
    """To the contact given with the order. An order whose person was forgotten has none."""
    order_id = str(event.data.get("order_id") or event.aggregate.id)
    contact = orders.contact_of(order_id)
    if contact.name == NAMELESS:
        return
    data = {"return_id": event.aggregate.id, **event.data} if event.aggregate.type == "return" else event.data
    notice = Notice(event.type, data, order_id)
    if told_skus(notice):
        names = {line.sku: line.name for line in orders.read_order(order_id, by).lines}
        notice = Notice(event.type, data, order_id, names)
    to = Audience(
        name=contact.name,
        language=contact.language,
        email=contact.email,
        phone=contact.phone,
        customer_id=contact.customer_id,
        channels=_channels(contact.customer_id, Purpose.ORDER_UPDATES),
    )
    service.tell(event.id, notice, to)


def _tell_customer(event: Event, purpose: Purpose) -> None:
    """To the contacts of the profile; of advertising only to those that are proven, so that nobody gets what another asked for."""
    customer_id = str(event.data.get("customer_id") or (event.aggregate.id if purpose is Purpose.ACCOUNT else ""))
    contact = customers.contact_of(customer_id) if customer_id else None
    if contact is None:
        return  # a guest's cart, or one who was forgotten
    advertises = purpose is Purpose.MARKETING
    usable = contact.proven if advertises else frozenset(Means)
    email = contact.email if Means.EMAIL in usable else None
    phone = contact.phone if Means.PHONE in usable else None
    to = Audience(
        name=contact.name,
        language=contact.language,
        email=email,
        phone=phone if advertises or email is None else None,  # of the account they hear once
        customer_id=customer_id,
        channels=_channels(customer_id, purpose),
        unsubscribe=_unsubscribe_token(customer_id) if advertises else None,
    )
    data = {**event.data, "cart_id": event.data.get("cart_id", event.aggregate.id)}
    service.tell(event.id, Notice(event.type, data), to)


def _unsubscribe_token(customer_id: str) -> str:
    return customers.unsubscribe_token(customer_id, customers.Purpose.MARKETING, ConsentChannel.EMAIL)


_CONSENT = {
    Channel.EMAIL: ConsentChannel.EMAIL,
    Channel.SMS: ConsentChannel.SMS,
    Channel.PUSH: ConsentChannel.PUSH,
    Channel.TOPIC: ConsentChannel.PUSH,  # who subscribes passes it on to apps
}


def _channels(customer_id: str | None, purpose: Purpose) -> frozenset[Channel]:
    """Where they may be told. What concerns the account itself needs no consent; it goes to nobody but them."""
    if purpose is Purpose.ACCOUNT:
        return frozenset({Channel.EMAIL, Channel.SMS})
    allowed = customers.channels_for(customer_id, customers.Purpose(purpose))
    return frozenset(channel for channel, consent in _CONSENT.items() if consent in allowed)


def _send_code(event: Event) -> None:
    """To the contact that is to be proven, and nowhere else."""
    means = Means(event.data["means"])
    code = customers.code_of(event.aggregate.id, event.data["verification_id"], means)
    if code is None:
        return  # another was asked for meanwhile, or it has expired
    to = Audience(
        name=code.name,
        language=code.language,
        email=code.to if means is Means.EMAIL else None,
        phone=code.to if means is Means.PHONE else None,
        customer_id=event.aggregate.id,
        channels=frozenset({Channel.EMAIL if means is Means.EMAIL else Channel.SMS}),
    )
    service.tell(event.id, Notice(event.type, {"code": code.digits}), to)


def _tell_supplier(event: Event) -> None:
    """By mail alone: subscribers of the topic hear of customers, and an invitation is a secret."""
    from chalicelib.suppliers.service import mailing  # late: most of what is told concerns customers

    if event.type == "SupplierInvited":
        letter = mailing.invitation_letter(event.data["invitation_id"])
    elif event.type == "OrderOfferedToSupplier" and event.data["called"]:
        return  # its own API is asked
    elif event.type == "OrderOfferedToSupplier":
        letter = mailing.order_letter(event.data["supplier_id"], event.data["answer_by"])
    else:
        letter = mailing.standing_letter(event.aggregate.id, event.type)
    if letter is None:
        return  # it is not so any more, or nobody can be written to
    to = Audience(
        name=letter.name,
        language=letter.language or FALLBACK,
        email=letter.email,
        channels=frozenset({Channel.EMAIL}),
    )
    service.tell(event.id, Notice(event.type, {**event.data, **letter.told}), to)
