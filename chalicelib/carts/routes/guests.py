"""Carts of guests: whoever sends the token of a cart has it."""

from chalice.app import Response

from chalicelib.carts import service
from chalicelib.carts.routes import blueprint
from chalicelib.carts.routes.blueprint import CHANGING, CHECKING_OUT, SETTING, TOKEN, routes
from chalicelib.carts.schemas import (
    CartView,
    CheckOut,
    ConfigureCart,
    LineQuery,
    OpenedGuestCart,
    OpenGuestCart,
    OrderedView,
    SetLine,
)
from chalicelib.carts.service import Visitor
from chalicelib.core import http
from chalicelib.core.errors import NotFound


def _visitor() -> Visitor:
    return Visitor.guest(http.header(TOKEN))


@routes.endpoint(
    "POST",
    "/v1/guest-carts",
    summary="Open a guest's cart",
    body=OpenGuestCart,
    answers={201: OpenedGuestCart},
    public=True,
)
def open_guest_cart() -> Response:
    """For somebody without an account. Its token is shown this once and goes with every request, in the header Cart-Token.

    It takes no Idempotency-Key, because an answer with a token is not kept; a cart that nobody has the token of expires.
    """
    wanted = http.body(OpenGuestCart)
    seen, token = service.open_guest_cart(wanted.channel, wanted.currency)
    view = OpenedGuestCart.opened(seen, token)
    return http.send(http.answer(201, view, version=view.version, location=f"/v1/guest-carts/{view.id}"))


@routes.endpoint(
    "GET",
    "/v1/guest-carts/{cart_id}",
    summary="Read a guest's cart",
    answers={200: CartView},
    public=True,
    token=TOKEN,
    raises=[NotFound],
)
def read_guest_cart(cart_id: str) -> Response:
    """At today's prices, with what they were when the cart was last changed, and what can be had of each line."""
    return blueprint.shown(service.read_cart(cart_id, _visitor()))


@routes.endpoint(
    "PATCH",
    "/v1/guest-carts/{cart_id}",
    summary="Change coupons, currency or destination of a guest's cart",
    body=ConfigureCart,
    answers={200: CartView},
    public=True,
    token=TOKEN,
    versioned=True,
    raises=CHANGING,
)
def configure_guest_cart(cart_id: str) -> Response:
    """A code that does not count stays in the cart and says why; it may count when there is more in it."""
    return blueprint.configure(cart_id, _visitor())


@routes.endpoint(
    "PUT",
    "/v1/guest-carts/{cart_id}/lines/{sku}",
    summary="Set a line of a guest's cart",
    body=SetLine,
    query=LineQuery,
    answers={200: CartView},
    public=True,
    token=TOKEN,
    versioned=True,
    raises=SETTING,
)
def set_guest_cart_line(cart_id: str, sku: str) -> Response:
    """So many units of a SKU, whatever there were; up to 500 lines. With a `seller` nobody else is to sell them: that is a line of its
    own beside the one without."""
    return blueprint.set_line(cart_id, sku, _visitor())


@routes.endpoint(
    "DELETE",
    "/v1/guest-carts/{cart_id}/lines/{sku}",
    summary="Remove a line of a guest's cart",
    query=LineQuery,
    answers={200: CartView},
    public=True,
    token=TOKEN,
    versioned=True,
    raises=CHANGING,
)
def remove_guest_cart_line(cart_id: str, sku: str) -> Response:
    """Nothing of a SKU any more; with a `seller`, of the line that names it, else of the one that names none."""
    return blueprint.remove_line(cart_id, sku, _visitor())


@routes.endpoint(
    "POST",
    "/v1/guest-carts/{cart_id}/checkout",
    summary="Order what is in a guest's cart",
    body=CheckOut,
    answers={202: OrderedView, 200: OrderedView},
    public=True,
    token=TOKEN,
    idempotent=True,
    raises=CHECKING_OUT,
)
def check_out_guest_cart(cart_id: str) -> Response:
    """The cart ends with the order, in one transaction: it is ordered once. With `Prefer: wait=N` (up to 20 seconds) the answer
    is held until the order is confirmed or refused, and is 200 then. The token goes on to read what became of it."""
    visitor = _visitor()
    # Before the key is looked up: whoever cannot open the cart gets no answer to somebody else's checkout.
    service.find_cart(cart_id, visitor)
    return blueprint.check_out(cart_id, visitor, lambda _: f"/v1/guest-carts/{cart_id}/order")


@routes.endpoint(
    "GET",
    "/v1/guest-carts/{cart_id}/order",
    summary="Read what became of a guest's cart",
    answers={200: OrderedView},
    public=True,
    token=TOKEN,
    raises=[NotFound],
)
def read_guest_order(cart_id: str) -> Response:
    """The order that it was placed as, and how far that has come."""
    return http.ok(OrderedView.of_cart(cart_id, service.ordered(cart_id, _visitor())))
