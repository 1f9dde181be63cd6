"""Carts of customers, for them and for those who serve."""

from chalice.app import Response

from chalicelib.carts import service
from chalicelib.carts.domain import CartClosed, CartFull, CartsDiffer
from chalicelib.carts.routes import blueprint
from chalicelib.carts.routes.blueprint import CHANGING, CHECKING_OUT, SCOPE, SETTING, TOKEN, routes
from chalicelib.carts.schemas import (
    CartView,
    CheckOut,
    ConfigureCart,
    LineQuery,
    MergeCarts,
    OpenCart,
    OrderedView,
    SetLine,
)
from chalicelib.carts.service import Visitor
from chalicelib.core import http
from chalicelib.core.errors import Forbidden, NotFound


@routes.endpoint(
    "POST",
    "/v1/carts",
    summary="Open the customer's cart",
    body=OpenCart,
    answers={200: CartView, 201: CartView},
    scopes=[SCOPE],
    raises=[Forbidden],
)
def open_cart() -> Response:
    """A customer fills one cart for each channel, on whatever device: 200 with the one there is, else 201 with a new one."""
    wanted = http.body(OpenCart)
    seen, is_new = service.open_cart(wanted.channel, wanted.currency, wanted.customer_id, http.caller())
    if not is_new:
        return blueprint.shown(seen)
    location = f"/v1/carts/{seen.cart.id}"
    return http.send(http.answer(201, CartView.of(seen), version=seen.cart.version, location=location))


@routes.endpoint(
    "GET",
    "/v1/carts/{cart_id}",
    summary="Read a cart",
    answers={200: CartView},
    scopes=[SCOPE],
    raises=[NotFound],
)
def read_cart(cart_id: str) -> Response:
    """At today's prices, with what they were when the cart was last changed, and what can be had of each line."""
    return blueprint.shown(service.read_cart(cart_id, Visitor(http.caller())))


@routes.endpoint(
    "PATCH",
    "/v1/carts/{cart_id}",
    summary="Change coupons, currency or destination of a cart",
    body=ConfigureCart,
    answers={200: CartView},
    scopes=[SCOPE],
    versioned=True,
    raises=CHANGING,
)
def configure_cart(cart_id: str) -> Response:
    """A code that does not count stays in the cart and says why; it may count when there is more in it."""
    return blueprint.configure(cart_id, Visitor(http.caller()))


@routes.endpoint(
    "PUT",
    "/v1/carts/{cart_id}/lines/{sku}",
    summary="Set a line of a cart",
    body=SetLine,
    query=LineQuery,
    answers={200: CartView},
    scopes=[SCOPE],
    versioned=True,
    raises=SETTING,
)
def set_cart_line(cart_id: str, sku: str) -> Response:
    """So many units of a SKU, whatever there were; up to 500 lines. With a `seller` nobody else is to sell them: that is a line of its
    own beside the one without."""
    return blueprint.set_line(cart_id, sku, Visitor(http.caller()))


@routes.endpoint(
    "DELETE",
    "/v1/carts/{cart_id}/lines/{sku}",
    summary="Remove a line of a cart",
    query=LineQuery,
    answers={200: CartView},
    scopes=[SCOPE],
    versioned=True,
    raises=CHANGING,
)
def remove_cart_line(cart_id: str, sku: str) -> Response:
    """Nothing of a SKU any more; with a `seller`, of the line that names it, else of the one that names none."""
    return blueprint.remove_line(cart_id, sku, Visitor(http.caller()))


@routes.endpoint(
    "POST",
    "/v1/carts/{cart_id}/merge",
    summary="Merge a guest's cart into the customer's",
    body=MergeCarts,
    answers={200: CartView},
    scopes=[SCOPE],
    token=TOKEN,
    raises=[NotFound, CartClosed, CartsDiffer, CartFull],
)
def merge_carts(cart_id: str) -> Response:
    """On sign-in, with the token of the guest's cart in the header Cart-Token. Quantities of a SKU are added where both
    name the same seller, or none, up to 9,999. Repeating it changes nothing."""
    wanted = http.body(MergeCarts)
    return blueprint.shown(service.merge_carts(cart_id, wanted.guest_cart_id, http.header(TOKEN), http.caller()))


@routes.endpoint(
    "POST",
    "/v1/carts/{cart_id}/checkout",
    summary="Order what is in a cart",
    body=CheckOut,
    answers={202: OrderedView, 200: OrderedView},
    scopes=[SCOPE],
    idempotent=True,
    raises=CHECKING_OUT,
)
def check_out_cart(cart_id: str) -> Response:
    """The cart ends with the order, in one transaction: it is ordered once. With `Prefer: wait=N` (up to 20 seconds) the answer
    is held until the order is confirmed or refused, and is 200 then."""
    return blueprint.check_out(cart_id, Visitor(http.caller()), lambda order: f"/v1/orders/{order.id}")
