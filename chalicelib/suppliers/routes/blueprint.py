"""What all routes of suppliers share."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.http import Routes
from chalicelib.core.idempotency import Answer
from chalicelib.suppliers.domain.record import Supplier
from chalicelib.suppliers.schemas.views import SupplierView
from chalicelib.suppliers.service import use_cases as service
from chalicelib.suppliers.service.access import OPERATOR_SCOPE, SUPPLIER_SCOPE

routes = Routes(__name__, "suppliers")
OPERATOR = [OPERATOR_SCOPE]
BOTH = [OPERATOR_SCOPE, SUPPLIER_SCOPE]


def shown(one: Supplier) -> Answer:
    """The supplier as its caller may see it."""
    return _answer(200, one)


def accepted(one: Supplier) -> Answer:
    """The supplier, whose verification is on its way."""
    return _answer(202, one)


def sent(one: Supplier, status: int = 200) -> Response:
    """As `shown`, at once."""
    return http.send(_answer(status, one))


def _answer(status: int, one: Supplier) -> Answer:
    view = SupplierView.shown(one, to_operator=service.is_operator(http.caller()))
    location = f"/v1/suppliers/{one.id}" if status == 202 else None
    return http.answer(status, view, version=one.version, location=location)
