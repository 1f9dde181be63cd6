"""Ways out of returns: the carrier that takes goods back, and the workflow return-order."""

from hashlib import sha256
from typing import Protocol

from chalicelib.core import workflow
from chalicelib.core.observability import trace
from chalicelib.core.settings import settings
from chalicelib.returns.domain.model import Destination, Label


class ReturnCarrier(Protocol):
    """Whoever brings goods back. For the same return and destination there is the same label, however often it is asked for."""

    def label(self, return_id: str, to: Destination, *, prepaid: bool) -> Label: ...


class SandboxCarrier:
    """A carrier that moves nothing: its reference follows from the return, and from whom it goes to."""

    def label(self, return_id: str, to: Destination, *, prepaid: bool) -> Label:
        """A label without a parcel."""
        parcel = f"{return_id}:{to.seller}" if to.seller else return_id
        return Label("sandbox", "RT" + sha256(parcel.encode()).hexdigest()[:14].upper(), prepaid)


def start_return_order(return_id: str, order_id: str, execution: str) -> None:
    """Start return-order for a return under a name of its own; a second start under that name is harmless."""
    given = {"return_id": return_id, "order_id": order_id, "correlation_id": trace().correlation_id}
    workflow.start(settings().return_order_arn, execution, given)


def execution_status(execution: str) -> str | None:
    """Of the execution of return-order with this name: RUNNING or how it ended; None when there is none (any more)."""
    return workflow.status_of(settings().return_order_arn, execution)
