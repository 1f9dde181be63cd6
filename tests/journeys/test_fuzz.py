"""The deployed API under the requests that its own document allows, and under those it does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    missing_required_header,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

import app as application
from chalicelib.core.http import OPERATIONS, Operation
from chalicelib.lockers.routes.devices import TOKEN as CABINET_TOKEN
from infra.local.testing import TestStack
from tests.journeys.conftest import a_shop
from tests.journeys.lockers import Mall

assert application  # declares the routes

# Prices and rates that are made up here hold for every shop.
pytestmark = pytest.mark.last

EXAMPLES = {"admin": 8, "shopper": 4}
"""Requests per operation, by role; the same each time. Most of what a shopper asks is refused before it is looked at."""

CHECKS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    missing_required_header,
]


@pytest.fixture(scope="session")
def document(stack: TestStack) -> Any:
    """The document that the API serves, as a schema."""
    answer = stack.call("GET", "/v1/openapi.json")
    assert answer.status == 200
    return schemathesis.openapi.from_dict(answer.body)


@pytest.fixture(scope="module")
def real(stack: TestStack) -> dict[str, str]:
    """Path parameters of things that exist, for requests to get past what is not found."""
    shop = a_shop(stack)
    sku = shop.sells(units=100)
    order = shop.place((sku, 1))
    lines = [{"sku": sku, "quantity": 1}]
    transfer = shop.post(
        "/v1/inventory/transfers",
        {"from_location": shop.location, "to_location": a_shop(stack).location, "lines": lines},
    )
    held = shop.post(
        "/v1/reservations",
        {"channel": shop.channel, "seconds": 3600, "lines": [{**lines[0], "location_id": shop.location}]},
    )
    customer = shop.post("/v1/customers", {"name": "Ada Lovelace"})
    line = {"line_id": "1", "quantity": 1, "reason": "damaged"}
    shop.answers(order["fulfilments"][0]["id"], "shipped", {"1": 1})
    shop.answers(order["fulfilments"][0]["id"], "delivered")
    returned = shop.post(f"/v1/orders/{order['id']}/returns", {"lines": [line]})
    promotion = shop.post(
        "/v1/promotions",
        {"name": "Fuzz", "reward": {"type": "percentage", "bps": 1}, "by_code": True, "channels": [shop.channel]},
    )
    code = f"FUZZ-{uuid4().hex[:12].upper()}"
    shop.post(f"/v1/promotions/{promotion.body['id']}/codes", {"codes": [code]})
    terms = {"damaged": {"window_days": 1, "shipping_paid_by": "merchant"}}
    policy = shop.post("/v1/return-policies", {"name": "Fuzz", "scope": {"channels": [shop.channel]}, "terms": terms})
    mall = Mall(shop, f"fuzz-{uuid4().hex[:10]}")
    site = {
        "name": "Fuzz",
        "timezone": "Europe/London",
        "position": {"latitude": 53.8, "longitude": -1.55},
        "address": {"line1": "1 Mill Lane", "city": "Leeds", "country": "GB"},
        "opening_hours": {},
    }
    shop.post("/v1/locker-sites", {"id": mall.site_id, **site})
    boxes = {"name": "Fuzz", "serial_number": uuid4().hex, "compartments": [{"number": "1", "size": "S"}]}
    cabinet = shop.post(f"/v1/locker-sites/{mall.site_id}/cabinets", boxes)
    pickup_id = mall.packs(mall.places(sku))
    mall.becomes(pickup_id, "allocated")
    webhook = shop.post("/v1/webhooks", {"url": "https://fuzz.invalid/", "event_types": ["aisle.webhooks.*"]})
    shop.post("/v1/suppliers", {"profile": {"trading_name": "Fuzz"}}, "supplier")
    supplier = shop.get("/v1/suppliers/me", role="supplier")
    return {
        "supplier_id": supplier.body["id"],
        "allocation_id": order["fulfilments"][0]["id"],
        "member_id": "machine:none",
        "document_id": "doc_none",
        "supplier_sku": "none",
        "feed_id": "fed_none",
        "cabinet_id": cabinet.body["id"],
        "certificate_id": "0" * 64,
        "command_id": "cmd_none",
        "drop_off_id": "drp_none",
        "number": "1",
        "pickup_id": pickup_id,
        "site_id": mall.site_id,
        "period": "2026-01",
        "run_id": "pyr_none",
        "cart_id": shop.post("/v1/carts", {"channel": shop.channel, "currency": "GBP"}, "shopper").body["id"],
        "code": code,
        "country": "XX",
        "category": "fuzz",
        "delivery_id": "dlv_none",
        "gift_card_id": shop.post("/v1/gift-cards", {"amount": 100, "currency": "GBP"}).body["id"],
        "hold_id": "hld_none",
        "jurisdiction": "XX",
        "policy_id": policy.body["id"],
        "promotion_id": promotion.body["id"],
        "return_id": returned.body["id"],
        "review_id": "rev_none",
        "case_id": "rev_none",
        "webhook_id": webhook.body["id"],
        "customer_id": customer.body["id"],
        "address_id": "adr_none",
        "device_id": "dev_none",
        "token": "none",
        "event": "OrderConfirmed",
        "channel": "sms",
        "language": "xx",  # nobody's, so that nobody is told in these words
        "category_id": shop.category,
        "product_id": shop.get(f"/v1/variants/{sku}").body["product_id"],
        "sku": sku,
        "location_id": shop.location,
        "order_id": order["id"],
        "fulfilment_id": order["fulfilments"][0]["id"],
        "transfer_id": transfer.body["id"],
        "reservation_id": held.body["id"],
    }


PRICED_BY = {
    "/v1/promotions": "id",
    "/v1/return-policies": "id",
    "/v1/shipping-methods": "code",
    "/v1/webhooks": "id",
}
"""What holds for every shop on the stack, and by what it is named."""


@pytest.fixture(scope="module", autouse=True)
def tidied(stack: TestStack) -> Iterator[None]:
    """What is left here must not change what other tests pay."""
    yield
    for path, name in PRICED_BY.items():
        cursor: str | None = None
        while True:
            page = stack.call("GET", path, role="admin", params={"cursor": cursor} if cursor else {}).body
            for one in page["items"]:
                headers = {"If-Match": f'"{one["version"]}"'}
                stack.call("DELETE", f"{path}/{one[name]}", role="admin", headers=headers)
            cursor = page["next_cursor"]
            if cursor is None:
                break


fuzzed = settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("role", EXAMPLES)
@pytest.mark.parametrize(
    # Being forgotten would end the tests' own users.
    "operation",
    [one for one in OPERATIONS if one.name != "erase_me"],
    ids=lambda one: f"{one.method} {one.path}",
)
def test_nothing_breaks(operation: Operation, role: str, document: Any, real: dict[str, str], stack: TestStack) -> None:
    """No server error, and every answer is one that the document describes for this request."""
    described = document[operation.path][operation.method]
    headers = {"Authorization": stack.token(role)}

    @settings(fuzzed, max_examples=EXAMPLES[role])
    @given(st.one_of(described.as_strategy(generation_mode=mode) for mode in GenerationMode), st.booleans())
    def answers(case: Case, to_something_real: bool) -> None:
        if to_something_real and not _is_broken(case):
            case.path_parameters.update({name: real[name] for name in case.path_parameters})
        response = case.call(base_url=stack.api_url, headers=headers, timeout=35)
        if not _is_the_gateways(response):
            case.validate_response(response, checks=[check for check in CHECKS if _applies(check, case, response)])

    answers()


@pytest.mark.parametrize("odd", ["a#b", "ORDER#a", "x" * 900, "x" * 3000, "é", "%", "..", " "], ids=lambda odd: odd[:8])
def test_an_id_of_any_shape_is_at_most_not_found(odd: str, stack: TestStack) -> None:
    for one in OPERATIONS:
        if "{" in one.path and one.method == "GET":
            path = re.sub(r"{.*?}", quote(odd, safe=""), one.path)
            # With an account or with the token of a cart: both where either will do.
            headers = {one.token: "none"} if one.token else {}
            answer = stack.call("GET", path, role="admin", headers=headers)
            # A cabinet that is not there has no token, either.
            assert answer.status in (200, 400, 403, 404, *[401] * (one.token == CABINET_TOKEN)), (path[:80], answer)


def _is_the_gateways(response: Response) -> bool:
    """API Gateway answers for itself where there is no route (an empty or slashed path part) or no token."""
    return response.status_code in (400, 401, 403, 404, 415) and "x-correlation-id" not in response.headers


def _applies(check: CheckFunction, case: Case, response: Response) -> bool:
    if check is negative_data_rejection:
        # A correlation id that is none is passed over, and the token is the test's own.
        return _is_broken(case, apart_from=ParameterLocation.HEADER)
    # API Gateway calls even an empty body application/json.
    return not (check is response_schema_conformance and response.status_code == 204 and not response.content)


def _is_broken(case: Case, apart_from: ParameterLocation | None = None) -> bool:
    """Whether a part of the request was made against the document on purpose."""
    assert case.meta
    return any(part.mode.is_negative for where, part in case.meta.components.items() if where is not apart_from)
