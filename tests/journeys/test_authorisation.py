"""Every route against the deployed API: as nobody, as those who may not, as those who may, and as another tenant."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
import urllib3

import app as application
from chalicelib.core.http import OPERATIONS, Operation
from infra.local.lockers.identity import new_key, signing_request
from infra.local.testing import Answer, TestStack
from tests.journeys.conftest import Shop

SCOPES = (
    "carts.write",
    "catalog.write",
    "customers.read",
    "customers.write",
    "fulfilment.write",
    "inventory.write",
    "ledger.write",
    "lockers.write",
    "orders.read",
    "orders.write",
    "payments.credit",
    "payments.refund",
    "promotions.write",
    "returns.write",
    "suppliers.write",
    "suppliers.self",
    "webhooks.write",
)
ROLES = ("shopper", "associate", "supplier", "admin")

EVERYONE = frozenset({"nobody", *ROLES})
BUYERS = frozenset({"shopper", "associate", "admin"})
STAFF = frozenset({"associate", "admin"})
# Such a route answers whoever is signed in, and shows to staff what it hides from the others.
SIGNED_IN = frozenset(ROLES)
ADMINS = frozenset({"admin"})
SUPPLIERS = frozenset({"supplier"})


@dataclass(frozen=True)
class Access:
    """Which roles may call a route, and which scope lets a machine in (None: no machine). `unproven`: how a route answers that asks
    for a secret of its own instead, to everybody who has not got it. `member_scope`: lets machines in that act for a supplier, as the
    role of suppliers does users; those of these tests act for none."""

    roles: frozenset[str]
    scope: str | None = None
    unproven: int | None = None
    member_scope: str | None = None

    @property
    def scopes(self) -> tuple[str, ...]:
        """Those with which the gateway lets a machine pass."""
        return tuple(scope for scope in (self.scope, self.member_scope) if scope)


PUBLIC = Access(EVERYONE)
BY_CABINET_TOKEN = Access(EVERYONE, unproven=401)
BY_PASSCODE = Access(EVERYONE, unproven=422)
OF_WEBHOOKS = Access(ADMINS, "webhooks.write", member_scope="suppliers.self")
OF_OPERATOR = Access(ADMINS, "suppliers.write")
OF_SUPPLIER = Access(ADMINS | SUPPLIERS, "suppliers.write", member_scope="suppliers.self")
OURS = Access(frozenset(), unproven=404)
"""For our own functions, by the signature of their roles. To others the gateway says that there is no such route."""

# Who may what. A route that is not in here fails the first test: decide, then write it down.
ACCESS: dict[str, Access] = {
    "POST /v1/categories": Access(ADMINS, "catalog.write"),
    "GET /v1/categories": PUBLIC,
    "GET /v1/categories/{category_id}": PUBLIC,
    "PATCH /v1/categories/{category_id}": Access(ADMINS, "catalog.write"),
    "POST /v1/products": Access(ADMINS, "catalog.write"),
    "GET /v1/products": PUBLIC,
    "GET /v1/catalog/products": Access(SIGNED_IN, "catalog.write"),
    "GET /v1/products/{product_id}": PUBLIC,
    "GET /v1/catalog/products/{product_id}": Access(SIGNED_IN, "catalog.write"),
    "PATCH /v1/products/{product_id}": Access(ADMINS, "catalog.write"),
    "POST /v1/products/{product_id}/variants": Access(ADMINS, "catalog.write"),
    "GET /v1/products/{product_id}/variants": PUBLIC,
    "GET /v1/catalog/products/{product_id}/variants": Access(SIGNED_IN, "catalog.write"),
    "GET /v1/variants/{sku}": PUBLIC,
    "GET /v1/catalog/variants/{sku}": Access(SIGNED_IN, "catalog.write"),
    "PATCH /v1/variants/{sku}": Access(ADMINS, "catalog.write"),
    "PUT /v1/variants/{sku}/prices": Access(ADMINS, "catalog.write"),
    "POST /v1/catalog/imports": Access(ADMINS, "catalog.write"),
    "POST /v1/inventory/locations": Access(ADMINS, "inventory.write"),
    "GET /v1/inventory/locations": Access(STAFF, "inventory.write"),
    "GET /v1/inventory/locations/{location_id}": Access(STAFF, "inventory.write"),
    "PUT /v1/inventory/locations/{location_id}": Access(ADMINS, "inventory.write"),
    "POST /v1/inventory/receipts": Access(STAFF, "inventory.write"),
    "POST /v1/inventory/adjustments": Access(STAFF, "inventory.write"),
    "POST /v1/inventory/counts": Access(STAFF, "inventory.write"),
    "POST /v1/inventory/safety-stock": Access(STAFF, "inventory.write"),
    "GET /v1/inventory/stock/{sku}/locations/{location_id}/policy": Access(STAFF, "inventory.write"),
    "PUT /v1/inventory/stock/{sku}/locations/{location_id}/policy": Access(STAFF, "inventory.write"),
    "GET /v1/availability": PUBLIC,
    "GET /v1/inventory/stock": Access(STAFF, "inventory.write"),
    "GET /v1/inventory/stock/{sku}": Access(STAFF, "inventory.write"),
    "GET /v1/inventory/stock/{sku}/movements": Access(STAFF, "inventory.write"),
    "POST /v1/reservations": Access(STAFF, "inventory.write"),
    "GET /v1/reservations/{reservation_id}": Access(STAFF, "inventory.write"),
    "DELETE /v1/reservations/{reservation_id}": Access(STAFF, "inventory.write"),
    "POST /v1/inventory/transfers": Access(STAFF, "inventory.write"),
    "GET /v1/inventory/transfers": Access(STAFF, "inventory.write"),
    "GET /v1/inventory/transfers/{transfer_id}": Access(STAFF, "inventory.write"),
    "POST /v1/inventory/transfers/{transfer_id}/receipts": Access(STAFF, "inventory.write"),
    "POST /v1/inventory/transfers/{transfer_id}/cancellation": Access(STAFF, "inventory.write"),
    "POST /v1/orders": Access(BUYERS, "orders.write"),
    "GET /v1/orders": Access(BUYERS, "orders.read"),
    "GET /v1/orders/{order_id}": Access(BUYERS, "orders.read"),
    "GET /v1/orders/{order_id}/timeline": Access(BUYERS, "orders.read"),
    "GET /v1/orders/{order_id}/payment": Access(STAFF, "orders.read"),
    "POST /v1/orders/{order_id}/refunds": Access(STAFF, "payments.refund"),
    "POST /v1/gift-cards": Access(STAFF, "payments.credit"),
    "POST /v1/gift-cards/balance": PUBLIC,
    # Guarded by the signature; a stage without Stripe has no such thing.
    "POST /v1/payments/webhooks/stripe": PUBLIC,
    "GET /v1/gift-cards/{gift_card_id}": Access(STAFF, "payments.credit"),
    "POST /v1/gift-cards/{gift_card_id}/top-ups": Access(STAFF, "payments.credit"),
    "POST /v1/gift-cards/{gift_card_id}/void": Access(STAFF, "payments.credit"),
    "POST /v1/customers/{customer_id}/store-credit": Access(STAFF, "payments.credit"),
    "GET /v1/customers/{customer_id}/store-credit": Access(STAFF, "payments.credit"),
    "GET /v1/me/store-credit": Access(BUYERS),
    "POST /v1/orders/{order_id}/resume": Access(ADMINS),
    "GET /v1/reviews": Access(STAFF),
    "GET /v1/fulfilments": Access(STAFF, "fulfilment.write"),
    "GET /v1/fulfilments/{fulfilment_id}": Access(STAFF, "fulfilment.write"),
    "POST /v1/fulfilments/{fulfilment_id}/answers": Access(STAFF, "fulfilment.write"),
    "GET /v1/me": Access(BUYERS),
    "PATCH /v1/me": Access(BUYERS),
    "DELETE /v1/me": Access(BUYERS),
    "GET /v1/me/erasure": Access(BUYERS),
    "GET /v1/me/export": Access(BUYERS),
    "GET /v1/me/addresses": Access(BUYERS),
    "DELETE /v1/me/addresses/{address_id}": Access(BUYERS),
    "GET /v1/me/consents": Access(BUYERS),
    "GET /v1/me/consents/history": Access(BUYERS),
    "POST /v1/me/email-verifications": Access(BUYERS),
    "POST /v1/me/email-verifications/confirm": Access(BUYERS),
    "POST /v1/me/phone-verifications": Access(BUYERS),
    "POST /v1/me/phone-verifications/confirm": Access(BUYERS),
    "POST /v1/me/claims": Access(BUYERS),
    "GET /v1/me/devices": Access(BUYERS),
    "POST /v1/me/devices": Access(BUYERS),
    "DELETE /v1/me/devices/{device_id}": Access(BUYERS),
    "POST /v1/customers": Access(STAFF, "customers.write"),
    "GET /v1/customers": Access(STAFF, "customers.read"),
    "GET /v1/customers/{customer_id}": Access(BUYERS, "customers.read"),
    "PATCH /v1/customers/{customer_id}": Access(BUYERS, "customers.write"),
    "DELETE /v1/customers/{customer_id}": Access(ADMINS),
    "GET /v1/customers/{customer_id}/addresses": Access(BUYERS, "customers.read"),
    "GET /v1/customers/{customer_id}/consents": Access(BUYERS, "customers.read"),
    "GET /v1/customers/{customer_id}/export": Access(BUYERS, "customers.read"),
    "GET /v1/customers/{customer_id}/erasure": Access(BUYERS, "customers.read"),
    "POST /v1/unsubscriptions/{token}": PUBLIC,
    "GET /v1/notification-templates": Access(ADMINS),
    "GET /v1/notification-templates/{event}/{channel}/{language}": Access(ADMINS),
    "DELETE /v1/notification-templates/{event}/{channel}/{language}": Access(ADMINS),
    "GET /v1/carts/{cart_id}": Access(BUYERS, "carts.write"),
    "PATCH /v1/carts/{cart_id}": Access(BUYERS, "carts.write"),
    "PUT /v1/carts/{cart_id}/lines/{sku}": Access(BUYERS, "carts.write"),
    "DELETE /v1/carts/{cart_id}/lines/{sku}": Access(BUYERS, "carts.write"),
    "POST /v1/carts/{cart_id}/merge": Access(BUYERS, "carts.write"),
    "GET /v1/guest-carts/{cart_id}": PUBLIC,
    "PATCH /v1/guest-carts/{cart_id}": PUBLIC,
    "PUT /v1/guest-carts/{cart_id}/lines/{sku}": PUBLIC,
    "DELETE /v1/guest-carts/{cart_id}/lines/{sku}": PUBLIC,
    "GET /v1/guest-carts/{cart_id}/order": PUBLIC,
    "POST /v1/fulfilments/{fulfilment_id}/reallocation": Access(STAFF, "orders.write"),
    "POST /v1/fulfilments/{fulfilment_id}/promise": Access(STAFF, "orders.write"),
    "POST /v1/fulfilments/{fulfilment_id}/tracking-events": Access(STAFF, "fulfilment.write"),
    "POST /v1/orders/{order_id}/cancellations": Access(BUYERS, "orders.write"),
    "GET /v1/orders/{order_id}/cancellations": Access(BUYERS, "orders.read"),
    "GET /v1/orders/{order_id}/cancellation-options": Access(BUYERS, "orders.read"),
    "POST /v1/quotes": Access(BUYERS, "orders.write"),
    "GET /v1/orders/{order_id}/tracking": Access(BUYERS, "orders.read"),
    "POST /v1/orders/{order_id}/holds": Access(STAFF, "orders.write"),
    "POST /v1/orders/{order_id}/holds/{hold_id}/release": Access(STAFF, "orders.write"),
    "PUT /v1/orders/{order_id}/shipping-address": Access(BUYERS, "orders.write"),
    "POST /v1/orders/{order_id}/notes": Access(STAFF, "orders.write"),
    "GET /v1/orders/{order_id}/notes": Access(BUYERS, "orders.read"),
    "GET /v1/orders/{order_id}/audit": Access(STAFF, "orders.read"),
    "POST /v1/reviews/{review_id}/resolution": Access(STAFF),
    "GET /v1/promotions": Access(STAFF, "promotions.write"),
    "GET /v1/promotions/{promotion_id}": Access(STAFF, "promotions.write"),
    "DELETE /v1/promotions/{promotion_id}": Access(ADMINS, "promotions.write"),
    "POST /v1/promotions/{promotion_id}/codes": Access(ADMINS, "promotions.write"),
    "GET /v1/promotions/{promotion_id}/codes": Access(STAFF, "promotions.write"),
    "GET /v1/promotions/{promotion_id}/codes/{code}": Access(STAFF, "promotions.write"),
    "PATCH /v1/promotions/{promotion_id}/codes/{code}": Access(ADMINS, "promotions.write"),
    "POST /v1/promotions/evaluate": Access(STAFF, "promotions.write"),
    "GET /v1/return-policy": PUBLIC,
    "GET /v1/orders/{order_id}/return-options": Access(BUYERS, "returns.write"),
    "POST /v1/orders/{order_id}/returns": Access(BUYERS, "returns.write"),
    "GET /v1/orders/{order_id}/returns": Access(BUYERS, "returns.write"),
    "GET /v1/returns": Access(STAFF, "returns.write"),
    "GET /v1/returns/{return_id}": Access(BUYERS, "returns.write"),
    "DELETE /v1/returns/{return_id}": Access(BUYERS, "returns.write"),
    "POST /v1/returns/{return_id}/receipts": Access(STAFF, "returns.write"),
    "POST /v1/returns/{return_id}/inspections": Access(STAFF, "returns.write"),
    "POST /v1/returns/{return_id}/resume": Access(ADMINS),
    "GET /v1/return-policies": Access(STAFF),
    "GET /v1/return-policies/{policy_id}": Access(STAFF),
    "DELETE /v1/return-policies/{policy_id}": Access(ADMINS),
    "POST /v1/locker-sites": Access(ADMINS, "lockers.write"),
    "GET /v1/locker-sites": PUBLIC,
    "GET /v1/locker-sites/{site_id}": PUBLIC,
    "POST /v1/locker-sites/{site_id}/cabinets": Access(ADMINS, "lockers.write"),
    "GET /v1/locker-sites/{site_id}/cabinets": Access(STAFF, "lockers.write"),
    "GET /v1/locker-sites/{site_id}/compartments": Access(STAFF, "lockers.write"),
    "GET /v1/locker-sites/{site_id}/pickups": Access(STAFF, "lockers.write"),
    "GET /v1/locker-sites/{site_id}/figures": Access(STAFF, "lockers.write"),
    "GET /v1/locker-sites/{site_id}/drop-offs": Access(STAFF, "lockers.write"),
    "GET /v1/cabinets/{cabinet_id}": Access(STAFF, "lockers.write"),
    "GET /v1/cabinets/{cabinet_id}/timeline": Access(STAFF, "lockers.write"),
    "GET /v1/cabinets/{cabinet_id}/configuration": Access(STAFF, "lockers.write"),
    "PUT /v1/cabinets/{cabinet_id}/configuration": Access(STAFF, "lockers.write"),
    "POST /v1/cabinets/{cabinet_id}/blocks": Access(STAFF, "lockers.write"),
    "POST /v1/cabinets/{cabinet_id}/releases": Access(STAFF, "lockers.write"),
    "POST /v1/cabinets/{cabinet_id}/retirements": Access(ADMINS, "lockers.write"),
    "POST /v1/cabinets/{cabinet_id}/certificates": Access(ADMINS, "lockers.write"),
    "POST /v1/cabinets/{cabinet_id}/certificates/{certificate_id}/revocations": Access(ADMINS, "lockers.write"),
    "POST /v1/cabinets/{cabinet_id}/activations": Access(ADMINS, "lockers.write"),
    "POST /v1/cabinets/{cabinet_id}/tokens": Access(ADMINS, "lockers.write"),
    "POST /v1/cabinets/{cabinet_id}/token-revocations": Access(ADMINS, "lockers.write"),
    "GET /v1/cabinets/{cabinet_id}/commands": BY_CABINET_TOKEN,
    "GET /v1/cabinets/{cabinet_id}/commands/{command_id}": Access(STAFF, "lockers.write"),
    "POST /v1/cabinets/{cabinet_id}/messages": BY_CABINET_TOKEN,
    "POST /v1/cabinets/{cabinet_id}/compartments/{number}/openings": Access(STAFF, "lockers.write"),
    "POST /v1/cabinets/{cabinet_id}/compartments/{number}/blocks": Access(STAFF, "lockers.write"),
    "POST /v1/cabinets/{cabinet_id}/compartments/{number}/releases": Access(STAFF, "lockers.write"),
    "GET /v1/pickups/{pickup_id}": Access(STAFF, "lockers.write"),
    "POST /v1/pickups/{pickup_id}/loadings": Access(STAFF, "lockers.write"),
    "POST /v1/pickups/{pickup_id}/clearings": Access(STAFF, "lockers.write"),
    "POST /v1/pickups/{pickup_id}/relocations": Access(STAFF, "lockers.write"),
    "POST /v1/pickups/{pickup_id}/handovers": Access(STAFF, "lockers.write"),
    "POST /v1/pickups/{pickup_id}/passcode-requests": Access(STAFF, "lockers.write"),
    "POST /v1/pickups/{pickup_id}/extensions": Access(SIGNED_IN),
    "POST /v1/pickups/{pickup_id}/delegates": Access(SIGNED_IN),
    "POST /v1/pickups/{pickup_id}/delegate-revocations": Access(SIGNED_IN),
    "POST /v1/pickups/{pickup_id}/confirmations": BY_PASSCODE,
    "POST /v1/pickups/{pickup_id}/code-extensions": BY_PASSCODE,
    "GET /v1/pickups/{pickup_id}/directions": PUBLIC,
    "GET /v1/pickups/{pickup_id}/page": PUBLIC,
    "POST /v1/internal/pickups/{pickup_id}/passcodes": OURS,
    "POST /v1/returns/{return_id}/drop-offs": Access(BUYERS, "returns.write"),
    "GET /v1/drop-offs/{drop_off_id}": Access(BUYERS, "returns.write"),
    "GET /v1/commission-rules": Access(ADMINS, "ledger.write"),
    "PUT /v1/commission-rules": Access(ADMINS, "ledger.write"),
    "GET /v1/payout-settings": Access(ADMINS, "ledger.write"),
    "PUT /v1/payout-settings": Access(ADMINS, "ledger.write"),
    "GET /v1/suppliers/{supplier_id}/payout-settings": OF_SUPPLIER,
    "PUT /v1/suppliers/{supplier_id}/payout-settings": Access(ADMINS, "ledger.write"),
    "GET /v1/suppliers/{supplier_id}/balances": OF_SUPPLIER,
    "GET /v1/suppliers/{supplier_id}/ledger-entries": OF_SUPPLIER,
    "GET /v1/suppliers/{supplier_id}/statements/{period}": OF_SUPPLIER,
    "GET /v1/suppliers/{supplier_id}/statements/{period}/file": OF_SUPPLIER,
    "GET /v1/suppliers/{supplier_id}/payouts": OF_SUPPLIER,
    "GET /v1/ledger/balances": Access(ADMINS, "ledger.write"),
    "GET /v1/ledger/entries": Access(ADMINS, "ledger.write"),
    "GET /v1/ledger/audit": Access(ADMINS, "ledger.write"),
    "POST /v1/ledger/adjustments": Access(ADMINS, "ledger.write"),
    "POST /v1/payout-runs": Access(ADMINS, "ledger.write"),
    "GET /v1/payout-runs": Access(ADMINS, "ledger.write"),
    "GET /v1/payout-runs/{run_id}": Access(ADMINS, "ledger.write"),
    "GET /v1/payout-runs/{run_id}/payouts": Access(ADMINS, "ledger.write"),
    "GET /v1/payout-runs/{run_id}/payment-file": Access(ADMINS, "ledger.write"),
    "POST /v1/payout-runs/{run_id}/confirmations": Access(ADMINS, "ledger.write"),
    "POST /v1/payout-runs/{run_id}/returns": Access(ADMINS, "ledger.write"),
    "POST /v1/payout-runs/{run_id}/resumptions": Access(ADMINS, "ledger.write"),
    "POST /v1/drop-offs/{drop_off_id}/clearings": Access(STAFF, "lockers.write"),
    "GET /v1/shipping-options": PUBLIC,
    "GET /v1/shipping-options/explanation": Access(STAFF),
    "GET /v1/shipping-methods": Access(STAFF),
    "GET /v1/shipping-methods/{code}": Access(STAFF),
    "DELETE /v1/shipping-methods/{code}": Access(ADMINS),
    "GET /v1/tax-rates": Access(STAFF),
    "GET /v1/tax-rates/{jurisdiction}/{category}": Access(STAFF),
    "PUT /v1/tax-rates/{jurisdiction}/{category}": Access(ADMINS),
    "DELETE /v1/tax-rates/{jurisdiction}/{category}": Access(ADMINS),
    "GET /v1/tax-countries": Access(STAFF),
    "GET /v1/tax-countries/{country}": Access(STAFF),
    "PUT /v1/tax-countries/{country}": Access(ADMINS),
    "GET /v1/tax-report": Access(ADMINS),
    "GET /v1/tax-entries": Access(ADMINS),
    "GET /v1/variants/{sku}/offers": PUBLIC,
    "GET /v1/categories/{category_id}/attribute-schema": PUBLIC,
    "PUT /v1/categories/{category_id}/attribute-schema": OF_OPERATOR,
    "GET /v1/listing-settings": OF_OPERATOR,
    "PUT /v1/listing-settings": OF_OPERATOR,
    "POST /v1/suppliers/{supplier_id}/listings": OF_SUPPLIER,
    "GET /v1/suppliers/{supplier_id}/listings": OF_SUPPLIER,
    "GET /v1/suppliers/{supplier_id}/listings/{supplier_sku}": OF_SUPPLIER,
    "PATCH /v1/suppliers/{supplier_id}/listings/{supplier_sku}": OF_SUPPLIER,
    "PUT /v1/suppliers/{supplier_id}/listings/{supplier_sku}/price": OF_SUPPLIER,
    "PUT /v1/suppliers/{supplier_id}/listings/{supplier_sku}/stock": OF_SUPPLIER,
    "POST /v1/suppliers/{supplier_id}/listings/{supplier_sku}/pauses": OF_SUPPLIER,
    "POST /v1/suppliers/{supplier_id}/listings/{supplier_sku}/resumptions": OF_SUPPLIER,
    "POST /v1/suppliers/{supplier_id}/listings/{supplier_sku}/withdrawals": OF_SUPPLIER,
    "GET /v1/review-cases": Access(ADMINS, "suppliers.write"),
    "GET /v1/review-cases/{case_id}": Access(ADMINS, "suppliers.write"),
    "POST /v1/review-cases/{case_id}/claims": Access(ADMINS, "suppliers.write"),
    "POST /v1/review-cases/{case_id}/releases": Access(ADMINS, "suppliers.write"),
    "POST /v1/review-cases/{case_id}/assignments": Access(ADMINS, "suppliers.write"),
    "POST /v1/review-cases/{case_id}/comments": Access(ADMINS, "suppliers.write"),
    "POST /v1/review-cases/{case_id}/corrections": Access(ADMINS, "suppliers.write"),
    "POST /v1/review-cases/{case_id}/decisions": Access(ADMINS, "suppliers.write"),
    "POST /v1/review-cases/{case_id}/escalations": Access(ADMINS, "suppliers.write"),
    "GET /v1/review-settings": Access(ADMINS, "suppliers.write"),
    "PUT /v1/review-settings": Access(ADMINS, "suppliers.write"),
    "POST /v1/suppliers": Access(SUPPLIERS),
    "GET /v1/suppliers": OF_OPERATOR,
    "GET /v1/suppliers/me": Access(SUPPLIERS, "suppliers.self"),
    "GET /v1/suppliers/{supplier_id}": OF_SUPPLIER,
    "PATCH /v1/suppliers/{supplier_id}": OF_SUPPLIER,
    "GET /v1/suppliers/{supplier_id}/timeline": OF_SUPPLIER,
    "POST /v1/suppliers/{supplier_id}/submissions": OF_SUPPLIER,
    "POST /v1/suppliers/{supplier_id}/suspensions": OF_OPERATOR,
    "POST /v1/suppliers/{supplier_id}/reinstatements": OF_OPERATOR,
    "POST /v1/suppliers/{supplier_id}/offboardings": OF_OPERATOR,
    "POST /v1/suppliers/{supplier_id}/corrections/{number}/reversals": OF_OPERATOR,
    "POST /v1/suppliers/{supplier_id}/members": OF_SUPPLIER,
    "GET /v1/suppliers/{supplier_id}/members": OF_SUPPLIER,
    "DELETE /v1/suppliers/{supplier_id}/members/{member_id}": OF_SUPPLIER,
    "PUT /v1/suppliers/{supplier_id}/bank-account": OF_SUPPLIER,
    "POST /v1/suppliers/{supplier_id}/endpoint-secrets": OF_SUPPLIER,
    "PUT /v1/suppliers/{supplier_id}/endpoint-token": OF_SUPPLIER,
    "GET /v1/suppliers/{supplier_id}/requirements": OF_SUPPLIER,
    "POST /v1/suppliers/{supplier_id}/attestations": Access(SUPPLIERS, "suppliers.self"),
    "POST /v1/suppliers/{supplier_id}/waivers": OF_OPERATOR,
    "POST /v1/suppliers/{supplier_id}/documents": OF_SUPPLIER,
    "GET /v1/suppliers/{supplier_id}/documents": OF_SUPPLIER,
    "GET /v1/suppliers/{supplier_id}/documents/{document_id}": OF_SUPPLIER,
    "POST /v1/suppliers/{supplier_id}/documents/{document_id}/completions": OF_SUPPLIER,
    "POST /v1/suppliers/{supplier_id}/documents/{document_id}/decisions": OF_OPERATOR,
    "GET /v1/suppliers/{supplier_id}/documents/{document_id}/download": OF_OPERATOR,
    "GET /v1/suppliers/{supplier_id}/orders": OF_SUPPLIER,
    "GET /v1/suppliers/{supplier_id}/orders/{allocation_id}": OF_SUPPLIER,
    "POST /v1/suppliers/{supplier_id}/orders/{allocation_id}/answers": OF_SUPPLIER,
    "POST /v1/suppliers/{supplier_id}/orders/{allocation_id}/shipments": OF_SUPPLIER,
    "POST /v1/suppliers/{supplier_id}/orders/{allocation_id}/tracking-events": OF_SUPPLIER,
    "POST /v1/suppliers/{supplier_id}/orders/{allocation_id}/cancellations": OF_SUPPLIER,
    "POST /v1/suppliers/{supplier_id}/orders/{allocation_id}/invoices": OF_SUPPLIER,
    "GET /v1/suppliers/{supplier_id}/invoices": OF_SUPPLIER,
    "GET /v1/suppliers/{supplier_id}/returns": OF_SUPPLIER,
    "GET /v1/suppliers/{supplier_id}/returns/{return_id}": OF_SUPPLIER,
    "POST /v1/suppliers/{supplier_id}/returns/{return_id}/receipts": OF_SUPPLIER,
    "POST /v1/suppliers/{supplier_id}/returns/{return_id}/inspections": OF_SUPPLIER,
    "GET /v1/suppliers/{supplier_id}/scorecard": OF_SUPPLIER,
    "GET /v1/allocations": OF_OPERATOR,
    "GET /v1/allocations/{allocation_id}": OF_OPERATOR,
    "POST /v1/allocations/{allocation_id}/retries": OF_OPERATOR,
    "GET /v1/routing-settings": OF_OPERATOR,
    "PUT /v1/routing-settings": OF_OPERATOR,
    "GET /v1/suppliers/{supplier_id}/routing-settings": OF_SUPPLIER,
    "PUT /v1/suppliers/{supplier_id}/routing-settings": OF_OPERATOR,
    "POST /v1/suppliers/{supplier_id}/feeds": OF_SUPPLIER,
    "GET /v1/suppliers/{supplier_id}/feeds": OF_SUPPLIER,
    "GET /v1/suppliers/{supplier_id}/feeds/{feed_id}": OF_SUPPLIER,
    "GET /v1/suppliers/{supplier_id}/feeds/{feed_id}/rows": OF_SUPPLIER,
    "GET /v1/suppliers/{supplier_id}/feeds/{feed_id}/results": OF_SUPPLIER,
    "POST /v1/suppliers/{supplier_id}/feeds/{feed_id}/completions": OF_SUPPLIER,
    "POST /v1/suppliers/{supplier_id}/feeds/{feed_id}/cancellations": OF_SUPPLIER,
    "POST /v1/suppliers/{supplier_id}/feeds/{feed_id}/retries": OF_SUPPLIER,
    "POST /v1/suppliers/{supplier_id}/feeds/{feed_id}/confirmations": OF_SUPPLIER,
    "POST /v1/supplier-invitations": OF_OPERATOR,
    "POST /v1/supplier-invitations/acceptances": Access(SUPPLIERS),
    "GET /v1/supplier-requirements": OF_SUPPLIER,
    "PUT /v1/supplier-requirements": OF_OPERATOR,
    "GET /v1/supplier-screening-list": OF_OPERATOR,
    "PUT /v1/supplier-screening-list": OF_OPERATOR,
    "GET /v1/sourcing-rules": Access(ADMINS, "suppliers.write"),
    "PUT /v1/sourcing-rules": Access(ADMINS, "suppliers.write"),
    "POST /v1/webhooks": OF_WEBHOOKS,
    "GET /v1/webhooks": OF_WEBHOOKS,
    "GET /v1/webhook-event-types": OF_WEBHOOKS,
    "GET /v1/webhooks/{webhook_id}": OF_WEBHOOKS,
    "PUT /v1/webhooks/{webhook_id}": OF_WEBHOOKS,
    "DELETE /v1/webhooks/{webhook_id}": OF_WEBHOOKS,
    "POST /v1/webhooks/{webhook_id}/secret-rotations": OF_WEBHOOKS,
    "POST /v1/webhooks/{webhook_id}/pause": OF_WEBHOOKS,
    "POST /v1/webhooks/{webhook_id}/resume": OF_WEBHOOKS,
    "POST /v1/webhooks/{webhook_id}/tests": OF_WEBHOOKS,
    "GET /v1/webhooks/{webhook_id}/deliveries": OF_WEBHOOKS,
    "GET /v1/webhooks/{webhook_id}/deliveries/{delivery_id}": OF_WEBHOOKS,
    "POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redelivery": OF_WEBHOOKS,
    "POST /v1/webhooks/{webhook_id}/redeliveries": OF_WEBHOOKS,
    "GET /v1/openapi.json": PUBLIC,
    "POST /v1/me/addresses": Access(BUYERS),
    "PUT /v1/me/addresses/{address_id}": Access(BUYERS),
    "PATCH /v1/me/consents": Access(BUYERS),
    "PATCH /v1/customers/{customer_id}/consents": Access(BUYERS, "customers.write"),
    "PUT /v1/notification-templates/{event}/{channel}/{language}": Access(ADMINS),
    "POST /v1/notification-templates/{event}/{channel}/{language}/preview": Access(ADMINS),
    "POST /v1/carts": Access(BUYERS, "carts.write"),
    "POST /v1/carts/{cart_id}/checkout": Access(BUYERS, "carts.write"),
    "POST /v1/guest-carts": PUBLIC,
    "POST /v1/guest-carts/{cart_id}/checkout": PUBLIC,
    "POST /v1/promotions": Access(ADMINS, "promotions.write"),
    "PUT /v1/promotions/{promotion_id}": Access(ADMINS, "promotions.write"),
    "POST /v1/return-policies": Access(ADMINS),
    "PUT /v1/return-policies/{policy_id}": Access(ADMINS),
    "PUT /v1/locker-sites/{site_id}": Access(ADMINS, "lockers.write"),
    "PUT /v1/shipping-methods/{code}": Access(ADMINS),
}

_ADDRESS = {"line1": "1 Mill Lane", "city": "Leeds", "country": "GB"}
_LINES = [{"sku": "NO-SUCH", "quantity": 1}]
_CONSENT = {
    "changes": [{"purpose": "research", "channel": "post", "granted": False}],
    "source": "account",
    "wording": "1",
}
_KEPT_ADDRESS = {"address": {"name": "Ada Lovelace", **_ADDRESS}}
_WORDS = {"text": "None"}
_CHECKOUT = {"contact": {"name": "Ada Lovelace"}, "shipping_address": {"name": "Ada Lovelace", **_ADDRESS}}
_CART = {"channel": "authorisation", "currency": "GBP"}
_PROMOTION = {
    "name": "None",
    "reward": {"type": "percentage", "bps": 1},
    "by_code": True,
    "channels": ["authorisation"],
}
_POLICY = {
    "name": "None",
    "scope": {"channels": ["authorisation"]},
    "terms": {"damaged": {"window_days": 1, "shipping_paid_by": "merchant"}},
}
_ZONE = {
    "name": "None",
    "countries": ["GB"],
    "transit_days_min": 1,
    "transit_days_max": 1,
    "tariffs": [{"currency": "GBP", "bands": [{"amount": 0}]}],
}
_SHIPPING = {"names": {"en": "None"}, "carrier": "None", "channels": ["authorisation"], "zones": [_ZONE]}
_SITE = {
    "name": "None",
    "timezone": "Antarctica/Troll",
    "position": {"latitude": -72.01, "longitude": 2.53},
    "address": _ADDRESS,
    "opening_hours": {},
    "status": "paused",
}
_CABINET = "cab_01J00000000000000000000000"
_COMPARTMENT = f"{_CABINET}/1"
_SAID = {"message_id": "none", "at": "2026-01-01T00:00:00Z", "online": True}
# Nobody may have us call there, so it is refused whoever asks.
_WEBHOOK = {"url": "https://127.0.0.1/", "event_types": ["aisle.orders.OrderPlaced"]}

# Bodies that can be understood and name nothing that exists, so that a call that is let in changes nothing.
BODIES: dict[str, Any] = {
    "POST /v1/categories": {"name": "None", "slug": "none", "parent_id": "cat_none"},
    "PATCH /v1/categories/{category_id}": {"name": "None"},
    "POST /v1/products": {"title": "None", "category_id": "cat_none"},
    "PATCH /v1/products/{product_id}": {"title": "None"},
    "POST /v1/products/{product_id}/variants": {"sku": "NO-SUCH", "name": "None", "tax_rate_bps": 0},
    "PATCH /v1/variants/{sku}": {"name": "None"},
    "PUT /v1/variants/{sku}/prices": {"prices": []},
    "POST /v1/inventory/locations": {
        "id": "authorisation",
        "name": "Authorisation",
        "type": "warehouse",
        "priority": 1,
        "channels": [],
        "address": _ADDRESS,
    },
    "PUT /v1/inventory/locations/{location_id}": {
        "name": "None",
        "type": "warehouse",
        "priority": 1,
        "channels": [],
        "address": _ADDRESS,
    },
    "POST /v1/inventory/receipts": {"location_id": "none", "lines": _LINES},
    "POST /v1/inventory/adjustments": {"location_id": "none", "reason": "found", "lines": _LINES},
    "POST /v1/inventory/counts": {
        "location_id": "none",
        "lines": [{"sku": "NO-SUCH", "expected_on_hand": 0, "counted": 1}],
    },
    "POST /v1/inventory/safety-stock": {"location_id": "none", "lines": [{"sku": "NO-SUCH", "safety": {"web": 1}}]},
    "PUT /v1/inventory/stock/{sku}/locations/{location_id}/policy": {"backorder_limit": 0},
    "POST /v1/reservations": {
        "channel": "web",
        "seconds": 10,
        "lines": [{"sku": "NO-SUCH", "location_id": "none", "quantity": 1}],
    },
    "POST /v1/inventory/transfers": {"from_location": "none", "to_location": "nowhere", "lines": _LINES},
    "POST /v1/inventory/transfers/{transfer_id}/receipts": {"lines": [], "complete": True},
    "POST /v1/orders": {
        "channel": "authorisation",
        "currency": "GBP",
        "lines": _LINES,
        "contact": {"name": "Ada Lovelace"},
        "shipping_address": {"name": "Ada Lovelace", **_ADDRESS},
    },
    "POST /v1/orders/{order_id}/refunds": {"amount": 1, "reason": "none"},
    "PUT /v1/commission-rules": {"rules": []},
    "PUT /v1/payout-settings": {},
    "PUT /v1/suppliers/{supplier_id}/payout-settings": {},
    "POST /v1/ledger/adjustments": {
        "currency": "GBP",
        "supplier_id": "sup_none",
        "postings": [{"account": "supplier", "amount": 1}, {"account": "cash", "amount": -1}],
        "reason": "none",
    },
    "POST /v1/payout-runs": {"currency": "GBP", "cutoff": "2999-01-01T00:00:00Z"},
    "POST /v1/payout-runs/{run_id}/confirmations": {"supplier_ids": ["sup_none"]},
    "POST /v1/payout-runs/{run_id}/returns": {"supplier_id": "sup_none", "reason": "none"},
    "POST /v1/gift-cards": {"amount": 1, "currency": "GBP"},
    "POST /v1/gift-cards/balance": {"code": "0000-0000-0000-0000-0000"},
    "POST /v1/gift-cards/{gift_card_id}/top-ups": {"amount": 1},
    "POST /v1/gift-cards/{gift_card_id}/void": {"reason": "none"},
    "POST /v1/customers/{customer_id}/store-credit": {"amount": 1, "currency": "GBP", "reason": "none"},
    "POST /v1/fulfilments/{fulfilment_id}/answers": {"type": "packed", "lines": []},
    "PATCH /v1/me": {"language": "en"},
    "POST /v1/me/addresses": _KEPT_ADDRESS,
    "PUT /v1/me/addresses/{address_id}": _KEPT_ADDRESS,
    "PATCH /v1/me/consents": _CONSENT,
    "POST /v1/me/email-verifications/confirm": {"code": "000000"},
    "POST /v1/me/phone-verifications/confirm": {"code": "000000"},
    "POST /v1/me/devices": {"token": "no-such-device-token"},
    "POST /v1/customers": {"name": "None"},
    "PATCH /v1/customers/{customer_id}": {"name": "None"},
    "PATCH /v1/customers/{customer_id}/consents": _CONSENT,
    "PUT /v1/notification-templates/{event}/{channel}/{language}": _WORDS,
    "POST /v1/notification-templates/{event}/{channel}/{language}/preview": _WORDS,
    "POST /v1/carts": _CART,
    "PATCH /v1/carts/{cart_id}": {"currency": "EUR"},
    "PUT /v1/carts/{cart_id}/lines/{sku}": {"quantity": 1},
    "POST /v1/carts/{cart_id}/merge": {"guest_cart_id": "none"},
    "POST /v1/carts/{cart_id}/checkout": _CHECKOUT,
    "POST /v1/guest-carts": _CART,
    "PATCH /v1/guest-carts/{cart_id}": {"currency": "EUR"},
    "PUT /v1/guest-carts/{cart_id}/lines/{sku}": {"quantity": 1},
    "POST /v1/guest-carts/{cart_id}/checkout": _CHECKOUT,
    "POST /v1/fulfilments/{fulfilment_id}/reallocation": {"location_id": "none"},
    "POST /v1/fulfilments/{fulfilment_id}/promise": {"promised_on": "2999-01-01"},
    "POST /v1/fulfilments/{fulfilment_id}/tracking-events": {
        "id": "none",
        "code": "in_transit",
        "at": "2026-01-01T00:00:00Z",
    },
    "POST /v1/orders/{order_id}/cancellations": {},
    "POST /v1/quotes": {"channel": "authorisation", "currency": "GBP", "lines": _LINES},
    "POST /v1/orders/{order_id}/holds": {"reason": "none"},
    "PUT /v1/orders/{order_id}/shipping-address": {"shipping_address": {"name": "Ada Lovelace", **_ADDRESS}},
    "POST /v1/orders/{order_id}/notes": {"text": "None"},
    "POST /v1/reviews/{review_id}/resolution": {"action": "done", "note": "None"},
    "POST /v1/promotions": _PROMOTION,
    "PUT /v1/promotions/{promotion_id}": _PROMOTION,
    "POST /v1/promotions/{promotion_id}/codes": {"codes": ["NONE"]},
    "PATCH /v1/promotions/{promotion_id}/codes/{code}": {"enabled": False},
    "POST /v1/promotions/evaluate": {"currency": "GBP", "lines": [{"sku": "NO-SUCH", "quantity": 1, "unit_price": 1}]},
    "POST /v1/orders/{order_id}/returns": {"lines": [{"line_id": "1", "quantity": 1, "reason": "damaged"}]},
    "POST /v1/returns/{return_id}/receipts": {"location_id": "none"},
    "POST /v1/returns/{return_id}/inspections": {"lines": [{"line_id": "1", "quantity": 1, "disposition": "restock"}]},
    "POST /v1/return-policies": _POLICY,
    "PUT /v1/return-policies/{policy_id}": _POLICY,
    "POST /v1/locker-sites": {"id": "authorisation", **_SITE},
    "PUT /v1/locker-sites/{site_id}": _SITE,
    "POST /v1/locker-sites/{site_id}/cabinets": {
        "name": "None",
        "serial_number": "NONE",
        "compartments": [{"number": "1", "size": "S"}],
    },
    "PUT /v1/cabinets/{cabinet_id}/configuration": {"heartbeat_seconds": 60},
    "POST /v1/cabinets/{cabinet_id}/blocks": {"reason": "none"},
    "POST /v1/cabinets/{cabinet_id}/retirements": {"reason": "none"},
    "POST /v1/cabinets/{cabinet_id}/certificates": {"csr": signing_request(new_key(), _CABINET)},
    "POST /v1/cabinets/{cabinet_id}/messages": {"channel": "status", "message": _SAID},
    "POST /v1/cabinets/{cabinet_id}/compartments/{number}/openings": {"reason": "none"},
    "POST /v1/cabinets/{cabinet_id}/compartments/{number}/blocks": {"reason": "none"},
    "POST /v1/pickups/{pickup_id}/loadings": {"compartment": _COMPARTMENT, "packages": ["none"]},
    "POST /v1/pickups/{pickup_id}/clearings": {"compartment": _COMPARTMENT},
    "POST /v1/pickups/{pickup_id}/relocations": {"from_compartment": _COMPARTMENT, "to_compartment": _COMPARTMENT},
    "POST /v1/pickups/{pickup_id}/confirmations": {"code": "00000000"},
    "POST /v1/pickups/{pickup_id}/code-extensions": {"code": "00000000"},
    "POST /v1/internal/pickups/{pickup_id}/passcodes": {},
    "POST /v1/returns/{return_id}/drop-offs": {"site_id": "none"},
    "POST /v1/drop-offs/{drop_off_id}/clearings": {},
    "PUT /v1/shipping-methods/{code}": _SHIPPING,
    "PUT /v1/tax-rates/{jurisdiction}/{category}": {"periods": [{"valid_from": "2026-01-01", "rate_bps": 0}]},
    "PUT /v1/tax-countries/{country}": {"prices_include_tax": True},
    "PUT /v1/categories/{category_id}/attribute-schema": {"attributes": []},
    "PUT /v1/listing-settings": {},
    "POST /v1/suppliers/{supplier_id}/listings": {
        "supplier_sku": "NONE",
        "title": "None",
        "prices": {"GBP": 1},
        "handling_days": 1,
    },
    "PATCH /v1/suppliers/{supplier_id}/listings/{supplier_sku}": {"title": "None"},
    "PUT /v1/suppliers/{supplier_id}/listings/{supplier_sku}/price": {
        "prices": {"GBP": 1},
        "as_of": "2026-01-01T00:00:00Z",
    },
    "PUT /v1/suppliers/{supplier_id}/listings/{supplier_sku}/stock": {"on_hand": 0, "as_of": "2026-01-01T00:00:00Z"},
    "POST /v1/review-cases/{case_id}/assignments": {"assignee": "none"},
    "POST /v1/review-cases/{case_id}/comments": {"text": "None"},
    "POST /v1/review-cases/{case_id}/corrections": {
        "corrections": [{"field": "/name", "value": "None"}],
        "expected_subject_version": 1,
    },
    "POST /v1/review-cases/{case_id}/decisions": {"decision": "approve", "reason": "None", "expected_version": 1},
    "POST /v1/review-cases/{case_id}/escalations": {"reason": "None"},
    "PUT /v1/review-settings": {},
    "POST /v1/suppliers": {"profile": {}, "attestations": ["none"]},
    "PATCH /v1/suppliers/{supplier_id}": {"trading_name": "None"},
    "POST /v1/suppliers/{supplier_id}/suspensions": {"reason": "none"},
    "POST /v1/suppliers/{supplier_id}/offboardings": {"reason": "none"},
    "POST /v1/suppliers/{supplier_id}/members": {"client_id": "none"},
    "PUT /v1/suppliers/{supplier_id}/bank-account": {
        "holder": "None",
        "country": "GB",
        "currency": "GBP",
        "iban": "GB33BUKB20201555555555",
    },
    "PUT /v1/suppliers/{supplier_id}/endpoint-token": {"bearer_token": None},
    "POST /v1/suppliers/{supplier_id}/attestations": {"code": "none"},
    "POST /v1/suppliers/{supplier_id}/waivers": {"code": "none", "reason": "none"},
    "POST /v1/suppliers/{supplier_id}/documents": {
        "type": "none",
        "filename": "none.pdf",
        "content_type": "application/pdf",
        "bytes": 1,
        "sha256": "0" * 64,
    },
    "POST /v1/suppliers/{supplier_id}/documents/{document_id}/decisions": {"decision": "refused"},
    "POST /v1/suppliers/{supplier_id}/orders/{allocation_id}/answers": {"decision": "accepted"},
    "POST /v1/suppliers/{supplier_id}/orders/{allocation_id}/shipments": {"shipped_at": "2026-01-01T00:00:00Z"},
    "POST /v1/suppliers/{supplier_id}/orders/{allocation_id}/tracking-events": {
        "id": "1",
        "code": "delivered",
        "at": "2026-01-01T00:00:00Z",
    },
    "POST /v1/suppliers/{supplier_id}/orders/{allocation_id}/cancellations": {
        "lines": [{"line_id": "1", "quantity": 1}],
        "reason": "other",
    },
    "POST /v1/suppliers/{supplier_id}/orders/{allocation_id}/invoices": {
        "number": "1",
        "issued_on": "2026-01-01",
        "currency": "GBP",
        "total": 1,
    },
    "POST /v1/suppliers/{supplier_id}/returns/{return_id}/receipts": {"lines": [{"line_id": "1", "quantity": 1}]},
    "POST /v1/suppliers/{supplier_id}/returns/{return_id}/inspections": {
        "lines": [{"line_id": "1", "quantity": 1, "disposition": "restock"}]
    },
    "PUT /v1/routing-settings": {
        "answer_minutes": 240,
        "call_seconds": 10,
        "failures_before_rest": 5,
        "rest_seconds_least": 30,
        "rest_seconds_most": 3600,
    },
    "PUT /v1/suppliers/{supplier_id}/routing-settings": {"answer_minutes": None},
    "POST /v1/suppliers/{supplier_id}/feeds": {"kind": "stock", "format": "csv", "filename": "none.csv", "bytes": 1},
    "POST /v1/supplier-invitations": {"email": "none@example.com"},
    "POST /v1/supplier-invitations/acceptances": {"token": "no-such-token", "profile": {}},
    "PUT /v1/supplier-requirements": {"items": []},
    "PUT /v1/supplier-screening-list": {},
    "POST /v1/webhooks/{webhook_id}/secret-rotations": {},
    "POST /v1/webhooks/{webhook_id}/resume": {},
    "POST /v1/webhooks/{webhook_id}/redeliveries": {"since": "2026-01-01T00:00:00Z"},
    "PUT /v1/sourcing-rules": {"rules": []},
    "POST /v1/webhooks": _WEBHOOK,
    "PUT /v1/webhooks/{webhook_id}": _WEBHOOK,
}
QUERIES = {
    "GET /v1/availability": {"sku": "NO-SUCH"},
    "GET /v1/inventory/stock": {"location": "none"},
    "GET /v1/fulfilments": {"location": "none"},
    "GET /v1/customers": {"email": "nobody@example.com"},
    "GET /v1/products": {"category_id": "cat_none"},
    "GET /v1/catalog/products": {"category_id": "cat_none"},
    "GET /v1/return-policy": {"sku": "NO-SUCH"},
    "GET /v1/returns": {"day": "2026-01-01"},
    "GET /v1/locker-sites": {"latitude": "44.85", "longitude": "-93.24"},
    "GET /v1/shipping-options": {"country": "GB", "currency": "GBP"},
    "GET /v1/shipping-options/explanation": {"country": "GB", "currency": "GBP"},
    "GET /v1/suppliers": {"status": "invited"},
    "GET /v1/tax-report": {"month": "2026-01", "country": "GB"},
    "GET /v1/tax-entries": {"order_id": "ord_none"},
    "GET /v1/suppliers/{supplier_id}/ledger-entries": {"currency": "GBP"},
    "GET /v1/suppliers/{supplier_id}/statements/{period}": {"currency": "GBP"},
    "GET /v1/suppliers/{supplier_id}/statements/{period}/file": {"currency": "GBP"},
    "GET /v1/ledger/balances": {"currency": "GBP"},
    "GET /v1/ledger/entries": {"order_id": "ord_none"},
    "GET /v1/ledger/audit": {"currency": "GBP"},
}
IDS = {
    "case_id": "rev_01J00000000000000000000000",
    "category_id": "cat_01J00000000000000000000000",
    "product_id": "prd_01J00000000000000000000000",
    "sku": "NO-SUCH",
    "location_id": "none",
    "reservation_id": "rsv_01J00000000000000000000000",
    "transfer_id": "trf_01J00000000000000000000000",
    "gift_card_id": "gft_01J00000000000000000000000",
    "order_id": "ord_01J00000000000000000000000",
    "fulfilment_id": "ful_01J00000000000000000000000_1",
    "customer_id": "cus_01J00000000000000000000000",
    "address_id": "adr_01J00000000000000000000000",
    "device_id": "dev_none",
    "token": "none",
    "event": "OrderConfirmed",
    "channel": "sms",
    "language": "xx",
    "cart_id": "crt_01J00000000000000000000000",
    "hold_id": "hld_01J00000000000000000000000",
    "review_id": "rev_01J00000000000000000000000",
    "promotion_id": "prm_01J00000000000000000000000",
    "code": "none",
    "return_id": "ret_01J00000000000000000000000",
    "policy_id": "none",
    "site_id": "none",
    "cabinet_id": _CABINET,
    "certificate_id": "0" * 64,
    "command_id": "cmd_01J00000000000000000000000",
    "number": "1",
    "pickup_id": "pck_01J00000000000000000000000_1",
    "drop_off_id": "drp_01J00000000000000000000000_1_1",
    "jurisdiction": "XX",
    "category": "none",
    "country": "XX",
    "webhook_id": "whk_01J00000000000000000000000",
    "supplier_id": "sup_01J00000000000000000000000",
    "supplier_sku": "NO-SUCH",
    "allocation_id": "ful_01J00000000000000000000000_1",
    "member_id": "machine:none",
    "feed_id": "fed_01J00000000000000000000000",
    "document_id": "doc_01J00000000000000000000000",
    "delivery_id": "dlv_01J00000000000000000000000",
    "run_id": "pyr_01J00000000000000000000000",
    "period": "2026-01",
}
VERSIONS = {"DELETE /v1/me": '"0"'}
"""Where the first version may exist and the call would change something: a customer's own profile would be gone."""


