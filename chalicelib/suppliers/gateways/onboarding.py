"""The workflow onboard-supplier."""

from chalicelib.core import workflow
from chalicelib.core.observability import trace
from chalicelib.core.settings import settings


def start_onboarding(supplier_id: str, version: int) -> None:
    """Verify what was submitted at this version; a second start for it is harmless."""
    given = {"supplier_id": supplier_id, "version": version, "correlation_id": trace().correlation_id}
    workflow.start(settings().onboard_supplier_arn, f"{supplier_id}-{version}", given)
