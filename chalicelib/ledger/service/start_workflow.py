"""The start of pay-suppliers, without what its steps need."""

from chalicelib.ledger import gateways


def start_workflow(run_id: str, version: int) -> None:
    """Start pay-suppliers for a run at the version at which it was started; once, however often this is called."""
    gateways.start_pay_suppliers(run_id, execution_of(run_id, version))


def execution_of(run_id: str, version: int) -> str:
    """The name of the execution of a run that was started at this version, which stays while it is at work."""
    return f"{run_id}-v{version}"