all_in_one_process = pytest.mark.xdist_group("routes")
"""These calls ask little of the machine, while in another process the first orders wait for functions to start."""


def name_of(operation: Operation) -> str:
    """As the tables name a route."""
    return f"{operation.method} {operation.path}"


ROUTES = {name_of(operation): operation for operation in OPERATIONS if application}
GUARDED = [route for route, access in ACCESS.items() if access.roles != EVERYONE and access != OURS]


def send(stack: TestStack, route: str, token: str | None) -> Answer:
    """A request that is understood, to a thing that does not exist."""
    operation = ROUTES[route]
    headers = {"Idempotency-Key": uuid4().hex, "If-Match": VERSIONS.get(route, '"1"')}
    if operation.token is not None:
        headers[operation.token] = "none"
    body = BODIES.get(route)
    data: bytes | None = None
    if "application/json" not in operation.body_types:
        headers["Content-Type"] = operation.body_types[0]
        data = b'{"nothing": true}'
    elif operation.body is not None:
        headers["Content-Type"] = "application/json"
        data = json.dumps(body).encode()
    path = operation.path.format(**IDS)
    return stack.call(operation.method, path, data=data, token=token, headers=headers, params=QUERIES.get(route))


@cache
def machine_token(stack: TestStack, *scopes: str) -> str:
    """An access token of the machine client with `scopes` only."""
    machine = stack.record["machine"]
    basic = base64.b64encode(f"{machine['client_id']}:{machine['client_secret']}".encode()).decode()
    form = {"grant_type": "client_credentials", "scope": " ".join(f"aisle/{scope}" for scope in scopes)}
    answer = urllib3.request(
        "POST",
        f"{stack.endpoint_url}/oauth2/token",
        body=urlencode(form),
        headers={"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"},
    )
    return str(answer.json()["access_token"])


