"""Routes of offers: who sells a SKU."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import NotFound
from chalicelib.core.paging import Page
from chalicelib.listings.routes.blueprint import routes
from chalicelib.listings.schemas import OfferOnSaleView, OffersQuery
from chalicelib.listings.service import use_cases as service


@routes.endpoint(
    "GET",
    "/v1/variants/{sku}/offers",
    summary="List who sells a variant",
    query=OffersQuery,
    answers={200: http.list_of(OfferOnSaleView)},
    public=True,
    raises=[NotFound],
)
def list_offers(sku: str) -> Response:
    """Suppliers that may sell now, with prices and units. What the retailer sells itself is read from the variant and its
    availability. A SKU has few enough for one page."""
    wanted = http.query(OffersQuery)
    offers = service.offers_of(sku, wanted.channel, wanted.currency, http.caller())
    return http.listed(Page(offers, None), OfferOnSaleView.of)
