"""What the operator settles: commission, and when suppliers are paid."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import Stale
from chalicelib.ledger.domain import RulesFaulty
from chalicelib.ledger.routes.blueprint import SCOPE, SUPPLIERS, routes
from chalicelib.ledger.schemas import (
    PayoutSettingsBody,
    PayoutSettingsView,
    RulesBody,
    RulesView,
    SupplierPayoutSettingsBody,
    SupplierPayoutSettingsView,
)
from chalicelib.ledger.service import use_cases as service


@routes.endpoint(
    "GET",
    "/v1/commission-rules",
    summary="Read the commission rules",
    answers={200: RulesView},
    scopes=[SCOPE],
)
def read_commission_rules() -> Response:
    """All of them. The most specific holds: for supplier and category (the deepest), for the supplier, for the deepest category, for
    all. For whoever keeps the books."""
    rules = service.read_rules(http.caller())
    return http.ok(RulesView.of(rules), version=rules.version)


@routes.endpoint(
    "PUT",
    "/v1/commission-rules",
    summary="Set the commission rules",
    body=RulesBody,
    answers={200: RulesView},
    scopes=[SCOPE],
    versioned=True,
    raises=[RulesFaulty, Stale],
)
def set_commission_rules() -> Response:
    """All of them; `If-Match: "0"` for the first. Orders keep what held when they were placed."""
    given = http.body(RulesBody).as_rules()
    rules = service.set_rules(given, expected_version=http.expected_version(), by=http.caller())
    return http.ok(RulesView.of(rules), version=rules.version)


@routes.endpoint(
    "GET",
    "/v1/payout-settings",
    summary="Read when suppliers are paid",
    answers={200: PayoutSettingsView},
    scopes=[SCOPE],
)
def read_payout_settings() -> Response:
    """Unless something else was settled with one. For whoever keeps the books."""
    found = service.read_payout_settings(http.caller())
    return http.ok(PayoutSettingsView.of(found), version=found.version)


@routes.endpoint(
    "PUT",
    "/v1/payout-settings",
    summary="Settle when suppliers are paid",
    body=PayoutSettingsBody,
    answers={200: PayoutSettingsView},
    scopes=[SCOPE],
    versioned=True,
    raises=[Stale],
)
def set_payout_settings() -> Response:
    """For all; `If-Match: "0"` for the first time. It holds from the next run."""
    given = http.body(PayoutSettingsBody).as_settings()
    after = service.set_payout_settings(given, expected_version=http.expected_version(), by=http.caller())
    return http.ok(PayoutSettingsView.of(after), version=after.version)


@routes.endpoint(
    "GET",
    "/v1/suppliers/{supplier_id}/payout-settings",
    summary="Read when a supplier is paid",
    answers={200: SupplierPayoutSettingsView},
    scopes=SUPPLIERS,
)
def read_supplier_payout_settings(supplier_id: str) -> Response:
    """What was settled with it, and what holds. For itself and the operator."""
    found = service.read_payout_settings_of(supplier_id, http.caller())
    return http.ok(SupplierPayoutSettingsView.of(found), version=found[0].version)


@routes.endpoint(
    "PUT",
    "/v1/suppliers/{supplier_id}/payout-settings",
    summary="Settle when a supplier is paid",
    body=SupplierPayoutSettingsBody,
    answers={200: SupplierPayoutSettingsView},
    scopes=[SCOPE],
    versioned=True,
    raises=[Stale],
)
def set_supplier_payout_settings(supplier_id: str) -> Response:
    """What is left out is as for all. For whoever keeps the books."""
    given = http.body(SupplierPayoutSettingsBody).as_settings()
    after = service.set_payout_settings_of(
        supplier_id, given, expected_version=http.expected_version(), by=http.caller()
    )
    return http.ok(SupplierPayoutSettingsView.of(after), version=after[0].version)