def test_every_route_has_its_access_written_down() -> None:
    assert set(ROUTES) == set(ACCESS)
    internal = {route for route, access in ACCESS.items() if access == OURS}
    assert {route for route, operation in ROUTES.items() if operation.internal} == internal
    assert {route for route, operation in ROUTES.items() if operation.public} == set(ACCESS) - set(GUARDED) - internal
    assert {route: set(operation.scopes) for route, operation in ROUTES.items() if operation.scopes} == {
        route: set(access.scopes) for route, access in ACCESS.items() if access.scopes
    }


@all_in_one_process
@pytest.mark.parametrize("route", ACCESS)
def test_nobody(stack: TestStack, route: str) -> None:
    answer = send(stack, route, None)
    if ACCESS[route].unproven:
        assert answer.status == ACCESS[route].unproven, answer
    elif ACCESS[route] == PUBLIC:
        assert answer.status in (200, 201, 404), answer
    else:
        assert answer.status == 401, answer


@all_in_one_process
@pytest.mark.parametrize("route", GUARDED)
def test_roles(stack: TestStack, route: str) -> None:
    for role in ROLES:
        answer = send(stack, route, stack.token(role))
        if role in ACCESS[route].roles:
            assert answer.status not in (401, 403), (role, answer)
            assert answer.status < 500, (role, answer)
        else:
            assert (answer.status, answer.body["code"]) == (403, "forbidden"), (role, answer)
            assert answer.headers["Content-Type"] == "application/problem+json"


