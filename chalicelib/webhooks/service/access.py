"""Who manages which webhooks. Every use case asks here first."""

from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import Forbidden, NotFound
from chalicelib.core.ids import is_id
from chalicelib.suppliers.service import acting_supplier
from chalicelib.webhooks import store
from chalicelib.webhooks.domain.webhook import Webhook

SCOPE = "webhooks.write"
SUPPLIER_SCOPE = "suppliers.self"


def confined_to(by: Principal) -> str | None:
    """The supplier whose webhooks are all that the caller manages and reads; None for who manages everybody's.

    Those are administrators, and machines with the scope: what the operator's webhooks tell is the whole shop's. Raises
    `Forbidden` for who is neither they nor acts for a supplier.
    """
    if by.may(Role.ADMIN, scope=SCOPE):
        return None
    by.require(Role.ADMIN, Role.SUPPLIER, scope=SUPPLIER_SCOPE)
    supplier_id = acting_supplier(by)
    if supplier_id is None:
        raise Forbidden("This account acts for no supplier.")
    return supplier_id


def must_find(webhook_id: str, by: Principal) -> Webhook:
    """The webhook, if the caller manages it. Raises `NotFound`, for another's in the same words, and `Forbidden`."""
    supplier_id = confined_to(by)
    webhook = store.get_webhook(webhook_id) if is_id(webhook_id, "whk") else None
    if webhook is None or supplier_id not in (None, webhook.supplier_id):
        raise NotFound(f"There is no webhook {webhook_id}.")
    return webhook
