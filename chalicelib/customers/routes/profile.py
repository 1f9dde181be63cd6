"""Profiles."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import Stale
from chalicelib.customers import service
from chalicelib.customers.domain import Customer, CustomerGone
from chalicelib.customers.routes.common import READ, WRITE, me, routes
from chalicelib.customers.schemas import ChangeProfile, CreateCustomer, CustomersQuery, CustomerView


@routes.endpoint("GET", "/v1/me", summary="Read your profile", answers={200: CustomerView})
def read_me() -> Response:
    """Made at first use. E-mail address and phone number count as yours once you have proven it."""
    return _profile(service.enter(http.caller()))


@routes.endpoint(
    "PATCH",
    "/v1/me",
    summary="Change your profile",
    body=ChangeProfile,
    answers={200: CustomerView},
    versioned=True,
    raises=[Stale, CustomerGone],
)
def change_me() -> Response:
    """An address or number that was proven and is another now has to be proven anew."""
    changes = http.body(ChangeProfile).changes()
    return _profile(service.change_profile(me(), changes, expected_version=http.expected_version(), by=http.caller()))


@routes.endpoint(
    "POST",
    "/v1/customers",
    summary="Enter a customer",
    body=CreateCustomer,
    answers={201: CustomerView},
    scopes=WRITE,
    idempotent=True,
)
def create_customer() -> Response:
    """Somebody without an account, e.g. who orders by phone; for staff. Look them up first: contacts that nobody has proven
    may be given twice."""
    fields = http.body(CreateCustomer).model_dump()
    return http.once(
        lambda once: service.create_customer(
            fields,
            by=http.caller(),
            once=once,
            answer=lambda made: http.answer(
                201, CustomerView.of(made), version=made.version, location=f"/v1/customers/{made.id}"
            ),
        )
    )


@routes.endpoint(
    "GET",
    "/v1/customers",
    summary="Look customers up",
    query=CustomersQuery,
    answers={200: http.list_of(CustomerView)},
    scopes=READ,
)
def find_customers() -> Response:
    """By e-mail address or phone number, proven or not; for staff."""
    wanted = http.query(CustomersQuery)
    page = service.find_customers(*wanted.contact(), wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, CustomerView.of)


@routes.endpoint(
    "GET", "/v1/customers/{customer_id}", summary="Read a customer", answers={200: CustomerView}, scopes=READ
)
def read_customer(customer_id: str) -> Response:
    """For staff, and for the customer."""
    return _profile(service.read_customer(customer_id, http.caller()))


@routes.endpoint(
    "PATCH",
    "/v1/customers/{customer_id}",
    summary="Change a customer",
    body=ChangeProfile,
    answers={200: CustomerView},
    scopes=WRITE,
    versioned=True,
    raises=[Stale, CustomerGone],
)
def change_customer(customer_id: str) -> Response:
    """For staff. A contact that was proven and is another now has to be proven anew by the customer."""
    changes = http.body(ChangeProfile).changes()
    return _profile(
        service.change_profile(customer_id, changes, expected_version=http.expected_version(), by=http.caller())
    )


def _profile(customer: Customer) -> Response:
    return http.ok(CustomerView.of(customer), version=customer.version)