@all_in_one_process
@pytest.mark.parametrize("route", [route for route, access in ACCESS.items() if access == OURS])
def test_what_is_for_functions_is_for_nobody_else(stack: TestStack, route: str) -> None:
    tokens = [stack.token(role) for role in ROLES]
    for token in (*tokens, machine_token(stack, *SCOPES)):
        assert send(stack, route, token).status == 403


@all_in_one_process
@pytest.mark.parametrize("route", GUARDED)
def test_machines(stack: TestStack, route: str) -> None:
    scope = ACCESS[route].scope
    others = [one for one in SCOPES if one not in ACCESS[route].scopes]
    assert send(stack, route, machine_token(stack, *others)).status in (401, 403)
    if scope is not None:
        answer = send(stack, route, machine_token(stack, scope))
        assert answer.status not in (401, 403), answer
        assert answer.status < 500, answer


# ---- other tenants ------------------------------------------------------------------------------------------------------


class Neighbour:
    """Another customer, or another till: a user of one group, signed in."""

    def __init__(self, stack: TestStack, group: str) -> None:
        self._cognito = stack.client("cognito-idp")
        self._stack = stack
        self._name = f"neighbour-{uuid4().hex[:8]}@example.com"
        self._password = f"{uuid4().hex}aA1!"
        pool = stack.record["user_pool_id"]
        self._cognito.admin_create_user(UserPoolId=pool, Username=self._name, MessageAction="SUPPRESS")
        self._cognito.admin_set_user_password(
            UserPoolId=pool, Username=self._name, Password=self._password, Permanent=True
        )
        self._cognito.admin_add_user_to_group(UserPoolId=pool, Username=self._name, GroupName=group)
        self.token = self.sign_in(stack.record["client_id"])

    def sign_in(self, client_id: str) -> str:
        """An access token by way of an app client."""
        answer = self._cognito.initiate_auth(
            AuthFlow="USER_PASSWORD_AUTH",
            ClientId=client_id,
            AuthParameters={"USERNAME": self._name, "PASSWORD": self._password},
        )
        return str(answer["AuthenticationResult"]["AccessToken"])

    def leave(self) -> None:
        """Remove the user."""
        self._cognito.admin_delete_user(UserPoolId=self._stack.record["user_pool_id"], Username=self._name)


