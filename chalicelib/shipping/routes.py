"""Routes of shipping: what is offered, for everybody; methods, for staff."""

from chalice.app import Response

from chalicelib.core import clock, http
from chalicelib.core.errors import NotFound, Stale
from chalicelib.core.http import Routes
from chalicelib.core.paging import Page
from chalicelib.core.schemas import PageQuery
from chalicelib.shipping import service
from chalicelib.shipping.domain import MethodFaulty
from chalicelib.shipping.schemas import ExplanationView, MethodView, OptionsQuery, OptionView, SetMethod

routes = Routes(__name__, "shipping")


@routes.endpoint(
    "GET",
    "/v1/shipping-options",
    summary="How goods can be sent",
    query=OptionsQuery,
    answers={200: http.list_of(OptionView)},
    public=True,
)
def list_shipping_options() -> Response:
    """What it costs and when they arrive, cheapest first. Tax is in the charge where it is in prices."""
    wanted = http.query(OptionsQuery)
    goods = wanted.as_consignment()
    found = service.options(
        goods.country,
        goods.channel,
        goods.currency,
        goods.weight_grams,
        goods.goods_total,
        clock.now(),
        language=wanted.language,
    )
    return http.listed(Page(found, None), OptionView.of)


@routes.endpoint(
    "GET",
    "/v1/shipping-options/explanation",
    summary="Why goods can be sent so, and not otherwise",
    query=OptionsQuery,
    answers={200: ExplanationView},
)
def explain_shipping_options() -> Response:
    """The options, and the reason of each method that is none. For staff."""
    wanted = http.query(OptionsQuery)
    found = service.explain(wanted.as_consignment(), clock.now(), language=wanted.language, by=http.caller())
    return http.ok(ExplanationView.of(found))


@routes.endpoint(
    "GET",
    "/v1/shipping-methods",
    summary="List shipping methods",
    query=PageQuery,
    answers={200: http.list_of(MethodView)},
)
def list_shipping_methods() -> Response:
    """All of them, by code. For staff."""
    wanted = http.query(PageQuery)
    return http.listed(service.list_methods(wanted.limit, wanted.cursor, by=http.caller()), MethodView.of)


@routes.endpoint(
    "GET",
    "/v1/shipping-methods/{code}",
    summary="Read a shipping method",
    answers={200: MethodView},
    raises=[NotFound],
)
def read_shipping_method(code: str) -> Response:
    """One method. For staff."""
    method = service.read_method(code, by=http.caller())
    return http.ok(MethodView.of(method), version=method.version)


@routes.endpoint(
    "PUT",
    "/v1/shipping-methods/{code}",
    summary="Set a shipping method",
    body=SetMethod,
    answers={200: MethodView},
    versioned=True,
    raises=[MethodFaulty, Stale],
)
def set_shipping_method(code: str) -> Response:
    """All of it; `If-Match: "0"` for a new one. Carts and orders see a change within half a minute. For administrators."""
    method = service.set_method(
        http.body(SetMethod).as_method(code), expected_version=http.expected_version(), by=http.caller()
    )
    return http.ok(MethodView.of(method), version=method.version)


@routes.endpoint(
    "DELETE",
    "/v1/shipping-methods/{code}",
    summary="Remove a shipping method",
    answers={204: None},
    versioned=True,
    raises=[NotFound, Stale],
)
def remove_shipping_method(code: str) -> Response:
    """Orders keep what they were charged and promised. For administrators."""
    service.remove_method(code, expected_version=http.expected_version(), by=http.caller())
    return http.send(http.answer(204))
