"""What can be sold, for everybody."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.paging import Page
from chalicelib.orders import service
from chalicelib.orders.routes.blueprint import routes
from chalicelib.orders.schemas.availability import AvailabilityQuery, AvailabilityView


@routes.endpoint(
    "GET",
    "/v1/availability",
    summary="What can be sold",
    query=AvailabilityQuery,
    answers={200: http.list_of(AvailabilityView)},
    public=True,
)
def read_availability() -> Response:
    """Units that a channel may sell of up to 20 SKUs: of the own stock what is available beyond its safety stock, and what suppliers
    would be asked for now. Which of them, and at which price, tells `/v1/variants/{sku}/offers`."""
    wanted = http.query(AvailabilityQuery)
    found = service.find_sellable(wanted.sku, wanted.channel)
    return http.listed(Page(found, None), lambda one: AvailabilityView.for_channel(one, wanted.channel))