@pytest.fixture
def customer(stack: TestStack) -> Iterator[Neighbour]:
    """Another shopper."""
    neighbour = Neighbour(stack, "shopper")
    yield neighbour
    neighbour.leave()


@pytest.fixture
def till(stack: TestStack) -> Iterator[Neighbour]:
    """Another associate."""
    neighbour = Neighbour(stack, "associate")
    yield neighbour
    neighbour.leave()


def test_an_order_is_its_customers_and_nobody_elses(shop: Shop, customer: Neighbour) -> None:
    sku = shop.sells(units=1)
    order = shop.place((sku, 1), wait=0)
    absent = "ord_01J00000000000000000000000"
    for path in ("/v1/orders/{}", "/v1/orders/{}/timeline"):
        assert shop.get(path.format(order["id"]), role="shopper").status == 200
        theirs = shop.stack.call("GET", path.format(order["id"]), token=customer.token)
        never = shop.stack.call("GET", path.format(absent), token=customer.token)
        assert (theirs.status, never.status) == (404, 404)
        # Nothing tells another's order from one that never was.
        assert theirs.body["detail"].replace(order["id"], absent) == never.body["detail"]
    listed = shop.stack.call(
        "GET", "/v1/orders", token=customer.token, params={"customer_id": shop.read(order["id"])["customer_id"]}
    )
    assert (listed.status, listed.body["items"]) == (200, [])


