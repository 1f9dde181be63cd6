"""With IAM enforced: functions touch only keys of the table that their roles name.

The local cloud enforces what a role may do to which resource, but not `dynamodb:LeadingKeys`. So what functions ask of the
table is recorded here and held against the conditions of their deployed policies, as DynamoDB would.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from types import SimpleNamespace
from typing import Any, ClassVar
from unittest.mock import MagicMock, patch
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

from app import app
from chalicelib.carts.tasks import carts_tasks
from chalicelib.core import clock, outbox, outside, workflow
from chalicelib.core.auth import Principal, Role, system
from chalicelib.core.keys import key
from chalicelib.core.outside import Reply
from chalicelib.core.settings import settings
from chalicelib.core.table import Item, Transaction
from chalicelib.customers import gateways as customers_gateways
from chalicelib.customers import service as customers
from chalicelib.customers.tasks import customers_tasks
from chalicelib.feeds.consumers import on_feed_received
from chalicelib.feeds.tasks import feeds_tasks
from chalicelib.fulfilment import gateways as fulfilment_gateways
from chalicelib.fulfilment.consumers import on_fulfilment_shipped, on_order_changed, on_warehouse_answer
from chalicelib.fulfilment.tasks import fulfilment_tasks
from chalicelib.inventory import service as inventory
from chalicelib.inventory.service import stock_policy
from chalicelib.inventory.tasks import inventory_tasks
from chalicelib.ledger.tasks import ledger_tasks
from chalicelib.listings.service.on_sale import forget_settings
from chalicelib.listings.tasks import listings_tasks
from chalicelib.notifications import gateways as notifications_gateways
from chalicelib.notifications.consumers import on_order_event
from chalicelib.orders import gateways as orders_gateways
from chalicelib.orders import store
from chalicelib.orders.consumers import on_order_cancelled, on_order_placed, on_units_missing
from chalicelib.orders.tasks import orders_tasks
from chalicelib.payments.consumers import on_refund_requested
from chalicelib.payments.gateways import workflows as payments_workflows
from chalicelib.payments.tasks import payments_tasks
from chalicelib.promotions import service as promotions
from chalicelib.returns import service as returns
from chalicelib.returns.consumers import on_return_authorised, on_return_progressed
from chalicelib.returns.tasks import returns_tasks
from chalicelib.reviews import service as reviews
from chalicelib.reviews import store as reviews_store
from chalicelib.reviews.consumers import on_review_decided
from chalicelib.reviews.tasks import reviews_tasks
from chalicelib.routing.consumers import on_answered, on_request
from chalicelib.routing.store import items as routing_store
from chalicelib.routing.tasks import routing_tasks
from chalicelib.shipping import service as shipping
from chalicelib.suppliers.service import find_seller, reaching
from chalicelib.suppliers.tasks import suppliers_tasks
from chalicelib.taxes import service as taxes
from chalicelib.taxes.consumers import on_order_event as on_taxed_event
from chalicelib.webhooks import gateways as webhooks_gateways
from chalicelib.webhooks.consumers import on_attempt, on_event
from chalicelib.webhooks.service import fan_out as webhooks
from chalicelib.webhooks.tasks import webhooks_tasks
from infra.local.testing import STAGE, TestStack
from tests.conftest import ADMIN, request
from tests.integration.orders import conftest as in_process
from tests.integration.orders.conftest import dynamodb_url, real_table
from tests.journeys import company_lockers
from tests.journeys.company_lockers import a_mall
from tests.journeys.guarded import FUNCTIONS, guarded, policy_of

__all__ = ["dynamodb_url", "guarded", "real_table"]

pytestmark = [pytest.mark.last, pytest.mark.xdist_group("guarded")]

FORGETTING = (
    inventory.forget_locations,
    forget_settings,
    promotions.forget_promotions,
    returns.forget_policies,
    shipping.forget_methods,
    taxes.forget_rates,
    webhooks.forget_webhooks,
)
WITHOUT_TABLE = (
    "orders-on-order-cancelled",
    "payments-on-refund-requested",
    "suppliers-on-supplier-submitted",
    "listings-on-listing-submitted",
    "ledger-on-payout-run-started",
)
"""All that they need is in the message."""

GATEWAYS = (
    customers_gateways,
    fulfilment_gateways,
    notifications_gateways,
    orders_gateways,
    payments_workflows,
    webhooks_gateways,
    workflow,
)


@dataclass
class Records:
    """Stands on the wire to DynamoDB and notes who asks for what: (action, partition key, index)."""

    session: Any
    asked: dict[str, set[tuple[str, str, str | None]]] = field(default_factory=dict)
    function: str | None = None

    ACTIONS: ClassVar = {
        "Put": "PutItem",
        "Update": "UpdateItem",
        "Delete": "DeleteItem",
        "ConditionCheck": "ConditionCheckItem",
    }

    def send(self, request: Any) -> Any:
        """As botocore calls it."""
        target = request.headers["X-Amz-Target"]
        operation = (target.decode() if isinstance(target, bytes) else str(target)).partition(".")[2]
        if self.function is not None:
            self.asked.setdefault(self.function, set()).update(self._of(operation, json.loads(request.body)))
        return self.session.send(request)

    def close(self) -> None:
        """As botocore calls it."""
        self.session.close()

    def _of(self, operation: str, body: dict[str, Any]) -> Iterator[tuple[str, str, str | None]]:
        if operation == "TransactWriteItems":
            for action, given in (pair for item in body["TransactItems"] for pair in item.items()):
                yield self.ACTIONS[action], (given.get("Key") or given.get("Item"))["pk"]["S"], None
        elif operation == "BatchGetItem":
            for key in (key for table in body["RequestItems"].values() for key in table["Keys"]):
                yield operation, key["pk"]["S"], None
        elif operation == "Query":
            names, index = body["ExpressionAttributeNames"], body.get("IndexName")
            hash_name = next(placeholder for placeholder, name in names.items() if name.endswith("pk"))
            condition = body["KeyConditionExpression"].replace("(", "").replace(")", "")
            value = condition.partition(f"{hash_name} = ")[2].split()[0]
            yield operation, body["ExpressionAttributeValues"][value]["S"], index
        else:
            yield operation, (body.get("Key") or body.get("Item"))["pk"]["S"], None


@pytest.fixture
def records(real_table: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Records]:
    """On the wire; what is neither DynamoDB nor ours agrees to everything."""
    for gateways in GATEWAYS:
        monkeypatch.setattr(gateways, "client", lambda service: _agrees())
    monkeypatch.setattr("chalicelib.core.contacts.derived_key", lambda *_: bytes(32))
    endpoint = Item._get_connection().connection.client._endpoint
    records = Records(endpoint.http_session)
    endpoint.http_session = records
    yield records
    endpoint.http_session = records.session


def _agrees() -> MagicMock:
    service = MagicMock()
    service.exceptions.ExecutionAlreadyExists = service.exceptions.ClientError = ClientError
    service.encrypt.return_value = {"CiphertextBlob": b"sealed"}
    service.decrypt.return_value = {"Plaintext": b"whsec_" + b64encode(bytes(32))}  # does for a task token, too
    service.send_message_batch.return_value = {"Successful": [], "Failed": []}
    return service


@dataclass
class Company:
    """A shop in this process; functions are run as themselves."""

    records: Records
    shop: in_process.Shop

    def run(self, function: str, handler: Callable[..., Any], event: Any) -> Any:
        """Cold, so that it asks for what warm functions keep."""
        for forget in FORGETTING:
            forget()
        self.records.function = function
        outcome = handler(event, None)
        self.records.function = None
        return outcome

    def task(self, function: str, handler: Callable[..., Any], name: str, order_id: str, **given: Any) -> Any:
        return self.run(function, handler, {"task": name, "order_id": order_id, "correlation_id": "keys", **given})

    def hears(self, function: str, handler: Callable[..., Any], order_id: str, *types: str) -> None:
        """The latest events of such types in an order's timeline, as their queue delivers them."""
        found = {event.type: event for event in outbox.timeline(store.order_pk(order_id))}
        for type in types:
            outcome = self.run(function, handler, delivered({"detail": json.loads(found[type].to_json())}))
            assert not (outcome or {}).get("batchItemFailures"), (function, type, outcome)

    def paid(self, order_id: str) -> str:
        """Taken to the warehouse; the id of its fulfilment."""
        self.hears("orders-on-order-placed", on_order_placed, order_id, "OrderPlaced")
        self.task("payments-tasks", payments_tasks, "authorise_payment", order_id)
        self.task("payments-tasks", payments_tasks, "look_up_payment", order_id)
        confirmed = self.task("orders-tasks", orders_tasks, "confirm_order", order_id)
        [fulfilment_id] = [one["fulfilment_id"] for one in confirmed["fulfilments"]]
        given = {"fulfilment_id": fulfilment_id, "task_token": "t"}
        self.task("fulfilment-tasks", fulfilment_tasks, "dispatch_fulfilment", order_id, **given)
        return str(fulfilment_id)

    def arrived(self, order_id: str, units: int) -> None:
        """Shipped, in so many units of its only line, paid and delivered."""
        fulfilment_id = self.paid(order_id)
        lines = [{"line_id": "1", "quantity": units}]
        for number, answer in enumerate(({"type": "shipped", "lines": lines}, {"type": "delivered"})):
            message = {"message_id": f"{order_id}{number}", "fulfilment_id": fulfilment_id, **answer}
            for _ in range(2):
                self.run("fulfilment-on-warehouse-answer", on_warehouse_answer, delivered(message))
        self.hears("fulfilment-on-fulfilment-shipped", on_fulfilment_shipped, order_id, "FulfilmentShipped")
        self.task("payments-tasks", payments_tasks, "capture_payment", order_id, fulfilment_id=fulfilment_id)

    def asks(self, path: str, body: Any, status: int = 201) -> Any:
        """Somebody of the staff calls the API."""
        reply = self.shop.call("POST", path, json=body)
        assert reply.status == status, reply
        return reply.json


