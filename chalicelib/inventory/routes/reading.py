"""Routes that read stock, for staff."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import NotFound
from chalicelib.core.paging import Page
from chalicelib.core.schemas import PageQuery
from chalicelib.inventory import service
from chalicelib.inventory.routes.blueprint import SCOPE, routes
from chalicelib.inventory.schemas import (
    MovementView,
    StockQuery,
    StockView,
)


@routes.endpoint(
    "GET",
    "/v1/inventory/stock",
    summary="List the stock at a location",
    query=StockQuery,
    answers={200: http.list_of(StockView)},
    scopes=[SCOPE],
    raises=[NotFound],
)
def list_stock() -> Response:
    """Every SKU that the location has or had, by SKU."""
    wanted = http.query(StockQuery)
    page = service.stock_at_location(wanted.location, wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, StockView.of)


@routes.endpoint(
    "GET",
    "/v1/inventory/stock/{sku}",
    summary="Read the stock of a SKU",
    answers={200: http.list_of(StockView)},
    scopes=[SCOPE],
    raises=[NotFound],
)
def read_stock(sku: str) -> Response:
    """The counters at every location that has or had it."""
    return http.listed(Page(service.stock_of_sku(sku, http.caller()), None), StockView.of)


@routes.endpoint(
    "GET",
    "/v1/inventory/stock/{sku}/movements",
    summary="List the movements of a SKU",
    query=PageQuery,
    answers={200: http.list_of(MovementView)},
    scopes=[SCOPE],
    raises=[NotFound],
)
def list_movements(sku: str) -> Response:
    """Every change of on-hand stock at any location, oldest first. They add up to what is on hand."""
    wanted = http.query(PageQuery)
    page = service.movements_of(sku, wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, MovementView.of)
