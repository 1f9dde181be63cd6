"""The workflow pay-suppliers."""

from chalicelib.core import workflow
from chalicelib.core.observability import trace
from chalicelib.core.settings import settings


def start_pay_suppliers(run_id: str, execution: str) -> None:
    """Start pay-suppliers for a run under a name of its own; a second start under that name is harmless."""
    given = {"run_id": run_id, "correlation_id": trace().correlation_id}
    workflow.start(settings().pay_suppliers_arn, execution, given)


def has_died(execution: str) -> bool:
    """Whether the execution of pay-suppliers with this name is over; one that is still to start is not."""
    return workflow.status_of(settings().pay_suppliers_arn, execution) not in (None, "RUNNING")
