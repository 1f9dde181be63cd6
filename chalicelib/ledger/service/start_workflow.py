"""The start of pay-suppliers, without what its steps need."""

from chalicelib.ledger import gateways


def start_workflow(run_id: str, version: int) -> None:
    """Start pay-suppliers for a run at the version at which it was started; once, however often this is called."""
    gateways.start_pay_suppliers(run_id, f"{run_id}-v{version}")