def delivered(*bodies: Any) -> dict[str, Any]:
    """Messages of a queue, as a function gets them."""
    source = "arn:aws:sqs:eu-west-1:000000000000:aisle-test-any"
    records = [
        {"messageId": "1", "receiptHandle": "1", "body": json.dumps(body), "eventSourceARN": source} for body in bodies
    ]
    return {"Records": records}


@pytest.fixture
def company(records: Records) -> Company:
    """It sells A and B from one warehouse."""
    shop = in_process.Shop(None)
    shop.category = shop.call("POST", "/v1/categories", json={"name": "All", "slug": "all"}).json["id"]
    shop.opens("leeds")
    shop.sells("A", leeds=20)
    shop.sells("B", price=300, leeds=20)
    return Company(records, shop)


def test_functions_touch_only_keys_that_their_roles_name(
    guarded: TestStack, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All functions but the API, whose role names no keys, through whatever can become of an order, a cart, a customer, a pickup."""
    for live in (
        _split,
        _short,
        _refused,
        _expired,
        _called_off,
        _held,
        _refunded,
        _returned,
        _forgotten,
        _abandoned,
        _reviewed,
        _onboarded,
        _goods_listed,
        _routed,
        _told,
    ):
        live(company)
    mall = a_mall(company, monkeypatch)
    for live_there in company_lockers.LIVES:
        live_there(mall)
    asked = company.records.asked
    assert set(asked) == set(FUNCTIONS) - {"", *WITHOUT_TABLE}
    refusals = [
        (function, *one)
        for function, touched in asked.items()
        for one in sorted(touched, key=str)
        if not any(_allows(statement, *one) for statement in policy_of(guarded, function))
    ]
    assert not refusals, "\n".join(map(str, refusals))


def _short(company: Company) -> None:
    """One of two units is not found; another location has it."""
    order_id = company.shop.placed(("A", 2))
    company.arrived(order_id, units=1)
    company.hears("orders-on-units-missing", on_units_missing, order_id, "OrderUnitsMissing")
    told = ("OrderConfirmed", "FulfilmentShipped", "FulfilmentDelivered")
    company.hears("notifications-on-order-event", on_order_event, order_id, *told)
    company.hears("taxes-on-order-event", on_taxed_event, order_id, "OrderConfirmed")


def _refused(company: Company) -> None:
    order_id = company.shop.placed(("A", 1))
    company.task("payments-tasks", payments_tasks, "authorise_payment", order_id)
    company.task("orders-tasks", orders_tasks, "confirm_order", order_id)
    company.task("payments-tasks", payments_tasks, "void_payment", order_id)
    company.task("orders-tasks", orders_tasks, "refuse_order", order_id, reason="unavailable")
    company.task(
        "orders-tasks", orders_tasks, "park_compensation", order_id, state="VoidPayment", error="?", reason="?"
    )
    company.hears("notifications-on-order-event", on_order_event, order_id, "OrderConfirmed")


def _expired(company: Company) -> None:
    company.shop.placed(("A", 1))
    with clock.at(clock.now() + timedelta(hours=1)):
        company.run("inventory-tasks", inventory_tasks, {"task": "release_expired_reservations"})
        company.run("orders-tasks", orders_tasks, {"task": "serve_waiting"})
    assert company.shop.stock("A")["leeds"][2] <= 2


def _split(company: Company) -> None:
    """Stock that another function is left to tidy: levelled, and folded into fewer rows."""
    for shards in (3, 2, 1):
        path = "/v1/inventory/stock/A/locations/leeds/policy"
        headers = {"If-Match": company.shop.call("GET", path).etag}
        with patch.object(stock_policy, "tidy"):
            assert request(app, "PUT", path, json={"shards": shards}, by=ADMIN, headers=headers).status == 200
        company.run("inventory-tasks", inventory_tasks, {"task": "level_split_stock"})
        order_id = company.shop.placed(("A", 1))
        company.arrived(order_id, units=1)
    assert company.shop.stock("A") == {"leeds": (17, 17, 0)}


def _called_off(company: Company) -> None:
    order_id = company.shop.placed(("A", 2))
    company.paid(order_id)
    cancelled = company.asks(f"/v1/orders/{order_id}/cancellations", {})["id"]
    company.hears("orders-on-order-cancelled", on_order_cancelled, order_id, "OrderCancelled")
    given = {"cancellation_id": cancelled}
    found = company.task("orders-tasks", orders_tasks, "finish_cancellation", order_id, **given)
    company.task(
        "fulfilment-tasks", fulfilment_tasks, "recall_fulfilments", order_id, **given, recalls=found["recalls"]
    )
    company.task("payments-tasks", payments_tasks, "settle_payment", order_id)
    company.hears("taxes-on-order-event", on_taxed_event, order_id, "OrderCancelled")
    company.hears("notifications-on-order-event", on_order_event, order_id, "OrderCancelled")


def _held(company: Company) -> None:
    order_id = company.shop.placed(("A", 1))
    company.paid(order_id)
    company.asks(f"/v1/orders/{order_id}/holds", {"reason": "address_in_doubt"})
    company.hears("fulfilment-on-order-changed", on_order_changed, order_id, "OrderHeld")


def _refunded(company: Company) -> None:
    order_id = company.shop.placed(("A", 1))
    company.arrived(order_id, units=1)
    company.asks(f"/v1/orders/{order_id}/refunds", {"amount": 100, "reason": "goodwill"}, 202)
    company.hears("payments-on-refund-requested", on_refund_requested, order_id, "RefundRequested")
    company.task("payments-tasks", payments_tasks, "settle_payment", order_id)
    company.hears("taxes-on-order-event", on_taxed_event, order_id, "RefundRequested")
    company.hears("notifications-on-order-event", on_order_event, order_id, "PaymentRefunded")


def _returned(company: Company) -> None:
    """One unit is exchanged, another never comes."""
    order_id = company.shop.placed(("A", 2))
    company.arrived(order_id, units=2)
    line = {"line_id": "1", "quantity": 1, "reason": "damaged"}
    wanted = {"exchange": [{"line_id": "1", "sku": "B", "quantity": 1}]}
    body = {"lines": [line], "resolution": wanted}
    reply = company.shop.call("POST", f"/v1/orders/{order_id}/returns", by=in_process.SHOPPER, json=body)
    assert reply.status == 201, reply
    return_id = reply.json["id"]
    company.hears("returns-on-return-authorised", on_return_authorised, order_id, "ReturnAuthorised")
    _task(company, "issue_label", order_id, return_id)
    _task(company, "await_goods", order_id, return_id, seen=0, task_token="t")
    lines = [{"line_id": "1", "quantity": 1}]
    company.asks(f"/v1/returns/{return_id}/receipts", {"location_id": "leeds", "lines": lines}, 200)
    found = [{**lines[0], "disposition": "restock"}]
    company.asks(f"/v1/returns/{return_id}/inspections", {"lines": found}, 200)
    company.hears("returns-on-return-progressed", on_return_progressed, order_id, "ReturnInspected")
    outcome = _task(company, "place_exchange", order_id, return_id)
    assert outcome["outcome"] == "placed", outcome
    told = ("ReturnAuthorised", "ReturnLabelIssued", "ReturnReceived")
    company.hears("notifications-on-order-event", on_order_event, order_id, *told)

    reply = company.shop.call("POST", f"/v1/orders/{order_id}/returns", by=in_process.SHOPPER, json={"lines": [line]})
    with clock.at(clock.now() + timedelta(days=200)):
        _task(company, "expire_return", order_id, reply.json["id"])


def _task(company: Company, name: str, order_id: str, return_id: str, **given: Any) -> Any:
    return company.task("returns-tasks", returns_tasks, name, order_id, return_id=return_id, **given)


def _forgotten(company: Company) -> None:
    shopper = Principal("user", "usr_keys", roles=frozenset({Role.SHOPPER}))
    begun = customers.request_erasure(shopper.id, expected_version=customers.enter(shopper).version, by=shopper)
    assert begun.due is not None
    for minutes in (0, 66):
        with clock.at(begun.due + timedelta(minutes=minutes)):
            company.run("customers-tasks", customers_tasks, {"task": "continue_erasures"})
    assert customers.read_erasure(shopper.id, shopper).step == "done"


def _abandoned(company: Company) -> None:
    opened = request(app, "POST", "/v1/guest-carts", json={"currency": "GBP"})
    headers = {"Cart-Token": opened.json["token"], "If-Match": opened.etag}
    path = f"/v1/guest-carts/{opened.json['id']}/lines/A"
    assert request(app, "PUT", path, json={"quantity": 1}, headers=headers).status == 200
    with clock.at(clock.now() + timedelta(days=1, minutes=1)):
        outcome = company.run("carts-tasks", carts_tasks, {"task": "abandon_idle_carts"})
    assert outcome["abandoned"] == 1, outcome


def _reviewed(company: Company) -> None:
    """One case is decided while a workflow waits for it, another that is somebody's work waits too long."""
    by = system("suppliers")
    cases = []
    for _ in range(2):
        tx = Transaction()
        case_id = reviews.open_case(
            tx,
            subject_type="supplier",
            subject_id=f"sup_{uuid4().hex}",
            subject_version=1,
            supplier_id="sup_keys",
            title="Keys",
            findings=[],
            by=by,
        )
        tx.commit()
        cases.append(case_id)
    decided, waiting = cases
    reviews.keep_token(decided, "t", by)
    decision = {"decision": "approve", "reason": "Keys", "expected_version": 1}
    company.asks(f"/v1/review-cases/{decided}/decisions", decision, 200)
    [event] = [one for one in outbox.timeline(key("CASE", decided)) if one.type == "ReviewDecided"]
    company.run("reviews-on-review-decided", on_review_decided, delivered({"detail": json.loads(event.to_json())}))
    company.asks(f"/v1/review-cases/{waiting}/assignments", {"assignee": "usr_keys"}, 200)
    with clock.at(clock.now() + timedelta(days=2, minutes=1)):
        outcome = company.run("reviews-tasks", reviews_tasks, {"task": "escalate_overdue_cases"})
    assert (outcome["escalated"], outcome["overdue"]) == (1, 1), outcome


def _routed(company: Company) -> None:
    """A supplier that can neither be told to wait nor to leave out; that ships a part and takes that back; that says nothing; and an
    order that is called off."""
    supplier_id = "sup_01J00000000000000000000000"
    company.shop.opens(supplier_id, priority=0)
    company.shop.sells("S", leeds=9, **{supplier_id: 9})
    part = {"decision": "partial", "lines": [{"line_id": "1", "quantity": 1}]}
    said = [(200, {"decision": "accepted"}), (501, {}), (200, {"decision": "too_late"}), (200, part), *[(500, {})] * 9]
    replies = iter([Reply(status, {}, json.dumps(body).encode()) for status, body in said])
    endpoint = SimpleNamespace(
        url="https://keys.example.com", secrets=("whsec_" + b64encode(bytes(32)).decode(),), bearer_token=None
    )
    with (
        patch.object(reaching, "endpoint", lambda supplier_id: find_seller(supplier_id) or endpoint),
        patch.object(outside, "call", lambda *_, **__: next(replies)),
    ):
        order_id, allocation_id = _asked(company)
        _route(company, order_id, allocation_id, "offer_order")
        company.asks(f"/v1/orders/{order_id}/holds", {"reason": "fraud"})
        _route(company, order_id, allocation_id, "settle_allocation", "tell_supplier")
        company.asks(f"/v1/orders/{order_id}/cancellations", {})
        _told_supplier(company, order_id, allocation_id, "recall")
        for what in ("change", "cancellation"):
            assert reviews_store.latest_of("parked", f"{allocation_id}.{what}"), what

        order_id, allocation_id = _asked(company)
        _route(company, order_id, allocation_id, "offer_order", "settle_allocation", "tell_supplier")
        value = routing_store.get_allocation(allocation_id)
        assert value is not None
        assert value.value.decision == "partial"
        units = {"lines": [{"line_id": "1", "quantity": 1}], "reason": "other"}
        company.asks(f"/v1/suppliers/{supplier_id}/orders/{allocation_id}/cancellations", units, 200)
        for event in list(outbox.timeline(f"ALLOCATION#{allocation_id}")):
            company.run("routing-on-answered", on_answered, delivered({"detail": json.loads(event.to_json())}))

        order_id, allocation_id = _asked(company)
        _route(company, order_id, allocation_id, "offer_order", "await_answer", "ask_supplier")
        with clock.at(clock.now() + timedelta(hours=5)):
            _route(company, order_id, allocation_id, "settle_allocation", "tell_supplier")

        order_id, allocation_id = _asked(company)
        company.asks(f"/v1/orders/{order_id}/cancellations", {})
        _told_supplier(company, order_id, allocation_id, "recall", "hold", "retry")


def _asked(company: Company) -> tuple[str, str]:
    """An order whose supplier is asked to ship it."""
    order_id = company.shop.placed(("S", 2))
    allocation_id = company.paid(order_id)
    _told_supplier(company, order_id, allocation_id, "shipment", "shipment")
    return order_id, allocation_id


def _told_supplier(company: Company, order_id: str, allocation_id: str, *types: str) -> None:
    for type in types:
        message = {"type": type, "fulfilment_id": allocation_id, "order_id": order_id}
        company.run("routing-on-request", on_request, delivered(message))


def _route(company: Company, order_id: str, allocation_id: str, *tasks: str) -> None:
    given = {"await_answer": {"task_token": "t"}, "tell_supplier": {"since": clock.rfc3339(clock.now())}}
    for task in tasks:
        more = given.get(task, {})
        company.task("routing-tasks", routing_tasks, task, order_id, allocation_id=allocation_id, **more)


def _onboarded(company: Company) -> None:
    """One that is in order, one that is for a person, and one whose workflow breaks down."""
    clean = {
        "trading_name": "Keys",
        "brands": [{"name": f"Brand {uuid4().hex}", "attestation": "owner"}],
        "legal_entity": {"name": "Keys Ltd", "registration_number": uuid4().hex, "country": "GB"},
        "tax_id": {"scheme": "vat", "country": "GB", "value": "GB 980780684"},
        "contacts": [{"role": "primary", "email": "ada@keys.example.com"}],
        "address": {"line1": "12 St James Square", "city": "London", "postal_code": "SW1Y 4JH", "country": "GB"},
        "timezone": "Europe/London",
        "default_currency": "GBP",
    }
    asked = company.asks("/v1/supplier-invitations", {"email": "ada@keys.example.com"})
    _written_to(company, asked["supplier_id"], "SupplierInvited")
    verified = ("correct_profile", "verify_profile", "probe_endpoint", "decide_supplier")
    reviewed = ("open_review", "open_review", "approve_supplier", "park_onboarding", "open_review", "reject_supplier")
    for profile, tasks in ((clean, verified), ({}, verified + reviewed)):
        supplier = Principal("user", f"usr_{uuid4().hex}", roles=frozenset({Role.SUPPLIER}))
        body = {"profile": profile, "attestations": ["terms"]}
        reply = company.shop.call("POST", "/v1/suppliers", by=supplier, json=body)
        assert reply.status == 202, reply
        for task in tasks:
            more = {"open_review": {"task_token": "t"}, "reject_supplier": {"reason": "review"}}.get(task, {})
            more |= {"state": "Keys"} if task == "park_onboarding" else {}
            given = {"task": task, "supplier_id": reply.json["id"], "version": 1, "correlation_id": "keys", **more}
            outcome = company.run("suppliers-tasks", suppliers_tasks, given)
        assert outcome["outcome"] == ("rejected" if "reject_supplier" in tasks else "approved"), outcome
        _written_to(company, reply.json["id"], "SupplierRejected" if "reject_supplier" in tasks else "SupplierApproved")


def _written_to(company: Company, supplier_id: str, type: str) -> None:
    [event] = [one for one in outbox.timeline(f"SUPPLIER#{supplier_id}") if one.type == type]
    detail = {"detail": json.loads(event.to_json())}
    company.run("notifications-on-order-event", on_order_event, delivered(detail))


def _told(company: Company) -> None:
    """To an endpoint that is not there."""
    body = {"url": f"https://{uuid4().hex}.invalid/hooks", "event_types": ["aisle.orders.OrderPlaced"]}
    webhook_id = company.asks("/v1/webhooks", body)["id"]
    company.hears("webhooks-on-event", on_event, company.shop.placed(("A", 1)), "OrderPlaced")
    path = f"/v1/webhooks/{webhook_id}/deliveries"
    [delivery] = company.shop.call("GET", path).json["items"]
    message = {"delivery_id": delivery["id"], "turn": delivery.get("turn", 1)}
    company.run("webhooks-on-attempt", on_attempt, delivered(message))
    with clock.at(clock.now() + timedelta(hours=1)):
        company.run("webhooks-tasks", webhooks_tasks, {"task": "send_due_deliveries"})


def _allows(statement: dict[str, Any], action: str, pk: str, index: str | None) -> bool:
    """Whether a statement lets the table be asked this, its leading keys considered."""
    resource = f"table/aisle-{STAGE}" + (f"/index/{index}" if index else "")
    actions, resources = (_listed(statement.get(part, [])) for part in ("Action", "Resource"))
    if f"dynamodb:{action}" not in actions or not any(one.endswith(f":{resource}") for one in resources):
        return False
    prefixes = statement.get("Condition", {}).get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys", ["*"])
    return any(fnmatchcase(pk, pattern) for pattern in _listed(prefixes))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


_PROFILE: dict[str, Any] = {
    "tax_id": {"scheme": "vat", "country": "GB", "value": "GB 980780684"},
    "contacts": [{"role": "primary", "email": "ada@keys.example.com"}],
    "address": {"line1": "12 St James Square", "city": "London", "postal_code": "SW1Y 4JH", "country": "GB"},
    "timezone": "Europe/London",
    "default_currency": "GBP",
}


def _goods_listed(company: Company) -> None:
    """A listing that is clean and is changed by its supplier, one that a person approves, and one that is rejected."""
    supplier = Principal("user", f"usr_{uuid4().hex}", roles=frozenset({Role.SUPPLIER}))
    brand = f"Brand {uuid4().hex}"
    profile = {**_PROFILE, "brands": [{"name": brand, "attestation": "owner"}], "trading_name": f"Keys {brand}"}
    profile["tax_id"] = {"scheme": "vat", "country": "GB", "value": "GB727255821"}
    profile["legal_entity"] = {"name": "Keys Ltd", "registration_number": uuid4().hex, "country": "GB"}
    reply = company.shop.call(
        "POST", "/v1/suppliers", by=supplier, json={"profile": profile, "attestations": ["terms"]}
    )
    supplier_id = reply.json["id"]
    for task in ("correct_profile", "verify_profile", "probe_endpoint", "decide_supplier"):
        given = {"task": task, "supplier_id": supplier_id, "version": 1, "correlation_id": "keys"}
        company.run("suppliers-tasks", suppliers_tasks, given)
    path = f"/v1/suppliers/{supplier_id}/listings"
    body = {
        "title": "Keys",
        "brand": brand,
        "category_id": company.shop.category,
        "prices": {"GBP": 100},
        "tax_rate_bps": 2000,
        "handling_days": 1,
        "on_hand": 5,
    }
    others = {"CLEAN": {"gtin": "4006381333931"}, "JUDGED": {"brand": "Others"}, "REFUSED": {"brand": "Others"}}
    for own, changed in others.items():
        reply = company.shop.call("POST", path, by=supplier, json={**body, **changed, "supplier_sku": own})
        assert reply.status == 202, reply
    given = {"version": 1, "decided": None, "correlation_id": "keys"}

    def task(name: str, own: str, **more: Any) -> Any:
        about = {"task": name, "listing_id": f"{supplier_id}:{own}", **given, **more}
        return company.run("listings-tasks", listings_tasks, about)

    assert task("check_listing", "CLEAN")["outcome"] == "published"
    etag = {"If-Match": company.shop.call("GET", f"{path}/CLEAN", by=supplier).etag}
    change = request(app, "PATCH", f"{path}/CLEAN", json={"title": "Other keys"}, by=supplier, headers=etag)
    assert task("check_listing", "CLEAN", version=change.json["version"])["outcome"] == "published"
    for own, last in (("JUDGED", "publish_listing"), ("REFUSED", "reject_listing")):
        review_id = task("check_listing", own)["review_id"]
        task("open_listing_review", own, error=None, task_token="t")
        if last == "publish_listing":
            assert task(last, own, decided=review_id)["outcome"] == "published"
        else:
            about = {"task": last, "listing_id": f"{supplier_id}:{own}", "version": 1, "correlation_id": "keys"}
            assert company.run("listings-tasks", listings_tasks, about)["outcome"] == "rejected"
    _fed(company, supplier, supplier_id)
    _owed(company, supplier_id)


def _fed(company: Company, supplier: Principal, supplier_id: str) -> None:
    """A file of a row that is taken and one that is refused."""
    boto3.client("s3").create_bucket(
        Bucket=settings().feeds_bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    rows = f"supplier_sku,title,category_id,price.GBP,tax_rate_bps,handling_days\nFED,Fed,{company.shop.category},100,2000,1\nBAD,,,,,\n"
    reply = request(
        app,
        "POST",
        f"/v1/suppliers/{supplier_id}/feeds?kind=products",
        body=rows,
        by=supplier,
        headers={"Content-Type": "text/csv", "Idempotency-Key": uuid4().hex},
    )
    assert reply.status in (201, 202), reply
    feed_id = reply.json["id"]
    pk = key("FEED", feed_id)
    [event] = [one for one in outbox.timeline(pk) if one.type == "FeedReceived"]
    with patch.object(workflow, "start", lambda *_: None):
        company.run("feeds-on-feed-received", on_feed_received, delivered({"detail": json.loads(event.to_json())}))
    given = {"feed_id": feed_id, "correlation_id": "keys"}
    for task in ({"task": "split_feed"}, {"task": "import_chunks", "lane": 0}, {"task": "finish_feed"}):
        outcome = company.run("feeds-tasks", feeds_tasks, {**given, **task})
    company.run("feeds-tasks", feeds_tasks, {**given, "task": "fail_feed", "state": "Keys"})
    seen = company.shop.call("GET", f"/v1/suppliers/{supplier_id}/feeds/{feed_id}", by=supplier).json
    assert (seen["status"], seen["progress"]["counts"]["created"], outcome["outcome"]) == ("finished", 1, "finished"), (
        seen
    )


def _owed(company: Company, supplier_id: str) -> None:
    """A supplier that is owed money, in a payout run that goes through and one that stops."""
    postings = [{"account": "supplier", "amount": -500}, {"account": "goodwill", "amount": 500}]
    by_hand = {"currency": "GBP", "postings": postings, "reason": "Keys", "supplier_id": supplier_id}
    company.asks("/v1/ledger/adjustments", by_hand)
    for last in ({"task": "finish_run", "unpaid": []}, {"task": "stop_run", "state": "Keys", "error": "Keys"}):
        run_id = company.asks("/v1/payout-runs", {"currency": "GBP"}, 202)["id"]
        given = {"run_id": run_id, "correlation_id": "keys"}
        company.run("ledger-tasks", ledger_tasks, {**given, "task": "pay_chunk", "after": None, "unpaid": []})
        company.run("ledger-tasks", ledger_tasks, {**given, **last})
