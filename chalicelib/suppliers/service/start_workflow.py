"""The start of onboard-supplier, without what its steps need."""

from chalicelib.suppliers.gateways.onboarding import start_onboarding


def start_workflow(supplier_id: str, version: int) -> None:
    """Start onboard-supplier for what was submitted at this version; once, however often this is called."""
    start_onboarding(supplier_id, version)