def test_a_key_belongs_to_its_caller(shop: Shop, customer: Neighbour) -> None:
    sku = shop.sells(units=2)
    key, body = uuid4().hex, shop.order((sku, 1))
    mine = shop.post("/v1/orders", body, "shopper", key=key)
    theirs = shop.stack.call("POST", "/v1/orders", json=body, token=customer.token, headers={"Idempotency-Key": key})
    assert (mine.status, theirs.status) == (202, 202)
    assert "Idempotent-Replayed" not in theirs.headers
    assert mine.body["id"] != theirs.body["id"]
    assert mine.body["customer_id"] != theirs.body["customer_id"]


def test_a_hold_is_the_tills_that_made_it(shop: Shop, till: Neighbour) -> None:
    sku = shop.sells(units=1)
    held = shop.post(
        "/v1/reservations",
        {
            "channel": shop.channel,
            "seconds": 60,
            "lines": [{"sku": sku, "location_id": shop.location, "quantity": 1}],
        },
        "associate",
    )
    assert held.status == 201, held
    path = f"/v1/reservations/{held.body['id']}"
    assert shop.stack.call("GET", path, token=till.token).status == 404
    assert shop.stack.call("DELETE", path, token=till.token, headers={"If-Match": held.headers["ETag"]}).status == 404
    assert shop.stock(sku)["reserved"] == 1
    assert shop.stack.call("DELETE", path, role="associate", headers={"If-Match": held.headers["ETag"]}).status == 204


