"""Who sells what: the operator's rules."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import Stale
from chalicelib.orders import service
from chalicelib.orders.routes.blueprint import routes
from chalicelib.orders.schemas.sourcing import SetSourcingRules, SourcingRulesView


@routes.endpoint(
    "GET",
    "/v1/sourcing-rules",
    summary="Read the sourcing rules",
    answers={200: SourcingRulesView},
    scopes=["suppliers.write"],
)
def read_sourcing_rules() -> Response:
    """Where nobody set any, version 0: the price decides between the retailer and its suppliers. For administrators."""
    rules = service.read_sourcing_rules(http.caller())
    return http.ok(SourcingRulesView.of(rules), version=rules.version)


@routes.endpoint(
    "PUT",
    "/v1/sourcing-rules",
    summary="Set the sourcing rules",
    body=SetSourcingRules,
    answers={200: SourcingRulesView},
    scopes=["suppliers.write"],
    versioned=True,
    raises=[Stale],
)
def set_sourcing_rules() -> Response:
    """All of them; `If-Match: "0"` for the first. Orders and quotes follow them from now on. For administrators."""
    wanted = http.body(SetSourcingRules)
    rules = service.set_sourcing_rules(
        [rule.as_rule() for rule in wanted.rules],
        wanted.max_loss_bps,
        expected_version=http.expected_version(),
        by=http.caller(),
    )
    return http.ok(SourcingRulesView.of(rules), version=rules.version)
