"""A system whose cloud enforces IAM, and what its functions are and may do."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from infra.local.progress import Progress
from infra.local.stack import Options, Stack
from infra.local.testing import STAGE, TestStack
from infra.local.up import up

FUNCTIONS = (
    "",
    "orders-on-order-placed",
    "orders-on-order-cancelled",
    "orders-on-units-missing",
    "orders-tasks",
    "payments-tasks",
    "payments-on-refund-requested",
    "fulfilment-tasks",
    "fulfilment-on-fulfilment-shipped",
    "fulfilment-on-order-changed",
    "fulfilment-on-warehouse-answer",
    "fulfilment-on-pickup",
    "lockers-on-change",
    "lockers-on-order-ready",
    "lockers-on-pickup-confirmed",
    "lockers-on-cabinet-message",
    "lockers-on-keyed-code",
    "lockers-on-command-check",
    "lockers-tasks",
    "lockers-provisioning-hook",
    "returns-on-return-authorised",
    "returns-on-return-progressed",
    "returns-tasks",
    "listings-on-listing-submitted",
    "listings-tasks",
    "reviews-on-review-decided",
    "reviews-tasks",
    "routing-on-request",
    "routing-on-answered",
    "routing-tasks",
    "feeds-on-feed-received",
    "feeds-tasks",
    "ledger-on-payout-run-started",
    "ledger-tasks",
    "routing-on-request",
    "routing-on-answered",
    "routing-tasks",
    "ledger-on-payout-run-started",
    "ledger-tasks",
    "suppliers-on-supplier-submitted",
    "suppliers-tasks",
    "inventory-tasks",
    "carts-tasks",
    "customers-tasks",
    "taxes-on-order-event",
    "notifications-on-order-event",
    "webhooks-on-event",
    "webhooks-on-attempt",
    "webhooks-tasks",
)
"""After aisle-<stage>; the first is the API."""


def full_name(function: str) -> str:
    """The name of a function and of its role."""
    return f"aisle-{STAGE}-{function}".rstrip("-")


@pytest.fixture(scope="session")
def guarded() -> TestStack:
    """A system of its own whose cloud enforces IAM."""
    return TestStack(up(Stack("iam"), Options(stage=STAGE, iam=True), Progress(quiet=True)))


@cache
def policy_of(stack: TestStack, function: str) -> list[dict[str, Any]]:
    """The statements of a function's role, as deployed."""
    iam, role = stack.client("iam"), full_name(function)
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    documents = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]
    return [statement for document in documents for statement in document["Statement"]]