def test_a_draft_is_found_by_staff_only(shop: Shop) -> None:
    sku = f"DRAFT-{uuid4().hex[:8].upper()}"
    variant = {"sku": sku, "name": "Draft", "tax_rate_bps": 0}
    made = shop.post("/v1/products", {"title": "Draft", "category_id": shop.category, "variants": [variant]})
    assert made.status == 201, made
    for path in (f"products/{made.body['id']}", f"products/{made.body['id']}/variants", f"variants/{sku}"):
        assert shop.stack.call("GET", f"/v1/{path}").status == 404
        assert shop.get(f"/v1/{path}", role="admin").status == 404
        for role in ("shopper", "supplier"):
            assert shop.get(f"/v1/catalog/{path}", role=role).status == 404
        for role in ("associate", "admin"):
            assert shop.get(f"/v1/catalog/{path}", role=role).status == 200
    drafts = {"category_id": shop.category, "status": "draft"}
    assert shop.get("/v1/catalog/products", role="shopper", **drafts).status == 403
    assert made.body["id"] in [row["id"] for row in shop.get("/v1/catalog/products", **drafts).body["items"]]


# ---- tokens -------------------------------------------------------------------------------------------------------------


@pytest.mark.alone  # the token is to be in time for the first call
def test_a_token_ends(stack: TestStack, customer: Neighbour) -> None:
    """AWS lets no token live shorter than five minutes; the local cloud does, which is the quickest way to an old one."""
    cognito, pool = stack.client("cognito-idp"), stack.record["user_pool_id"]
    brief = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="brief",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        AccessTokenValidity=3,
        TokenValidityUnits={"AccessToken": "seconds"},
    )["UserPoolClient"]["ClientId"]
    try:
        token = customer.sign_in(brief)
        assert stack.call("GET", "/v1/orders", token=token).status == 200
        time.sleep(3.5)
        assert stack.call("GET", "/v1/orders", token=token).status == 401
    finally:
        cognito.delete_user_pool_client(UserPoolId=pool, ClientId=brief)


def test_an_id_token_is_no_access_token(stack: TestStack) -> None:
    user = stack.record["users"]["admin"]
    answer = stack.client("cognito-idp").initiate_auth(
        AuthFlow="USER_PASSWORD_AUTH",
        ClientId=stack.record["client_id"],
        AuthParameters={"USERNAME": user["username"], "PASSWORD": user["password"]},
    )
    assert stack.call("GET", "/v1/reviews", token=answer["AuthenticationResult"]["IdToken"]).status == 401
